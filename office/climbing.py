"""Climbs ladders: a rung's row, its log row and its letters, for many silent steps in one transaction.

What is due is worked out with the pure rules and then written in a few statements, whatever the number. Nothing here
waits for another's lock while it holds many: steps that somebody has in hand are left to the next turn, and a step whose
proceeding is busy, that cannot be worked out, or about which the coordinator is to be asked, climbs alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, String, any_, bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import StepTerms
from office import log, outbox
from office.bureau import Bureau
from office.consequences import seek_supervision, still_to_seek
from office.database import WAKE, tell
from office.people import People, Recipient
from office.requests import NewRung, facts_under, next_climb_under, redraw, terms_of
from office.roster import people_in_each
from office.tables import CaseRow, EscalationRound, Event, Proceeding, Request, Rung
from office.tables.base import Instant
from rules.ladder import Climb, Clock
from rules.vocabulary import Happening, Level, RequestState


@dataclass(frozen=True)
class Climbed:
    """How many rungs were reached, the round they belong to, and the ids of the requests that must climb alone."""

    rungs: int
    round_id: int | None
    left: tuple[int, ...] = ()


class _Case(NamedTuple):
    """What a rung needs of its case."""

    id: int
    number: str


@dataclass
class _Ascent:
    """What one request's silence has come to: rows still to be written, and when the clock must look again."""

    request: Request
    case: _Case
    rungs: list[NewRung] = field(default_factory=list)
    letters: list[dict[str, Any]] = field(default_factory=list)
    next_at: datetime | None = None

    @property
    def meets(self) -> bool:
        """Whether the joint meeting is told."""
        return any(rung.level == Level.JOINT_MEETING.value for rung in self.rungs)

    @property
    def highest(self) -> str | None:
        """The highest level told so far."""
        levels = [Level(rung.level) for rung in self.rungs]
        if self.request.level:
            levels.append(Level(self.request.level))
        return max(levels, key=lambda level: level.height).value if levels else None


_IDS = bindparam("ids", type_=ARRAY(BigInteger))
# Built once: to build them takes longer than to send them to PostgreSQL.
_TAKE = (
    select(Request, CaseRow.id, CaseRow.number)
    .join(Proceeding, Proceeding.id == Request.proceeding_id)
    .join(CaseRow, CaseRow.id == Proceeding.case_id)
    .where(Request.id == any_(_IDS), Request.next_climb_at <= bindparam("now"))
    .order_by(Request.id)
    .with_for_update(of=Request, skip_locked=True)
)
_REACHED = select(Rung).where(Rung.request_id == any_(_IDS)).order_by(Rung.reached_at, Rung.id)
_FREE = (
    select(Proceeding.id)
    .where(Proceeding.id == any_(_IDS))
    .with_for_update(key_share=True, skip_locked=True)
    .cte("free")
    # Materialized: as a plain subquery it could be run again by the planner, and find others free.
    .prefix_with("MATERIALIZED")
)
_REDRAW_FREE = (
    update(Proceeding)
    .where(Proceeding.id.in_(select(_FREE.c.id)))
    .values(display=Proceeding.display + 1)
    .returning(Proceeding.id)
    .execution_options(synchronize_session=False)
)
_OPEN_ROUND = insert(EscalationRound.__table__).returning(EscalationRound.__table__.c.id)  # type: ignore[arg-type]
_REACH = (
    insert(Rung.__table__)  # type: ignore[arg-type]
    .on_conflict_do_nothing(index_elements=["request_id", "clock", "level", "repeat"])
    .returning(Rung.__table__.c.id)
)
# What it returns lets SQLAlchemy send many rows in one statement.
_LOG = insert(Event.__table__).returning(Event.__table__.c.id)  # type: ignore[arg-type]
_LOOKED = (
    func.unnest(
        bindparam("ids", type_=ARRAY(BigInteger)), bindparam("next", type_=ARRAY(Instant)),
        bindparam("levels", type_=ARRAY(String)),
    )
    .table_valued(column("id", BigInteger), column("next_at", Instant), column("highest", String), name="looked")
    .render_derived()
)  # fmt: skip
_LOOK_AGAIN = (
    update(Request)
    .where(Request.id == _LOOKED.c.id)
    .values(next_climb_at=_LOOKED.c.next_at, level=_LOOKED.c.highest)
    .execution_options(synchronize_session=False)
)


