"""The portal as an ASGI application."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from office.bureau import Bureau
from office.portal import (
    absence_pages,
    answering_pages,
    api,
    contact_pages,
    dev_mail,
    health,
    particulars_pages,
    reporting,
)
from office.portal.gate import Limits
from office.portal.pages import STYLESHEET, refusal
from office.portal.shield import Shield
from office.refusals import UnknownLink
from office.watchdog import Watch


def create_app(bureau: Bureau) -> FastAPI:
    """The portal of that bureau, which stays the caller's to close."""
    app = FastAPI(title="Jieli", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.bureau = bureau
    app.state.limits = Limits(bureau.settings)
    # It looks when it is run, which is its process's matter: a portal that is only asked for a page starts nothing.
    app.state.watch = Watch(bureau)
    app.add_middleware(Shield)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(UnknownLink, _unknown)
    app.add_api_route("/static/portal.css", stylesheet, methods=["GET", "HEAD"])
    app.add_api_route("/robots.txt", robots, methods=["GET", "HEAD"])
    app.include_router(health.router)
    app.include_router(reporting.router)
    app.include_router(api.router)
    # Before the answers, whose address would take theirs for one.
    app.include_router(particulars_pages.router)
    app.include_router(answering_pages.router)
    app.include_router(contact_pages.router)
    app.include_router(absence_pages.router)
    app.include_router(dev_mail.router)
    return app


async def stylesheet() -> Response:
    """The one file of looks; its address changes with its content."""
    return Response(STYLESHEET, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


async def robots() -> Response:
    """Nothing here is for search engines."""
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


async def _refused(request: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    headers = fault.headers if isinstance(fault, HTTPException) else None
    answer = refusal(request.url.path, status)
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer


async def _unknown(request: Request, fault: Exception) -> Response:  # noqa: ARG001 - no link, nothing more to say
    return answering_pages.unknown(request)


async def _unreadable(request: Request, fault: Exception) -> Response:  # noqa: ARG001 - its text repeats what was typed
    return refusal(request.url.path, 422)
