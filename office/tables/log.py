"""The log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Integer,
    String,
    func,
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


class LogSeal(Base):
    """A seal over the rows of the log numbered above `after_event` up to `last_event`, chained to the seal before."""

    __tablename__ = "log_seal"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp(), comment="machine time")
    after_event: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_event: Mapped[int] = mapped_column(BigInteger, unique=True)
    rows: Mapped[int] = mapped_column(Integer)
    digest: Mapped[str] = mapped_column(String(64))
    chain: Mapped[str] = mapped_column(String(64), comment="HMAC over the seal before and this one's digest")
