"""Stand-ins for a period: an officer, or the coordinator for them, says who acts from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import log
from office.answering import Refused
from office.bureau import Bureau
from office.people import People
from office.roster import people_in, people_of
from office.tables import Absence, Letter, Proceeding, Request
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import Happening, RequestState

COORDINATOR = "coordinator"
"""Who may name a stand-in from another office."""
ABSENCE_LOCK = 46_2019
"""Key of the advisory lock under which absences are set, so that two cannot make a loop together."""


async def set_absence(
    bureau: Bureau, *, officer: str, begins: datetime, ends: datetime, stand_in: str, set_by: str
) -> Absence:
    """Write an absence down: from `begins` until just before `ends`. Raises `Refused`, one sentence for each rule.

    `set_by` is the officer's own key or "coordinator"; only the coordinator can name somebody of another office.
    """
    async with bureau.database.transaction() as session:
        await session.execute(select(func.pg_advisory_xact_lock(ABSENCE_LOCK)))
        people = await people_in(session, bureau, None)
        away, instead = _known(people, officer, "离岗人员"), _known(people, stand_in, "代理人")
        _check_persons(people, away, instead, set_by)
        _check_period(bureau, begins, ends)
        others = await _in_period(session, begins, ends)
        _check_others(people, away, instead, others)
        await _refuse_conflict(session, bureau, away, instead)
        row = Absence(
            officer=away.key, stand_in=instead.key, begins_at=begins, ends_at=ends, set_by=set_by,
            set_at=bureau.clock.now(),
        )  # fmt: skip
        session.add(row)
        log.write(
            session, Happening.ABSENCE_SET, at=row.set_at, case_id=None, office=away.office,
            detail=f"{away.key}→{instead.key} {_day(begins)}—{_day(ends)}；登记人：{set_by}",
        )  # fmt: skip
        await session.flush()
    return row


async def end_absence(bureau: Bureau, *, officer: str, ended_by: str) -> int:
    """The officer is back, or does not go: every absence that runs or is to come ends now. Gives how many."""
    async with bureau.database.transaction() as session:
        now = bureau.clock.now()
        rows = (
            await session.execute(
                select(Absence)
                .where(Absence.officer == officer, Absence.ended_at.is_(None), Absence.ends_at > now)
                .with_for_update()
            )
        ).scalars()
        ended = 0
        for row in rows:
            row.ended_at, row.ended_by = now, ended_by
            log.write(
                session, Happening.ABSENCE_ENDED, at=now, case_id=None, detail=f"{officer}；登记人：{ended_by}"
            )  # fmt: skip
            ended += 1
    return ended


async def absences_to_come(session: AsyncSession, bureau: Bureau) -> Sequence[Absence]:
    """Absences that run or are still to come, soonest first."""
    statement = (
        select(Absence)
        .where(Absence.ended_at.is_(None), Absence.ends_at > bureau.clock.now())
        .order_by(Absence.begins_at, Absence.id)
    )
    return (await session.execute(statement)).scalars().all()


async def _in_period(session: AsyncSession, begins: datetime, ends: datetime) -> Sequence[Absence]:
    statement = select(Absence).where(Absence.ended_at.is_(None), Absence.begins_at < ends, Absence.ends_at > begins)
    return (await session.execute(statement.order_by(Absence.begins_at))).scalars().all()


def _known(people: People, key: str, what: str) -> Officer:
    officer = people.county.officer(key)
    if officer is None:
        raise Refused(f"{what}“{key}”不在本县名册上。可用 jieli people 查看人员代号。")
    if not people.serves(officer):
        raise Refused(f"{what}{officer.name}已经离岗，请另选。")
    if officer.shared:
        raise Refused(f"{what}不能是共用邮箱“{officer.name}”，请写一个人。")
    return officer


def _check_persons(people: People, away: Officer, instead: Officer, set_by: str) -> None:
    if away.key == instead.key:
        raise Refused("代理人不能是离岗人员本人，请另选。")
    if set_by not in (away.key, COORDINATOR):
        raise Refused("离岗代理只能由本人或者协调员登记。")
    if instead.office != away.office and set_by != COORDINATOR:
        raise Refused(f"{instead.name}不是{people.county.office(away.office).name}的人员；跨单位代理须由协调员登记。")


def _check_period(bureau: Bureau, begins: datetime, ends: datetime) -> None:
    today = bureau.clock.now().astimezone(COUNTY_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    if ends <= begins:
        raise Refused("离岗结束须晚于开始。")
    if begins < today:
        raise Refused(f"离岗开始“{_day(begins)}”已经过去；最早从今天（{_day(today)}）算起。")


def _check_others(people: People, away: Officer, instead: Officer, others: Sequence[Absence]) -> None:
    for row in others:
        if row.officer == away.key:
            raise Refused(
                f"{away.name}在{_day(row.begins_at)}至{_day(row.ends_at)}已登记离岗，与这一段重叠；"
                f"请先用 jieli back {away.key} 结束原来的。"
            )
    # Absences of one period are taken together, also where they follow each other within it: strict, but easy to see.
    reached, edge = {instead.key}, [instead.key]
    while edge:
        key = edge.pop()
        for row in others:
            if row.officer == key and row.stand_in not in reached:
                reached.add(row.stand_in)
                edge.append(row.stand_in)
    if away.key in reached:
        chain = people.county.officer(instead.key)
        raise Refused(
            f"{chain.name if chain else instead.key}在这段时间离岗，又由{away.name}代理，成了循环；请另选代理人。"
        )


async def _refuse_conflict(session: AsyncSession, bureau: Bureau, away: Officer, instead: Officer) -> None:
    """Whoever is barred from a case cannot act in it for anybody; the sentence names no case and no reason."""
    rows = await session.execute(
        select(Request)
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .where(
            Request.state.in_([state.value for state in RequestState if state.is_open]),
            Request.office == away.office,
            (Request.owner == away.key)
            | Request.id.in_(select(Letter.request_id).where(Letter.to_officer == away.key, Letter.acts)),
        )
        .order_by(Request.id)
    )
    for request in rows.scalars():
        if (await people_of(session, bureau, request)).is_barred(instead):
            raise Refused(f"{instead.name}不能代理{away.name}手头的全部事项，请另选代理人。")


def _day(at: datetime) -> str:
    return f"{at.astimezone(COUNTY_ZONE):%Y-%m-%d %H:%M}"
