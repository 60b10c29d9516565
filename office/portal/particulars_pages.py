"""What a case is about, behind a one-time code. Opening an address shows nothing: only a form that is sent does."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from office import disclosure, links
from office.answering import Refused
from office.links import LinkStatus, OpenedLink
from office.portal.answering_pages import WHO, link_page, unknown
from office.portal.forms import FormFaults, FormField, Widget, read
from office.portal.pages import bureau_of, page
from office.portal.reporting import typed

router = APIRouter()

PROOF = (
    WHO[0],
    FormField(
        "one_time_code", "查阅码", Widget.TEXT, required=True, limit=20, hint="刚发到登记邮箱的8位字母和数字"
    ),
)  # fmt: skip


@router.api_route("/r/{token}/details/read", methods=["GET", "HEAD"])
async def back_to_page(token: str) -> Response:
    """The address opened by hand, reloaded, or followed by a robot: the link's own page."""
    return RedirectResponse(f"/r/{links.clean_token(token)}", status_code=HTTPStatus.SEE_OTHER)


@router.post("/r/{token}/details")
async def send_code(request: Request, token: str) -> Response:
    """Send a one-time code to the registered address; it needs the same proof as an answer."""
    bureau = bureau_of(request)
    form = await typed(request)
    try:
        opened = await links.open_link(bureau, token)
        values = read(WHO, form)
        await disclosure.send_code(bureau, token, typed_name=values["typed_name"], code=values["code"])
    except links.UnknownLink:
        return unknown(request)
    except FormFaults as refusal:
        return link_page(request, opened, status=HTTPStatus.UNPROCESSABLE_ENTITY, asking=(form, refusal.faults))
    except Refused as refusal:
        if refusal.field is not None:
            faults = {refusal.field: refusal.sentence}
            return link_page(request, opened, status=HTTPStatus.UNPROCESSABLE_ENTITY, asking=(form, faults))
        return link_page(request, opened, status=HTTPStatus.CONFLICT, sentence=refusal.sentence)
    return _code_page(request, opened, {"typed_name": values["typed_name"]}, {})


@router.post("/r/{token}/details/read")
async def read_particulars(request: Request, token: str) -> Response:
    """Show what the case is about, once, for the code that was sent."""
    bureau = bureau_of(request)
    form = await typed(request)
    try:
        opened = await links.open_link(bureau, token)
        values = read(PROOF, form)
        found = await disclosure.read_particulars(
            bureau, token, typed_name=values["typed_name"], one_time_code=values["one_time_code"]
        )
    except links.UnknownLink:
        return unknown(request)
    except FormFaults as refusal:
        return _code_page(request, opened, form, refusal.faults)
    except Refused as refusal:
        if refusal.field is not None:
            return _code_page(request, opened, form, {refusal.field: refusal.sentence})
        return link_page(request, opened, status=HTTPStatus.CONFLICT, sentence=refusal.sentence)
    return page(request, "particulars.html", link=found.link, read=found, desk=found.link.desk)


def _code_page(request: Request, opened: OpenedLink, values: dict[str, str], faults: dict[str, str]) -> Response:
    if opened.status not in (LinkStatus.OPEN, LinkStatus.CHANGED):
        return link_page(request, opened, status=HTTPStatus.CONFLICT)
    minutes = int(disclosure.VALID.total_seconds() // 60)
    return page(
        request,
        "code_sent.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK,
        link=opened.without_words(),
        fields=PROOF,
        typed=values,
        faults=faults,
        minutes=minutes,
        desk=opened.desk,
    )
