"""One look at everything."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.watchdog import records, surroundings
from office.watchdog.findings import Check, Finding, Health

logger = logging.getLogger("jieli.watchdog")

LOOK_SECONDS = 40.0
"""Machine seconds within which the records must have answered everything."""


async def look(
    bureau: Bureau,
    now: datetime,
    *,
    watched_for: timedelta | None = None,
    mail: surroundings.MailServer | None = None,
) -> list[Finding]:
    """Everything the watchdog looks at, in the order of `Check`; without the records, what can be said without them.

    `now` is county time. `watched_for` is how long the caller has been there to see the clock turn; none: for ever.
    """
    found = await _of_records(bureau, now, watched_for)
    found.append(await (mail or surroundings.MailServer(bureau.settings)).finding())
    found += [surroundings.calendar(bureau.county, now), surroundings.levels(bureau.county, now)]
    order = list(Check)
    return sorted(found, key=lambda finding: order.index(finding.check))


async def _of_records(bureau: Bureau, now: datetime, watched_for: timedelta | None) -> list[Finding]:
    try:
        async with asyncio.timeout(LOOK_SECONDS), bureau.database.transaction() as session:
            return await _read(session, bureau, now, watched_for)
    except (OSError, TimeoutError, SQLAlchemyError) as fault:
        logger.error("the records do not answer: %s", type(fault).__name__)
        return [away()]


async def _read(session: AsyncSession, bureau: Bureau, now: datetime, watched_for: timedelta | None) -> list[Finding]:
    await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    return [
        Finding(Check.RECORDS, Health.OK, "数据库可以使用。"),
        await records.clock(session, watched_for),
        *await records.rungs_and_overdue(session, bureau, now),
        await records.untold(session),
        await records.days(session, bureau, now),
        await records.cases(session),
        await records.proceedings(session, bureau, now),
        await records.letters(session, bureau),
        await records.lost(session),
    ]


def away() -> Finding:
    """What is said of records that do not answer."""
    return Finding(
        Check.RECORDS, Health.BAD, "数据库没有答复，任何案件都办不了。",
        "请确认 PostgreSQL 在运行、磁盘没有写满；用自带数据库的，停止后重新运行 jieli up。",
    )  # fmt: skip
