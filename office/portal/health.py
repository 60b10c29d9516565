"""`/healthz` and `/metrics`, for whoever keeps the installation running. Neither holds anything of a case.

Everybody may ask whether all is well, because a balancer may stand anywhere. The state of each check and the figures are
for this machine and the networks of JIELI_WATCHERS: how many steps are overdue in a county is not for the public. A
reverse proxy on this machine makes everybody look near; it is known by JIELI_TRUSTED_PROXIES, or by the
`X-Forwarded-For` that it adds, and must not pass `/metrics` on.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text

from office.portal.gate import limits_of
from office.portal.pages import bureau_of
from office.watchdog import Check, Health, Watch
from office.watchdog.metrics import CONTENT_TYPE, exposition

LOG = logging.getLogger("jieli.portal")

HEALTH_TIMEOUT = 3.0  # seconds
router = APIRouter()


def watch_of(request: Request) -> Watch:
    """The watchdog of this portal."""
    watch: Watch = request.app.state.watch
    return watch


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz(request: Request) -> Response:
    """200 while the records answer and the clock turns, else 503.

    The records are asked now, the rest is as the watchdog saw it last; an installation that has just been started, whose
    clock has not turned yet, is well.
    """
    watch = watch_of(request)
    there = True
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT), bureau_of(request).database.transaction() as session:
            await session.execute(text("SELECT 1"))
    except Exception as fault:
        LOG.warning("the records do not answer: %s", type(fault).__name__)
        there = False
    well = there and watch.state(Check.CLOCK) is not Health.BAD
    said: dict[str, object] = {"ok": well}
    if limits_of(request).may_watch(request):
        seen = {one.check.value: one.state.value for one in watch.findings}
        said["checks"] = seen | {Check.RECORDS.value: (Health.OK if there else Health.BAD).value}
    return JSONResponse(said, status_code=HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


@router.api_route("/metrics", methods=["GET", "HEAD"])
async def metrics(request: Request) -> Response:
    """The figures of the last look; whoever may not read them is told that there is no such page."""
    if not limits_of(request).may_watch(request):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    watch = watch_of(request)
    return Response(exposition(watch.findings, watch.age), media_type=CONTENT_TYPE)
