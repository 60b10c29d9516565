"""What stands between the portal and the network: headers on every answer, a limit on every body, no value in any log."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from office.portal.pages import refusal

LOG = logging.getLogger("jieli.portal")

BODY_LIMIT = 256 * 1024
"""Bytes of a body. The longest report, each Chinese character sent as nine bytes, has about 80 thousand."""

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class BodyTooLong(Exception):  # noqa: N818 - it is an answer, not an accident
    """More was sent than any form of ours can hold."""


class Shield:
    """Wraps the whole portal."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is everything behind the shield."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, and answer for it when it fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        received = 0

        async def send_shielded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_LIMIT:
                raise BodyTooLong
            return message

        try:
            await self._app(scope, receive_counted, send_shielded)
        except ClientDisconnect:
            return
        except Exception as fault:
            too_long = isinstance(fault, BodyTooLong)
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_long else HTTPStatus.INTERNAL_SERVER_ERROR
            if not too_long:
                # The fault's own text may hold what somebody typed, and the path may be a link: neither is logged.
                LOG.error("%s at %s", type(fault).__name__, place_of(fault))
            if begun:
                return
            await refusal(scope["path"], status)(scope, receive, send_shielded)


def place_of(fault: BaseException) -> str:
    """Where a fault came from, as file, line and function."""
    frames = traceback.extract_tb(fault.__traceback__)
    if not frames:
        return "?"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}"
