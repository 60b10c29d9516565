"""The log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from office.tables.base import Base, among
from rules.vocabulary import (
    Happening,
)


class Event(Base):
    """The log. No log row, no act; rows are never changed (a trigger refuses it)."""

    __tablename__ = "event"
    __table_args__ = (among("event", Happening),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int | None] = mapped_column(
        ForeignKey("case.id"), index=True, comment="none: what concerns the county's people and no case"
    )
    proceeding_id: Mapped[int | None] = mapped_column(ForeignKey("proceeding.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"), index=True)
    step: Mapped[str] = mapped_column(String(60), default="")
    subject: Mapped[str] = mapped_column(String(80), default="")
    office: Mapped[str] = mapped_column(String(60), default="")
    level: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[str] = mapped_column(default="", comment="never personal")
