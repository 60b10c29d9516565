"""Prefect's settings hold wherever a process is started, and each is one that Prefect knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from config.settings import Settings
from office.prefect_environment import FIXED, prefect_environment

HOSTILE_TOML = """
[api]
url = "http://hostile.example/api"
auth_string = "hostile:hostile"
[server]
analytics_enabled = true
[server.api]
auth_string = "hostile:hostile"
cors_allowed_origins = "*"
csrf_protection_enabled = false
[server.database]
connection_url = "sqlite+aiosqlite:///hostile.db"
[server.ephemeral]
enabled = true
[server.services.db_vacuum]
enabled = true
[server.services.pause_expirations]
enabled = true
[server.ui]
show_promotional_content = true
[results]
persist_by_default = true
[logging]
log_prints = true
extra_loggers = "office,rules"
[worker]
query_seconds = 60
"""
PRINT_SETTINGS = """
import json, prefect.settings
s = prefect.settings.get_current_settings()
def secret(value):
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value
print(json.dumps({
    "api": str(s.api.url), "auth": secret(s.api.auth_string), "key": secret(s.api.key), "home": str(s.home),
    "server_auth": secret(s.server.api.auth_string), "cors": s.server.api.cors_allowed_origins,
    "csrf": s.server.api.csrf_protection_enabled, "analytics": s.server.analytics_enabled,
    "database": secret(s.server.database.connection_url), "ephemeral": s.server.ephemeral.enabled,
    "vacuum": sorted(s.server.services.db_vacuum.enabled), "late": s.server.services.late_runs.enabled,
    "retention_hours": s.server.events.retention_period.total_seconds() / 3600,
    "expirations": s.server.services.pause_expirations.enabled, "promotion": s.server.ui.show_promotional_content,
    "persist": s.results.persist_by_default, "log_prints": s.logging.log_prints,
    "extra_loggers": s.logging.extra_loggers, "missing_flow": s.logging.to_api.when_missing_flow,
    "query": s.worker.query_seconds, "prefetch": s.worker.prefetch_seconds,
    "heartbeat": s.flows.heartbeat_frequency, "ui_api": s.server.ui.api_url,
}))
"""
DATABASE = "postgresql+asyncpg://prefect:secret@/prefect?host=/run/somewhere&port=5432"


@pytest.fixture(scope="module")
def effective(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a child sees that was started in a folder, and inherited an environment, that want something else."""
    hostile = tmp_path_factory.mktemp("hostile")
    (hostile / "prefect.toml").write_text(HOSTILE_TOML)
    (hostile / ".env").write_text("PREFECT_SERVER_ANALYTICS_ENABLED=true\n")
    (hostile / "pyproject.toml").write_text("[tool.prefect.server]\nanalytics_enabled = true\n")
    (hostile / "profiles.toml").write_text('active = "h"\n[profiles.h]\nPREFECT_API_KEY = "hostile"\n')
    inherited = dict(os.environ) | {
        "PREFECT_API_KEY": "hostile",
        "PREFECT_PROFILE": "h",
        "PREFECT_PROFILES_PATH": str(hostile / "profiles.toml"),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    }
    environment = prefect_environment(
        Settings(data_dir=hostile / "data"),
        database_url=DATABASE,
        api_url="http://127.0.0.1:4270/api",
        auth="jieli:right",
        inherited=inherited,
    )
    printed = subprocess.run(
        [sys.executable, "-c", PRINT_SETTINGS], cwd=hostile, env=environment, capture_output=True, text=True, check=True
    )
    return {**json.loads(printed.stdout), "hostile": str(hostile), "warnings": printed.stderr}


def test_a_hostile_folder_changes_nothing(effective: dict[str, object]) -> None:
    """Neither a prefect.toml, nor a .env, nor a pyproject.toml, nor an inherited profile or key has its way."""
    wanted = {
        "api": "http://127.0.0.1:4270/api",
        "auth": "jieli:right",
        "server_auth": "jieli:right",
        "cors": "http://127.0.0.1:4270",
        "csrf": True,
        "analytics": False,
        "database": DATABASE,
        "ephemeral": False,
        "vacuum": ["events"],
        "late": True,
        "retention_hours": 48.0,
        "expirations": False,
        "promotion": False,
        "persist": False,
        "log_prints": False,
        "missing_flow": "ignore",
        "query": 1.0,
        "prefetch": 0.0,
        "heartbeat": 3600,
        "ui_api": "http://127.0.0.1:4270/api",
        "home": f"{effective['hostile']}/data/prefect",
    }
    assert {name: effective[name] for name in wanted} == wanted
    assert not effective["extra_loggers"]
    assert not effective["key"]


def test_every_setting_is_one_that_prefect_knows() -> None:
    """A name Prefect does not know would be ignored in silence, and the default would hold."""
    import prefect.settings
    from pydantic import AliasChoices, BaseModel

    def names(model: type[BaseModel]) -> set[str]:
        found: set[str] = set()
        for name, field in model.model_fields.items():
            nested = field.annotation
            if isinstance(nested, type) and issubclass(nested, BaseModel) and "env_prefix" in nested.model_config:
                found |= names(nested)
            elif isinstance(field.validation_alias, AliasChoices):
                found |= {str(choice).upper() for choice in field.validation_alias.choices}
            else:
                found.add(f"{model.model_config.get('env_prefix', '')}{name}".upper())
        return found

    ours = prefect_environment(Settings(), database_url=DATABASE, api_url="http://h/api", auth="a:b", inherited={})
    assert set(ours) - names(prefect.settings.Settings) == {"DO_NOT_TRACK"}
    assert set(FIXED) < set(ours)


def test_only_the_server_is_told_prefects_database() -> None:
    """A client has no business there."""
    client = prefect_environment(Settings(), database_url=None, api_url="http://h/api", auth=None, inherited={})
    assert "PREFECT_SERVER_DATABASE_CONNECTION_URL" not in client
    assert not [name for name in client if "AUTH_STRING" in name]
