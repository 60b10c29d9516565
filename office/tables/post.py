"""The outbox, the links in its letters, and the codes that open what a case is about."""

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
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from office.tables.base import Base, among
from rules.vocabulary import (
    LetterState,
)


class Letter(Base):
    """The outbox. `key` is the letter's own name: one fact, one recipient, one letter, however often it is asked for.

    `facts` holds case number, step, office and deadline only. The address is looked up when the letter leaves.
    """

    __tablename__ = "letter"
    __table_args__ = (
        among("state", LetterState),
        Index(
            "ix_letter_in_hand",
            "next_try",
            postgresql_where=text("state IN ('pending', 'sending', 'uncertain', 'held')"),
        ),
        Index("ix_letter_carried_by", "carried_by", postgresql_where=text("carried_by IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    case_id: Mapped[int | None] = mapped_column(
        ForeignKey("case.id"), index=True, comment="none: the letter is about the county's people and no case"
    )
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
    carried_by: Mapped[str | None] = mapped_column(
        String(120), comment="Message-ID of the mail it is or was given in: its own or a digest's"
    )
    refusals: Mapped[int] = mapped_column(Integer, default=0, server_default="0", comment="temporary, of this letter")
    unknown_results: Mapped[int] = mapped_column(
        Integer, default=0, server_default="0", comment="sendings of which nobody knows whether they were taken"
    )
    waits_since: Mapped[datetime] = mapped_column(
        server_default=func.clock_timestamp(), comment="when it was put, by the machine's time"
    )
    late: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default="false", comment="its case's log has said that it waits for too long"
    )

    @property
    def notified(self) -> bool:
        """Whether "notified" may be said: the mail server has taken the letter, and it has not come back."""
        return self.state == LetterState.HANDED_OVER.value


class PostSeen(Base):
    """When a post last served these records, by the machine's time, and whether they rest until a person has spoken; one
    row."""

    __tablename__ = "post_seen"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime]
    restored_from: Mapped[datetime | None] = mapped_column(
        comment="the instant of the backup that these records come from, until a person lets letters leave"
    )
    next_question_at: Mapped[datetime | None] = mapped_column(comment="nobody is asked again before then")


class ClockSeen(Base):
    """When a clock last turned, and what the watchdog has told of its silence; one row, all by the machine's time.

    The row is made by whoever comes first: a clock that turns, or a portal that begins to wait for one.
    """

    __tablename__ = "clock_seen"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime]
    silent_since: Mapped[datetime | None] = mapped_column(comment="the silence that is told of; none: there is none")
    next_alarm_at: Mapped[datetime | None] = mapped_column(comment="no further letter of this silence before then")
    next_clear_at: Mapped[datetime | None] = mapped_column(comment="the same for the letter that says it is over")


class Sending(Base):
    """A letter that is about to be given to the mail server, written before it is: what the ceilings count.

    `officer` is empty for a letter that travels in another's mail, so that a digest counts once for its recipient and
    once for each case. `at` is county time.
    """

    __tablename__ = "sending"
    __table_args__ = (Index("ix_sending_at", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), comment="none: the letter is of no case")
    officer: Mapped[str | None] = mapped_column(String(80))
    urgent: Mapped[bool] = mapped_column(Boolean)
    counted: Mapped[bool] = mapped_column(Boolean, comment="false for the letter that tells of a ceiling")
    at: Mapped[datetime]


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
    wrong_codes: Mapped[int] = mapped_column(Integer, default=0, comment="since the last right one")


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
