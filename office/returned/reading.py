"""What a mail in the sender's mailbox is: a report that a letter came back, an automatic reply, a person's reply.

Reports are RFC 3464's, and the plain texts that mail systems write instead. What is said here is a mail's claim;
whether it counts, the records decide (`office.returned.taking_in`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from typing import Literal

from office.returned.mail import ADDRESS, header, headers, own_parts, parse, text_of
from rules.vocabulary import MailSort

Outcome = Literal["failed", "delayed", "other"]

MOST_IDS = 20
"""Identities looked at in one mail; a mail that names more is no report about one letter."""
_ID = re.compile(r"(?<![0-9a-f])([0-9a-f]{32}@[A-Za-z0-9.-]{1,200}[A-Za-z0-9])")
_CASE = re.compile(r"(?<![A-Z0-9-])[A-Z][A-Z0-9]{1,7}-[0-9]{4}-[0-9]{4,9}(?![0-9])")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY_CODE = re.compile(r"(?<![\d.:-])([45])[0-5]\d(?![\d.])")
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_SYSTEM = re.compile(r"\b(mailer[-_]?daemon|mail[-_]?daemon|postmaster|maildelivery|mdaemon)@|^(mailer-daemon)$", re.I)
_RETURNED_SUBJECT = re.compile(
    r"退信|退回|退件|无法投递|投递失败|发送失败|未送达|无法送达|投递延迟|延迟|undeliver|delivery (status|failure|report|has)"
    r"|returned mail|returned to sender|failure notice|mail delivery (failed|failure|system)|delay|could not be delivered",
    re.I,
)
_DELAYED_SUBJECT = re.compile(r"延迟|delay|warning", re.I)
_GOES_ON = re.compile(
    r"将继续(尝试|重试|投递)|仍将(尝试|重试|投递)|still being retried|will be retried|keep trying|continue (to try|trying)"
    r"|will (re)?try|warning message only",
    re.I,
)
_AUTOMATIC_SUBJECT = re.compile(
    r"^\W*(自动回复|自动答复|自动应答|外出回复|休假回复|automatic reply|auto[- ]?reply|auto[- ]?response|out of (the )?office)"
    r"|已读[:：]|^read:",
    re.I,
)
_COPY_BEGINS = re.compile(
    r"^(-+ ?(this is a copy|below this line|original message|原始?邮件|以下是原)|return-path:|received:|message-id:)",
    re.I | re.M,
)


class Unreadable(ValueError):  # noqa: N818 - it is a finding about the mail
    """The mail is no mail, or claims to be a report and says nothing."""


@dataclass(frozen=True)
class Claim:
    """What a report says of one recipient, under the addresses it gives for it; `status` is RFC 3463's, or ""."""

    addresses: frozenset[str]
    outcome: Outcome
    status: str


@dataclass(frozen=True)
class ReadMail:
    """A mail once read: its sort, the Message-IDs of the form of ours, the case numbers, the claims of a report."""

    sort: MailSort
    message_ids: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = field(default=(), repr=False)

    def about(self, address: str) -> Claim | None:
        """The gravest claim about that recipient; None where the report does not name it."""
        found = [claim for claim in self.claims if address in claim.addresses]
        return _gravest(found)

    @property
    def gravest(self) -> Claim | None:
        """The gravest claim about anybody."""
        return _gravest(list(self.claims))


def _gravest(claims: list[Claim]) -> Claim | None:
    order: tuple[Outcome, ...] = ("failed", "delayed", "other")
    return min(claims, key=lambda claim: order.index(claim.outcome), default=None)


def read_mail(raw: bytes) -> ReadMail:
    """Read a mail, whole or cut off at its end. Raises `Unreadable`."""
    message = parse(raw)
    if not message.keys():
        raise Unreadable("no header line")
    parts = list(own_parts(message))
    claims_to_report = str(message.get_param("report-type") or "").lower() == "delivery-status"
    claims = _claims_of_reports(parts, broken=claims_to_report or _from_system(message))
    if claims:
        return _report(message, parts, claims)
    claims = _claims_of_plain_text(message, parts)
    if claims:
        return _report(message, parts, claims)
    if claims_to_report:
        raise Unreadable("a report that says nothing")
    found = ReadMail(MailSort.REPLY, _identities(message, parts), _case_numbers(message, header(message, "Subject")))
    if _automatic(message, parts):
        return ReadMail(MailSort.AUTOMATIC, found.message_ids, found.cases)
    return found


def _report(message: Message, parts: list[Message], claims: list[Claim]) -> ReadMail:
    gravest = _gravest(claims)
    sorts = {"failed": MailSort.BOUNCED, "delayed": MailSort.DELAYED, "other": MailSort.AUTOMATIC}
    sort = sorts[gravest.outcome] if gravest is not None else MailSort.AUTOMATIC
    said = "\n".join([header(message, "Subject"), *(text_of(part) for part in parts)])
    return ReadMail(sort, _identities(message, parts), _case_numbers(message, said), tuple(claims))


