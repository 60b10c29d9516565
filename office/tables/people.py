"""Who is away, who is barred from a case, which addresses are confirmed, and whose steps went to somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from office.tables.base import Base, among
from rules.vocabulary import BarReason, ContactState


class Absence(Base):
    """An officer is away from `begins_at` until just before `ends_at`, or until `ended_at`; the stand-in acts."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("begins_at < ends_at", name="ends_after_it_begins"),
        CheckConstraint("officer <> stand_in", name="stand_in_is_another"),
        Index("ix_absence_running", "ends_at", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    officer: Mapped[str] = mapped_column(String(80))
    stand_in: Mapped[str] = mapped_column(String(80))
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    set_by: Mapped[str] = mapped_column(String(80))
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(80), default="", server_default="")


class Barred(Base):
    """A person who can have no part in a case, by the county's key or, where they have none, by name."""

    __tablename__ = "barred"
    __table_args__ = (
        among("reason", BarReason),
        CheckConstraint("officer <> '' OR name <> ''", name="names_somebody"),
        Index(
            "uq_barred_one_live", "case_id", "officer", "name", unique=True, postgresql_where=text("lifted_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    officer: Mapped[str] = mapped_column(String(80), default="", comment="county key, empty for a person without one")
    name: Mapped[str] = mapped_column(String(80), default="", comment="without blanks; personal, shown to no office")
    reason: Mapped[str] = mapped_column(String(40))
    set_by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str] = mapped_column(String(80), default="", server_default="")


class Contact(Base):
    """An address of an officer, and whether the officer has confirmed it. Token and code come from the nonce."""

    __tablename__ = "contact"
    __table_args__ = (among("state", ContactState), UniqueConstraint("officer", "address"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    officer: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80), comment="kept, because a leaver's is no longer in the county's file")
    address: Mapped[str] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(20))
    seen_at: Mapped[datetime]
    nonce: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    wrong_codes: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(comment="machine time")
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_by: Mapped[str] = mapped_column(String(80), default="", comment="the name that was typed")
    told_at: Mapped[datetime | None] = mapped_column(comment="when the coordinator heard that it is not confirmed")


class PassedOn(Base):
    """An open step that went on to somebody else because its officer had left; the coordinator gets them in one list."""

    __tablename__ = "passed_on"
    __table_args__ = (Index("ix_passed_on_unlisted", "officer", postgresql_where=text("listed_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"), index=True)
    officer: Mapped[str] = mapped_column(String(80), comment="who had it and has left")
    to_officers: Mapped[str] = mapped_column(comment="county keys, with a comma between")
    at: Mapped[datetime]
    listed_at: Mapped[datetime | None]


class AbsenceForm(Base):
    """An officer's way to the page on which an absence is written down. Token and code come from the nonce."""

    __tablename__ = "absence_form"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    officer: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(254))
    nonce: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    wrong_codes: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None] = mapped_column(comment="machine time")
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), unique=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
