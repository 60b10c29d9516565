"""A child, its cases, what was reported, the mechanisms they are in and the days that must come."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from office.tables.base import Base, among
from rules.vocabulary import (
    AppointmentKind,
    ClosingGround,
    Mechanism,
    ReporterKind,
    ReportReason,
    Urgency,
)


class Child(Base):
    """A child in difficulty. Only a number for now: the file comes with intake."""

    __tablename__ = "child"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    opened_at: Mapped[datetime]


class CaseRow(Base):
    """One case of one child."""

    __tablename__ = "case"
    __table_args__ = (among("urgency", Urgency), among("closing_ground", ClosingGround))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    child_id: Mapped[int] = mapped_column(ForeignKey("child.id"), index=True)
    township: Mapped[str] = mapped_column(String(60))
    village: Mapped[str] = mapped_column(String(60), default="")
    urgency: Mapped[str] = mapped_column(String(20))
    danger_now: Mapped[bool] = mapped_column(Boolean)
    poverty_only: Mapped[bool] = mapped_column(Boolean)
    named_reporter: Mapped[bool] = mapped_column(Boolean)
    supervisor: Mapped[str] = mapped_column(String(60), default="")
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closing_ground: Mapped[str | None] = mapped_column(String(40))


class Report(Base):
    """What a reporter said. Personal: read by intake only."""

    __tablename__ = "report"
    __table_args__ = (among("reporter_kind", ReporterKind), among("reason", ReportReason))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    receipt: Mapped[str] = mapped_column(String(30), unique=True)
    query_code: Mapped[str] = mapped_column(String(20))
    form_key: Mapped[str] = mapped_column(String(80), unique=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    reporter_kind: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(60))
    danger_now: Mapped[bool | None]
    found_at: Mapped[datetime | None]
    filed_at: Mapped[datetime]
    narrative: Mapped[str]
    child_description: Mapped[str]
    place_detail: Mapped[str]
    alleged_perpetrator: Mapped[str] = mapped_column(
        default="", server_default="", comment="name, or relation to the child; personal, read with the narrative only"
    )
    reporter_name: Mapped[str]
    reporter_contact: Mapped[str]


class Proceeding(Base):
    """One case in one mechanism, for the first or a later time: one long-lived Prefect flow run.

    `outcome` is its ground; one that has a ground and is not closed has taken its leave, and goes on with what it
    watches or is owed, beside one that begins anew.

    The wait: `wait_number` counts the sleeps, `asleep` says that the run has gone to sleep for that wait, `news`
    counts what has arrived, `seen` how much of it the last attempt had read. `woken_at` is the wake's token, set once
    for each wait by a compare-and-set; `resume_*` is the machinery's claim on carrying the wake out. The lease fences two executors of one run.
    """

    __tablename__ = "proceeding"
    __table_args__ = (
        among("mechanism", Mechanism),
        among("outcome", ClosingGround),
        UniqueConstraint("case_id", "mechanism", "serial"),
        Index(
            "uq_proceeding_one_at_work",
            "case_id",
            "mechanism",
            unique=True,
            postgresql_where=text("closed_at IS NULL AND outcome IS NULL"),
        ),
        Index("ix_proceeding_unstarted", "id", postgresql_where=text("flow_run_id IS NULL AND closed_at IS NULL")),
        Index("ix_proceeding_woken", "woken_at", postgresql_where=text("woken_at IS NOT NULL AND closed_at IS NULL")),
        Index("ix_proceeding_unshown", "id", postgresql_where=text("shown < display")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    mechanism: Mapped[str] = mapped_column(String(40))
    serial: Mapped[int] = mapped_column(Integer)
    from_file: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=text("false"), comment="begun by a day noted in the child's file"
    )
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(40))
    flow_run_id: Mapped[Any | None] = mapped_column(UUID(as_uuid=True), unique=True)

    news: Mapped[int] = mapped_column(Integer, default=0)
    asleep: Mapped[bool] = mapped_column(Boolean, default=False)
    wait_number: Mapped[int] = mapped_column(Integer, default=0)
    wait_name: Mapped[str] = mapped_column(default="")
    wait_message: Mapped[str] = mapped_column(default="")
    woken_at: Mapped[datetime | None] = mapped_column(comment="machine time")
    resume_holder: Mapped[str | None] = mapped_column(String(60))
    resume_until: Mapped[datetime | None] = mapped_column(comment="machine time")
    lease_holder: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(comment="machine time")

    mends: Mapped[int] = mapped_column(
        Integer, default=0, comment="times put back on its way since it last came to rest"
    )

    display: Mapped[int] = mapped_column(Integer, default=1, comment="grows when what Prefect should show has changed")
    shown: Mapped[int] = mapped_column(Integer, default=0, comment="the display that Prefect shows")


class Handover(Base):
    """A case passed from one mechanism to the next: once for each giver, taker and occasion (legal-basis 1E).

    The occasion is the answer that brought it about, by step and subject, where one proceeding may pass a case on to the
    same mechanism again: months after the first time a visit may find harm anew.
    """

    __tablename__ = "handover"
    __table_args__ = (among("mechanism", Mechanism), UniqueConstraint("giver_id", "mechanism", "occasion"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    giver_id: Mapped[int] = mapped_column(ForeignKey("proceeding.id"))
    mechanism: Mapped[str] = mapped_column(String(40))
    occasion: Mapped[str] = mapped_column(default="", server_default="")
    taker_id: Mapped[int] = mapped_column(ForeignKey("proceeding.id"), index=True)
    at: Mapped[datetime]


class Appointment(Base):
    """A day that must come: a proceeding rests until it (`wait`), or it stands in the child's file.

    What stands in the file is given to a proceeding when the day has come, and kept when that has dealt with it; one
    that closes before gives it back. The day can tell a birthday: it enters no letter and nothing of Prefect.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        among("kind", AppointmentKind),
        Index("uq_appointment_wait", "proceeding_id", "subject", unique=True, postgresql_where=text("kind = 'wait'")),
        Index(
            "uq_appointment_file", "case_id", "kind", "subject", "on", unique=True,
            postgresql_where=text("kind <> 'wait'"),
        ),
        Index(
            "ix_appointment_due", "on", postgresql_where=text("came_at IS NULL AND struck_at IS NULL"),
        ),
        CheckConstraint("kind <> 'wait' OR proceeding_id IS NOT NULL", name="wait_of_a_proceeding"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    proceeding_id: Mapped[int | None] = mapped_column(ForeignKey("proceeding.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(80))
    on: Mapped[date] = mapped_column(Date)
    noted_at: Mapped[datetime]
    came_at: Mapped[datetime | None]
    kept_at: Mapped[datetime | None]
    struck_at: Mapped[datetime | None]
