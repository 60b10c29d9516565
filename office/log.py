"""The append-only log: no log row, no act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from office.tables import Event, Request
from rules.vocabulary import Happening, Level


def write(
    session: AsyncSession,
    event: Happening,
    *,
    at: datetime,
    case_id: int | None,
    proceeding_id: int | None = None,
    request: Request | None = None,
    office: str = "",
    level: Level | None = None,
    detail: str = "",
) -> None:
    """Say in the log, within the act's own transaction, what has happened. `detail` is never personal."""
    session.add(
        Event(
            **row_of(
                event, at=at, case_id=case_id, proceeding_id=proceeding_id, request=request, office=office, level=level,
                detail=detail,
            )
        )
    )  # fmt: skip


def row_of(
    event: Happening,
    *,
    at: datetime,
    case_id: int | None,
    proceeding_id: int | None = None,
    request: Request | None = None,
    office: str = "",
    level: Level | None = None,
    detail: str = "",
) -> dict[str, Any]:
    """The same as a row that is still to be inserted, for acts that write many."""
    return {
        "at": at,
        "event": event.value,
        "case_id": case_id,
        "proceeding_id": request.proceeding_id if request is not None else proceeding_id,
        "request_id": None if request is None else request.id,
        "step": "" if request is None else request.step,
        "subject": "" if request is None else request.subject,
        "office": office or ("" if request is None else request.office),
        "level": "" if level is None else level.value,
        "detail": detail,
    }