async def climb(
    session: AsyncSession,
    bureau: Bureau,
    ids: Collection[int],
    now: datetime,
    round_id: int | None,
    *,
    alone: bool = False,
) -> Climbed:
    """Reach every rung of these requests that is due at `now`: after an outage both clocks may have run out.

    `round_id` is the turn's round; where there is none yet, one is opened with the first rung. One request that climbs
    `alone` waits for its proceeding, and its faults are raised; of many, those that cannot climb with the others are
    `left`. Locks are taken in the order of `office.attempt`: requests, then proceedings.
    """
    found = (await session.execute(_TAKE, {"ids": list(ids), "now": now})).all()
    ascents, left = await _worked_out(
        session, bureau, [(row[0], _Case(row[1], row[2])) for row in found], now, alone=alone
    )
    if not alone:
        told = [ascent.request for ascent in ascents if ascent.meets]
        apart = await still_to_seek(session, bureau, told)
        apart |= await _busy(session, [ascent for ascent in ascents if ascent.rungs and ascent.request.id not in apart])
        left += [ascent.request.id for ascent in ascents if ascent.request.id in apart]
        ascents = [ascent for ascent in ascents if ascent.request.id not in apart]
    reached = [(ascent, rung) for ascent in ascents for rung in ascent.rungs]
    if reached:
        if round_id is None:
            round_id = int((await session.execute(_OPEN_ROUND, {"at": now})).scalar_one())
        await _write(session, reached, now, round_id)
        await outbox.put_many(session, bureau, [letter for ascent in ascents for letter in ascent.letters])
    if ascents:
        looked = {
            "ids": [ascent.request.id for ascent in ascents],
            "next": [ascent.next_at for ascent in ascents],
            "levels": [ascent.highest for ascent in ascents],
        }
        await session.execute(_LOOK_AGAIN, looked)
    if alone:
        for ascent in ascents:
            if ascent.meets:
                case = await session.get_one(CaseRow, ascent.case.id)
                await seek_supervision(session, bureau, ascent.request, case)
            if ascent.rungs:
                await redraw(session, ascent.request.proceeding_id)
    return Climbed(len(reached), round_id, tuple(left))


async def _worked_out(
    session: AsyncSession, bureau: Bureau, found: Sequence[tuple[Request, _Case]], now: datetime, *, alone: bool
) -> tuple[list[_Ascent], list[int]]:
    """What is to be written, and the ids of those for which nobody can say."""
    before: dict[int, list[Rung]] = {request.id: [] for request, _ in found}
    if found:
        for rung in (await session.execute(_REACHED, {"ids": list(before)})).scalars():
            before[rung.request_id].append(rung)
    told = _Told(await people_in_each(session, bureau, {case.id for _, case in found}) if found else {})
    ascents, left = [], []
    for request, case in found:
        try:
            ascents.append(_ascent(bureau, request, case, before[request.id], told, now))
        except Exception:
            if alone:
                raise
            # It fails again when it climbs alone, and is set aside by itself.
            left.append(request.id)
    return ascents, left


def _ascent(
    bureau: Bureau, request: Request, case: _Case, before: Sequence[Rung], told: _Told, now: datetime
) -> _Ascent:
    ascent = _Ascent(request, case)
    if not RequestState(request.state).is_open:
        return ascent
    terms = terms_of(request)
    rungs: list[Rung | NewRung] = list(before)
    while (climb := next_climb_under(bureau, request, rungs, terms)) is not None and climb.at <= now:
        recipients = told(case.id, climb.level, request)
        if recipients:
            facts = _facts(bureau, request, case, terms, climb, rungs, now)
            ascent.letters += _letters(bureau, request, case, climb, recipients, facts)
        rung = NewRung(request.id, climb.clock.value, climb.level.value, climb.repeat, climb.at, now)
        rungs.append(rung)
        ascent.rungs.append(rung)
    ascent.next_at = None if climb is None else climb.at
    return ascent


