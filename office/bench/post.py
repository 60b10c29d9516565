"""`post`: how many letters a second one worker gives to a mail server on this machine.

Each letter is one of its own: looked at again, with a link of its own, counted against the ceilings, written as text and
HTML, given by SMTP, and written into the log. The server is the catcher, a process beside the worker. One and the same
letter is then given to it by SMTP alone, as often as it will: the ratio says what the records cost, on any machine.
"""

from __future__ import annotations

import asyncio
import time

from rich.progress import Progress, TaskID
from sqlalchemy import func, select

from config.settings import Settings
from office import links, outbox
from office.bench import Unmeasured
from office.bench.surroundings import UNLIMITED_MAIL, everything
from office.bureau import Bureau
from office.letters import compose
from office.mailer import SmtpMailer
from office.opening import open_bureau
from office.requests import facts_of
from office.tables import CaseRow, Child, Letter, Proceeding, Request
from rules.steps import TRIAGE
from rules.vocabulary import LetterState

WARMING = 60
LETTERS = 900
BARE = 600
PATIENCE = 120.0
"""Machine seconds after which the measurement is given up."""
LOOK = 0.02

LABELS = {
    "letters_per_s": "一个办理进程每秒交给本机邮件服务器的信件数",
    "bare_letters_per_s": "不经记录、只作邮件传输时每秒的信件数",
    "ratio": "前者与后者之比",
    "letters": "测量的信件数",
    "connections": "同时使用的连接数",
}


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `StartFault`."""
    bar = progress.add_task("启动全部部件", total=None)
    with everything(settings, **UNLIMITED_MAIL) as supervisor:
        progress.update(bar, total=1, completed=1)
        chosen = supervisor.settings
        counts = (("热身", WARMING), ("送信", LETTERS), ("只作传输", BARE))
        bars = [progress.add_task(what, total=count) for what, count in counts]
        whole, bare = asyncio.run(_send(chosen, progress, bars))
    figures = {"letters_per_s": LETTERS / whole, "bare_letters_per_s": BARE / bare}
    ratio = figures["letters_per_s"] / figures["bare_letters_per_s"]
    return figures | {"ratio": ratio, "letters": LETTERS, "connections": chosen.smtp_connections}


async def _send(settings: Settings, progress: Progress, bars: list[TaskID]) -> tuple[float, float]:
    """Machine seconds from the putting of all letters, in one transaction, to the handing over of the last; and of the
    transmission alone of one letter, again and again."""
    bureau = await open_bureau(settings)
    try:
        await _round(bureau, progress, bars[0], 0, WARMING)
        return await _round(bureau, progress, bars[1], WARMING, LETTERS), await _bare(bureau, progress, bars[2])
    finally:
        await bureau.database.close()


async def _bare(bureau: Bureau, progress: Progress, bar: TaskID) -> float:
    async with bureau.database.transaction() as session:
        letter = (await session.execute(select(Letter).order_by(Letter.id).limit(1))).scalar_one()
        minted = await links.mint(session, bureau, letter)
    officer = bureau.county.officer(letter.to_officer)
    if officer is None:
        raise Unmeasured("示例县中找不到收件人。")
    message, mailer = compose(bureau, letter, officer, minted), SmtpMailer(bureau.settings)
    left = iter(range(BARE))

    async def one_after_another() -> None:
        for _ in left:
            await mailer.send(message, officer.email)
            progress.advance(bar)

    begun = time.monotonic()
    await asyncio.gather(*(one_after_another() for _ in range(bureau.settings.smtp_connections)))
    seconds = time.monotonic() - begun
    await mailer.close()
    return seconds


async def _round(bureau: Bureau, progress: Progress, bar: TaskID, start: int, count: int) -> float:
    await _put(bureau, start, count)
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        async with bureau.database.transaction() as session:
            done = (
                await session.execute(
                    select(func.count()).select_from(Letter).where(Letter.state == LetterState.HANDED_OVER.value)
                )
            ).scalar_one()
        progress.update(bar, completed=done - start)
        if done == start + count:
            return time.monotonic() - begun
        await asyncio.sleep(LOOK)
    raise Unmeasured(f"{PATIENCE:.0f}秒内没有送完{count}封信。")


async def _put(bureau: Bureau, start: int, count: int) -> None:
    """So many steps of one case, each with one letter, to every officer of the county in turn."""
    county, now = bureau.county, bureau.clock.now()
    people = [officer for office in county.offices.values() for officer in office.officers if officer.email]
    async with bureau.database.transaction() as session:
        child = Child(number=f"BENCH-{start}", opened_at=now)
        session.add(child)
        await session.flush()
        case = CaseRow(
            number=f"{county.code}-{now.year}-{9000 + start:04d}", child_id=child.id,
            township=next(iter(county.townships)), urgency="ordinary", danger_now=False, poverty_only=False,
            named_reporter=False, opened_at=now,
        )  # fmt: skip
        session.add(case)
        await session.flush()
        # Closed, so that nobody carries it on.
        proceeding = Proceeding(
            case_id=case.id, mechanism=TRIAGE.mechanism.value if TRIAGE.mechanism else "", serial=1, opened_at=now,
            closed_at=now,
        )  # fmt: skip
        session.add(proceeding)
        await session.flush()
        terms = county.terms(TRIAGE.key, now.date()).as_json()
        for number in range(count):
            officer = people[number % len(people)]
            request = Request(
                proceeding_id=proceeding.id, step=TRIAGE.key, subject=str(number), round=1, office=officer.office,
                state="asked", terms=terms, asked_at=now, acknowledge_by=now, due=now, urgent=False,
            )  # fmt: skip
            session.add(request)
            await session.flush()
            await outbox.put(
                session, bureau, key=f"bench/{start + number}", kind="asked", case=(case.id, case.number),
                to_office=officer.office, to_officer=officer.key, request=request, acts=True,
                facts=facts_of(bureau, case, request),
            )  # fmt: skip
