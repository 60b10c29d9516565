"""People are resolved when the letter leaves: who has left, is away or is barred by then does not get it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import outbox
from office.bureau import Bureau
from office.letter_facts import LetterKind, UndeliveredReason
from office.outbox import Claim
from office.requests import recuse
from office.roster import people_in
from office.tables import CaseRow, Letter, Request
from rules.vocabulary import Level, RequestState


async def who_gets(
    session: AsyncSession, bureau: Bureau, held: Claim, letter: Letter, request: Request | None
) -> Officer | UndeliveredReason | None:
    """Who the letter goes to now, or why to nobody.

    None where the officer is away: the stand-in gets a letter of their own, and this one is set aside.
    """
    people = await people_in(session, bureau, letter.case_id)
    officer = bureau.county.officer(letter.to_officer)
    if officer is None or not people.serves(officer):
        return UndeliveredReason.LEFT
    if people.is_barred(officer):
        if letter.acts and request is not None and not people.contacts(letter.to_office):
            await session.refresh(request, with_for_update=True)
            if RequestState(request.state).is_open:
                case = (await session.execute(select(CaseRow).where(CaseRow.id == letter.case_id))).scalar_one()
                await recuse(session, bureau, case, request)
        return UndeliveredReason.BARRED
    if not people.may_act(officer.key, letter.to_office):
        return UndeliveredReason.LEFT
    kind = LetterKind(letter.kind)
    instead = people.stand_in_of(officer.key) if people.is_away(officer.key) and not kind.is_personal else None
    if instead is None:
        return officer
    parts = letter.key.split("/")
    named = [instead.key if part == officer.key else part for part in parts]
    await outbox.put(
        session, bureau, key="/".join(named if officer.key in parts else [*parts, instead.key]), kind=letter.kind,
        case=(letter.case_id, str(letter.facts["case_number"])), to_office=letter.to_office, to_officer=instead.key,
        facts=letter.facts, request=request, level=None if letter.level is None else Level(letter.level),
        acts=letter.acts,
    )  # fmt: skip
    await outbox.mark_stale(session, bureau, held, "收件人离岗，改发其代理人")
    return None


async def who_is_fit(session: AsyncSession, bureau: Bureau, letter: Letter) -> Callable[[Officer], bool]:
    """Whether an officer can get the letter instead: there, present, and not barred from its case."""
    people = await people_in(session, bureau, letter.case_id)
    # Who is away counts where nobody else of the office is there.
    contacts = {one.key for one in people.contacts(letter.to_office)}

    def fit(one: Officer) -> bool:
        there = people.serves(one) and not people.is_barred(one)
        return there and (one.key in contacts or not people.is_away(one.key))

    return fit