def _facts(
    bureau: Bureau,
    request: Request,
    case: _Case,
    terms: StepTerms,
    climb: Climb,
    before: Sequence[Rung | NewRung],
    now: datetime,
) -> outbox.Content:
    """What one rung's letters say: the same to everybody who is told at that level."""
    deadline = request.acknowledge_by if climb.clock is Clock.ACKNOWLEDGE else request.due
    facts = facts_under(bureau, case.number, request, terms) | {
        "clock": climb.clock.value,
        "clock_label": climb.clock.label,
        "deadline": deadline.isoformat(),
        "level": climb.level.value,
        "level_label": climb.level.label,
        "repeat": climb.repeat,
        "state_label": RequestState(request.state).label,
        "now": now.isoformat(),
    }
    if climb.level is Level.REMINDER:
        return outbox.checked("reminder", facts, case.number)
    return outbox.checked("escalation", facts | {"told": _told_before(before)}, case.number)


def _letters(
    bureau: Bureau,
    request: Request,
    case: _Case,
    climb: Climb,
    recipients: Sequence[Recipient],
    content: outbox.Content,
) -> list[dict[str, Any]]:
    return [
        outbox.row_of(
            bureau, key=f"rung/{request.id}/{climb.clock.value}/{climb.level.value}/{climb.repeat}/{officer.key}",
            content=content, case_id=case.id, to_office=officer.office, to_officer=officer.key, request=request,
            level=climb.level, acts=climb.level is Level.REMINDER,
        )
        for officer in recipients
    ]  # fmt: skip


class _Told:
    """Who is told at a level, of the cases of one batch: worked out once for those that see everybody alike."""

    def __init__(self, people: dict[int, People]) -> None:
        self._people = people
        self._at_level: dict[tuple[int, Level, str], tuple[Recipient, ...]] = {}

    def __call__(self, case_id: int, level: Level, request: Request) -> tuple[Recipient, ...]:
        people = self._people[case_id]
        key = id(people), level, request.office
        if key not in self._at_level:
            self._at_level[key] = people.at_level(level, request.office)
        if level is Level.REMINDER and request.owner is not None:
            return people.holders(request.office, request.owner) or self._at_level[key]
        return self._at_level[key]


def _told_before(rungs: Sequence[Rung | NewRung]) -> list[dict[str, str]]:
    """The lower levels that were told, and when: a higher letter names them."""
    return [
        {"level_label": Level(rung.level).label, "at": rung.reached_at.astimezone(UTC).isoformat()}
        for rung in rungs
        if rung.level != Level.REMINDER.value
    ]


async def _busy(session: AsyncSession, ascents: Sequence[_Ascent]) -> set[int]:
    """Say of every proceeding that can be had at once that what Prefect should show of it has changed; gives the ids of
    the requests whose proceeding cannot. Who holds one proceeding may be waiting for another of ours."""
    if not ascents:
        return set()
    wanted = sorted({ascent.request.proceeding_id for ascent in ascents})
    free = set((await session.execute(_REDRAW_FREE, {"ids": wanted})).scalars())
    if free:
        await tell(session, WAKE)
    return {ascent.request.id for ascent in ascents if ascent.request.proceeding_id not in free}


async def _write(
    session: AsyncSession, reached: Sequence[tuple[_Ascent, NewRung]], now: datetime, round_id: int
) -> None:
    """The rungs and their log rows. The rows' uniqueness makes each fire once."""
    rows = [
        {
            "request_id": rung.request_id, "clock": rung.clock, "level": rung.level, "repeat": rung.repeat,
            "due_at": rung.due_at, "reached_at": now, "round_id": round_id,
        }
        for _, rung in reached
    ]  # fmt: skip
    if len((await session.execute(_REACH, rows)).all()) != len(rows):
        raise RuntimeError("a rung was reached that the rows of its request do not show")
    happened = [
        log.row_of(
            Happening.RUNG_REACHED, at=now, case_id=ascent.case.id, request=ascent.request, level=Level(rung.level)
        )
        for ascent, rung in reached
    ]
    await session.execute(_LOG, happened)
