"""Addresses that letters came back from. A mark is by address: a new address in the county's file is free of it, and
an old one stays marked until a coordinator or administrator clears it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.tables import AddressMark, CaseRow, Letter, ReturnedMail
from office.timekeeping import iso
from rules.vocabulary import BounceReason, Happening, MailSort


class NotMarked(Exception):  # noqa: N818 - it is an answer, not an accident
    """Nothing has come back from that address, or it was cleared already."""

    def __init__(self, address: str) -> None:
        """`address` is what was asked for."""
        super().__init__(f"{address} 没有被退信标记，无需恢复。可用 jieli addresses 查看有标记的地址。")


def written(address: str) -> str:
    """The address as it is compared: in small letters, without brackets and blanks around it."""
    return address.strip().strip("<>").strip().lower()


async def marked(session: AsyncSession) -> frozenset[str]:
    """Every address that letters are not sent to at present."""
    rows = await session.execute(select(AddressMark.address).where(AddressMark.cleared_at.is_(None)))
    return frozenset(rows.scalars())


async def mark(
    session: AsyncSession, bureau: Bureau, letter: Letter, address: str, reason: BounceReason, status: str
) -> bool:
    """Mark the address that a letter came back from; False when it is marked already."""
    statement = (
        insert(AddressMark)
        .values(
            address=written(address), office=letter.to_office, officer=letter.to_officer, reason=reason.value,
            status=status, letter_id=letter.id, case_id=letter.case_id, since=bureau.clock.now(), cleared_by="",
        )
        .on_conflict_do_nothing(index_elements=["address"], index_where=AddressMark.cleared_at.is_(None))
        .returning(AddressMark.id)
    )  # fmt: skip
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def clear(bureau: Bureau, address: str, by: str) -> list[dict[str, Any]]:
    """Let letters go to the address again; `by` says who decided it. Gives the entry cleared. Raises `NotMarked`.

    The log of the case whose letter had come back says that the address is in use again.
    """
    async with bureau.database.transaction() as session:
        statement = (
            update(AddressMark)
            .where(AddressMark.address == written(address), AddressMark.cleared_at.is_(None))
            .values(cleared_at=bureau.clock.now(), cleared_by=by)
            .returning(AddressMark)
            .execution_options(synchronize_session=False)
        )
        found = (await session.execute(statement)).scalars().all()
        if not found:
            raise NotMarked(written(address))
        for row in found:
            log.write(session, Happening.ADDRESS_CLEARED, at=bureau.clock.now(), case_id=row.case_id, office=row.office)
        return await _entries(session, bureau, found)


async def listing(bureau: Bureau, *, everything: bool = False) -> dict[str, Any]:
    """The marked addresses, oldest first (`everything`: the cleared ones too), and how much came back in all."""
    async with bureau.database.transaction() as session:
        statement = select(AddressMark).order_by(AddressMark.since, AddressMark.id)
        if not everything:
            statement = statement.where(AddressMark.cleared_at.is_(None))
        rows = (await session.execute(statement)).scalars().all()
        by_sort = await session.execute(select(ReturnedMail.sort, func.count()).group_by(ReturnedMail.sort))
        counted = {row[0]: row[1] for row in by_sort}
        return {
            "addresses": await _entries(session, bureau, rows),
            "read": {sort.value: counted.get(sort.value, 0) for sort in MailSort},
        }


async def of_case(session: AsyncSession, bureau: Bureau, case_id: int) -> list[dict[str, Any]]:
    """The live marks of every address that a letter of the case went to."""
    went_to = select(func.lower(Letter.address)).where(Letter.case_id == case_id, Letter.address.is_not(None))
    statement = (
        select(AddressMark)
        .where(AddressMark.cleared_at.is_(None), AddressMark.address.in_(went_to))
        .order_by(AddressMark.id)
    )
    return await _entries(session, bureau, (await session.execute(statement)).scalars().all())


async def _entries(session: AsyncSession, bureau: Bureau, rows: Sequence[AddressMark]) -> list[dict[str, Any]]:
    ids = [row.case_id for row in rows]
    cases = await session.execute(select(CaseRow.id, CaseRow.number).where(CaseRow.id.in_(ids)))
    numbers = {row[0]: row[1] for row in cases}
    holders: dict[str, list[str]] = {}
    for office in bureau.county.offices.values():
        for officer in office.officers:
            holders.setdefault(written(officer.email), []).append(officer.key)
    return [
        {
            "address": row.address,
            "office": row.office,
            "officer": row.officer,
            "state": "cleared" if row.cleared_at else "marked",
            "since": iso(row.since),
            "reason": row.reason,
            "reason_label": BounceReason(row.reason).label,
            "status": row.status,
            "case": numbers[row.case_id],
            "in_use_by": holders.get(row.address, []),
            "cleared_at": iso(row.cleared_at),
            "cleared_by": row.cleared_by,
        }
        for row in rows
    ]
