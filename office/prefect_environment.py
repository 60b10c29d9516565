"""Prefect's settings for every process we start, as environment variables.

Environment variables win over `.env`, `prefect.toml`, `pyproject.toml` and the profile, three of which Prefect reads
from the working directory. What is set here therefore holds wherever a process is started; and what is inherited
under a `PREFECT_` name is dropped, because an operator's own profile or Cloud key must not reach our server.
One thing cannot be unset by a variable: an API key in a `prefect.toml` of the working directory. Our children work in a
folder of their own, and Prefect prefers the auth string that is always set here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from config.settings import Settings

FIXED = {
    # Nothing leaves this machine.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Nothing a flow prints or returns is kept: it could name a child.
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_TASKS_DEFAULT_PERSIST_RESULT": "false",
    # Every wait would leave a line "Finished in state 待办" at ERROR, and a fault's text may quote an officer: our own log
    # says what there is to say.
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    # A flow or task that retried by itself could never be woken again, or would send a letter twice.
    "PREFECT_FLOWS_DEFAULT_RETRIES": "0",
    "PREFECT_TASKS_DEFAULT_RETRIES": "0",
    # A missing server is a fault, never a reason to start a private one.
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    # We pause without time limits, and looking for expired pauses costs a third of a core at 10 000 waits.
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    # "Late" tells a coordinator that no worker runs.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "true",
    # Only events are swept. "true" would also delete finished cases after 90 days.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P2D",  # the ISO form; plain seconds stop every process at import
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_CANCELLING_TIMEOUT_SECONDS": "60",
    "PREFECT_SERVER_DATABASE_TIMEOUT": "30",
    "PREFECT_SERVER_LOG_RETRYABLE_ERRORS": "true",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    # The browser must be on our own page, and prove it.
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    # When a token runs out, calls made at the same time each fetch a new one, and each makes the others' worthless.
    "PREFECT_SERVER_API_CSRF_TOKEN_EXPIRATION": "P365D",
    # An answer reaches its flow within a second or so; early claims would only hold slots.
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_WORKER_PREFETCH_SECONDS": "0",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "3600",  # no automation watches them; each is an event to store
    "PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE": "10000",  # bounds memory while the server is away
}


def prefect_environment(
    settings: Settings,
    *,
    database_url: str | None,
    api_url: str,
    auth: str | None,
    inherited: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment for a child: what was inherited, without foreign Prefect settings, and ours.

    `database_url` is the server's alone (None: the server is elsewhere); `api_url` ends in `/api`; `auth` is
    "user:password". `inherited` is for tests; by default it is this process's environment.
    """
    kept = {
        name: value
        for name, value in (os.environ if inherited is None else inherited).items()
        if not name.upper().startswith("PREFECT_")
    }
    home = settings.data_dir.expanduser().absolute() / "prefect"
    origin = urlsplit(api_url)
    own = FIXED | {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": api_url,
        "PREFECT_UI_URL": api_url.removesuffix("/api"),
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"{origin.scheme}://{origin.netloc}",
        "PREFECT_SERVER_UI_API_URL": api_url,
    }
    if database_url is not None:
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database_url
    if auth is not None:
        own |= {"PREFECT_SERVER_API_AUTH_STRING": auth, "PREFECT_API_AUTH_STRING": auth}
    return kept | own
