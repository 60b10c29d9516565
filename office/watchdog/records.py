"""The checks that read the records: each a small function with words of its own to PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.letters import elapsed
from office.tables import Appointment, CaseRow, ClockSeen, Letter, PostSeen, Proceeding, Request, Rung
from office.timekeeping import COUNTY_ZONE, ScaledClock
from office.watchdog.audit import Audit, audit
from office.watchdog.findings import Check, Finding, Health
from rules.vocabulary import MAY_ARRIVE, OPEN_STATES, LetterState

SILENT_AFTER = timedelta(minutes=5)
"""Machine time without a turn of the clock after which it counts as silent; the same patience holds for rungs and wakes."""
MANY_MENDS = 5
"""Times a proceeding was put back on its way without coming to rest."""
LISTED = 20
_ON_THE_WAY = (LetterState.PENDING.value, LetterState.SENDING.value)
_LOST = [state.value for state in LetterState if state.is_lost]
_RESTART = "请管理这台机器的人员查看 jieli up 的输出，停止后重新运行 jieli up。"


def span(length: timedelta) -> str:
    """A length of time as people say it."""
    start = datetime.now(UTC)
    return elapsed(start, start + max(length, timedelta(0))) or "不到1分钟"


def grace_of(bureau: Bureau) -> timedelta:
    """The patience in the county's time, whose days pass in minutes in a demonstration."""
    return SILENT_AFTER * (bureau.clock.scale if isinstance(bureau.clock, ScaledClock) else 1.0)


async def clock(session: AsyncSession, watched_for: timedelta | None) -> Finding:
    """When the clock last turned. Who has watched for a shorter time than it has been silent does not complain yet: after
    a weekend the portal is up before the clock."""
    row = (
        await session.execute(select(func.clock_timestamp() - ClockSeen.seen_at).where(ClockSeen.id == 1))
    ).scalar_one_or_none()
    if row is None:
        return Finding(Check.CLOCK, Health.WARN if watched_for is None else Health.OK, "时钟还没有运行过。", _RESTART)
    silence = max(row if watched_for is None else min(row, watched_for), timedelta(0))
    figures = {"clock_silence_seconds": silence.total_seconds()}
    if silence <= SILENT_AFTER:
        return Finding(Check.CLOCK, Health.OK, "时钟在运行，到期的事项照常升级。", figures=figures)
    return Finding(
        Check.CLOCK, Health.BAD, f"时钟已有{span(silence)}没有运行：到期的事项不提醒，也不升级。", _RESTART, figures=figures
    )  # fmt: skip


async def rungs_and_overdue(session: AsyncSession, bureau: Bureau, now: datetime) -> list[Finding]:
    """Both come of one reckoning."""
    found = await audit(session, bureau.county, now, grace_of(bureau))
    return [_rungs(found), _overdue(found, now)]


def _rungs(found: Audit) -> Finding:
    figures = {"missing_rungs": len(found.missing), "unreadable_requests": len(found.unreadable)}
    part = f"（共{found.open}件，本次核对期限最近的{found.read}件）" if found.read < found.open else ""
    said = []
    if found.missing:
        late = f"，最早一件迟了{span(found.late_by)}" if found.late_by else ""
        said.append(f"{len(found.missing)}件事项应当提醒或者升级而没有记录{late}")
    if found.unreadable:
        said.append(f"{len(found.unreadable)}件事项的期限或者承办单位无法识读，不会升级")
    if not said:
        return Finding(Check.RUNGS, Health.OK, f"未办结事项{found.open}件，该升级的都已升级{part}。", figures=figures)
    return Finding(
        Check.RUNGS, Health.BAD, f"{'；'.join(said)}{part}。",
        "请先电话督促承办单位；然后查看办理进程的日志（set aside），核对 offices.yaml 中的承办单位，重新运行 jieli up。",
        _listed([*found.missing, *found.unreadable]), figures,
    )  # fmt: skip


def _overdue(found: Audit, now: datetime) -> Finding:
    waited = timedelta(0) if found.oldest is None else now - found.oldest
    figures = {"overdue_requests": found.overdue, "oldest_overdue_seconds": waited.total_seconds()}
    if not found.overdue:
        return Finding(Check.OVERDUE, Health.OK, "没有逾期的事项。", figures=figures)
    told = f"逾期事项{found.overdue}件，最早一件已逾期{span(waited)}"
    if not found.used_up:
        return Finding(
            Check.OVERDUE, Health.WARN, f"{told}，正在逐级告知。", "运行 jieli cases --overdue 查看，电话督促承办单位。",
            figures=figures,
        )  # fmt: skip
    return Finding(
        Check.OVERDUE, Health.BAD, f"{told}；其中{len(found.used_up)}件各级都已告知，不再自动告知任何人。",
        "请提交联席会议研究，或者由协调员改派其他单位。", _listed(found.used_up), figures,
    )  # fmt: skip


