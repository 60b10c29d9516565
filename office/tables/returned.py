"""What came back into the sender's mailbox, and the addresses to which letters are no longer sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from office.tables.base import Base, among
from rules.vocabulary import BounceReason, MailSort


class ReturnedMail(Base):
    """A mail that was read. Nothing of its text and nothing of its sender is kept.

    `key` is the digest of its content: the same mail counts once, however often it is delivered, found again after a
    crash, or renumbered by the mailbox.
    """

    __tablename__ = "returned_mail"
    __table_args__ = (
        among("sort", MailSort),
        Index("ix_returned_mail_position", "mailbox", "number", postgresql_where=text("number IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    sort: Mapped[str] = mapped_column(String(20))
    mailbox: Mapped[str] = mapped_column(String(120), comment="where it lay: the folder, or a digest and UIDVALIDITY")
    number: Mapped[int | None] = mapped_column(BigInteger, comment="its UID there")
    settled: Mapped[bool] = mapped_column(
        Boolean, default=False, server_default=text("false"), comment="marked or moved in the mailbox"
    )
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letter.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"), index=True)
    read_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="machine time")


class AddressMark(Base):
    """An address from which a letter came back: skipped when letters leave, until somebody clears it."""

    __tablename__ = "address_mark"
    __table_args__ = (
        among("reason", BounceReason),
        Index("uq_address_mark_live", "address", unique=True, postgresql_where=text("cleared_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    address: Mapped[str] = mapped_column(String(254), comment="in small letters")
    office: Mapped[str] = mapped_column(String(60))
    officer: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(12), default="", comment="the code of the report, such as 5.1.1")
    letter_id: Mapped[int] = mapped_column(ForeignKey("letter.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("case.id"), index=True)
    since: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
    cleared_by: Mapped[str] = mapped_column(String(80), default="")
