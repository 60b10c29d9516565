"""`jieli up` with small stand-ins for its parts: order, faults, signals and crashes."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr
from rich.console import Console

from config.settings import Settings
from office import parts
from office.children import Children, Part
from office.data_folder import StartFault, bound_log, open_log
from office.installation import running_environment
from office.reachable import require_public_address
from office.supervisor import Supervisor

# A part that says it is ready, tells the moment of its stop, and obeys SIGTERM.
OBEDIENT = """
import signal, sys, time
from office.leash import announce_ready
def stop(*_):
    print("stopped", time.monotonic_ns(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("started", time.monotonic_ns(), flush=True)
announce_ready()
time.sleep(120)
"""
STUBBORN = (
    "import signal, time; from office.leash import announce_ready;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); announce_ready(); time.sleep(120)"
)
DOOMED = (
    "import time; from office.leash import announce_ready; announce_ready(); time.sleep(0.3); raise SystemExit('墨尽')"
)


def part(name: str, code: str = OBEDIENT, *needs: str, stop_after: float = 5.0, patience: float = 30.0) -> Part:
    """A small Python program as a part."""
    return Part(name, name, (sys.executable, "-c", code), None, needs, stop_after=stop_after, patience=patience)


class Small(Supervisor):
    """A supervisor whose parts are given, with no database beneath."""

    parts_given: tuple[Part, ...] = (
        part("first"),
        part("second", OBEDIENT, "records"),
        part("third", OBEDIENT, "second"),
    )

    def table(self) -> list[Part]:
        """The parts given."""
        return list(self.parts_given)

    def upgrade_records(self) -> None:
        """No records here."""

    def _start_postgres(self, data_dir: Path) -> None:
        """No server here."""

    when_ready: Callable[[], None] = staticmethod(lambda: None)

    def watch(self) -> int:
        """Tell the test, then watch."""
        self.when_ready()
        return super().watch()


def small(data_dir: Path, *given: Part, revive: int = 0) -> tuple[Supervisor, io.StringIO]:
    """A supervisor on `data_dir`, and what it shows."""
    shown = io.StringIO()
    kind = type("Small", (Small,), {"parts_given": given or Small.parts_given})
    return kind(Settings(data_dir=data_dir), console=Console(file=shown, width=200), revive=revive), shown


def moment(data_dir: Path, name: str, word: str) -> int:
    """When the part said this word."""
    lines = (data_dir / "logs" / f"{name}.log").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(word))


def gone(pid: int, patience: float = 10.0) -> bool:
    """Whether the process ends in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield int(taken.getsockname()[1])


def test_parts_start_when_what_they_need_is_ready_and_stop_in_reverse(tmp_path: Path) -> None:
    """Each part waits for its needs, one line tells of each, and none is left at the end."""
    supervisor, shown = small(tmp_path / "data")
    with supervisor:
        pids = supervisor.pids
        assert list(pids) == ["first", "second", "third"]
        assert all(psutil.pid_exists(pid) for pid in pids.values())
    assert all(gone(pid) for pid in pids.values())
    started = [moment(tmp_path / "data", name, "started") for name in ("second", "third")]
    stopped = [moment(tmp_path / "data", name, "stopped") for name in ("third", "second", "first")]
    assert started == sorted(started)
    assert stopped == sorted(stopped)
    for name in ("first", "second", "third"):
        assert f"✓ {name}" in shown.getvalue()


def test_a_dead_part_is_named_with_its_last_words_and_everything_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, and the fault shows what the part said last."""
    supervisor, _ = small(tmp_path / "data", part("first"), part("second", DOOMED))
    supervisor.start()
    pids = supervisor.pids
    assert supervisor.watch() == 1
    assert all(gone(pid) for pid in pids.values())
    told = capsys.readouterr().err
    assert "second" in told
    assert "墨尽" in told


def test_a_part_that_dies_while_starting_is_a_fault(tmp_path: Path) -> None:
    """`start` raises with the part's last words, and stops what was started."""
    supervisor, _ = small(tmp_path / "data", part("first"), part("second", "raise SystemExit('没有纸')"))
    with pytest.raises(StartFault, match=r"second(.|\n)*没有纸"):
        supervisor.start()
    assert supervisor.pids == {}


def test_a_part_that_never_becomes_ready_is_a_fault(tmp_path: Path) -> None:
    """Waiting is bounded by the part's patience."""
    supervisor, _ = small(tmp_path / "data", part("slow", "import time; time.sleep(60)", patience=0.5))
    with pytest.raises(StartFault, match="slow"):
        supervisor.start()


def test_a_part_may_be_revived_a_few_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `revive` a dead part is started again; one that keeps dying stops everything."""
    supervisor, shown = small(tmp_path / "data", part("first"), part("second", DOOMED), revive=2)
    supervisor.start()
    assert supervisor.watch() == 1
    assert capsys.readouterr().err.count("墨尽") >= 3
    assert shown.getvalue().count("重新启动 second") == 2


def test_postgresql_is_revived_before_a_part_that_died_with_it(tmp_path: Path) -> None:
    """When memory runs out the kernel kills several at once: a part that cannot start without its records waits for them."""

    class Server:
        pid: int | None = os.getpid()

        def start(self) -> None:
            self.pid = os.getpid()

        def stop(self) -> None:
            self.pid = None

    supervisor, shown = small(tmp_path / "data", part("first"), revive=1)
    with supervisor:
        server = Server()
        supervisor._postgres = server  # type: ignore[assignment]
        os.kill(supervisor.pids["first"], signal.SIGKILL)
        server.pid = None
        assert gone(supervisor._running()._children["first"].popen.pid)
        assert supervisor._mourn() is None
        assert server.pid is not None
        assert supervisor._mourn() is None
        assert "first" in supervisor.pids
        said = shown.getvalue()
        assert said.index("重新启动 postgres") < said.index("重新启动 first")


def test_a_part_that_ignores_the_wish_to_stop_is_killed(tmp_path: Path) -> None:
    """The wait is bounded, then SIGKILL by number."""
    supervisor, _ = small(tmp_path / "data", part("stubborn", STUBBORN, stop_after=0.3))
    with supervisor:
        pid = supervisor.pids["stubborn"]
        begun = time.monotonic()
    assert gone(pid)
    assert time.monotonic() - begun < 5


def test_a_part_can_be_killed_and_started_again(tmp_path: Path) -> None:
    """What crash tests use; the killed part is not taken for a fault meanwhile."""
    supervisor, _ = small(tmp_path / "data")
    with supervisor:
        before = supervisor.pids
        supervisor.kill("second")
        assert gone(before["second"])
        assert supervisor._mourn() is None
        supervisor.restart("second")
        after = supervisor.pids
        assert after["second"] != before["second"]
        assert after["first"] == before["first"]
        supervisor.restart("first")
        assert gone(before["first"])


UP = """
import json, sys
from pathlib import Path
from tests.office.test_supervisor import small
supervisor, _ = small(Path(sys.argv[1]))
supervisor.when_ready = lambda: print(json.dumps(supervisor.pids), flush=True)
sys.exit(supervisor.run())
"""


def up(data_dir: Path) -> tuple[subprocess.Popen[str], dict[str, int]]:
    """A whole `up` in a process of its own."""
    root = Path(__file__).parents[2]
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    whole = subprocess.Popen(
        [sys.executable, "-c", UP, data_dir], stdout=subprocess.PIPE, text=True, env=environment, cwd=root
    )
    assert whole.stdout is not None
    pids: dict[str, int] = json.loads(whole.stdout.readline())
    whole.stdout.close()
    return whole, pids


@pytest.mark.parametrize("message", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_stop_everything(tmp_path: Path, message: signal.Signals) -> None:
    """Both are a wish, not a fault: exit code 0, nothing left."""
    whole, pids = up(tmp_path / "data")
    whole.send_signal(message)
    assert whole.wait(20) == 0
    assert all(gone(pid) for pid in pids.values())


def test_when_the_supervisor_is_killed_its_children_notice(tmp_path: Path) -> None:
    """`kill -9` of `up` itself leaves no part behind, and a second `up` starts."""
    whole, pids = up(tmp_path / "data")
    whole.kill()
    whole.wait(20)
    supervisor, _ = small(tmp_path / "data")
    with supervisor:
        assert all(gone(pid) for pid in pids.values())
        assert len(supervisor.pids) == 3


def test_children_without_a_leash_are_ended_by_the_next_start(tmp_path: Path) -> None:
    """A part that outlives its supervisor is known by number and birth; a number used anew is left alone."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    left, bystander = (subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2))
    try:
        entries = [
            {"name": "worker", "pid": left.pid, "born": psutil.Process(left.pid).create_time()},
            {"name": "portal", "pid": bystander.pid, "born": 1.0},
        ]
        (data_dir / "parts.json").write_text(json.dumps(entries))
        assert Children(data_dir).end_leftovers() == ["worker"]
        assert gone(left.pid)
        assert bystander.poll() is None
        assert Children(data_dir).end_leftovers() == []
    finally:
        for child in (left, bystander):
            child.kill()
            child.wait()


def test_one_up_for_one_data_folder(tmp_path: Path) -> None:
    """The second is told who has it; when the first has stopped, it may start."""
    first, _ = small(tmp_path / "data")
    second, _ = small(tmp_path / "data")
    with first, pytest.raises(StartFault, match=f"进程 {os.getpid()}"):
        second.start()
    with second:
        pass


def test_a_command_beside_finds_what_runs(tmp_path: Path) -> None:
    """Another terminal gets the resolved settings while `up` runs, and a clear sentence otherwise."""
    settings = Settings(data_dir=tmp_path / "data")
    supervisor, _ = small(tmp_path / "data")
    with supervisor:
        found = running_environment(settings)
        assert found["JIELI_PREFECT_API_URL"] == "http://127.0.0.1:4270/api"
        assert found["JIELI_SECRET_KEY"] == supervisor.environment["JIELI_SECRET_KEY"]
        assert stat.S_IMODE((tmp_path / "data" / "environment.json").stat().st_mode) == 0o600
    with pytest.raises(StartFault, match="jieli up"):
        running_environment(settings)


def test_the_demonstration_keeps_its_own_data(tmp_path: Path) -> None:
    """A demonstration beside real cases touches none of them."""
    supervisor = type("Small", (Small,), {})(Settings(data_dir=tmp_path / "data"), demo=True, scale=600.0, quiet=True)
    with supervisor:
        assert supervisor.environment["JIELI_DATA_DIR"] == str(tmp_path / "data" / "demo")
        assert supervisor.environment["JIELI_CLOCK_SCALE"] == "600.0"
        assert supervisor.environment["JIELI_DEMO"] == "true"
        assert running_environment(Settings(data_dir=tmp_path / "data"))["JIELI_DEMO"] == "true"


def test_secrets_are_made_once_and_given_ones_are_kept(tmp_path: Path) -> None:
    """A second start has the same keys, or links in letters would die; a key from the settings wins."""
    found = []
    for _ in range(2):
        supervisor, _shown = small(tmp_path / "data")
        with supervisor:
            found.append([supervisor.environment[f"JIELI_{name}"] for name in ("SECRET_KEY", "PREFECT_AUTH")])
    assert found[0] == found[1]
    kind = type("Small", (Small,), {})
    with kind(Settings(data_dir=tmp_path / "data", secret_key=SecretStr("given")), quiet=True) as supervisor:
        assert supervisor.environment["JIELI_SECRET_KEY"] == "given"


@pytest.mark.parametrize(
    ("name", "field", "setting"),
    [
        ("portal", "portal_port", "JIELI_PORTAL_PORT"),
        ("prefect", "prefect_port", "JIELI_PREFECT_PORT"),
        ("catcher", "catcher_port", "JIELI_CATCHER_PORT"),
    ],
)
def test_a_busy_port_is_named_with_the_setting_that_changes_it(
    tmp_path: Path, busy_port: int, name: str, field: str, setting: str
) -> None:
    """Nothing is started before each port is known to be free."""
    ports = {port: free_port() for port in ("portal_port", "prefect_port", "catcher_port")} | {field: busy_port}
    settings = Settings.model_validate({"data_dir": tmp_path / "data", **ports})
    with pytest.raises(StartFault, match=f"端口 {busy_port}(.|\n)*{setting}"):
        Supervisor(settings, quiet=True).start()
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"database_url": "postgresql://u:geheim@127.0.0.1:{port}/jieli"}, "JIELI_DATABASE_URL"),
        ({"prefect_database_url": "postgresql://u:geheim@127.0.0.1:{port}/prefect"}, "JIELI_PREFECT_DATABASE_URL"),
        ({"database_url": "no address"}, "JIELI_DATABASE_URL"),
        ({"prefect_api_url": "http://127.0.0.1:{port}/api"}, "JIELI_PREFECT_API_URL"),
        ({"smtp_host": "127.0.0.1", "smtp_port": "{port}", "smtp_tls": "none"}, "JIELI_SMTP_HOST"),
    ],
)
def test_what_runs_elsewhere_must_answer(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    """One sentence names the setting, and no password."""
    found = {name: value.format(port=free_port()) for name, value in given.items()}
    ports = {port: free_port() for port in ("portal_port", "prefect_port", "catcher_port")}
    settings = Settings.model_validate({"data_dir": tmp_path / "data", **ports, **found})
    with pytest.raises(StartFault, match=sentence) as fault:
        Supervisor(settings, quiet=True).start()
    assert "geheim" not in str(fault.value)


def test_what_is_configured_elsewhere_is_not_started(tmp_path: Path) -> None:
    """With a Prefect server and a mail server of its own, a county starts neither here."""
    everything = parts.table(Settings(), own_prefect=True)
    assert [one.name for one in everything] == ["prefect", "catcher", "portal", "worker"]
    settings = Settings(smtp_host="smtp.anhe.example", prefect_api_url="https://prefect.anhe.example/api")
    assert [one.name for one in parts.table(settings, own_prefect=False)] == ["portal", "worker"]


def test_neither_side_is_told_the_others_database() -> None:
    """Prefect's server never learns where the records are, nor a worker where Prefect keeps its own."""
    settings = Settings(
        database_url=SecretStr("postgresql+asyncpg://a@/records"),
        prefect_database_url=SecretStr("postgresql+asyncpg://b@/theirs"),
        prefect_api_url="http://127.0.0.1:4270/api",
        secret_key=SecretStr("link"),
    )
    told = parts.environments(settings)
    assert "records" not in str(told["prefect"].values())
    assert not [name for name in told["prefect"] if name.startswith("JIELI_")]
    assert "theirs" not in str(told["jieli"].values())
    assert Settings.model_validate(
        {
            name.removeprefix("JIELI_").lower(): value
            for name, value in told["jieli"].items()
            if name.startswith("JIELI_")
        }
    ) == settings.model_copy(update={"prefect_database_url": None})


def test_a_log_is_bounded_while_it_is_written(tmp_path: Path) -> None:
    """The writer goes on in the emptied file; what was there before is kept once."""
    with open_log(tmp_path, "part") as log:
        log.write(b"x" * 1000)
        log.flush()
        path = tmp_path / "logs" / "part.log"
        bound_log(path, limit=500)
        log.write(b"after")
        log.flush()
        assert path.read_bytes() == b"after"
        assert path.with_name("part.log.1").stat().st_size == 1000


def test_signals_are_as_they_were_afterwards(tmp_path: Path) -> None:
    """A supervisor inside a longer program leaves no trace."""
    before: list[Callable[..., object] | int | None] = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    supervisor, _ = small(tmp_path / "data", part("only"))
    with supervisor:
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(
    "address", [None, "http://jieli.anhe.example", "https://localhost:8470", "https://127.0.0.1", "https://x.localhost"]
)
def test_letters_that_leave_this_machine_need_an_address_that_others_can_open(address: str | None) -> None:
    """No letter carries localhost, an internal address or plain http (F21)."""
    with pytest.raises(StartFault, match="JIELI_PUBLIC_URL"):
        require_public_address(Settings(public_url=address))
    require_public_address(Settings(public_url="https://jieli.anhe.example"))


def test_only_a_demonstration_may_run_fast(tmp_path: Path) -> None:
    """A county in real time never gets a scaled clock by mistake."""
    with pytest.raises(StartFault, match="--demo"), Supervisor(Settings(data_dir=tmp_path), scale=60, quiet=True):
        pass
