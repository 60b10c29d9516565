"""What a case is about, shown to the officer who must act, against a one-time code sent to the registered address.

The code is made from a random nonce and the installation's key, and only the nonce is kept: the database alone shows
no code, and a letter that must be sent again carries the same one. Codes live, rest and wait in machine time. Every
code sent and every reading is a row of the log in its own transaction: what cannot be logged is not shown.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from office import links, log, outbox
from office.appointments import given_to
from office.bureau import Bureau
from office.letter_kinds import LetterKind
from office.links import Exchange, LinkStatus, OpenedLink
from office.numbers import READABLE
from office.proving import prove
from office.refusals import Refused
from office.requests import facts_of
from office.roster import people_of
from office.schemes import STEPS_OF_A_SCHEME, scheme_name
from office.tables import CaseRow, Disclosure, Letter, Link, Report, Request
from office.timekeeping import ScaledClock
from rules.need_to_know import may_know_reporter, may_read_particulars
from rules.steps import DUE_CHECK, step
from rules.vocabulary import AppointmentKind, Happening, ReportReason

CODE_LENGTH = 8
VALID = timedelta(minutes=15)
REST_BETWEEN_CODES = timedelta(minutes=2)
CODES_A_DAY = 5
WRONG_TRIES = 5
DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Reporter:
    """Who reported. Shown to the police who must give feedback, and to nobody else."""

    name: str
    contact: str


@dataclass(frozen=True)
class ReportRead:
    """One report as the acting officer reads it; `danger` is None where the reporter did not know.

    `accused` is who is said to have done harm, by name or relation, "" where the reporter named nobody.
    """

    reason: str
    danger: bool | None
    found_at: datetime | None
    filed_at: datetime
    narrative: str
    child: str
    whereabouts: str
    reporter: Reporter | None
    accused: str = ""


@dataclass(frozen=True)
class Particulars:
    """What a case is about. `area` is township and village; `reports` is empty for a step that only files.

    `entitlement` is the full name of what is to be decided, "" for a step that decides none. `exchanges` is what office and coordinator wrote to each other.
    """

    link: OpenedLink
    area: str
    reports: tuple[ReportRead, ...]
    exchanges: tuple[Exchange, ...]
    entitlement: str = ""


def _code(bureau: Bureau, nonce: str) -> str:
    number = int.from_bytes(bureau.sign("disclosure", nonce))
    letters = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(READABLE))
        letters.append(READABLE[place])
    return "".join(letters)


def _is_right(bureau: Bureau, row: Disclosure, typed: str) -> bool:
    # Blanks, lower case and full-width characters are forgiven.
    plain = "".join(c for c in unicodedata.normalize("NFKC", typed).upper() if c.isalnum())
    return secrets.compare_digest(plain.encode(), _code(bureau, row.nonce).encode())


async def code_in(session: AsyncSession, bureau: Bureau, letter: Letter) -> str:
    """The one-time code that the letter carries, the same whenever it is composed. Raises ValueError for any other letter."""
    nonce = (
        await session.execute(select(Disclosure.nonce).where(Disclosure.letter_id == letter.id))
    ).scalar_one_or_none()
    if nonce is None:
        raise ValueError(f"letter {letter.id} carries no one-time code")
    return _code(bureau, nonce)


def may_show(opened: OpenedLink) -> bool:
    """Whether there is anything to read behind the link: the reports, or what office and coordinator wrote."""
    # A mailbox that several share gets less.
    return not opened.shared and (may_read_particulars(opened.step) or opened.words_wait or bool(opened.exchanges))


async def send_code(bureau: Bureau, token: str, *, typed_name: str, code: str) -> None:
    """Send a fresh one-time code to the registered address of the link's officer, and to no other.

    It needs the same proof as an answer. While a code of less than two minutes is on its way nothing is sent.
    Raises `Refused`, `UnknownLink`.
    """
    await prove(bureau, token, typed_name=typed_name, code=code)
    opened = await links.open_link(bureau, token)
    async with bureau.database.transaction() as session:
        link, request, case = await links.find(session, token, lock=True)
        await _refuse_strangers(session, bureau, link, request, opened, typed_name)
        now = await _machine_time(session)
        earlier = (
            (await session.execute(select(Disclosure).where(Disclosure.link_id == link.id).order_by(Disclosure.id)))
            .scalars()
            .all()
        )
        if earlier and now < earlier[-1].made_at + REST_BETWEEN_CODES:
            if not _why_dead(earlier[-1], now):
                return
            raise Refused("查阅码刚刚发过，请2分钟后再申请。")
        if sum(now < row.made_at + DAY for row in earlier) >= CODES_A_DAY:
            raise Refused(f"同一个链接一天最多发{CODES_A_DAY}次查阅码，请明天再申请，或者电话联系协调员。")
        await _put(session, bureau, link, request, case, serial=len(earlier) + 1, now=now)


async def _put(
    session: AsyncSession, bureau: Bureau, link: Link, request: Request, case: CaseRow, *, serial: int, now: datetime
) -> None:
    county_now = bureau.clock.now()
    # In a demonstration county time runs faster than the code's fifteen minutes; the letter speaks of county time.
    scale = bureau.clock.scale if isinstance(bureau.clock, ScaledClock) else 1.0
    key = f"disclosure_code/{link.id}/{serial}"
    await outbox.put(
        session,
        bureau,
        key=key,
        kind=LetterKind.DISCLOSURE_CODE.value,
        case=(case.id, case.number),
        to_office=link.office,
        to_officer=link.officer,
        request=request,
        facts=facts_of(bureau, case, request)
        | {"asked_for_at": county_now.isoformat(), "valid_until": (county_now + VALID * scale).isoformat()},
    )
    letter_id = (await session.execute(select(Letter.id).where(Letter.key == key))).scalar_one()
    nonce = secrets.token_urlsafe(24)
    session.add(
        Disclosure(
            link_id=link.id, letter_id=letter_id, nonce=nonce, made_at=now, expires_at=now + VALID, wrong_tries=0
        )
    )
    log.write(
        session, Happening.DISCLOSURE_CODE_SENT, at=county_now, case_id=case.id, request=request, detail=link.officer
    )


async def read_particulars(bureau: Bureau, token: str, *, typed_name: str, one_time_code: str) -> Particulars:
    """What the case is about, once for each code: the newest one of this link, within its fifteen minutes.

    A wrong try is counted whatever follows; after the fifth the code is dead. Raises `Refused`,
    `UnknownLink`.
    """
    if not typed_name.strip():
        raise Refused("请填写您的姓名。", "typed_name")
    opened = await links.open_link(bureau, token)
    found: Particulars | None = None
    async with bureau.database.transaction() as session:
        link, request, case = await links.find(session, token, lock=True)
        await _refuse_strangers(session, bureau, link, request, opened, typed_name)
        fault = await _spend(session, bureau, link, one_time_code)
        if not fault:
            found = await _particulars(session, bureau, request, case, opened)
            log.write(
                session,
                Happening.PARTICULARS_READ,
                at=bureau.clock.now(),
                case_id=case.id,
                request=request,
                detail=link.officer,
            )
    # Only here is the log row kept for good.
    if found is None:
        raise Refused(fault, "one_time_code")
    return found


async def _refuse_strangers(
    session: AsyncSession, bureau: Bureau, link: Link, request: Request, opened: OpenedLink, typed_name: str
) -> None:
    """The right to read is judged at the moment of reading: an open step, and an officer still in its office.

    Who is barred reads nothing through a colleague's letter either.
    """
    people = await people_of(session, bureau, request)
    status = await links.status_of(session, bureau, link, request, people)
    if links.is_another_barred(people, link.officer, typed_name):
        raise Refused("这件事不能由您办理。")
    if links.through_shared(bureau, link.officer):
        raise Refused("案情不经共用邮箱查阅。请由登记了本人邮箱的经办人查阅，或者电话联系协调员。")
    if status not in (LinkStatus.OPEN, LinkStatus.CHANGED):
        raise Refused(f"{status.label}，不能再通过此链接查阅案情。")
    if not may_show(opened):
        raise Refused("本事项只须登记或处理报告单位的义务，不需要查阅案情。")


async def _machine_time(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


def _why_dead(row: Disclosure, now: datetime) -> str:
    if row.used_at is not None:
        return "查阅码已经用过，每个查阅码只能用一次，请重新申请。"
    if row.wrong_tries >= WRONG_TRIES:
        return f"查阅码输错{WRONG_TRIES}次，已经作废，请重新申请。"
    return "" if now < row.expires_at else "查阅码已过期，请重新申请。"


async def _spend(session: AsyncSession, bureau: Bureau, link: Link, typed: str) -> str:
    """Use the link's newest code up, or count a wrong try; gives what is wrong, "" when nothing is."""
    row = (
        await session.execute(
            select(Disclosure).where(Disclosure.link_id == link.id).order_by(Disclosure.id.desc()).limit(1)
        )
    ).scalar_one_or_none()
    if row is None:
        return "还没有申请过查阅码，请先申请。"
    now = await _machine_time(session)
    dead = _why_dead(row, now)
    if dead:
        return dead
    if not _is_right(bureau, row, typed):
        row.wrong_tries += 1
        return _why_dead(row, now) or "查阅码不正确，请核对最新一封查阅码邮件。"
    row.used_at = now
    return ""


