"""`jieli up`: everything on this machine, started in order, watched, and stopped in the reverse order.

What is configured elsewhere (PostgreSQL, Prefect, the mail server) is not started but asked whether it is there.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

from pydantic import SecretStr
from rich.console import Console

from config.settings import Settings
from office import parts
from office.backup.places import require_whole
from office.children import Children, Part
from office.data_folder import LINK_KEY, StartFault, kept_secret, last_lines, log_path, private_folder
from office.embedded import EmbeddedPostgres
from office.installation import hold, leave_word, take_word_back
from office.parts import LOOPBACK, open_secret
from office.reachable import (
    asyncpg_url,
    require_database,
    require_free_port,
    require_mailbox,
    require_prefect,
    require_public_address,
    require_smtp,
)

_PEACE = 600.0  # seconds without a death after which a part's earlier deaths are forgiven
_LOG_ROUND = 60.0  # seconds between two looks at the size of the logs


class Supervisor:
    """Everything one data folder needs, as long as the `with` block lasts.

    `demo` keeps its own data in `<data_dir>/demo`; `scale` is county seconds for each second of the machine.
    `revive` is how often within ten minutes a part that has died is started again before everything stops.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        demo: bool = False,
        scale: float = 1.0,
        quiet: bool = False,
        console: Console | None = None,
        revive: int = 0,
    ) -> None:
        self._given = settings
        self._demo = demo or settings.demo
        self._scale = scale if scale != 1.0 else settings.clock_scale
        self._console = console or Console(quiet=quiet)
        self._revive = revive
        self._deaths: dict[str, list[float]] = {}
        self._killed: set[str] = set()
        self._begun: dict[str, float] = {}
        self._environments: dict[str, dict[str, str]] = {}
        self._parts: dict[str, Part] = {}
        self._postgres: EmbeddedPostgres | None = None
        self._children: Children | None = None
        self._lock: IO[str] | None = None
        self._old_signals: dict[int, Any] = {}
        self.settings = settings
        """After `start`: with addresses, secrets and the data folder resolved, as the children see them."""

    def table(self) -> list[Part]:
        """The parts to start, in order; PostgreSQL comes before them all."""
        return parts.table(self.settings, own_prefect=self._given.prefect_api_url is None)

    # --- life ----------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and return when all of it does its work.

        SIGINT and SIGTERM raise KeyboardInterrupt from here until `stop`, if called in the main thread.

        Raises:
            StartFault: something is missing, busy or unreachable, or a part died; all that was started is stopped.
        """
        self._listen_for_signals()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def watch(self) -> int:
        """Block until somebody asks to stop (returns 0) or a part dies (returns 1); everything is stopped then."""
        looked_at_logs = time.monotonic()
        try:
            while True:
                if (fault := self._mourn()) is not None:
                    self._complain(fault)
                    return 1
                if time.monotonic() - looked_at_logs > _LOG_ROUND and self._children is not None:
                    self._children.bound_logs()
                    looked_at_logs = time.monotonic()
                time.sleep(0.2)
        except KeyboardInterrupt:
            return 0
        finally:
            self.stop()

    def run(self) -> int:
        """The whole life of `jieli up`: start, watch, stop. Returns the exit code; a fault is told on stderr."""
        try:
            with self:
                return self.watch()
        except KeyboardInterrupt:
            return 0
        except StartFault as fault:
            self._complain(str(fault))
            return 1

    def stop(self) -> None:
        """Stop everything in the reverse order of its start; nothing happens if nothing runs."""
        self._ignore_signals()
        try:
            if self._children is not None:
                for name in reversed(self._children.names):
                    self._tell(f"停止 {self._children.part(name).label} …")
                    self._children.stop(name)
            if self._postgres is not None:
                self._postgres.stop()
        finally:
            self._children = self._postgres = None
            if self._lock is not None:
                take_word_back(self.settings.data_dir)
                self._lock.close()
                self._lock = None
            self._restore_signals()

    # --- for the demonstration and for tests ---------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """The environment that the parts run in, for commands beside them."""
        return dict(self._environments["jieli"])

    @property
    def pids(self) -> dict[str, int]:
        """Process numbers of what runs, by name; the embedded server is `postgres`."""
        found = dict(self._children.pids) if self._children is not None else {}
        if self._postgres is not None and (pid := self._postgres.pid) is not None:
            found["postgres"] = pid
        return found

    def kill(self, name: str) -> None:
        """`kill -9` a part, as a crash would. `watch` does not take it for a fault until `restart`."""
        self._killed.add(name)
        if name == "postgres":
            os.kill(self.pids["postgres"], signal.SIGKILL)
        else:
            self._running().kill(name)

    def restart(self, name: str) -> None:
        """Start a part again, stopping it first if it runs, and wait until it does its work."""
        if name == "postgres":
            if self._postgres is None:
                raise KeyError(name)
            self._postgres.stop()
            self._postgres.start()
        else:
            children = self._running()
            if name in children.names:
                children.stop(name)
            self._launch(name)
            self._wait_for({name})
        self._killed.discard(name)

    # --- how it is done ------------------------------------------------------------------------------------------

    def _start(self) -> None:
        begun = time.monotonic()
        data_dir = private_folder(self._given.data_dir)
        if self._demo:
            data_dir = private_folder(data_dir / "demo")
        self._lock = hold(data_dir)
        require_whole(data_dir)
        self._children = Children(data_dir)
        self._children.end_leftovers()
        if self._scale != 1.0 and not self._demo:
            raise StartFault(
                "加快时间只用于演示：请加上 --demo，或者去掉 --scale（JIELI_CLOCK_SCALE）。 (Only a demonstration may run fast.)"
            )
        self._resolve(data_dir)
        self._parts = {part.name: part for part in self.table()}
        self._check_surroundings()
        self._start_postgres(data_dir)
        self._environments = parts.environments(self.settings)
        with self._console.status("正在启动 …"):
            self._start_parts()
        leave_word(data_dir, self.environment)
        self._tell(f"全部就绪，用时 {time.monotonic() - begun:.1f} 秒。")
        self._show_addresses()

    def _resolve(self, data_dir: Path) -> None:
        given = self._given
        known: dict[str, object] = {
            "data_dir": data_dir,
            "county": given.county.expanduser().absolute(),
            "demo": self._demo,
            "clock_scale": self._scale,
            "bounce_folder": given.bounce_folder and given.bounce_folder.expanduser().absolute(),
            "secret_key": given.secret_key or SecretStr(kept_secret(data_dir, LINK_KEY)),
        }
        if given.prefect_api_url is None:
            known["prefect_api_url"] = f"http://{LOOPBACK}:{given.prefect_port}/api"
            known["prefect_auth"] = given.prefect_auth or SecretStr(
                f"jieli:{kept_secret(data_dir, 'prefect-password')}"
            )
        self.settings = given.model_copy(update=known)

    def _check_surroundings(self) -> None:
        s, given = self.settings, self._given
        ports = {
            "portal": (s.host, s.portal_port, "JIELI_PORTAL_PORT"),
            "prefect": (LOOPBACK, s.prefect_port, "JIELI_PREFECT_PORT"),
            "catcher": (LOOPBACK, s.catcher_port, "JIELI_CATCHER_PORT"),
        }
        for name, (host, port, setting) in ports.items():
            if name in self._parts:
                require_free_port(host, port, self._parts[name].label, setting)
        if given.database_url is not None:
            require_database(given.database_url.get_secret_value(), "JIELI_DATABASE_URL")
        if given.prefect_api_url is not None:
            require_prefect(given.prefect_api_url, open_secret(given.prefect_auth))
        elif given.prefect_database_url is not None:
            require_database(given.prefect_database_url.get_secret_value(), "JIELI_PREFECT_DATABASE_URL")
        if not s.catches_letters:
            require_smtp(s)
            require_public_address(s)
        require_mailbox(s)

    def _start_postgres(self, data_dir: Path) -> None:
        given = self._given
        prefect_needs_it = given.prefect_api_url is None and given.prefect_database_url is None
        if given.database_url is None or prefect_needs_it:
            begun = time.monotonic()
            self._postgres = EmbeddedPostgres(data_dir)
            self._postgres.start()
            self._tell_started("PostgreSQL", begun)
        addresses = {}
        for name in ("database_url", "prefect_database_url"):
            chosen: SecretStr | None = getattr(given, name)
            if chosen is not None:
                addresses[name] = SecretStr(asyncpg_url(chosen.get_secret_value()))
            elif self._postgres is not None:
                role = "jieli" if name == "database_url" else "prefect"
                addresses[name] = SecretStr(self._postgres.url(role))
        self.settings = self.settings.model_copy(update=addresses)

    def _start_parts(self) -> None:
        """Start what needs nothing, bring the tables up to date meanwhile, then start the rest as it can be."""
        first = [name for name, part in self._parts.items() if not part.needs]
        for name in first:
            self._launch(name)
        begun = time.monotonic()
        self.upgrade_records()
        self._tell_started("数据表", begun)
        ready = {"records"}
        waiting = set(self._parts) - set(first)
        launched = set(first)
        while waiting or launched:
            for name in [name for name in self._parts if name in waiting and set(self._parts[name].needs) <= ready]:
                self._launch(name)
                waiting.remove(name)
                launched.add(name)
            done = self._wait_for(launched, any_one=True)
            ready |= done
            launched -= done

    def upgrade_records(self) -> None:
        """Bring our own tables up to date."""
        from sqlalchemy.exc import SQLAlchemyError

        from office.migrate import upgrade
        from office.timekeeping import wind

        address = open_secret(self.settings.database_url) or ""
        with ThreadPoolExecutor(max_workers=1) as pool:  # our caller may be inside an event loop; Alembic needs its own
            try:
                pool.submit(upgrade, address).result()
                pool.submit(wind, address, self._scale).result()
            except SQLAlchemyError as fault:
                raise StartFault(
                    f"数据表未能更新：{str(fault).splitlines()[0]}。 (The tables could not be brought up to date.)"
                ) from fault

    def _launch(self, name: str) -> None:
        part = self._parts[name]
        self._begun[name] = time.monotonic()
        self._running().start(part, self._environments[part.environment])

    def _wait_for(self, names: set[str], *, any_one: bool = False) -> set[str]:
        """Wait until all (or any one) of the parts are ready; their patience bounds the wait. Returns those ready."""
        children = self._running()
        done: set[str] = set()
        while done != names and not (any_one and done):
            for name in sorted(names - done):
                if children.is_ready(name):
                    done.add(name)
                    self._tell_started(self._parts[name].label, self._begun[name])
            if done != names:
                time.sleep(0.05)
        return done

    def _mourn(self) -> str | None:
        """Look for a part that has died; start it again if that is allowed, else return what to say about it."""
        children = self._running()
        # PostgreSQL first: where both have died, the other could not start without it.
        if self._postgres is not None and "postgres" not in self._killed and self._postgres.pid is None:
            name: str | None = "postgres"
            path = log_path(self.settings.data_dir, "postgres")
            fault: str | None = "PostgreSQL 已退出。 (postgres has ended.)" + "".join(
                f"\n  | {line}" for line in last_lines(path)
            )
        else:
            name = next((n for n in children.names if n not in self.pids and n not in self._killed), None)
            fault = None if name is None else children.obituary(name)
        if name is None or fault is None:
            return None
        now = time.monotonic()
        recent = [at for at in self._deaths.get(name, []) if now - at < _PEACE]
        self._deaths[name] = [*recent, now]
        if len(recent) >= self._revive:
            return fault
        self._complain(fault)
        self._tell(f"重新启动 {name} …")
        try:
            self.restart(name)
        except StartFault as again:
            return str(again)
        return None

    def _running(self) -> Children:
        if self._children is None:
            raise StartFault("尚未启动。 (Nothing has been started.)")
        return self._children

    def _show_addresses(self) -> None:
        s = self.settings
        self._tell(f"门户      {s.portal_url}/")
        if not (s.catches_letters or s.imap_host or s.bounce_folder):
            self._tell("退信      未设置 JIELI_IMAP_HOST 或 JIELI_BOUNCE_FOLDER：被退回的信件无从得知。")
        if "catcher" in self._parts:
            self._tell(f"收信箱    {s.portal_url}/dev/mail")
        self._tell(
            f"Prefect   {(s.prefect_api_url or '').removesuffix('/api')}  登录：{open_secret(s.prefect_auth) or '无需'}"
        )
        self._tell("按 Ctrl-C 停止。")

    def _tell_started(self, label: str, begun: float) -> None:
        self._tell(f"✓ {label}  {time.monotonic() - begun:.1f} 秒")

    def _tell(self, sentence: str) -> None:
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def _complain(self, sentence: str) -> None:
        Console(stderr=True).print(sentence, markup=False, highlight=False, soft_wrap=True)

    # --- signals -------------------------------------------------------------------------------------------------

    def _listen_for_signals(self) -> None:
        self._set_signals(_interrupt)

    def _ignore_signals(self) -> None:
        """Stopping is bounded; a second Ctrl-C must not leave half of it undone."""
        if self._old_signals:
            self._set_signals(signal.SIG_IGN)

    def _set_signals(self, action: Callable[[int, FrameType | None], Any] | signal.Handlers) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._old_signals.setdefault(number, signal.signal(number, action))

    def _restore_signals(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number, old in self._old_signals.items():
                signal.signal(number, old)
            self._old_signals.clear()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
