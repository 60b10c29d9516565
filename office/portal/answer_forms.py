"""The forms behind a letter's link: which answers can be given now, and what is asked for each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from office.bureau import Bureau
from office.links import LinkStatus, OpenedLink
from office.portal.forms import BETWEEN, YES, Choice, FormField, Widget, fields_of, tidy
from office.schemes import fields_asked
from rules.vocabulary import AnswerKind, Office
from rules.workdays import SHANGHAI

WHO = (
    FormField("typed_name", "您的姓名", Widget.TEXT, required=True, limit=80, autocomplete="name"),
    FormField(
        "code", "验证码", Widget.TEXT, required=True, limit=20, hint="印在邮件里、链接下方的6位数字", digits=True
    ),
)  # fmt: skip

REREAD = FormField(
    "reread",
    "来信之后情况有变",
    Widget.CHECKBOXES,
    required=True,
    choices=(Choice(YES, "我已看过本页上方的最新内容和期限"),),
)

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


def only_offices(bureau: Bureau) -> dict[str, set[str]]:
    """Offices that a step can be given to: those this county has."""
    return {"office": {office.kind.value for office in bureau.county.offices.values() if office.kind not in ABOVE}}


def fields_to_ask(bureau: Bureau, opened: OpenedLink) -> Collection[str] | None:
    """The fields of the step's form that this request asks for; None for all."""
    asked_on = opened.asked_at.astimezone(SHANGHAI).date()
    return fields_asked(bureau.county, opened.step.key, opened.subject, opened.subject_label, asked_on)


def _own_form(bureau: Bureau, opened: OpenedLink) -> tuple[FormField, ...]:
    """What this request asks for in the step's own form."""
    return fields_of(opened.step.answer, only=only_offices(bureau), names=fields_to_ask(bureau, opened))


def questions(bureau: Bureau, kind: AnswerKind) -> tuple[FormField, ...]:
    """What is asked for an answer that is not the step's own form."""
    match kind:
        case AnswerKind.DECLINED:
            there = only_offices(bureau)["office"]
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


def who_answers(opened: OpenedLink) -> tuple[FormField, ...]:
    """What everybody types; behind a letter that is older than the facts also that the new ones were read."""
    return (REREAD, *WHO) if opened.status is LinkStatus.CHANGED else WHO


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
        _own_form(bureau, opened),
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
                questions(bureau, AnswerKind.MORE_FACTS),
            )
        )
        if opened.may_extend:
            made.append(
                AnswerForm(
                    AnswerKind.EXTENSION,
                    "申请延期",
                    "只能申请一次，由协调员决定。同意之前仍按原期限。",
                    "提交延期申请",
                    questions(bureau, AnswerKind.EXTENSION),
                )
            )
        made.append(
            AnswerForm(
                AnswerKind.DECLINED,
                "退回",
                "不该由本单位办的，说明原因和应当由谁办。法定期限继续计算。",
                "确认退回",
                questions(bureau, AnswerKind.DECLINED),
            )
        )
    return [_with_attempt(one, attempt, who_answers(opened)) for one in made]


def _with_attempt(form: AnswerForm, attempt: Attempt | None, who: tuple[FormField, ...]) -> AnswerForm:
    fields = form.fields + who
    if attempt is None or attempt.kind is not form.kind:
        return AnswerForm(form.kind, form.title, form.hint, form.button, fields, open=form.open and attempt is None)
    # A box that was unticked is sent as nothing, and stays unticked.
    kept = {one.name: "" for one in fields if one.widget is Widget.CHECKBOXES} | dict(attempt.values)
    return AnswerForm(
        form.kind, form.title, form.hint, form.button, fields, open=True, values=kept, faults=attempt.faults
    )


def unsent(bureau: Bureau, opened: OpenedLink, attempt: Attempt | None) -> list[tuple[str, str]]:
    """Whatever was filled in and can no longer be sent: each question and its answer in words, to be copied out."""
    if attempt is None:
        return []
    asked = _own_form(bureau, opened) if attempt.kind is AnswerKind.DONE else ()
    kept = []
    for one in asked + questions(bureau, attempt.kind):
        value = tidy(attempt.values.get(one.name, ""))
        words = {choice.value: choice.label for choice in one.choices}
        if value and value != one.initial:
            kept.append((one.label, "、".join(words.get(v, v) for v in value.split(BETWEEN)) if words else value))
    return kept
