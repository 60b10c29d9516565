"""The letters of a demonstration, to be looked at. Not there at all once a mail server is configured."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from office import catcher
from office.catcher import CaughtLetter
from office.portal.pages import bureau_of, page
from office.portal.shield import POLICY

router = APIRouter()

SHOWN = 60
"""Letters on the page; the JSON lists every one."""


async def _caught(request: Request) -> list[CaughtLetter]:
    settings = bureau_of(request).settings
    if not settings.catches_letters:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return await asyncio.to_thread(catcher.read_letters, settings.data_dir)


@router.api_route("/dev/mail", methods=["GET", "HEAD"])
async def mail(request: Request) -> Response:
    """Every caught letter, newest first."""
    letters = await _caught(request)
    answer = page(request, "mail.html", letters=letters[: -SHOWN - 1 : -1], total=len(letters))
    # A letter brings its own look, and its frame inherits this page's policy. It still runs nothing and loads nothing.
    answer.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    return answer


@router.api_route("/dev/mail.json", methods=["GET", "HEAD"])
async def mail_for_programs(request: Request) -> Response:
    """Every caught letter, newest last."""
    letters = await _caught(request)
    return JSONResponse(
        [
            {
                "id": letter.id,
                "to": letter.to,
                "subject": letter.subject,
                "text": letter.text,
                "html": letter.html,
                "links": list(letter.links),
            }
            for letter in letters
        ]
    )
