"""Running numbers and the short secrets that people copy from paper."""

from __future__ import annotations

import secrets

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters and digits that are not mistaken for one another when read aloud or copied by hand."""


async def next_in_series(session: AsyncSession, name: str, year: int) -> int:
    """The next number of that series in that year, from 1; gaps are possible, repeats are not."""
    statement = text(
        "INSERT INTO series (name, year, last) VALUES (:name, :year, 1) "
        "ON CONFLICT (name, year) DO UPDATE SET last = series.last + 1 RETURNING last"
    )
    return int((await session.execute(statement, {"name": name, "year": year})).scalar_one())


def readable_code(length: int) -> str:
    """A random code of readable characters."""
    return "".join(secrets.choice(READABLE) for _ in range(length))
