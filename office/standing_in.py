"""Who gets a letter that does not reach its officer, and who is told of it: the same for a letter that could not leave
and for one that came back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import County, Officer
from office import addresses, outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind, UndeliveredReason
from office.readdressing import who_is_fit
from office.tables import Letter, Request
from rules.vocabulary import LetterState, Level

ABOUT_THE_POST = tuple(
    kind.value for kind in (LetterKind.RECIPIENT_MISSING, LetterKind.MAIL_RECEIVED, LetterKind.CEILING_REACHED)
)
"""Letters about letters: when one of them is lost, no further one is written about it."""
Fit = Callable[[Officer], bool]


async def pass_on(
    session: AsyncSession,
    bureau: Bureau,
    letter: Letter,
    request: Request | None,
    reason: UndeliveredReason,
    *,
    tell_always: bool = True,
) -> Officer | None:
    """Put the letter to the next one whom it can reach, and tell the coordinator; gives who gets it instead.

    Without `tell_always` the coordinator is told only when nobody gets the letter.
    """
    fit = await who_can_get_it(session, bureau, letter)
    instead = None
    if reason is not UndeliveredReason.UNWRITABLE:
        instead = await _put_to_the_next(session, bureau, letter, request, fit)
    # Whoever barred a person knows it: they are told only where nobody is left.
    provided = reason is UndeliveredReason.BARRED and (instead is not None or not letter.acts)
    if letter.kind not in ABOUT_THE_POST and not provided and (tell_always or instead is None):
        await _tell_who_mends(session, bureau, letter, request, reason, instead, fit)
    return instead


async def who_can_get_it(session: AsyncSession, bureau: Bureau, letter: Letter) -> Fit:
    """Whether an officer may get the letter, and it can reach them: who is there and not barred from its case, with an
    address from which none has come back, as far as is known."""
    marked = await addresses.marked(session)
    may = await who_is_fit(session, bureau, letter)
    return lambda one: may(one) and addresses.written(one.email) not in marked


async def _put_to_the_next(
    session: AsyncSession, bureau: Bureau, letter: Letter, request: Request | None, fit: Fit
) -> Officer | None:
    """One who has lost the same letter already is passed over; one who has it already keeps the one letter."""
    for one in _those_who_stand_in(bureau.county, letter, fit):
        key = outbox.key_for(letter.key, letter.to_officer, one.key)
        state = (await session.execute(select(Letter.state).where(Letter.key == key))).scalar_one_or_none()
        if state is not None and LetterState(state).is_lost:
            continue
        office = letter.to_office if letter.acts else one.office
        await outbox.put_to_another(session, bureau, letter, request, office, one.key)
        return one
    return None


async def _tell_who_mends(
    session: AsyncSession,
    bureau: Bureau,
    letter: Letter,
    request: Request | None,
    reason: UndeliveredReason,
    instead: Officer | None,
    fit: Fit,
) -> None:
    due = letter.facts.get("due")
    number = (letter.case_id, str(letter.facts["case_number"]))
    county = bureau.county
    for officer in who_mends(county, letter, fit):
        await outbox.put(
            session, bureau, key=f"recipient_missing/{letter.id}/{officer.key}",
            kind=LetterKind.RECIPIENT_MISSING.value, case=number, to_office=officer.office,
            to_officer=officer.key, request=request,
            facts={
                "case_number": number[1],
                "letter_label": LetterKind(letter.kind).label,
                "step_label": letter.facts.get("step_label", ""),
                "office_name": county.name_of_office(letter.to_office),
                "officer": county.name_of_officer(letter.to_officer),
                "reason_label": reason.label,
                "stand_in": "" if instead is None else f"{county.name_of_office(instead.office)}{instead.name}",
                "urgent": bool(letter.facts.get("urgent", False)),
                "due": None if due is None else datetime.fromisoformat(due),
                "at": bureau.clock.now(),
            },
        )  # fmt: skip


def stand_in(county: County, letter: Letter, fit: Fit = lambda _: True) -> Officer | None:
    """Who gets a letter instead: the office's next contact or its head; for a copy also the levels above.

    `fit` is false for those whom it cannot reach, and for who is away or barred. A letter that acts stays in its office, because its link
    would be worth nothing elsewhere. A one-time code is for the one who asked for it, at the registered address, and
    for nobody else.
    """
    return next(iter(_those_who_stand_in(county, letter, fit)), None)


def _those_who_stand_in(county: County, letter: Letter, fit: Fit) -> list[Officer]:
    if LetterKind(letter.kind).is_for_nobody_else:
        return []
    office = county.offices.get(letter.to_office)
    people: list[Officer] = []
    # That an office keeps silent is told to no one of the silent but its head.
    if office is not None and letter.level != Level.OFFICE_HEAD.value:
        people += [*office.contacts, *(one for one in office.officers if one.post == "head"), *office.officers]
    if not letter.acts:
        for level in (Level(letter.level) if letter.level else Level.COORDINATOR).and_above:
            people += county.officer_at_level(level, letter.to_office)
    each_once = {one.key: one for one in people}
    return [one for one in each_once.values() if one.key != letter.to_officer and one.email and fit(one)]


def who_mends(county: County, letter: Letter, fit: Fit) -> list[Officer]:
    """The coordinator; the levels above where it is the coordinator's own letter that is lost."""
    for level in (Level.COORDINATOR, Level.LEADER, Level.JOINT_MEETING):
        found = [
            one
            for one in county.officer_at_level(level, letter.to_office)
            if one.key != letter.to_officer and one.email and fit(one)
        ]
        if found:
            return found
    return []
