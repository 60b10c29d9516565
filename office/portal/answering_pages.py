"""The page behind a letter's link. Looking at it changes nothing; an answer needs a name and the code in the letter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from office import answering, disclosure, links
from office.bureau import Bureau
from office.links import LinkStatus, OpenedLink
from office.portal.forms import Choice, FormFaults, FormField, Widget, fields_of, parse, read, tidy
from office.portal.pages import bureau_of, page
from office.portal.reporting import typed
from office.schemes import fields_asked
from rules.answers import Answer
from rules.need_to_know import may_read_particulars
from rules.vocabulary import AnswerKind, Office
from rules.workdays import SHANGHAI

router = APIRouter()

WHO = (
    FormField("typed_name", "您的姓名", Widget.TEXT, required=True, limit=80, autocomplete="name"),
    FormField(
        "code", "验证码", Widget.TEXT, required=True, limit=20, hint="印在邮件里、链接下方的6位数字", digits=True
    ),
)  # fmt: skip

REASONS_TO_DECLINE = (
    Choice("not_our_duty", "不属于本单位职责"),
    Choice("not_our_area", "不属于本单位管辖地域"),
    Choice("already_taken", "已由其他单位办理"),
    Choice("wrong_facts", "交办内容有误"),
    Choice("conflict", "本单位应当回避"),
    Choice("other", "其他原因"),
)

ABOVE = (Office.LEADER, Office.JOINT_MEETING)
"""Nobody hands a step upwards: that is the ladder's business."""

PAGE_OF = {
    LinkStatus.ANSWERED: "link_answered.html",
    LinkStatus.EXPIRED: "link_expired.html",
    LinkStatus.WITHDRAWN: "link_withdrawn.html",
    LinkStatus.MOVED: "link_moved.html",
    LinkStatus.NOT_YOURS: "link_not_yours.html",
}


@dataclass(frozen=True)
class AnswerForm:
    """One of the answers an officer can give, as the page shows it."""

    kind: AnswerKind
    title: str
    hint: str
    button: str
    fields: tuple[FormField, ...]
    open: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """What an officer sent and what was wrong with it. `sentence` concerns no single field."""

    kind: AnswerKind
    values: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
async def openlink_page(request: Request, token: str) -> Response:
    """What an officer finds behind a link."""
    try:
        opened = await links.open_link(bureau_of(request), token)
    except links.UnknownLink:
        return unknown(request)
    return link_page(request, opened)


@router.api_route("/r/{token}/{kind}", methods=["GET", "HEAD"])
async def back_to_page(token: str, kind: str) -> Response:  # noqa: ARG001 - the address of a form, opened or reloaded
    """A form's address opened by hand: the page itself."""
    return RedirectResponse(f"/r/{links.clean_token(token)}", status_code=303)


@router.post("/r/{token}/resend")
async def resend(request: Request, token: str) -> Response:
    """A fresh link for an expired one, to the registered address and to no other."""
    bureau = bureau_of(request)
    try:
        opened = await links.open_link(bureau, token)
        if opened.status is not LinkStatus.EXPIRED:
            return link_page(request, opened)
        await answering.resend(bureau, token)
    except links.UnknownLink:
        return unknown(request)
    return page(request, "link_resent.html", link=opened, desk=opened.desk)


