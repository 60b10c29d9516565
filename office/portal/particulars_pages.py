"""What a case is about, behind a one-time code. Opening an address shows nothing: only a form that is sent does."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from office import disclosure, links
from office.links import LinkStatus, OpenedLink
from office.portal.answer_forms import WHO
from office.portal.answering_pages import counted, link_page, rest, status_of
from office.portal.forms import FormFaults, FormField, Widget, read
from office.portal.gate import admit
from office.portal.pages import bureau_of, page
from office.portal.reporting import typed
from office.refusals import Refused

router = APIRouter(dependencies=[Depends(admit)])

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
        rest(request, token)
        await disclosure.send_code(bureau, token, typed_name=values["typed_name"], code=values["code"])
    except FormFaults as refusal:
        return link_page(request, opened, status=HTTPStatus.UNPROCESSABLE_ENTITY, asking=(form, refusal.faults))
    except Refused as refusal:
        counted(request, token, refusal)
        if refusal.field is not None:
            faults = {refusal.field: refusal.sentence}
            return link_page(request, opened, status=status_of(refusal), asking=(form, faults))
        return link_page(request, opened, status=status_of(refusal), sentence=refusal.sentence)
    return _code_page(request, opened, {"typed_name": values["typed_name"]}, {}, HTTPStatus.OK)


@router.post("/r/{token}/details/read")
async def read_particulars(request: Request, token: str) -> Response:
    """Show what the case is about, once, for the code that was sent."""
    bureau = bureau_of(request)
    form = await typed(request)
    try:
        opened = await links.open_link(bureau, token)
        values = read(PROOF, form)
        rest(request, token, "one_time_code")
        found = await disclosure.read_particulars(
            bureau, token, typed_name=values["typed_name"], one_time_code=values["one_time_code"]
        )
    except FormFaults as refusal:
        return _code_page(request, opened, form, refusal.faults, HTTPStatus.UNPROCESSABLE_ENTITY)
    except Refused as refusal:
        if refusal.field is not None:
            return _code_page(request, opened, form, {refusal.field: refusal.sentence}, status_of(refusal))
        return link_page(request, opened, status=status_of(refusal), sentence=refusal.sentence)
    return page(request, "particulars.html", link=found.link, read=found, desk=found.link.desk)


def _code_page(
    request: Request, opened: OpenedLink, values: dict[str, str], faults: dict[str, str], status: HTTPStatus
) -> Response:
    if opened.status not in (LinkStatus.OPEN, LinkStatus.CHANGED):
        return link_page(request, opened, status=HTTPStatus.CONFLICT)
    minutes = int(disclosure.VALID.total_seconds() // 60)
    return page(
        request,
        "code_sent.html",
        status=status,
        link=opened.without_words(),
        fields=PROOF,
        typed=values,
        faults=faults,
        minutes=minutes,
        desk=opened.desk,
    )
