"""The county's clock, its calendar and its running numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from office.tables.base import Base


class CountyClock(Base):
    """The scaled clock of a demonstration: one row, or none when the county lives in real time."""

    __tablename__ = "county_clock"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    machine_anchor: Mapped[datetime]
    county_anchor: Mapped[datetime]
    scale: Mapped[float]


class CalendarState(Base):
    """The working calendar by which the open deadlines were last reckoned: one row, or none before the first start.

    Its days are kept and not only their fingerprint, so that the log can name the notice that moved a deadline.
    """

    __tablename__ = "calendar_state"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    fingerprint: Mapped[str] = mapped_column(String(64))
    last_published_year: Mapped[int]
    days: Mapped[dict[str, Any]] = mapped_column(comment="days_off, working_days, published_years")
    reckoned_at: Mapped[datetime]


class Series(Base):
    """Running numbers by year, for cases, children and receipts."""

    __tablename__ = "series"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
