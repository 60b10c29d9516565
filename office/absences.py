"""Stand-ins for a period: an officer, or the coordinator for them, says who acts from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from config.offices import PEOPLE_ABOVE
from office import log, outbox
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.locks import AdvisoryLock
from office.people import People
from office.refusals import Refused
from office.roster import people_in, people_of
from office.tables import Absence, Letter, Proceeding, Request
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import OPEN_STATES, Happening

COORDINATOR = "coordinator"
"""Who may name a stand-in from another office."""


async def set_absence(
    bureau: Bureau, *, officer: str, begins: datetime, ends: datetime, stand_in: str, set_by: str
) -> Absence:
    """Write an absence down: from `begins` until just before `ends`. Raises `Refused`, one sentence for each rule.

    `set_by` is the officer's own key or "coordinator"; only the coordinator can name somebody of another office. The
    same absence again is the same row. Both officers get a letter about it.
    """
    async with bureau.database.transaction() as session:
        return await set_absence_in(
            session, bureau, officer=officer, begins=begins, ends=ends, stand_in=stand_in, set_by=set_by
        )


async def set_absence_in(
    session: AsyncSession, bureau: Bureau, *, officer: str, begins: datetime, ends: datetime, stand_in: str, set_by: str
) -> Absence:
    """`set_absence` within the caller's transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(AdvisoryLock.ABSENCES)))
    people = await people_in(session, bureau, None)
    away, instead = _known(people, officer, "离岗人员"), _known(people, stand_in, "代理人")
    _check_persons(people, away, instead, set_by)
    _check_period(bureau, begins, ends)
    others = await _in_period(session, begins, ends)
    again = next((row for row in others if _is_same(row, officer, stand_in, begins, ends)), None)
    if again is not None:
        return again
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
    await _tell_both(session, bureau, people, row)
    return row


async def _tell_both(session: AsyncSession, bureau: Bureau, people: People, row: Absence) -> None:
    """Who stands in must know it before the first letter comes; who is away sees that it counted."""
    away, instead = people.county.officer(row.officer), people.county.officer(row.stand_in)
    for one in (away, instead):
        if one is None or away is None or instead is None or not people.serves(one):
            continue
        ended = row.ended_at is not None
        await outbox.put(
            session, bureau, key=f"standing_in/{row.id}/{'ended' if ended else 'set'}/{one.key}",
            kind=LetterKind.STANDING_IN.value, case=(None, ""), to_office=one.office, to_officer=one.key,
            facts={
                "case_number": "", "office_name": people.county.office(away.office).name, "away": away.name,
                "stand_in": instead.name, "begins": row.begins_at.isoformat(), "ends": row.ends_at.isoformat(),
                "set_by": "协调员" if row.set_by == COORDINATOR else "本人", "ended": ended,
            },
        )  # fmt: skip


async def end_absence(bureau: Bureau, *, officer: str, ended_by: str) -> int:
    """The officer is back, or does not go: every absence that runs or is to come ends now. Gives how many."""
    async with bureau.database.transaction() as session:
        return await end_absence_in(session, bureau, officer=officer, ended_by=ended_by)


async def end_absence_in(session: AsyncSession, bureau: Bureau, *, officer: str, ended_by: str) -> int:
    """`end_absence` within the caller's transaction."""
    now = bureau.clock.now()
    people = await people_in(session, bureau, None)
    rows = (
        (
            await session.execute(
                select(Absence)
                .where(Absence.officer == officer, Absence.ended_at.is_(None), Absence.ends_at > now)
                .with_for_update()
            )
        )
        .scalars()
        .all()
    )
    ended = 0
    for row in rows:
        row.ended_at, row.ended_by = now, ended_by
        log.write(
            session, Happening.ABSENCE_ENDED, at=now, case_id=None, detail=f"{officer}；登记人：{ended_by}"
        )  # fmt: skip
        await _tell_both(session, bureau, people, row)
        ended += 1
    return ended


def _is_same(row: Absence, officer: str, stand_in: str, begins: datetime, ends: datetime) -> bool:
    return (row.officer, row.stand_in, row.begins_at, row.ends_at) == (officer, stand_in, begins, ends)


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
    # Otherwise the office that asks for more time, or keeps silent, would decide on itself.
    if _oversees(people, away) and not _oversees(people, instead):
        raise Refused(
            f"{away.name}负责协调、督办各单位，不能由被督办单位的{instead.name}代理；"
            "请从协调员、分管领导、联席会议的人员中选择。"
        )


def _oversees(people: People, officer: Officer) -> bool:
    return people.county.office(officer.office).kind in PEOPLE_ABOVE


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
    """Who is barred from a case, or reported it, acts in it for nobody; the sentence names no case and no reason."""
    rows = await session.execute(
        select(Request)
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .where(
            Request.state.in_(OPEN_STATES),
            Request.office == away.office,
            (Request.owner == away.key)
            | Request.id.in_(select(Letter.request_id).where(Letter.to_officer == away.key, Letter.acts)),
        )
        .order_by(Request.id)
    )
    for request in rows.scalars():
        seen = await people_of(session, bureau, request)
        if seen.is_barred(instead) or seen.has_reported(instead):
            raise Refused(f"{instead.name}不能代理{away.name}手头的全部事项，请另选代理人。")


def _day(at: datetime) -> str:
    return f"{at.astimezone(COUNTY_ZONE):%Y-%m-%d %H:%M}"