def _claims_of_reports(parts: list[Message], *, broken: bool) -> list[Claim]:
    """The recipients of every machine-readable report; of a `broken` one, those that stand in its text."""
    said = [text_of(part) for part in parts if part.get_content_type() in _REPORTS]
    if not said and broken:
        said = [text for text in _texts(parts) if "final-recipient:" in text.lower()]
    claims = []
    for text in said:
        for block in re.split(r"\n[ \t]*\r?\n", text.replace("\r\n", "\n")):
            start = re.search(r"^[A-Za-z-]+:", block, re.M)
            fields = HeaderParser().parsestr(block[start.start() :] if start else "")
            named = headers(fields, "Final-Recipient") + headers(fields, "Original-Recipient")
            addresses = frozenset(found.lower() for one in named for found in ADDRESS.findall(one.partition(";")[2]))
            if named:
                claims.append(_claim(addresses, header(fields, "Action"), header(fields, "Status")))
    return claims


def _claim(addresses: frozenset[str], action: str, status: str) -> Claim:
    code = _STATUS.search(status)
    chosen = code.group(1) if code else ""
    by_code: dict[str, Outcome] = {"5": "failed", "4": "delayed"}
    by_action: dict[str, Outcome] = {"failed": "failed", "delayed": "delayed"}
    acted = action.lower().split(" ")[0].strip(";,")
    outcome = by_action.get(acted, "other") if acted else by_code.get(chosen[:1], "other")
    return Claim(addresses, outcome, chosen)


def _claims_of_plain_text(message: Message, parts: list[Message]) -> list[Claim]:
    """A report in plain words: from a mail system, about mail that came back, with the failed addresses in the text."""
    subject = header(message, "Subject")
    named = headers(message, "X-Failed-Recipients")
    if not _from_system(message) or not (named or _RETURNED_SUBJECT.search(subject)):
        return []
    own = "\n".join(_texts(parts)).replace("\r\n", "\n")
    copy = _COPY_BEGINS.search(own)
    said = own[: copy.start()] if copy else own
    addresses = frozenset(found.lower() for found in ADDRESS.findall(" ".join(named) if named else said))
    code = _STATUS.search(said)
    status = code.group(1) if code else ""
    reply = _REPLY_CODE.search(said)
    family = status[:1] or (reply.group(1) if reply else "")
    delayed = bool(_DELAYED_SUBJECT.search(subject) or _GOES_ON.search(said)) and family != "5"
    return [Claim(addresses, "delayed" if delayed else "failed", status)]


def _texts(parts: list[Message]) -> list[str]:
    """What is written for people; a multipart that could not be taken apart is text too."""
    return [text_of(part) for part in parts if part.get_content_maintype() in ("text", "multipart")]


def _from_system(message: Message) -> bool:
    return bool(_SYSTEM.search(header(message, "From"))) or _null_sender(message)


def _null_sender(message: Message) -> bool:
    return "Return-Path" in message and header(message, "Return-Path").strip() in ("", "<>")


def _automatic(message: Message, parts: list[Message]) -> bool:
    """Whether a machine wrote it (RFC 3834, and what older and other systems set instead)."""
    submitted = header(message, "Auto-Submitted").lower().partition(";")[0].strip()
    precedence = header(message, "Precedence").lower()
    marks = ("X-Auto-Response-Suppress", "X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponse", "List-Id",
             "X-Mail-Autoreply", "X-Failed-Recipients", "Feedback-ID")  # fmt: skip
    return (
        submitted not in ("", "no")
        or any(word in precedence for word in ("bulk", "junk", "list", "auto"))
        or any(mark in message for mark in marks)
        or message.get_content_type() == "multipart/report"
        or any(part.get_content_type() == "message/disposition-notification" for part in parts)
        or _from_system(message)
        or bool(_AUTOMATIC_SUBJECT.search(header(message, "Subject")))
    )


def _identities(message: Message, parts: list[Message]) -> tuple[str, ...]:
    """Message-IDs of the form of ours: of the returned letter; else of what the mail replies to; else in its text."""
    returned = "\n".join(text_of(part) for part in parts if part.get_content_type() in _RETURNED)
    texts = "\n".join(_texts(parts))
    in_copy = re.findall(r"^\s*message-id:\s*(\S+)", f"{returned}\n{texts}", re.I | re.M)
    replied = headers(message, "In-Reply-To") + headers(message, "References")
    for words in (" ".join(in_copy), " ".join(replied), f"{returned}\n{texts}"):
        found = tuple(dict.fromkeys(f"<{one}>" for one in _ID.findall(words)))
        if found:
            return found[:MOST_IDS]
    return ()


def _case_numbers(message: Message, said: str) -> tuple[str, ...]:
    """Numbers of cases, in the thread that the mail belongs to and in the text given."""
    replied = " ".join(headers(message, "In-Reply-To") + headers(message, "References"))
    thread = re.findall(r"<([A-Z0-9-]+)\.case@", replied)
    return tuple(dict.fromkeys([*(one for one in thread if _CASE.fullmatch(one)), *_CASE.findall(said)]))[:MOST_IDS]
