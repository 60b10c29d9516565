"""What the running parts really have: settings, sockets, folders, passwords."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil

from office.prefect_environment import FIXED
from office.timekeeping import ScaledClock
from tests.acceptance.stack import SCALE, Stack

PARTS = {"prefect", "catcher", "portal", "worker"}
LOOPBACK = {"127.0.0.1", "::1"}


def environment(pid: int) -> dict[str, str]:
    """What a process was started with, as the kernel has it."""
    words = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


def processes(stack: Stack) -> Iterator[tuple[str, psutil.Process]]:
    """Every process of every part, and their children."""
    assert set(stack.supervisor.pids) == PARTS | {"postgres"}
    for name, pid in stack.supervisor.pids.items():
        found = psutil.Process(pid)
        yield name, found
        for child in found.children(recursive=True):
            yield name, child


def test_privacy_settings_reach_every_part(stack: Stack) -> None:
    """Telemetry, printed words, stored results and retries are off in the processes that run, not only in a file."""
    for name in PARTS:
        has = environment(stack.supervisor.pids[name])
        assert FIXED.items() <= has.items(), name
        assert not [key for key in has if key.startswith("PREFECT_CLOUD_API")]


def test_prefect_itself_confirms_its_settings(stack: Stack) -> None:
    """The running server says what it goes by: no analytics, no deletion of finished cases, no expiry of pauses, CSRF on."""
    told = stack.do(stack.prefect._client.get("/admin/settings")).json()
    server = told["server"]
    assert server["analytics_enabled"] is False
    assert server["api"]["csrf_protection_enabled"] is True
    assert server["services"]["pause_expirations"]["enabled"] is False
    assert server["services"]["db_vacuum"]["enabled"] not in (True, ["events", "flow_runs"])
    assert told["results"]["persist_by_default"] is False
    assert told["logging"]["log_prints"] is False
    assert told["flows"]["default_retries"] == 0


def test_portal_and_worker_live_by_the_same_scaled_clock(stack: Stack) -> None:
    """The scale reached the processes and the records."""
    for name in ("portal", "worker"):
        assert float(environment(stack.supervisor.pids[name])["JIELI_CLOCK_SCALE"]) == SCALE
    assert isinstance(stack.bureau.clock, ScaledClock)
    assert stack.bureau.clock.scale == SCALE


def test_neither_database_is_told_to_the_wrong_part(stack: Stack) -> None:
    """Prefect's server has no address of our records; our own parts have none of Prefect's database."""
    assert "JIELI_DATABASE_URL" not in environment(stack.supervisor.pids["prefect"])
    for name in ("portal", "worker", "catcher"):
        has = environment(stack.supervisor.pids[name])
        assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" not in has
        assert "JIELI_PREFECT_DATABASE_URL" not in has


def test_every_socket_is_on_this_machine_only(stack: Stack) -> None:
    """Whatever listens, listens on loopback; PostgreSQL listens on no network address at all."""
    listening = set()
    for name, process in processes(stack):
        for connection in process.net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN or not connection.raddr:
                assert connection.laddr.ip in LOOPBACK, (name, connection)
                listening.add(name)
    assert listening == {"prefect", "catcher", "portal"}


def test_nobody_else_may_look_into_the_data_folder(stack: Stack) -> None:
    """The folder is 700; secrets, letters and logs are 600, in folders of 700."""
    folder = stack.settings.data_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for within in ("secrets", "letters", "logs"):
        assert stat.S_IMODE((folder / within).stat().st_mode) == 0o700
        for path in (folder / within).iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((folder / "environment.json").stat().st_mode) == 0o600
    cluster = (folder / "postgres").resolve()
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700
    assert stat.S_IMODE(cluster.parent.stat().st_mode) == 0o700


def test_every_connection_to_postgresql_needs_a_password(stack: Stack) -> None:
    """No line of pg_hba.conf trusts anybody."""
    lines = ((stack.settings.data_dir / "postgres").resolve() / "pg_hba.conf").read_text().splitlines()
    rules = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    assert rules
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}


def test_no_password_stands_on_a_command_line(stack: Stack) -> None:
    """Anybody on a machine can list what its processes were started with."""
    secrets = [path.read_text().strip() for path in (stack.settings.data_dir / "secrets").iterdir()]
    assert len(secrets) >= 3
    for _, process in processes(stack):
        words = " ".join(process.cmdline())
        assert not [secret for secret in secrets if secret in words]
    assert os.getpid() not in stack.supervisor.pids.values()
