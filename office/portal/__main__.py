"""Serve the portal: `python -m office.portal`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from config.settings import settings
from office.opening import open_bureau
from office.portal.app import create_app
from office.timekeeping import ScaledClock

SECONDS_TO_FINISH = 5
"""How long a stop waits for the requests under way."""


@asynccontextmanager
async def open_for_business(app: FastAPI) -> AsyncIterator[None]:
    """Open the bureau on the loop that will use it, and keep up with a demonstration's clock."""
    bureau = await open_bureau(settings(), pooled=True)
    app.state.bureau = bureau
    following = None
    if isinstance(bureau.clock, ScaledClock):
        following = asyncio.create_task(bureau.clock.follow(bureau.database))
    try:
        yield
    finally:
        if following is not None:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        await bureau.database.close()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    """Run until told to stop."""
    os.umask(0o077)
    chosen = settings()
    # uvicorn finishes its requests first and then passes the signal on to this.
    signal.signal(signal.SIGTERM, _leave)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.run(
            create_app(lifespan=open_for_business),
            host=chosen.host,
            port=chosen.portal_port,
            log_level="warning",
            # An address may be a link that acts, so no address is ever logged.
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=SECONDS_TO_FINISH,
        )


if __name__ == "__main__":
    main()
