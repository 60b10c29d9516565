"""Everything a benchmark needs, started in a folder of its own on free ports, and gone afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.progress import Progress

from config.settings import Settings
from office.bench import Unmeasured
from office.embedded import EmbeddedPostgres
from office.parts import LOOPBACK
from office.supervisor import Supervisor

PORTS = ("portal_port", "prefect_port", "catcher_port")
UNLIMITED_MAIL = dict.fromkeys(("mail_ceiling_case", "mail_ceiling_recipient", "mail_ceiling_hour"), 1_000_000)
"""Settings of a benchmark that sends more letters than a county may."""


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now."""
    trials = [socket.socket() for _ in range(count)]
    try:
        for trial in trials:
            trial.bind((LOOPBACK, 0))
        return [int(trial.getsockname()[1]) for trial in trials]
    finally:
        for trial in trials:
            trial.close()


def plain_settings(chosen: Mapping[str, object]) -> Settings:
    """Every setting's default but for those: nothing of this machine's environment is measured."""
    return Settings.model_construct(
        **{name: field.get_default() for name, field in Settings.model_fields.items()} | dict(chosen)
    )


@contextmanager
def records_alone(progress: Progress) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL and nothing beside it, in a folder of its own (`data_dir`). Raises StartFault."""
    bar = progress.add_task("启动数据库", total=None)
    with tempfile.TemporaryDirectory(prefix="jieli-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            server.start()
            progress.update(bar, total=1, completed=1)
            yield server
        finally:
            server.destroy()


@contextmanager
def everything(settings: Settings, **more: object) -> Iterator[Supervisor]:
    """All parts of a demonstration in real time. Of `settings`, the county and the worker's limit count; `more` are
    settings of the benchmark's own. Each step has a letter of its own, so that letters can be counted.

    Raises:
        StartFault: something is missing or died.
    """
    with tempfile.TemporaryDirectory(prefix="jieli-bench-") as folder:
        own = plain_settings(
            dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
            | {"data_dir": Path(folder), "county": settings.county, "worker_limit": settings.worker_limit, "demo": True}
            # One machine stands for a county's officers.
            | dict.fromkeys(("posts_per_minute", "link_posts_per_minute", "reports_per_minute"), 1_000_000)
            | {"mail_digest_at_most": 1, "mail_digest_seconds": 0.0}
            | more
        )
        try:
            with Supervisor(own, demo=True, quiet=True) as supervisor, _spoken_to(supervisor.environment):
                yield supervisor
        finally:
            EmbeddedPostgres(own.data_dir / "demo").destroy()


def measured_within(
    seconds: float,
    work: Callable[[Supervisor], Coroutine[Any, Any, dict[str, float]]],
    settings: Settings,
    progress: Progress,
    **more: object,
) -> dict[str, float]:
    """What `work` measures with everything running, `more` settings as `everything` takes them.

    Raises:
        Unmeasured: it took longer than so many machine seconds, or a part did not answer.
        StartFault: something is missing or died.
    """
    bar = progress.add_task("启动全部部件", total=None)
    with everything(settings, **more) as supervisor:
        progress.update(bar, total=1, completed=1)
        try:
            return asyncio.run(asyncio.wait_for(work(supervisor), seconds))
        except TimeoutError:
            raise Unmeasured(f"{seconds:.0f}秒内没有测完，机器可能另有繁重的工作。") from None
        except httpx.HTTPError as fault:
            raise Unmeasured(f"门户或 Prefect 没有应答（{type(fault).__name__}）。") from fault


@contextmanager
def _spoken_to(environment: Mapping[str, str]) -> Iterator[None]:
    """Let Prefect's client in this process speak to that server.

    Prefect reads its settings at its first import, which a benchmark before this one may have caused already.
    """
    ours = {name: value for name, value in environment.items() if name.startswith(("PREFECT_", "DO_NOT"))}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

        with temporary_settings(
            {PREFECT_API_URL: ours["PREFECT_API_URL"], PREFECT_API_AUTH_STRING: ours["PREFECT_API_AUTH_STRING"]}
        ):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def end(program: psutil.Process, patience: float) -> None:
    """Stop a program we started and what it has started, by their numbers."""
    try:
        family = [program, *program.children(recursive=True)]
        os.kill(program.pid, signal.SIGTERM)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
    _, alive = psutil.wait_procs(family, timeout=patience)
    for one in alive:
        one.kill()
