"""A letter does not reach its officer: the next one gets it, and the coordinator is told, once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from config.county import County, Officer
from office import outbox
from office.bureau import Bureau
from office.letter_facts import LetterKind, UndeliveredReason
from office.outbox import Claim
from office.tables import Letter, Request
from rules.vocabulary import Happening, Level


async def undelivered(
    session: AsyncSession,
    bureau: Bureau,
    held: Claim,
    letter: Letter,
    request: Request | None,
    reason: UndeliveredReason,
    sentence: str = "",
) -> None:
    """Write down that the claimed letter does not reach its officer, and do what follows.

    One that may have arrived stays uncertain; the next contact gets it all the same, because a letter too many does
    less harm than a child forgotten. `sentence` says more than the reason, without a name or address.
    """
    fault = sentence or f"{reason.label}。"
    if reason is UndeliveredReason.UNCERTAIN:
        await outbox.give_up_uncertain(session, bureau, held, fault)
    else:
        person_is_missing = reason in (UndeliveredReason.LEFT, UndeliveredReason.NO_ADDRESS)
        await outbox.mark_failed(
            session, bureau, held, fault,
            as_what=Happening.RECIPIENT_MISSING if person_is_missing else Happening.LETTER_FAILED,
        )  # fmt: skip
    number = (letter.case_id, str(letter.facts["case_number"]))
    instead = None if reason is UndeliveredReason.UNWRITABLE else stand_in(bureau.county, letter)
    if instead is not None:
        await outbox.put(
            session, bureau, key=key_for(letter.key, letter.to_officer, instead.key), kind=letter.kind,
            case=number, to_office=instead.office, to_officer=instead.key, facts=letter.facts, request=request,
            level=None if letter.level is None else Level(letter.level), acts=letter.acts,
        )  # fmt: skip
    if letter.kind == LetterKind.RECIPIENT_MISSING.value:
        return
    due = letter.facts.get("due")
    for officer in who_mends(bureau.county, letter):
        await outbox.put(
            session, bureau, key=f"recipient_missing/{letter.id}/{officer.key}",
            kind=LetterKind.RECIPIENT_MISSING.value, case=number, to_office=officer.office,
            to_officer=officer.key, request=request,
            facts={
                "case_number": number[1],
                "letter_label": LetterKind(letter.kind).label,
                "step_label": letter.facts.get("step_label", ""),
                "office_name": office_name(bureau.county, letter.to_office),
                "officer": _officer_name(bureau.county, letter.to_officer),
                "reason_label": reason.label,
                "stand_in": "" if instead is None else f"{office_name(bureau.county, instead.office)}{instead.name}",
                "urgent": bool(letter.facts.get("urgent", False)),
                "due": None if due is None else datetime.fromisoformat(due),
                "at": bureau.clock.now(),
            },
        )  # fmt: skip


def key_for(key: str, officer: str, instead: str) -> str:
    """The key of a letter that goes to another officer: the one this officer's own copy of it has, where there is one."""
    parts = key.split("/")
    named = [instead if part == officer else part for part in parts]
    return "/".join(named if officer in parts else [*parts, instead])


def stand_in(county: County, letter: Letter) -> Officer | None:
    """Who gets a letter instead: the office's next contact or its head; for a copy also the levels above.

    A letter that acts stays in its office, because its link would be worth nothing elsewhere. A one-time code is for
    the one who asked for it, at the registered address, and for nobody else.
    """
    if letter.kind == LetterKind.DISCLOSURE_CODE.value:
        return None
    office = county.offices.get(letter.to_office)
    people: list[Officer] = []
    if office is not None:
        people += [*office.contacts, *(one for one in office.officers if one.post == "head"), *office.officers]
    if not letter.acts:
        for level in list(Level)[(Level(letter.level) if letter.level else Level.COORDINATOR).height :]:
            people += county.officer_at_level(level, letter.to_office)
    return next((one for one in people if one.key != letter.to_officer and one.email), None)


def who_mends(county: County, letter: Letter) -> list[Officer]:
    """The coordinator; the levels above where it is the coordinator's own letter that is lost."""
    for level in (Level.COORDINATOR, Level.LEADER, Level.JOINT_MEETING):
        found = [
            one
            for one in county.officer_at_level(level, letter.to_office)
            if one.key != letter.to_officer and one.email
        ]
        if found:
            return found
    return []


def office_name(county: County, key: str) -> str:
    """The office's name; its key when the county no longer has it."""
    office = county.offices.get(key)
    return key if office is None else office.name


def _officer_name(county: County, key: str) -> str:
    officer = county.officer(key)
    return key if officer is None else officer.name
