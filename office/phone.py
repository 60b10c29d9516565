"""A coordinator enters an answer given by phone: a channel equal to the letter's link, naming who said it and who typed it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from office.answering import Given, Speech, same_again, take
from office.bureau import Bureau
from office.refusals import Refused
from office.roster import people_in
from office.tables import CaseRow, Proceeding, Request
from rules.answers import Answer
from rules.steps import Step, step
from rules.vocabulary import AnswerKind, Channel, RequestState


async def answer_by_phone(
    bureau: Bureau,
    *,
    case: str,
    step_key: str,
    kind: AnswerKind,
    said_by: str,
    entered_by: str,
    subject: str = "",
    number: int | None = None,
    payload: dict[str, Any] | None = None,
    words: str = "",
    instead: str = "",
) -> Given:
    """A coordinator enters an answer given by phone, naming who said it and who typed it. Raises `Refused`.

    `subject` or the request's `number` tells several askings of one step apart.
    """
    if not said_by.strip() or not entered_by.strip():
        raise Refused("请写明答复人和录入人。")
    async with bureau.database.transaction() as session:
        request, row = await latest_request(session, case, step_key, subject, number)
        people = await people_in(session, bureau, row.id)
        said_by = _named(bureau, request, said_by.strip())
        officer = bureau.county.officer(said_by)
        if people.is_barred_name(said_by) or (officer is not None and people.is_barred(officer)):
            raise Refused("答复人应当回避本案，不能登记其答复；请联系该单位其他人员，或者改派其他单位。")
        if officer is not None and not people.serves(officer):
            raise Refused(f"{officer.name}已经离岗，不能登记其答复；请联系该单位现任人员。")
        if officer is not None and not people.may_act(officer.key, request.office):
            office = bureau.county.office(request.office)
            raise Refused(f"{officer.name}不在承办单位（{office.name}）的名册上，请核对由谁答复。")
        typist = bureau.county.officer(entered_by)
        if people.is_barred_name(entered_by) or (typist is not None and people.is_barred(typist)):
            raise Refused("录入人应当回避本案，请由其他协调员录入。")
        again = await same_again(session, bureau, request, row, kind, said_by, words)
        if again is not None:
            return again
        checked = _checked(step(step_key), payload or {}) if kind is AnswerKind.DONE else {}
        speech = Speech(
            kind,
            checked,
            words.strip(),
            instead,
            Channel.PHONE,
            said_by,
            said_by if officer is None else officer.name,
            entered_by=entered_by,
        )
        return await take(session, bureau, request, row, speech)


def _named(bureau: Bureau, request: Request, said: str) -> str:
    """The key of an officer of the office that was asked, named by key or by name; else the name as it was typed.

    An officer of another office who stands in for nobody here is as little entitled by phone as through an old letter.
    """
    named = [one.key for one in bureau.county.office(request.office).officers if one.name == said]
    return named[0] if bureau.county.officer(said) is None and len(named) == 1 else said


def _checked(asked: Step, payload: dict[str, Any]) -> dict[str, Any]:  # type: ignore[type-arg]
    try:
        answer: Answer = asked.answer.model_validate(payload)
    except ValidationError as fault:
        fields = asked.answer.model_fields
        places = []
        for error in fault.errors():
            if error["type"] == "value_error":
                raise Refused(str(error["ctx"]["error"])) from fault
            name = str(error["loc"][0]) if error["loc"] else ""
            title = fields[name].title if name in fields else None
            places.append(f"{title or '未知项目'}（{name}）")
        raise Refused(f"“{asked.label}”的办结内容不完整或不正确：{'、'.join(places)}。") from fault
    return answer.model_dump(mode="json")


async def latest_request(
    session: AsyncSession, case: str, step_key: str, subject: str, number: int | None
) -> tuple[Request, CaseRow]:
    """The step of a case that a person means, locked; an open one before those that have ended. Raises `Refused`."""
    rows = (
        await session.execute(
            select(Request, CaseRow)
            .join(Proceeding, Proceeding.id == Request.proceeding_id)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(CaseRow.number == case, Request.step == step_key, Request.subject.like(subject or "%"))
            .order_by(Request.proceeding_id.desc(), Request.round.desc())
            .with_for_update(of=Request)
        )
    ).all()
    if number is not None:
        rows = [row for row in rows if row[0].id == number]
    live = [row for row in rows if RequestState(row[0].state).is_open] or list(rows)
    if not live and number is not None:
        raise Refused(f"案件 {case} 的“{step_key}”没有办件号 {number}。可用 jieli show {case} 查看已交办的事项。")
    if not live:
        raise Refused(f"案件 {case} 没有交办过“{step_key}”。可用 jieli show {case} 查看已交办的事项。")
    if len({row[0].subject for row in live}) > 1:
        subjects = "、".join(sorted({row[0].subject for row in live}))
        raise Refused(f"“{step_key}”有多项，请用 --subject 指明其中一项：{subjects}。")
    # A danger that came again has begun the mechanism anew, beside what the first still waits for.
    if len({row[0].proceeding_id for row in live if RequestState(row[0].state).is_open}) > 1:
        numbers = "、".join(str(row[0].id) for row in sorted(live, key=lambda row: row[0].id))
        raise Refused(f"“{step_key}”先后交办了多次，都未办结，请用 --request 指明办件号：{numbers}。")
    return live[0][0], live[0][1]
