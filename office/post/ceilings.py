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

from sqlalchemy import Executable, bindparam, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from office import log, outbox
from office.bureau import Bureau
from office.letter_kinds import Branch, LetterKind
from office.outbox import Claim
from office.post.digest import message_id_of
from office.standing_in import who_can_get_it, who_mends
from office.tables import Event, Letter, Request, Sending
from office.timekeeping import ScaledClock
from rules.vocabulary import Happening, LetterState

logger = logging.getLogger("jieli.post")

HOUR = timedelta(hours=1)
HELD_SECONDS = 300.0
"""County seconds after which held letters are looked at again."""
CALLS_AN_HOUR = 10
"""Sendings in an hour of the letter that tells of a ceiling: it stands under no other ceiling."""
NEAR = 40
"""So near to a ceiling mails are counted and admitted one at a time; more of them are not between their counting and
their being written down at the same moment. A digest counts for many, and is always admitted by itself."""
ADMITTING = 0x6A696C63  # "jilc"
_LOCK = text(
    # A post that is frozen here must not hold up the others for long.
    "SELECT pg_advisory_xact_lock(:key, :urgent) FROM set_config('idle_in_transaction_session_timeout', '10s', true)"
)
_CALL = LetterKind.CEILING_REACHED.value


@dataclass(frozen=True)
class Above:
    """The ceiling that a letter met."""

    branch: Branch
    ceiling: int


@dataclass
class _Counts:
    """How many have left within the hour: in all, to the officer, and about each case."""

    everything: int
    of_officer: int
    of_case: dict[int | None, int]

    def ceilings(self, bureau: Bureau, case: int | None, *, urgent: bool) -> tuple[tuple[Branch, int, int], ...]:
        """Each branch with its count and its ceiling."""
        chosen = bureau.settings
        times = chosen.mail_ceiling_urgent if urgent else 1
        return (
            (Branch.CASE, self.of_case[case], chosen.mail_ceiling_case * times),
            (Branch.RECIPIENT, self.of_officer, chosen.mail_ceiling_recipient * times),
            (Branch.HOUR, self.everything, chosen.mail_ceiling_hour * times),
        )

    def near(self, bureau: Bureau, urgent: bool) -> bool:
        """Whether as many as may be admitted at the same moment could pass a ceiling together."""
        return any(
            count + NEAR >= ceiling
            for case in self.of_case
            for _, count, ceiling in self.ceilings(bureau, case, urgent=urgent)
        )

    def above(self, bureau: Bureau, case: int | None, *, counted: bool, urgent: bool) -> Above | None:
        """The ceiling that the next letter about the case would pass."""
        if not counted:
            return Above(Branch.HOUR, CALLS_AN_HOUR) if self.everything >= CALLS_AN_HOUR else None
        found = self.ceilings(bureau, case, urgent=urgent)
        return next((Above(branch, ceiling) for branch, count, ceiling in found if count >= ceiling), None)


def is_urgent(letter: Letter) -> bool:
    """Whether the letter is about an emergency."""
    return letter.facts.get("urgent") is True


async def admit(session: AsyncSession, bureau: Bureau, letters: Sequence[Letter]) -> dict[int, Above]:
    """Count letters that are about to leave in one mail; gives those that a ceiling stops, by their ids.

    The others are marked with the Message-ID they leave under: a post that is killed from now on may have given them to
    the mail server. It is the last thing of its transaction: the count is locked until that ends.
    """
    first, now = letters[0], bureau.clock.now()
    urgent, counted = is_urgent(first), first.kind != _CALL
    counts = await _counts(session, bureau, letters)
    if len(letters) > 1 or not counted or counts.near(bureau, urgent):
        # One at a time, or two would pass under one ceiling. Emergencies do not wait for ordinary letters here either.
        await session.execute(_LOCK, {"key": ADMITTING, "urgent": int(urgent)})
        counts = await _counts(session, bureau, letters)
    stopped: dict[int, Above] = {}
    rows: list[dict[str, object]] = []
    for letter in letters:
        above = counts.above(bureau, letter.case_id, counted=counted, urgent=urgent)
        if above is not None:
            stopped[letter.id] = above
            continue
        counts.of_case[letter.case_id] += 1
        leads = not rows
        rows.append(
            {
                "letter_id": letter.id, "case_id": letter.case_id, "officer": letter.to_officer if leads else None,
                "urgent": urgent, "counted": counted, "at": now,
            }
        )  # fmt: skip
    if len(rows) == 1:
        (letter,) = (letter for letter in letters if letter.id not in stopped)
        its = {f"its_{name}": value for name, value in rows[0].items()}
        await session.execute(_GIVING, its | {"letter": letter.id, "carrier": letter.message_id})
    elif rows:
        admitted = [letter for letter in letters if letter.id not in stopped]
        carrier = message_id_of(bureau, admitted)
        given = update(Letter).where(Letter.id.in_([letter.id for letter in admitted])).values(carried_by=carrier)
        await session.execute(given.execution_options(synchronize_session=False))
        await session.execute(insert(Sending.__table__), rows)  # type: ignore[arg-type]
    return stopped


def _counting(cases: int) -> Executable:
    of_case = (func.count().filter(Sending.case_id == bindparam(f"case{number}")) for number in range(cases))
    return select(
        func.count(Sending.officer), func.count().filter(Sending.officer == bindparam("officer")), *of_case
    ).where(
        Sending.at > bindparam("since"),
        Sending.urgent == bindparam("urgent"),
        Sending.counted == bindparam("counted"),
    )


def _giving() -> Executable:
    carrier = bindparam("carrier", type_=Letter.carried_by.type)
    given = update(Letter).where(Letter.id == bindparam("letter")).values(carried_by=carrier).cte("given")
    columns = ("letter_id", "case_id", "officer", "urgent", "counted", "at")
    values = {name: bindparam(f"its_{name}", type_=Sending.__table__.c[name].type) for name in columns}
    return insert(Sending.__table__).values(values).add_cte(given)  # type: ignore[arg-type]


# Built once: to build them takes longer than to send them to PostgreSQL.
_COUNTING = _counting(1)
_GIVING = _giving()


async def _counts(session: AsyncSession, bureau: Bureau, letters: Sequence[Letter]) -> _Counts:
    first = letters[0]
    cases = list(dict.fromkeys(letter.case_id for letter in letters))
    given = {
        "since": bureau.clock.now() - HOUR, "urgent": is_urgent(first), "counted": first.kind != _CALL,
        "officer": first.to_officer, **{f"case{number}": case for number, case in enumerate(cases)},
    }  # fmt: skip
    found = (await session.execute(_COUNTING if len(cases) == 1 else _counting(len(cases)), given)).one()
    return _Counts(found[0], found[1], dict(zip(cases, found[2:], strict=True)))


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
    about = Letter(case_id=letter.case_id, to_office=letter.to_office, to_officer="")
    for officer in who_mends(bureau.county, about, await who_can_get_it(session, bureau, about)):
        await outbox.put(
            session, bureau, key=f"{_CALL}/{now:%Y%m%d%H}/{officer.key}", kind=_CALL,
            case=(letter.case_id, str(letter.facts["case_number"])), to_office=officer.office,
            to_officer=officer.key,
            facts={
                "case_number": letter.facts["case_number"],
                "branch": above.branch.value,
                "branch_label": above.branch.label,
                "office_name": bureau.county.name_of_office(letter.to_office),
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
