"""People are resolved when the letter leaves: who has left, is away or is barred by then does not get it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind, UndeliveredReason
from office.outbox import Claim
from office.people import Bar, People, Recipient
from office.requests import recuse
from office.roster import people_in
from office.tables import Absence, Barred, CaseRow, Letter, Request
from rules.vocabulary import RequestState


async def who_gets(
    session: AsyncSession, bureau: Bureau, people: People, held: Claim, letter: Letter, request: Request | None
) -> Officer | UndeliveredReason | None:
    """Who the letter goes to now, or why to nobody. `people` are those of the letter's case at this moment.

    None where somebody else has it now: who stands in for an officer who is away, or whom a stand-in stood in for. They
    get a letter of their own, and this one is set aside.
    """
    officer = bureau.county.officer(letter.to_officer)
    if officer is None or not people.serves(officer):
        return UndeliveredReason.LEFT
    if people.is_barred(officer):
        if letter.acts and request is not None and not people.contacts(letter.to_office):
            await _give_back(session, bureau, letter, request)
        return UndeliveredReason.BARRED
    if letter.kind == LetterKind.STEPS_PASSED_ON.value and not await _keep_what_may_be_read(session, people, letter):
        await outbox.mark_stale(session, bureau, held, "收件人应当回避清单上的案件")
        return None
    if not people.may_act(officer.key, letter.to_office):
        holders = people.holders(letter.to_office, None if request is None else request.owner)
        if not holders or not await _stood_in(session, people, letter):
            return UndeliveredReason.LEFT
        await _put_to(session, bureau, letter, request, holders)
        await outbox.mark_stale(session, bureau, held, "代理已经结束，改发本单位人员")
        return None
    kind = LetterKind(letter.kind)
    instead = people.stand_in_of(officer.key) if people.is_away(officer.key) and not kind.is_personal else None
    if instead is None:
        return officer
    await _put_to(session, bureau, letter, request, [Recipient(instead, letter.to_office, officer.key)])
    await outbox.mark_stale(session, bureau, held, "收件人离岗，改发其代理人")
    return None


async def _give_back(session: AsyncSession, bureau: Bureau, letter: Letter, request: Request) -> None:
    await session.refresh(request, with_for_update=True)
    if RequestState(request.state).is_open:
        case = (await session.execute(select(CaseRow).where(CaseRow.id == letter.case_id))).scalar_one()
        await recuse(session, bureau, case, request)


async def _put_to(
    session: AsyncSession, bureau: Bureau, letter: Letter, request: Request | None, others: Sequence[Recipient]
) -> None:
    """The same letter to each of them."""
    for one in others:
        await outbox.put_to_another(session, bureau, letter, request, letter.to_office, one.key)


async def _stood_in(session: AsyncSession, people: People, letter: Letter) -> bool:
    """Whether the recipient had the letter only as somebody's stand-in."""
    office = people.county.offices.get(letter.to_office)
    theirs = [one.key for one in office.officers] if office else []
    statement = select(Absence.id).where(Absence.stand_in == letter.to_officer, Absence.officer.in_(theirs)).limit(1)
    return (await session.execute(statement)).first() is not None


async def _keep_what_may_be_read(session: AsyncSession, people: People, letter: Letter) -> bool:
    """Take the cases from a list that its recipient was barred from since it was written; False when none is left."""
    officer = people.county.officer(letter.to_officer)
    listed = letter.facts["steps"]
    rows = await session.execute(
        select(CaseRow.number, Barred.case_id, Barred.officer, Barred.name)
        .join(Barred, Barred.case_id == CaseRow.id)
        .where(CaseRow.number.in_([line["case_number"] for line in listed]), Barred.lifted_at.is_(None))
    )
    barred = {
        number
        for number, case_id, key, name in rows.all()
        if officer is not None and People(people.county, people.at, (), (Bar(case_id, key, name),)).is_barred(officer)
    }
    kept = [line for line in listed if line["case_number"] not in barred]
    if len(kept) < len(listed):
        letter.facts = letter.facts | {"steps": kept}
    return bool(kept)


async def who_is_fit(session: AsyncSession, bureau: Bureau, letter: Letter) -> Callable[[Officer], bool]:
    """Whether an officer can get the letter instead: there, present, and not barred from its case."""
    people = await people_in(session, bureau, letter.case_id)
    # Who is away counts where nobody else of the office is there.
    contacts = {one.key for one in people.contacts(letter.to_office)}

    def fit(one: Officer) -> bool:
        there = people.serves(one) and not people.is_barred(one)
        return there and (one.key in contacts or not people.is_away(one.key))

    return fit
