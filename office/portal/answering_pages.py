"""The page behind a letter's link. Looking at it changes nothing; an answer needs a name and the code in the letter."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from office import answering, disclosure, links, proving
from office.links import LinkStatus, OpenedLink
from office.portal.answer_forms import (
    REASONS_TO_DECLINE,
    WHO,
    Attempt,
    fields_to_ask,
    forms_for,
    only_offices,
    questions,
    unsent,
    who_answers,
)
from office.portal.forms import FormFaults, parse, read, tidy
from office.portal.gate import admit, limits_of
from office.portal.pages import bureau_of, page
from office.portal.reporting import typed
from office.refusals import Refused
from rules.answers import Answer
from rules.need_to_know import may_read_particulars
from rules.vocabulary import AnswerKind

router = APIRouter(dependencies=[Depends(admit)])

PAGE_OF = {
    LinkStatus.ANSWERED: "link_answered.html",
    LinkStatus.EXPIRED: "link_expired.html",
    LinkStatus.WITHDRAWN: "link_withdrawn.html",
    LinkStatus.MOVED: "link_moved.html",
    LinkStatus.WORN: "link_worn.html",
    LinkStatus.NOT_YOURS: "link_not_yours.html",
}


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
async def openlink_page(request: Request, token: str) -> Response:
    """What an officer finds behind a link."""
    opened = await links.open_link(bureau_of(request), token)
    return link_page(request, opened)


@router.api_route("/r/{token}/{kind}", methods=["GET", "HEAD"])
async def back_to_page(token: str, kind: str) -> Response:  # noqa: ARG001 - the address of a form, opened or reloaded
    """A form's address opened by hand: the page itself."""
    return RedirectResponse(f"/r/{links.clean_token(token)}", status_code=303)


@router.post("/r/{token}/resend")
async def resend(request: Request, token: str) -> Response:
    """A fresh link for an expired one, to the registered address and to no other; it needs the same proof as an answer."""
    bureau = bureau_of(request)
    form = await typed(request)
    try:
        opened = await links.open_link(bureau, token)
        if opened.status is not LinkStatus.EXPIRED:
            return link_page(request, opened)
        rest(request, token)
        values = read(WHO, form)
        await proving.resend(bureau, token, typed_name=values["typed_name"], code=values["code"])
    except FormFaults as refusal:
        return link_page(request, opened, status=HTTPStatus.UNPROCESSABLE_ENTITY, asking=(form, refusal.faults))
    except Refused as refusal:
        counted(request, token, refusal)
        faults = {refusal.field or "code": refusal.sentence}
        return link_page(request, opened, status=status_of(refusal), asking=(form, faults))
    limits_of(request).right_code(request, links.clean_token(token))
    return page(request, "link_resent.html", link=opened, desk=opened.desk)


