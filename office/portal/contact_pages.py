"""The page behind the letter that asks a new contact to confirm the address. Looking at it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from office import contacts
from office.portal.answer_forms import WHO
from office.portal.forms import FormFaults, read
from office.portal.gate import admit
from office.portal.pages import bureau_of, desk, page
from office.portal.reporting import typed
from office.refusals import Refused

router = APIRouter(dependencies=[Depends(admit)])


@router.api_route("/c/{token}", methods=["GET", "HEAD"])
async def look(request: Request, token: str) -> Response:
    """What the officer finds."""
    opened = await contacts.open_contact(bureau_of(request), token)
    return _shown(request, opened)


@router.post("/c/{token}")
async def confirm(request: Request, token: str) -> Response:
    """The officer confirms, with a name and the code in the letter."""
    bureau, form = bureau_of(request), await typed(request)
    try:
        opened = await contacts.open_contact(bureau, token)
        values = read(WHO, form)
        opened = await contacts.confirm(bureau, token, typed_name=values["typed_name"], code=values["code"])
    except FormFaults as refusal:
        return _shown(request, opened, form, refusal.faults)
    except Refused as refusal:
        return _shown(request, opened, form, {refusal.field or "code": refusal.sentence})
    return _shown(request, opened)


def _shown(
    request: Request,
    opened: contacts.OpenedContact,
    values: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return page(
        request, "contact.html", status=status, contact=opened, who=WHO, typed=values or {}, faults=faults or {},
        desk=desk(bureau_of(request).county),
    )  # fmt: skip
