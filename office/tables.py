"""The records: what PostgreSQL holds as the truth. The constraints carry the promises.

Free text that may hold personal data stands in `report` and in `answer` only. Instants of the county's life are
columns ending in `_at` in the county's time (`office.timekeeping`); leases and retries are machine time and say so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rules.ladder import Clock
from rules.vocabulary import (
    AnswerKind,
    Channel,
    ClosingGround,
    Happening,
    Labelled,
    LetterState,
    Level,
    Mechanism,
    ReporterKind,
    ReportReason,
    RequestState,
    Urgency,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

Instant = DateTime(timezone=True)


class Base(DeclarativeBase):
    """The root of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Instant, dict[str, Any]: JSONB, str: Text}  # noqa: RUF012


def among(column: str, words: type[Labelled]) -> CheckConstraint:
    """A closed list, kept by the database."""
    listed = ", ".join(f"'{word.value}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_listed")


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
    reporter_name: Mapped[str]
    reporter_contact: Mapped[str]


class Proceeding(Base):
    """One case in one mechanism: one long-lived Prefect flow run.

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
            "uq_proceeding_one_live", "case_id", "mechanism", unique=True, postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_proceeding_unstarted", "id", postgresql_where=text("flow_run_id IS NULL AND closed_at IS NULL")),
        Index("ix_proceeding_woken", "woken_at", postgresql_where=text("woken_at IS NOT NULL AND closed_at IS NULL")),
        Index("ix_proceeding_unshown", "id", postgresql_where=text("shown < display")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    mechanism: Mapped[str] = mapped_column(String(40))
    serial: Mapped[int] = mapped_column(Integer)
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
    """A case passed from one mechanism to the next: once for each giver and taker (legal-basis 1E)."""

    __tablename__ = "handover"
    __table_args__ = (among("mechanism", Mechanism), UniqueConstraint("giver_id", "mechanism"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    giver_id: Mapped[int] = mapped_column(ForeignKey("proceeding.id"))
    mechanism: Mapped[str] = mapped_column(String(40))
    taker_id: Mapped[int] = mapped_column(ForeignKey("proceeding.id"), index=True)
    at: Mapped[datetime]


class Request(Base):
    """A step put to an office. `terms` keeps the limits and ladder in force when the step began."""

    __tablename__ = "request"
    __table_args__ = (
        among("state", RequestState),
        UniqueConstraint("proceeding_id", "step", "subject", "round"),
        Index("ix_request_climb", "next_climb_at", postgresql_where=text("next_climb_at IS NOT NULL")),
        Index("ix_request_open", "proceeding_id", postgresql_where=text("state IN ('asked', 'acknowledged')")),
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


class EscalationRound(Base):
    """One turn of the clock in which something climbed; shown by one run of the flow `escalation_round`."""

    __tablename__ = "escalation_round"
    __table_args__ = (Index("ix_escalation_round_unshown", "id", postgresql_where=text("flow_run_id IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    flow_run_id: Mapped[Any | None] = mapped_column(UUID(as_uuid=True), unique=True)


class Letter(Base):
    """The outbox. `key` is the letter's own name: one fact, one recipient, one letter, however often it is asked for.

    `facts` holds case number, step, office and deadline only. The address is looked up when the letter leaves.
    """

    __tablename__ = "letter"
    __table_args__ = (
        among("state", LetterState),
        Index("ix_letter_waiting", "next_try", postgresql_where=text("state IN ('pending', 'sending')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"), index=True)
    request_version: Mapped[int | None] = mapped_column(Integer)
    level: Mapped[str | None] = mapped_column(String(20))
    to_office: Mapped[str] = mapped_column(String(60))
    to_officer: Mapped[str] = mapped_column(String(80))
    address: Mapped[str | None] = mapped_column(String(254))
    acts: Mapped[bool] = mapped_column(Boolean, comment="carries a link that acts; information copies do not")
    facts: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), default=LetterState.PENDING.value)
    put_at: Mapped[datetime]
    next_try: Mapped[datetime] = mapped_column(server_default=func.now(), comment="machine time")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    handed_over_at: Mapped[datetime | None]
    fault: Mapped[str] = mapped_column(default="")


class Link(Base):
    """A link in a letter: one purpose, one recipient, one step version. Token and code come from the nonce and our key."""

    __tablename__ = "link"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), unique=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)
    request_version: Mapped[int] = mapped_column(Integer)
    office: Mapped[str] = mapped_column(String(60))
    officer: Mapped[str] = mapped_column(String(80))
    nonce: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    wrong_codes: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(comment="machine time")


class Disclosure(Base):
    """A one-time code that shows what a case is about, sent in a letter of its own. The code itself is kept nowhere:
    it is made anew from the nonce and the installation's key."""

    __tablename__ = "disclosure"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), index=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), unique=True)
    nonce: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(comment="machine time")
    expires_at: Mapped[datetime] = mapped_column(comment="machine time")
    used_at: Mapped[datetime | None] = mapped_column(comment="machine time")
    wrong_tries: Mapped[int] = mapped_column(Integer, default=0)


class Event(Base):
    """The log. No log row, no act; rows are never changed (a trigger refuses it)."""

    __tablename__ = "event"
    __table_args__ = (among("event", Happening),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    proceeding_id: Mapped[int | None] = mapped_column(ForeignKey("proceeding.id"))
    request_id: Mapped[int | None] = mapped_column(ForeignKey("request.id"), index=True)
    step: Mapped[str] = mapped_column(String(60), default="")
    subject: Mapped[str] = mapped_column(String(80), default="")
    office: Mapped[str] = mapped_column(String(60), default="")
    level: Mapped[str] = mapped_column(String(20), default="")
    detail: Mapped[str] = mapped_column(default="", comment="never personal")