async def _particulars(
    session: AsyncSession, bureau: Bureau, request: Request, case: CaseRow, opened: OpenedLink
) -> Particulars:
    asked = step(request.step)
    if not may_read_particulars(asked):
        return Particulars(opened, "", (), opened.exchanges)
    # The office the law names, and not another one that the step was moved to.
    named = may_know_reporter(asked) and bureau.county.office(request.office).kind is asked.office
    rows = (await session.execute(select(Report).where(Report.case_id == case.id).order_by(Report.id))).scalars()
    entitlement = scheme_name(request.subject) if request.step in STEPS_OF_A_SCHEME else ""
    if request.step == DUE_CHECK.key:
        entitlement = await _what_is_due(session, request)
    reports = tuple(_read(row, reporter=named) for row in rows)
    return Particulars(opened, _area(bureau, case), reports, opened.exchanges, entitlement)


async def _what_is_due(session: AsyncSession, request: Request) -> str:
    """What a check is about: the noted day it came from, by its place; or, out of turn, one grant.

    A request that its proceeding has left to the next one names neither.
    """
    if not request.subject.isdigit():
        key = request.subject.rsplit("/", maxsplit=1)[-1]
        return "" if key.isdigit() else f"{AppointmentKind.FACT.label}：{scheme_name(key)}"
    came = await given_to(session, request.proceeding_id)
    place = int(request.subject)
    if place > len(came):
        return ""
    due = came[place - 1]
    # One check serves every entitlement for which the child comes of age on that day.
    same = (
        [one for one in came if (one.kind, one.on) == (due.kind, due.on)] if due.kind is AppointmentKind.AGE else [due]
    )
    return "：".join(filter(None, (due.kind.label, "、".join(scheme_name(one.subject) for one in same if one.subject))))


def _read(row: Report, *, reporter: bool) -> ReportRead:
    return ReportRead(
        ReportReason(row.reason).label,
        row.danger_now,
        row.found_at,
        row.filed_at,
        row.narrative,
        row.child_description,
        row.place_detail,
        Reporter(row.reporter_name, row.reporter_contact)
        if reporter and (row.reporter_name or row.reporter_contact)
        else None,
        row.alleged_perpetrator,
    )


def _area(bureau: Bureau, case: CaseRow) -> str:
    township = bureau.county.townships.get(case.township)
    if township is None:
        return ""
    village = township.villages.get(case.village)
    return township.name + ("" if village is None else village.name)