async def untold(session: AsyncSession) -> Finding:
    """Rungs of open steps without a letter to anybody. Rung and letter are one transaction, so there is no patience."""
    letter = exists().where(
        Letter.request_id == Rung.request_id,
        Letter.kind.in_([LetterKind.REMINDER.value, LetterKind.ESCALATION.value]),
        Letter.level == Rung.level,
        Letter.facts["clock"].astext == Rung.clock,
        Letter.facts["repeat"].astext == cast(Rung.repeat, String),
    )
    cases = await _cases(
        session,
        select(CaseRow.number)
        .select_from(Rung)
        .join(Request, Request.id == Rung.request_id)
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .join(CaseRow, CaseRow.id == Proceeding.case_id)
        .where(Request.state.in_(OPEN_STATES), ~letter),
    )
    return _judged(
        Check.UNTOLD, cases, {"rungs_without_letter": len(cases)},
        well="每次升级都有告知信。",
        ill=f"有{len(cases)}次升级没有告知任何人。",
        mend="请电话告知上一级，并核对 offices.yaml：协调员、分管领导、联席会议都要有在岗人员。",
    )  # fmt: skip


async def days(session: AsyncSession, bureau: Bureau, now: datetime) -> Finding:
    """Days that were noted, have come, and were given to no mechanism."""
    long_ago = now - grace_of(bureau)
    found = await _cases(
        session,
        select(CaseRow.number)
        .join(Appointment, Appointment.case_id == CaseRow.id)
        .where(
            Appointment.on <= long_ago.astimezone(COUNTY_ZONE).date(),
            Appointment.noted_at < long_ago,
            Appointment.came_at.is_(None),
            Appointment.struck_at.is_(None),
        ),
    )
    return _judged(
        Check.DAYS, found, {"missed_days": len(found)},
        well="到了日子的事项都已转入办理。",
        ill=f"有{len(found)}个规定的日子已到，还没有转入办理。",
        mend=f"请查看办理进程的日志（set aside）。{_RESTART}",
    )  # fmt: skip


async def cases(session: AsyncSession) -> Finding:
    """Open cases in which no mechanism is live."""
    live = exists().where(Proceeding.case_id == CaseRow.id, Proceeding.closed_at.is_(None))
    found = await _cases(session, select(CaseRow.number).where(CaseRow.closed_at.is_(None), ~live))
    return _judged(
        Check.CASES, found, {"cases_without_proceeding": len(found)},
        well="在办案件都有机制在运行。",
        ill=f"有{len(found)}个在办案件没有任何机制在运行，不会再有人收到通知。",
        mend="请逐案人工跟进，并把 jieli show 的结果交给软件维护人员。",
    )  # fmt: skip


async def proceedings(session: AsyncSession, bureau: Bureau, now: datetime) -> Finding:
    """Live mechanisms that have waited for an attempt for too long, or are begun again and again."""
    long_ago = func.clock_timestamp() - SILENT_AFTER
    stuck = or_(
        Proceeding.woken_at < long_ago,
        and_(Proceeding.flow_run_id.is_(None), Proceeding.opened_at < now - grace_of(bureau)),
        and_(Proceeding.asleep.is_(False), Proceeding.lease_until < long_ago),
        Proceeding.mends >= MANY_MENDS,
    )
    live = (
        await session.execute(select(func.count()).select_from(Proceeding).where(Proceeding.closed_at.is_(None)))
    ).scalar_one()
    found = await _cases(
        session,
        select(CaseRow.number)
        .join(Proceeding, Proceeding.case_id == CaseRow.id)
        .where(Proceeding.closed_at.is_(None), stuck),
    )
    return _judged(
        Check.PROCEEDINGS, found, {"live_proceedings": live, "stuck_proceedings": len(found)},
        well=f"运行中的机制{live}个，都能及时办理。",
        ill=f"运行中的机制{live}个，其中{len(found)}个有了新情况而迟迟没有办理。",
        mend=f"请确认 Prefect 服务和办理进程都在运行。{_RESTART}",
    )  # fmt: skip


