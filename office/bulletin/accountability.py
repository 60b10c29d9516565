"""The accountability list (问责清单) for the joint meeting: steps on which every level's word has been of no use.

晋政发〔2017〕46号 七(一) has the units that fall short named, and those answerable held to account; for that the joint
meeting needs the record and not an opinion: which step, which office, which deadline, how late, who was told and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from office.bulletin.months import Month
from office.tables import CaseRow, Event, Letter, Proceeding, Request, Rung
from rules.vocabulary import Happening, LetterState, Level


@dataclass(frozen=True)
class Told:
    """A level of the ladder: when it was first reached, how often, and whether a letter to it has left the house."""

    level: Level
    first: datetime
    times: int
    letter_left: bool


@dataclass(frozen=True)
class Answerable:
    """One step of the list. `ended_at` is None while nobody has answered; `listed` says that it stood on a list given to
    the joint meeting."""

    case: str
    request: int
    step: str
    office: str
    due: datetime
    ended_at: datetime | None
    late: timedelta
    told: tuple[Told, ...]
    listed: bool


async def accountability(session: AsyncSession, month: Month, as_of: datetime) -> list[Answerable]:
    """Every step that had reached the joint meeting by its ladder or a list before `as_of` and was open in the month, the
    longest overdue first.

    It stays on the list of each month until it is answered; the month of its answer is the last.
    """
    climbed = exists().where(
        Rung.request_id == Request.id, Rung.level == Level.JOINT_MEETING.value, Rung.reached_at < as_of
    )
    listed = exists().where(
        Event.request_id == Request.id, Event.event == Happening.REQUEST_LISTED.value, Event.at < as_of
    )
    rows = (
        await session.execute(
            select(Request, CaseRow.number, listed)
            .join(Proceeding, Proceeding.id == Request.proceeding_id)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(
                or_(climbed, listed),
                Request.asked_at < as_of,
                or_(Request.ended_at.is_(None), Request.ended_at >= month.start),
            )
            .order_by(Request.due, Request.id)
        )
    ).all()
    told = await _told(session, [request.id for request, *_ in rows], as_of)
    return [_line(request, number, told[request.id], stood, as_of) for request, number, stood in rows]


def _line(request: Request, case: str, told: Sequence[Told], listed: bool, as_of: datetime) -> Answerable:
    # What ended after the month was still open in it.
    ended = request.ended_at if request.ended_at is not None and request.ended_at < as_of else None
    return Answerable(
        case=case, request=request.id, step=request.step, office=request.office, due=request.due, ended_at=ended,
        late=max(timedelta(0), (ended or as_of) - request.due), told=tuple(told), listed=listed,
    )  # fmt: skip


async def _told(session: AsyncSession, requests: Sequence[int], as_of: datetime) -> dict[int, list[Told]]:
    """By request, lowest level first. "Told" is never claimed of a letter that did not leave."""
    rungs = await session.execute(
        select(Rung.request_id, Rung.level, Rung.reached_at)
        .where(Rung.request_id.in_(requests), Rung.reached_at < as_of)
        .order_by(Rung.reached_at)
    )
    left = {
        (request, level)
        for request, level in await session.execute(
            select(Letter.request_id, Letter.level).where(
                Letter.request_id.in_(requests),
                Letter.state == LetterState.HANDED_OVER.value,
                Letter.handed_over_at < as_of,
            )
        )
    }
    reached: dict[tuple[int, Level], list[datetime]] = defaultdict(list)
    for request, level, at in rungs:
        reached[request, Level(level)].append(at)
    found: dict[int, list[Told]] = defaultdict(list)
    for (request, level), times in sorted(reached.items(), key=lambda one: (one[0][0], one[0][1].height)):
        found[request].append(Told(level, min(times), len(times), (request, level.value) in left))
    return found