@router.post("/r/{token}/{kind}")
async def answer(request: Request, token: str, kind: str) -> Response:
    """Take an answer, or show the same form again with what was typed and what is wrong with it."""
    bureau = bureau_of(request)
    opened = await links.open_link(bureau, token)
    if kind not in {word.value for word in AnswerKind}:
        return link_page(request, opened, status=HTTPStatus.NOT_FOUND)
    chosen = AnswerKind(kind)
    form = await typed(request)
    try:
        given = await _give(request, opened, chosen, form)
    except FormFaults as refusal:
        sentence = refusal.faults.pop("version", "")
        attempt = Attempt(chosen, form, refusal.faults, sentence)
        return link_page(request, opened, attempt, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except Refused as refusal:
        counted(request, token, refusal)
        # Somebody may have answered meanwhile: the page shows how things stand now.
        opened = await links.open_link(bureau, token)
        named = refusal.field is not None and refusal.field != "version"
        faults = {str(refusal.field): refusal.sentence} if named else {}
        attempt = Attempt(chosen, form, faults, "" if named else refusal.sentence)
        return link_page(request, opened, attempt, status=status_of(refusal))
    limits_of(request).right_code(request, links.clean_token(token))
    return page(request, "given.html", given=given, link=opened, desk=opened.desk, now=bureau.clock.now())


class TooOften(Refused):
    """Sent too often, or after too many wrong codes: for some seconds nothing is taken."""


def rest(request: Request, token: str, field: str = "code") -> None:
    """Before a code is tried: whether this address may try one of this link. `field` is where it is typed.

    Raises `TooOften`.
    """
    limits, plain = limits_of(request), links.clean_token(token)
    wait = limits.pause(request, plain)
    if wait:
        raise TooOften(f"验证码输错次数较多，请{wait}秒后再试，或者电话联系协调员办理。", field)
    wait = limits.post_to(request, plain)
    if wait:
        raise TooOften(f"提交太频繁，请{wait}秒后再试，或者电话联系协调员办理。", field)


def counted(request: Request, token: str, refusal: Refused) -> None:
    """After a refusal: a wrong code counts against the address that sent it."""
    if refusal.field == "code" and not isinstance(refusal, TooOften):
        limits_of(request).wrong_code(request, links.clean_token(token))


def status_of(refusal: Refused) -> HTTPStatus:
    """What a program is told of a refusal."""
    if isinstance(refusal, TooOften):
        return HTTPStatus.TOO_MANY_REQUESTS
    named = refusal.field is not None and refusal.field != "version"
    return HTTPStatus.UNPROCESSABLE_ENTITY if named else HTTPStatus.CONFLICT


async def _give(request: Request, opened: OpenedLink, kind: AnswerKind, form: Mapping[str, str]) -> answering.Given:
    bureau = bureau_of(request)
    faults: dict[str, str] = {}
    payload: Answer | None = None
    values: dict[str, str] = {}
    if kind is AnswerKind.DONE:
        try:
            payload = parse(opened.step.answer, form, only=only_offices(bureau), names=fields_to_ask(bureau, opened))
        except FormFaults as refusal:
            faults |= refusal.faults
    for fields in (questions(bureau, kind), who_answers(opened)):
        try:
            values |= read(fields, form)
        except FormFaults as refusal:
            faults |= refusal.faults
    version = tidy(form.get("version", ""))
    if not (version.isdecimal() and len(version) < 10):
        faults["version"] = "这张表单不完整，请核对下面的内容后重新提交。"
    if faults:
        raise FormFaults(faults)
    rest(request, opened.token)
    return await answering.answer_by_link(
        bureau,
        opened.token,
        version=int(version),
        typed_name=values["typed_name"],
        code=values["code"],
        kind=kind,
        payload=payload,
        words=_words(kind, values),
        instead=values.get("instead", ""),
    )


def _words(kind: AnswerKind, values: Mapping[str, str]) -> str:
    if kind is not AnswerKind.DECLINED:
        return values.get("words", "")
    reason = next(choice.label for choice in REASONS_TO_DECLINE if choice.value == values["reason"])
    return f"{reason}：{values['words']}"


def link_page(
    request: Request,
    opened: OpenedLink,
    attempt: Attempt | None = None,
    *,
    status: int = HTTPStatus.OK,
    asking: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    sentence: str = "",
) -> Response:
    """The page of a link as it stands now. Nothing that people wrote is on it.

    `attempt` is an answer that was not taken, `asking` what was typed for a one-time code and what is wrong with it,
    `sentence` what else was refused.
    """
    bureau = bureau_of(request)
    may_show, opened = disclosure.may_show(opened), opened.without_words()
    if opened.status is LinkStatus.UNKNOWN:
        return unknown(request)
    sentence = sentence if attempt is None else attempt.sentence
    common = {"link": opened, "desk": opened.desk, "now": bureau.clock.now(), "sentence": sentence}
    template = PAGE_OF.get(opened.status)
    if template is not None:
        return page(
            request, template, status=status, unsent=unsent(bureau, opened, attempt),
            who=WHO, typed=asking[0], faults=asking[1], **common,
        )  # fmt: skip
    forms = forms_for(bureau, opened, attempt)
    return page(
        request, "link_open.html", status=status, forms=forms, may_show=may_show,
        reads=may_read_particulars(opened.step), who=WHO, typed=asking[0], faults=asking[1], **common,
    )  # fmt: skip


def unknown(request: Request) -> Response:
    """No letter carries this link, or only a part of it arrived."""
    return page(request, "link_unknown.html", status=HTTPStatus.NOT_FOUND)