async def letters(session: AsyncSession, bureau: Bureau) -> Finding:
    """How many letters wait, and since when. What is held or uncertain has been told of, and is counted only."""
    patience = timedelta(minutes=bureau.settings.mail_alarm_minutes)
    on_the_way = Letter.state.in_(_ON_THE_WAY)
    waited = func.clock_timestamp() - Letter.waits_since
    row = (
        await session.execute(
            select(
                func.count().filter(on_the_way),
                func.max(waited).filter(on_the_way),
                func.count().filter(on_the_way, waited > patience),
                func.count().filter(Letter.state == LetterState.HELD.value),
                func.count().filter(Letter.state == LetterState.UNCERTAIN.value),
            ).where(Letter.state.in_([*_ON_THE_WAY, LetterState.HELD.value, LetterState.UNCERTAIN.value]))
        )
    ).one()
    waiting, oldest, late, held, uncertain = row[0], row[1] or timedelta(0), row[2], row[3], row[4]
    resting = await resting_since(session, bureau)
    figures = {
        "letters_resting": int(resting is not None), "letters_waiting": waiting, "letters_oldest_seconds": max(0.0, oldest.total_seconds()), "letters_late": late,
        "letters_held": held, "letters_uncertain": uncertain,
    }  # fmt: skip
    told = f"待发信件{waiting}封，暂缓{held}封，是否送达不明{uncertain}封"
    if resting is not None:
        return Finding(
            Check.LETTERS, Health.BAD, f"{told}；数据来自备份或者久未使用，信件全部停发。",
            "请核对案件；核对后运行 jieli post --release。核对期间的紧急事项请电话通知。", figures=figures,
        )  # fmt: skip
    if late:
        return Finding(
            Check.LETTERS, Health.BAD, f"{told}；其中{late}封等候过久，最早一封已等{span(oldest)}。",
            "请检查邮件服务器和办理进程。", figures=figures,
        )  # fmt: skip
    if held:
        return Finding(
            Check.LETTERS, Health.WARN, f"{told}。", "请核实有无异常的重复通知；数量回落后暂缓的信件自动发送。",
            figures=figures,
        )  # fmt: skip
    return Finding(Check.LETTERS, Health.OK, f"{told}。", figures=figures)


async def resting_since(session: AsyncSession, bureau: Bureau) -> datetime | None:
    """As of when the records are, where the post waits for a person's word: they come from a backup, or no post has served
    them for so many days that they may."""
    long_ago = func.clock_timestamp() - timedelta(days=bureau.settings.mail_rest_days)
    statement = select(func.coalesce(PostSeen.restored_from, PostSeen.seen_at)).where(
        or_(PostSeen.restored_from.is_not(None), PostSeen.seen_at < long_ago)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lost(session: AsyncSession) -> Finding:
    """Letters about open steps that failed or came back, where no other letter of the kind and level is any better."""
    other = aliased(Letter)
    better = exists().where(
        other.request_id == Letter.request_id,
        other.kind == Letter.kind,
        other.level.is_not_distinct_from(Letter.level),
        other.state.in_(MAY_ARRIVE),
    )
    found = await _cases(
        session,
        select(CaseRow.number)
        .select_from(Letter)
        .join(Request, Request.id == Letter.request_id)
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .join(CaseRow, CaseRow.id == Proceeding.case_id)
        .where(
            Request.state.in_(OPEN_STATES),
            Letter.state.in_(_LOST),
            # A letter of an earlier version is no longer true, and nobody misses it.
            Letter.request_version == Request.version,
            Letter.kind != LetterKind.DISCLOSURE_CODE.value,
            ~better,
        ),
    )
    return _judged(
        Check.LOST, found, {"letters_lost": len(found)},
        well="没有送不出而无人接替的信件。",
        ill=f"有{len(found)}封信没有送达，本单位也没有其他人收到。",
        mend="请电话通知承办单位，并核对 offices.yaml 中的邮箱；运行 jieli addresses 查看被退的地址。",
    )  # fmt: skip


def _judged(
    check: Check, cases: Sequence[str], figures: dict[str, float], *, well: str, ill: str, mend: str
) -> Finding:
    """Well where there is no such case; what is ill is told with its mend, and with the cases for whoever mends it."""
    if not cases:
        return Finding(check, Health.OK, well, figures=figures)
    return Finding(check, Health.BAD, ill, mend, _listed(cases), figures)


async def _cases(session: AsyncSession, statement: Any) -> list[str]:
    return list((await session.execute(statement.order_by(CaseRow.id))).scalars())


def _listed(numbers: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(numbers))[:LISTED]
