"""Steps put to offices, their answers, and the rungs that silence reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
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
from rules.ladder import Clock
from rules.vocabulary import (
    AnswerKind,
    Channel,
    Level,
    RequestState,
)


class Request(Base):
    """A step put to an office. `terms` keeps the limits and ladder in force when the step began."""

    __tablename__ = "request"
    __table_args__ = (
        among("state", RequestState),
        UniqueConstraint("proceeding_id", "step", "subject", "round"),
        Index("ix_request_climb", "next_climb_at", postgresql_where=text("next_climb_at IS NOT NULL")),
        Index("ix_request_open", "proceeding_id", postgresql_where=text("state IN ('asked', 'acknowledged')")),
        Index(
            "ix_request_used_up",
            "id",
            postgresql_where=text("state IN ('asked', 'acknowledged') AND next_climb_at IS NULL"),
        ),
        CheckConstraint("(state IN ('done', 'declined', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("state IN ('asked', 'acknowledged') OR next_climb_at IS NULL", name="no_climb_after_end"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    proceeding_id: Mapped[int] = mapped_column(ForeignKey("proceeding.id"), index=True)
    step: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80), default="")
    round: Mapped[int] = mapped_column(Integer)
    concerns: Mapped[int | None] = mapped_column(ForeignKey("request.id"), index=True)
    about: Mapped[str] = mapped_column(String(120), default="", comment="for the coordinator: which office, which step")
    office: Mapped[str] = mapped_column(String(60), index=True)
    state: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer, default=1)
    terms: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]
    acknowledge_by: Mapped[datetime]
    due: Mapped[datetime]
    provisional: Mapped[bool] = mapped_column(Boolean, default=False)
    urgent: Mapped[bool] = mapped_column(Boolean, comment="its letters never wait for office hours")
    acknowledged_at: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    reckoned_from: Mapped[datetime | None] = mapped_column(
        comment="since when the answer's clock runs, where it runs on from an earlier round; none: since asked_at"
    )
    extensions: Mapped[int] = mapped_column(
        Integer, default=0, comment="how often the limit was added to the answer's deadline, earlier rounds included"
    )
    holds: Mapped[list[Any]] = mapped_column(
        default=list, server_default=text("'[]'"), comment="when the answer's clock stands still: since, until, reason"
    )
    next_climb_at: Mapped[datetime | None]
    level: Mapped[str | None] = mapped_column(String(20))

    @property
    def extended(self) -> bool:
        """Whether an extension was granted."""
        return self.extensions > 0


class AnswerRow(Base):
    """What an office said. `payload` and `words` may be personal; they leave the records for no letter."""

    __tablename__ = "answer"
    __table_args__ = (
        among("kind", AnswerKind),
        among("channel", Channel),
        Index(
            "uq_answer_one_decision",
            "request_id",
            unique=True,
            postgresql_where=text("kind IN ('done', 'declined')"),
        ),
        Index("uq_answer_one_receipt", "request_id", unique=True, postgresql_where=text("kind = 'received'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)
    reference: Mapped[str] = mapped_column(String(30), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    channel: Mapped[str] = mapped_column(String(10))
    office: Mapped[str] = mapped_column(String(60))
    officer: Mapped[str] = mapped_column(String(80), comment="county key of the officer whose link or call it was")
    typed_name: Mapped[str] = mapped_column(String(80))
    entered_by: Mapped[str] = mapped_column(String(80), default="")
    payload: Mapped[dict[str, Any]]
    words: Mapped[str] = mapped_column(default="")
    instead: Mapped[str] = mapped_column(String(60), default="")
    link_id: Mapped[int | None] = mapped_column(ForeignKey("link.id"))
    answered_at: Mapped[datetime]


class Rung(Base):
    """A rung reached. Every rung fires once, because there is one row for it."""

    __tablename__ = "rung"
    __table_args__ = (
        among("clock", Clock),
        among("level", Level),
        UniqueConstraint("request_id", "clock", "level", "repeat"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)
    clock: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(20))
    repeat: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime]
    reached_at: Mapped[datetime]
    round_id: Mapped[int | None] = mapped_column(ForeignKey("escalation_round.id"), index=True)


class UnresolvedList(Base):
    """The joint meeting was given the list of steps whose ladders are used up."""

    __tablename__ = "unresolved_list"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    steps: Mapped[int] = mapped_column(Integer, comment="how many stood on it")


class EscalationRound(Base):
    """One turn of the clock in which something climbed; shown by one run of the flow `escalation_round`."""

    __tablename__ = "escalation_round"
    __table_args__ = (Index("ix_escalation_round_unshown", "id", postgresql_where=text("flow_run_id IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    flow_run_id: Mapped[Any | None] = mapped_column(UUID(as_uuid=True), unique=True)
