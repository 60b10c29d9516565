"""What time it is in the county. Code that decides takes `now`; one port gives it."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from office.database import Database
from office.tables import CountyClock, Event

logger = logging.getLogger("jieli.timekeeping")

COUNTY_ZONE = ZoneInfo("Asia/Shanghai")


def iso(at: datetime | None) -> str | None:
    """An instant as machines read it, in the county's time, to the second; None stays None."""
    return None if at is None else at.astimezone(COUNTY_ZONE).isoformat(timespec="seconds")


def when(typed_instant: str) -> datetime | None:
    """An instant as a browser or a person writes it, in Beijing time; None for nothing. Raises ValueError."""
    if not typed_instant:
        return None
    parts = [int(part) for part in re.findall(r"\d+", typed_instant)]
    if not 3 <= len(parts) <= 6:
        raise ValueError("neither a day nor an instant")
    return datetime(*parts, tzinfo=COUNTY_ZONE)  # type: ignore[misc,arg-type]


class Clock(Protocol):
    """The one source of the county's time."""

    def now(self) -> datetime:
        """The present instant, aware, in the county's zone."""
        ...


class RealClock:
    """The county lives in real time."""

    def now(self) -> datetime:
        """The machine's own time."""
        return datetime.now(COUNTY_ZONE)


class ScaledClock:
    """A demonstration's clock: county time runs `scale` times as fast from an anchor that every part shares.

    The anchor is a row of the records, so that portal, worker and a second start agree; `follow` keeps up with it.
    """

    def __init__(self, machine_anchor: datetime, county_anchor: datetime, scale: float) -> None:
        """Anchors are aware instants; `scale` is county seconds for each machine second, more than 0."""
        self._set(machine_anchor, county_anchor, scale)

    def _set(self, machine_anchor: datetime, county_anchor: datetime, scale: float) -> None:
        self._machine_anchor, self._county_anchor, self._scale = machine_anchor, county_anchor, scale

    def now(self) -> datetime:
        """The county's time."""
        passed = (datetime.now(UTC) - self._machine_anchor).total_seconds()
        return (self._county_anchor + timedelta(seconds=passed * self._scale)).astimezone(COUNTY_ZONE)

    @property
    def scale(self) -> float:
        """County seconds for each machine second."""
        return self._scale

    async def refresh(self, database: Database) -> None:
        """Read the anchor again."""
        async with database.transaction() as session:
            row = (await session.execute(select(CountyClock))).scalar_one_or_none()
        if row is not None:
            self._set(row.machine_anchor, row.county_anchor, row.scale)

    async def follow(self, database: Database, every: float = 0.2) -> None:
        """Keep up with the anchor until cancelled; a database that is away is asked again."""
        while True:
            try:
                await self.refresh(database)
            except (OSError, SQLAlchemyError):
                logger.warning("the clock's anchor could not be read and is asked for again")
            await asyncio.sleep(every)


async def read_clock(database: Database) -> RealClock | ScaledClock:
    """The clock these records live by: scaled when a demonstration has set an anchor, else real."""
    async with database.transaction() as session:
        row = (await session.execute(select(CountyClock))).scalar_one_or_none()
    return RealClock() if row is None else ScaledClock(row.machine_anchor, row.county_anchor, row.scale)


async def set_clock(database: Database, *, scale: float, at: datetime | None = None) -> None:
    """Anchor the scaled clock: from now on it is `at` (or the county's present time) and time runs `scale` times as fast.

    The county's time never goes back: an earlier `at` than the present county time is refused with ValueError.
    """
    clock = await read_clock(database)
    present = clock.now()
    if at is not None and isinstance(clock, ScaledClock) and at < present:
        raise ValueError(f"county time is {present.isoformat()} already and does not go back to {at.isoformat()}")
    values = {"machine_anchor": func.clock_timestamp(), "county_anchor": at or present, "scale": scale}
    async with database.transaction() as session:
        await session.execute(
            insert(CountyClock).values(id=1, **values).on_conflict_do_update(index_elements=["id"], set_=values)
        )


async def _wind(url: str, scale: float) -> None:
    database = Database(url)
    try:
        async with database.transaction() as session:
            scaled = (await session.execute(select(CountyClock.id))).scalar_one_or_none() is not None
            last = (await session.execute(select(func.max(Event.at)))).scalar_one()
            if not scaled and scale == 1.0:
                return
            # Time stood still while nothing ran: it goes on from what was last written down.
            present = max(filter(None, [last, None if scaled else datetime.now(UTC)]), default=datetime.now(UTC))
            values = {"machine_anchor": func.clock_timestamp(), "county_anchor": present, "scale": scale}
            await session.execute(
                insert(CountyClock).values(id=1, **values).on_conflict_do_update(index_elements=["id"], set_=values)
            )
    finally:
        await database.close()


def wind(url: str, scale: float) -> None:
    """At a start: let scaled time go on from the last thing written down; a county in real time is left alone."""
    asyncio.run(_wind(url, scale))
