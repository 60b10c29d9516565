"""Seals the log: what has been written down can no longer be changed without its being seen.

Every minute the rows written since the last seal are digested in the order of their numbers, and the digest is chained to
the seal before by an HMAC under a key that is not in the database. Whoever changes, takes away or slips in a row of the
log, or a seal, cannot make the chain anew without that key. Writers are not held up: no seal is part of an act.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from sqlalchemy import ColumnClause, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.locks import AdvisoryLock
from office.one_at_a_time import turn_alone
from office.tables import Event, LogSeal

logger = logging.getLogger("jieli.sealing")

EVERY_SECONDS = 60.0
"""Machine seconds between two seals: for so long a change of a fresh row could pass unseen."""
AT_ONCE = 5_000
"""Rows under one seal, at most."""
PATIENCE = "300ms"
"""How long writers may be kept waiting while the last number is read."""
BEGINNING = "0" * 64
"""What the first seal is chained to."""

# Every column by name, in plain values: neither a column added later nor a session's settings change what is digested.
_ROW = (
    "jsonb_build_array(id, (extract(epoch FROM at) * 1000000)::bigint, event, case_id, proceeding_id, request_id,"
    " step, subject, office, level, detail)::text"
)
_DIGEST: ColumnClause[str] = literal_column(
    f"encode(sha256(convert_to(coalesce(string_agg({_ROW}, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')"
)


@dataclass(frozen=True)
class Broken:
    """The first seal that does not hold: its number, the rows of the log it stands for, and what is wrong, in Chinese."""

    seal: int
    first_event: int
    last_event: int
    why: str


@dataclass(frozen=True)
class Verified:
    """How many seals and rows hold, how many rows are not sealed yet, the last seal of the chain, and the first broken one."""

    seals: int
    rows: int
    unsealed: int
    head: str
    broken: Broken | None


async def seal(bureau: Bureau) -> int:
    """Seal what has been written since the last seal; gives how many rows. Raises DBAPIError where the log is too busy."""
    async with bureau.database.transaction() as session:
        await session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
        # Numbers are given before rows are kept: only when nobody writes is every row up to the last number there.
        await session.execute(text("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE"))
        last = (await session.execute(select(func.max(Event.id)))).scalar_one()
    if last is None:
        return 0
    async with bureau.database.transaction() as session:
        before = (await session.execute(select(LogSeal).order_by(LogSeal.id.desc()).limit(1))).scalar_one_or_none()
        since = 0 if before is None else before.last_event
        upto = select(Event.id).where(Event.id > since, Event.id <= last).order_by(Event.id).limit(AT_ONCE).subquery()
        last = (await session.execute(select(func.max(upto.c.id)))).scalar_one()
        if last is None:
            return 0
        digest, rows = await _digest(session, since, last)
        chain = _chained(bureau, BEGINNING if before is None else before.chain, since, last, rows, digest)
        row = {"after_event": since, "last_event": last, "rows": rows, "digest": digest, "chain": chain}
        # Two that seal at once stand on the same seal: one of them is kept.
        statement = insert(LogSeal).values(**row).on_conflict_do_nothing(index_elements=["after_event"])
        kept = (await session.execute(statement.returning(LogSeal.id))).scalar_one_or_none()
        return 0 if kept is None else rows


async def _digest(session: AsyncSession, after: int, last: int) -> tuple[str, int]:
    """Digest and number of the rows above `after` up to `last`. Below the first seal there is nothing: it holds all of it."""
    rows = select(_DIGEST, func.count()).select_from(Event).where(Event.id <= last)
    found = (await session.execute(rows.where(Event.id > after) if after else rows)).one()
    return str(found[0]), int(found[1])


def _chained(bureau: Bureau, before: str, after: int, last: int, rows: int, digest: str) -> str:
    return bureau.sign("log seal", f"{before}|{after}|{last}|{rows}|{digest}").hex()


async def verify(bureau: Bureau) -> Verified:
    """Reckon every seal anew, from the first. Stops at the first that does not hold."""
    rows = seals = 0
    head, after = BEGINNING, 0
    async with bureau.database.transaction() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        found = (await session.execute(select(LogSeal).order_by(LogSeal.id))).scalars().all()
        broken = None
        for one in found:
            digest, count = await _digest(session, one.after_event, one.last_event)
            why = _fault(bureau, one, head, after, digest, count)
            if why:
                broken = Broken(one.id, one.after_event + 1, one.last_event, why)
                break
            seals, rows, head, after = seals + 1, rows + count, one.chain, one.last_event
        unsealed = (await session.execute(select(func.count()).select_from(Event).where(Event.id > after))).scalar_one()
    return Verified(seals, rows, unsealed, head, broken)


def _fault(bureau: Bureau, one: LogSeal, before: str, after: int, digest: str, count: int) -> str:
    if one.after_event != after:
        return "前面的封存不见了"
    if count != one.rows:
        return f"应有{one.rows}条记录，现有{count}条"
    if digest != one.digest:
        return "记录的内容被改动过"
    if one.chain != _chained(bureau, before, one.after_event, one.last_event, one.rows, one.digest):
        return "封存与前一次对不上，或者密钥不是封存时的密钥"
    return ""


async def run_sealing(bureau: Bureau, stop: asyncio.Event, every: float = EVERY_SECONDS) -> None:
    """Seal until stopped; one of any number of workers does."""

    def complain(fault: Exception) -> None:
        logger.warning("the log is sealed later: %s", type(fault).__name__)

    async def all_of_it() -> None:
        while await seal(bureau) >= AT_ONCE:
            pass

    await turn_alone(bureau, AdvisoryLock.SEALING, all_of_it, stop, every=every, complain=complain)
