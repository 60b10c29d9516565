"""Hard ceilings: whatever runs wild in the machinery, only so many letters leave in an hour.

Letters above a ceiling are not lost: they wait, are looked at again when the hour has passed, and leave if they are
still true. Others leave meanwhile, and one letter an hour calls a person. Emergencies are counted by themselves and
have ceilings of their own, so that no ordinary letter holds one up. Every sending is written down before it happens:
what fails afterwards has been counted.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from office import log, outbox
from office.bureau import Bureau
from office.letter_facts import Branch, LetterKind
from office.outbox import Claim
from office.post.undelivered import office_name, who_mends
from office.tables import Event, Letter, Request, Sending
from office.timekeeping import ScaledClock
from rules.vocabulary import Happening, LetterState

logger = logging.getLogger("jieli.post")

HOUR = timedelta(hours=1)
HELD_SECONDS = 300.0
"""County seconds after which held letters are looked at again."""
CALLS_AN_HOUR = 10
"""Sendings in an hour of the letter that tells of a ceiling: it stands under no other ceiling."""
ADMITTING = 0x6A696C63  # "jilc": letters are counted and admitted one at a time, or two would pass under one ceiling
_LOCK = text(
    # A post that is frozen here must not hold up the others for long.
    "SELECT pg_advisory_xact_lock(:key) FROM set_config('idle_in_transaction_session_timeout', '10s', true)"
)
_CALL = LetterKind.CEILING_REACHED.value


@dataclass(frozen=True)
class Above:
    """The ceiling that a letter met."""

    branch: Branch
    ceiling: int


def is_urgent(letter: Letter) -> bool:
    """Whether the letter is about an emergency."""
    return letter.facts.get("urgent") is True


async def admit(session: AsyncSession, bureau: Bureau, letters: Sequence[Letter]) -> dict[int, Above]:
    """Count letters that are about to leave in one mail; gives those that a ceiling stops, by their ids.

    It is the last thing of its transaction but the writing: the count is locked until that ends.
    """
    first, now = letters[0], bureau.clock.now()
    urgent, counted = is_urgent(first), first.kind != _CALL
    cases = list(dict.fromkeys(letter.case_id for letter in letters))
    await session.execute(_LOCK, {"key": ADMITTING})
    counts = (
        await session.execute(
            select(
                func.count(Sending.officer),
                func.count().filter(Sending.officer == first.to_officer),
                *(func.count().filter(Sending.case_id == case) for case in cases),
            ).where(Sending.at > now - HOUR, Sending.urgent.is_(urgent), Sending.counted.is_(counted))
        )
    ).one()
    everything, of_officer, of_case = counts[0], counts[1], dict(zip(cases, counts[2:], strict=True))
    stopped: dict[int, Above] = {}
    rows: list[dict[str, object]] = []
    for letter in letters:
        above = _above(bureau, counted, urgent, of_case[letter.case_id], of_officer, everything)
        if above is not None:
            stopped[letter.id] = above
            continue
        of_case[letter.case_id] += 1
        leads = not rows
        rows.append(
            {
                "letter_id": letter.id, "case_id": letter.case_id, "officer": letter.to_officer if leads else None,
                "urgent": urgent, "counted": counted, "at": now,
            }
        )  # fmt: skip
    if rows:
        await session.execute(insert(Sending), rows)
    return stopped


def _above(bureau: Bureau, counted: bool, urgent: bool, case: int, officer: int, everything: int) -> Above | None:
    if not counted:
        return Above(Branch.HOUR, CALLS_AN_HOUR) if everything >= CALLS_AN_HOUR else None
    chosen = bureau.settings
    times = chosen.mail_ceiling_urgent if urgent else 1
    ceilings = (
        (Branch.CASE, case, chosen.mail_ceiling_case * times),
        (Branch.RECIPIENT, officer, chosen.mail_ceiling_recipient * times),
        (Branch.HOUR, everything, chosen.mail_ceiling_hour * times),
    )
    return next((Above(branch, ceiling) for branch, count, ceiling in ceilings if count >= ceiling), None)


async def stop(
    session: AsyncSession, bureau: Bureau, held: Claim, letter: Letter, request: Request | None, above: Above
) -> None:
    """Let the letter and its whole branch wait, and call a person, at most once an hour."""
    scale = bureau.clock.scale if isinstance(bureau.clock, ScaledClock) else 1.0
    wait = max(1.0, HELD_SECONDS / scale)
    sentence = f"{above.branch.label}一小时内的信件已达上限{above.ceiling}封，暂缓发送。"
    await outbox.mark_held(session, held, sentence, wait)
    if letter.kind == _CALL:
        return
    await session.flush()
    await _hold_branch(session, letter, above, sentence, wait)
    if await _is_written(session, bureau, letter):
        return
    logger.error("%s: letters of %s are held", letter.facts["case_number"], above.branch.value)
    now = bureau.clock.now()
    log.write(
        session, Happening.CEILING_REACHED, at=now, case_id=letter.case_id, request=request,
        office=letter.to_office, detail=sentence,
    )  # fmt: skip
    waiting = (
        await session.execute(select(func.count()).select_from(Letter).where(Letter.state == LetterState.HELD.value))
    ).scalar_one()
    for officer in who_mends(bureau.county, Letter(to_office=letter.to_office, to_officer="")):
        await outbox.put(
            session, bureau, key=f"{_CALL}/{now:%Y%m%d%H}/{officer.key}", kind=_CALL,
            case=(letter.case_id, str(letter.facts["case_number"])), to_office=officer.office,
            to_officer=officer.key,
            facts={
                "case_number": letter.facts["case_number"],
                "branch": above.branch.value,
                "branch_label": above.branch.label,
                "office_name": office_name(bureau.county, letter.to_office),
                "urgent": is_urgent(letter),
                "ceiling": above.ceiling,
                "waiting": max(1, waiting),
                "at": now,
            },
        )  # fmt: skip


async def _hold_branch(session: AsyncSession, letter: Letter, above: Above, sentence: str, wait: float) -> None:
    """The others of the branch wait too, without each being looked at."""
    urgent = Letter.facts["urgent"].as_boolean().is_(True)
    same = {
        Branch.CASE: [Letter.case_id == letter.case_id],
        Branch.RECIPIENT: [Letter.to_officer == letter.to_officer],
        Branch.HOUR: [],
    }[above.branch]
    await session.execute(
        update(Letter)
        .where(
            *same,
            Letter.state.in_([LetterState.PENDING.value, LetterState.HELD.value]),
            urgent if is_urgent(letter) else ~urgent,
            Letter.kind != _CALL,
            Letter.next_try <= func.clock_timestamp(),
        )
        .values(
            state=LetterState.HELD.value, fault=sentence,
            next_try=func.clock_timestamp() + timedelta(seconds=wait),
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


async def _is_written(session: AsyncSession, bureau: Bureau, letter: Letter) -> bool:
    """Whether the log has said within the hour that letters of this case are held."""
    statement = select(Event.id).where(
        Event.case_id == letter.case_id,
        Event.event == Happening.CEILING_REACHED.value,
        Event.at > bureau.clock.now() - HOUR,
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none() is not None
