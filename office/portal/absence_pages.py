"""The pages on which an officer writes an absence down. Looking at them changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response

from office import absence_forms
from office.absence_forms import OpenedForm
from office.portal.answer_forms import WHO
from office.portal.forms import Choice, FormFaults, FormField, Widget, read
from office.portal.gate import admit
from office.portal.pages import bureau_of, desk, page
from office.portal.reporting import typed
from office.refusals import Refused

router = APIRouter(dependencies=[Depends(admit)])

ADDRESS = (FormField("address", "您登记的邮箱", Widget.TEXT, required=True, limit=254, autocomplete="email"),)
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


@router.api_route("/away", methods=["GET", "HEAD"])
async def ask_page(request: Request) -> Response:
    """Where an officer asks for the way to the form."""
    return page(
        request, "away.html", sent=False, fields=ADDRESS, typed={}, faults={}, desk=desk(bureau_of(request).county)
    )


@router.post("/away")
async def ask(request: Request) -> Response:
    """Send it to the address, where that is an officer's; the answer is the same for every address."""
    bureau, form = bureau_of(request), await typed(request)
    try:
        values = read(ADDRESS, form)
    except FormFaults as refusal:
        return page(
            request, "away.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, sent=False, fields=ADDRESS, typed=form,
            faults=refusal.faults, desk=desk(bureau.county),
        )  # fmt: skip
    await absence_forms.ask(bureau, values["address"])
    return page(request, "away.html", sent=True, fields=ADDRESS, typed={}, faults={}, desk=desk(bureau.county))


@router.api_route("/away/{token}", methods=["GET", "HEAD"])
async def look(request: Request, token: str) -> Response:
    """The form, with what is written down already."""
    return _shown(request, await absence_forms.open_form(bureau_of(request), token))


@router.post("/away/{token}")
async def give(request: Request, token: str) -> Response:
    """The officer writes an absence down, with a name and the code in the letter."""
    bureau, form = bureau_of(request), await typed(request)
    try:
        opened = await absence_forms.open_form(bureau, token)
        values, first, last = _read(opened, form)
        opened = await absence_forms.give(
            bureau, token, typed_name=values["typed_name"], code=values["code"], first=first, last=last,
            stand_in=values["stand_in"],
        )  # fmt: skip
    except FormFaults as refusal:
        return _shown(request, opened, form, refusal.faults)
    except Refused as refusal:
        return await _refused(request, token, form, refusal)
    return _shown(request, opened, done="已经登记。您和代理人各会收到一封告知信。")


@router.post("/away/{token}/back")
async def come_back(request: Request, token: str) -> Response:
    """The officer ends it, with the same proof."""
    bureau, form = bureau_of(request), await typed(request)
    try:
        opened = await absence_forms.open_form(bureau, token)
        values = read(WHO, form)
        opened = await absence_forms.come_back(bureau, token, typed_name=values["typed_name"], code=values["code"])
    except FormFaults as refusal:
        return _shown(request, opened, form, refusal.faults, back=True)
    except Refused as refusal:
        return await _refused(request, token, form, refusal, back=True)
    return _shown(request, opened, done="离岗代理已经结束，此后的交办信发给您本人。")


def _fields(opened: OpenedForm) -> tuple[FormField, ...]:
    colleagues = tuple(Choice(key, name) for key, name in opened.colleagues)
    return (
        FormField("first", "从哪天起", Widget.DATE, required=True, limit=20),
        FormField("last", "到哪天为止（含当天）", Widget.DATE, required=True, limit=20),
        FormField("stand_in", "代理人", Widget.SELECT, required=True, choices=colleagues),
    )


def _read(opened: OpenedForm, form: Mapping[str, str]) -> tuple[dict[str, str], date, date]:
    """What was typed, with both days. Raises `FormFaults` with all that is wrong at once."""
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for fields in (_fields(opened), WHO):
        try:
            values |= read(fields, form)
        except FormFaults as refusal:
            faults |= refusal.faults
    days = {name: _day(form.get(name, "")) for name in ("first", "last")}
    for name, day in days.items():
        if day is None:
            faults.setdefault(name, "请写明日期，例如 2026-05-01。")
    if faults or days["first"] is None or days["last"] is None:
        raise FormFaults(faults)
    return values, days["first"], days["last"]


def _day(written: str) -> date | None:
    """A day as a phone sends it, or as people write it where the phone has no calendar."""
    found = _DAY.fullmatch(written.strip())
    try:
        return date(*(int(part) for part in found.groups())) if found else None
    except ValueError:
        return None


async def _refused(
    request: Request, token: str, form: Mapping[str, str], refusal: Refused, *, back: bool = False
) -> Response:
    opened = await absence_forms.open_form(bureau_of(request), token)
    faults = {refusal.field: refusal.sentence} if refusal.field else {}
    return _shown(request, opened, form, faults, sentence="" if faults else refusal.sentence, back=back)


def _shown(
    request: Request,
    opened: OpenedForm,
    values: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    *,
    sentence: str = "",
    done: str = "",
    back: bool = False,
) -> Response:
    """`back` says that it was the second form, by which an absence is ended, that was sent."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.CONFLICT if sentence else HTTPStatus.OK
    sent, wrong = values or {}, faults or {}
    return page(
        request, "away_form.html", status=status, form=opened, fields=_fields(opened), who=WHO, sentence=sentence,
        done=done, typed={} if back else sent, faults={} if back else wrong, back_typed=sent if back else {},
        back_faults=wrong if back else {}, desk=desk(bureau_of(request).county),
    )  # fmt: skip
