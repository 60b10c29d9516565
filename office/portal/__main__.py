"""Serve the portal: `python -m office.portal`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from types import FrameType

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from config.county import CountyFault
from config.settings import Settings, settings
from office.opening import PATIENCE, NotReady, open_bureau
from office.portal.app import create_app
from office.timekeeping import ScaledClock

SECONDS_TO_FINISH = 5
"""How long a stop waits for the requests under way."""


async def serve(chosen: Settings) -> None:
    """Open the bureau on the loop that will use it, and answer until told to stop.

    Raises what `office.opening.open_bureau` raises.
    """
    bureau = await open_bureau(chosen, pooled=True, patience=PATIENCE)
    app = create_app(bureau)
    beside = [asyncio.create_task(app.state.watch.run())]
    if isinstance(bureau.clock, ScaledClock):
        beside.append(asyncio.create_task(bureau.clock.follow(bureau.database)))
    config = uvicorn.Config(
        app,
        host=chosen.host,
        port=chosen.portal_port,
        lifespan="off",
        log_level="warning",
        # An address may be a link that acts, so no address is ever logged.
        access_log=False,
        server_header=False,
        # Whose word counts about an address is a setting of ours (`office.portal.gate`).
        proxy_headers=False,
        timeout_graceful_shutdown=SECONDS_TO_FINISH,
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await bureau.database.close()


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
    raise SystemExit(0)


def main() -> int:
    """Run until told to stop; the exit code."""
    os.umask(0o077)
    # uvicorn finishes its requests first and then passes the signal on to this.
    signal.signal(signal.SIGTERM, _leave)
    try:
        asyncio.run(serve(settings()))
    except KeyboardInterrupt:
        return 0
    except (NotReady, CountyFault) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - the sentence is for whoever installs
        return 1
    except (OSError, SQLAlchemyError) as fault:
        # The fault's own text may hold the database's address and password.
        print(f"门户无法启动：数据库连接不上或者还没有建表（{type(fault).__name__}）。", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