@router.post("/r/{token}/{kind}")
async def answer(request: Request, token: str, kind: str) -> Response:
    """Take an answer, or show the same form again with what was typed and what is wrong with it."""
    bureau = bureau_of(request)
    try:
        opened = await links.open_link(bureau, token)
    except links.UnknownLink:
        return unknown(request)
    if kind not in {word.value for word in AnswerKind}:
        return link_page(request, opened, status=HTTPStatus.NOT_FOUND)
    chosen = AnswerKind(kind)
    form = await typed(request)
    try:
        given = await _give(bureau, opened, chosen, form)
    except FormFaults as refusal:
        sentence = refusal.faults.pop("version", "")
        attempt = Attempt(chosen, form, refusal.faults, sentence)
        return link_page(request, opened, attempt, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except links.UnknownLink:
        return unknown(request)
    except answering.Refused as refusal:
        # Somebody may have answered meanwhile: the page shows how things stand now.
        opened = await links.open_link(bureau, token)
        named = refusal.field is not None and refusal.field != "version"
        attempt = Attempt(
            chosen, form, {str(refusal.field): refusal.sentence} if named else {}, "" if named else refusal.sentence
        )
        status = HTTPStatus.UNPROCESSABLE_ENTITY if named else HTTPStatus.CONFLICT
        return link_page(request, opened, attempt, status=status)
    return page(request, "given.html", given=given, link=opened, desk=opened.desk, now=bureau.clock.now())


async def _give(bureau: Bureau, opened: OpenedLink, kind: AnswerKind, form: Mapping[str, str]) -> answering.Given:
    faults: dict[str, str] = {}
    payload: Answer | None = None
    values: dict[str, str] = {}
    if kind is AnswerKind.DONE:
        try:
            payload = parse(opened.step.answer, form, only=_only(bureau), names=_names(bureau, opened))
        except FormFaults as refusal:
            faults |= refusal.faults
    for fields in (_questions(bureau, kind), WHO):
        try:
            values |= read(fields, form)
        except FormFaults as refusal:
            faults |= refusal.faults
    version = tidy(form.get("version", ""))
    if not version.isdecimal():
        faults["version"] = "这张表单不完整，请核对下面的内容后重新提交。"
    if faults:
        raise FormFaults(faults)
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


def _only(bureau: Bureau) -> dict[str, set[str]]:
    """Offices that a step can be given to: those this county has."""
    return {"office": {office.kind.value for office in bureau.county.offices.values() if office.kind not in ABOVE}}


def _names(bureau: Bureau, opened: OpenedLink) -> Collection[str] | None:
    """The fields of the step's form that this request asks for; None for all."""
    asked_on = opened.asked_at.astimezone(SHANGHAI).date()
    return fields_asked(bureau.county, opened.step.key, opened.subject, opened.subject_label, asked_on)


def _questions(bureau: Bureau, kind: AnswerKind) -> tuple[FormField, ...]:
    """What is asked for an answer that is not the step's own form."""
    match kind:
        case AnswerKind.DECLINED:
            there = _only(bureau)["office"]
            offices = [Choice(office.value, office.label) for office in Office if office.value in there]
            offices.sort(key=lambda choice: choice.value != Office.COORDINATOR.value)
            instead = [
                Choice(c.value, "说不准，请协调员确定") if c.value == Office.COORDINATOR.value else c for c in offices
            ]
            return (
                FormField("reason", "退回原因", Widget.RADIOS, required=True, choices=REASONS_TO_DECLINE),
                FormField("words", "具体说明", Widget.TEXTAREA, required=True, limit=1000),
                FormField("instead", "应当由谁承办", Widget.SELECT, required=True, choices=tuple(instead)),
            )
        case AnswerKind.MORE_FACTS:
            return (FormField("words", "需要补充哪些材料或情况", Widget.TEXTAREA, required=True, limit=1000),)
        case AnswerKind.EXTENSION:
            return (FormField("words", "申请延期的理由", Widget.TEXTAREA, required=True, limit=1000),)
        case _:
            return ()


def forms_for(bureau: Bureau, opened: OpenedLink, attempt: Attempt | None = None) -> list[AnswerForm]:
    """The answers that can be given now, the likely one first and open."""
    own = opened.step.mechanism is None
    received = AnswerForm(
        AnswerKind.RECEIVED, "签收", "表示已经收到并开始办理。签收后请继续在期限内办结。", "确认签收", (), open=not own
    )
    done = AnswerForm(
        AnswerKind.DONE,
        "作出决定" if own else "办结",
        "" if own else "事情已经办完，填写结果。",
        "提交决定" if own else "提交办理结果",
        fields_of(opened.step.answer, only=_only(bureau), names=_names(bureau, opened)),
        open=own or opened.acknowledged is not None,
    )
    made = [done] if opened.acknowledged is not None else [done, received] if own else [received, done]
    # A coordinator's own step has nobody to be returned to.
    if not own:
        made.append(
            AnswerForm(
                AnswerKind.MORE_FACTS,
                "需要补充材料",
                "由协调员补充，补充后发邮件告诉您。期限不因此停止。",
                "提交问题",
                _questions(bureau, AnswerKind.MORE_FACTS),
            )
        )
        if opened.may_extend:
            made.append(
                AnswerForm(
                    AnswerKind.EXTENSION,
                    "申请延期",
                    "只能申请一次，由协调员决定。同意之前仍按原期限。",
                    "提交延期申请",
                    _questions(bureau, AnswerKind.EXTENSION),
                )
            )
        made.append(
            AnswerForm(
                AnswerKind.DECLINED,
                "退回",
                "不该由本单位办的，说明原因和应当由谁办。法定期限继续计算。",
                "确认退回",
                _questions(bureau, AnswerKind.DECLINED),
            )
        )
    return [_with_attempt(one, attempt) for one in made]


def _with_attempt(form: AnswerForm, attempt: Attempt | None) -> AnswerForm:
    fields = form.fields + WHO
    if attempt is None or attempt.kind is not form.kind:
        return AnswerForm(form.kind, form.title, form.hint, form.button, fields, open=form.open and attempt is None)
    return AnswerForm(
        form.kind, form.title, form.hint, form.button, fields, open=True, values=attempt.values, faults=attempt.faults
    )


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
        unsent = "" if attempt is None else tidy(attempt.values.get("words", "") or attempt.values.get("note", ""))
        return page(request, template, status=status, unsent=unsent, **common)
    forms = forms_for(bureau, opened, attempt)
    return page(
        request, "link_open.html", status=status, forms=forms, may_show=may_show,
        reads=may_read_particulars(opened.step), who=WHO, typed=asking[0], faults=asking[1], **common,
    )  # fmt: skip


def unknown(request: Request) -> Response:
    """No letter carries this link, or only a part of it arrived."""
    return page(request, "link_unknown.html", status=HTTPStatus.NOT_FOUND)


def desk(bureau: Bureau) -> list[tuple[str, str]]:
    """Whom to call: name and telephone of the county's coordinators. Empty where the county names none."""
    coordinator = bureau.county.offices.get(Office.COORDINATOR.value)
    if coordinator is None:
        return []
    return [(officer.name, officer.phone) for officer in coordinator.contacts if officer.phone]
