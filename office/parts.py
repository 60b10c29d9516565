"""What `jieli up` starts, and what each part is told."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import httpx
from pydantic import SecretStr

from config.settings import Settings
from office.children import Part
from office.prefect_environment import prefect_environment
from office.reachable import listens

LOOPBACK = "127.0.0.1"
RECORDS = "records"
"""Not a process: our own tables, up to date."""


def table(s: Settings, *, own_prefect: bool) -> list[Part]:
    """The parts to start, in order; each waits for what it needs."""
    python = sys.executable
    prefect_server = (
        *("-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"),
        *("--host", LOOPBACK, "--port", str(s.prefect_port)),
        *("--log-level", "warning", "--no-access-log", "--timeout-graceful-shutdown", "3"),
    )
    parts = [
        Part(
            name="prefect",
            label="Prefect 服务",
            argv=(python, *prefect_server),
            ready=lambda: _answers(f"{s.prefect_api_url}/health"),
            environment="prefect",
            patience=300.0,  # its first start makes all its tables
        ),
        Part(
            name="catcher",
            label="收信箱",
            argv=(python, "-m", "office.catcher"),
            ready=lambda: listens(LOOPBACK, s.catcher_port),
        ),
        Part(
            name="portal",
            label="门户",
            argv=(python, "-m", "office.portal"),
            ready=lambda: _answers(f"http://{_reachable_as(s.host)}:{s.portal_port}/", any_below=500),
            needs=(RECORDS,),
        ),
        Part(
            name="worker",
            label="办理进程",
            argv=(python, "-m", "office.worker"),
            needs=(RECORDS, "prefect") if own_prefect else (RECORDS,),
            stop_after=20.0,  # attempts in hand are finished first
        ),
    ]
    absent = {"prefect": not own_prefect, "catcher": not s.catches_letters}
    return [part for part in parts if not absent.get(part.name, False)]


def environments(s: Settings) -> dict[str, dict[str, str]]:
    """`jieli` for our own parts, `prefect` for its server: neither is told the other's database."""
    foreign = {name: value for name, value in os.environ.items() if not name.upper().startswith("JIELI_")}
    ours = {
        f"JIELI_{name.upper()}": _as_text(value)
        for name in Settings.model_fields
        if name != "prefect_database_url" and (value := getattr(s, name)) is not None
    }
    api_url, auth = s.prefect_api_url or "", open_secret(s.prefect_auth)
    return {
        "jieli": prefect_environment(s, database_url=None, inherited=foreign | ours, api_url=api_url, auth=auth),
        "prefect": prefect_environment(
            s, database_url=open_secret(s.prefect_database_url), inherited=foreign, api_url=api_url, auth=auth
        )
        | {"PREFECT__SERVER_FINAL": "1"},
    }


def open_secret(secret: SecretStr | None) -> str | None:
    """What is in it."""
    return None if secret is None else secret.get_secret_value()


def _reachable_as(host: str) -> str:
    return LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _answers(address: str, any_below: int = 201) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(address, timeout=2.0, trust_env=False).status_code < any_below
    return False


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)
