"""Writes a letter as an e-mail message: text and HTML, from three small files of its kind.

Only what `office.letter_facts` allows can be said. Plain addresses stand in full in the text part; the HTML part
fetches nothing from anywhere.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup

from config.county import County, Officer
from office.bureau import Bureau
from office.calendar_file import calendar_file, carries_file, file_name
from office.letter_facts import COORDINATION, check_facts, read_facts
from office.letter_kinds import LetterKind
from office.letter_words import Facts
from office.plain_text import harmless
from office.tables import Letter
from office.timekeeping import COUNTY_ZONE
from rules.limits import Provenance
from rules.vocabulary import Channel, Level, Office
from rules.wording import WEEKDAYS, deadline, short_deadline

if TYPE_CHECKING:
    from office.links import Minted

__all__ = ["check_facts", "compose", "subject_of", "thread_id", "written_parts"]

TEMPLATES = Path(__file__).parent.parent / "templates" / "letters"
POSTS = {"officer": "经办人", "head": "负责人", "duty": "值班人员"}
_WORD_BYTES = 39  # 52 characters of base64: the longest header line stays under 76 with its name before it
_TURNS_TEXT_AROUND = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def _local(at: datetime) -> datetime:
    return at.astimezone(COUNTY_ZONE)


def _whole(context: EvalContext, at: datetime, written: Callable[[datetime], str]) -> str:
    """A day and an hour that are not broken over two lines, where the letter is HTML."""
    day, bracket, hour = written(at).partition("（")
    if not context.autoescape:
        return day + bracket + hour
    whole = Markup('<span style="white-space:nowrap">{}</span>')
    return whole.format(day) + whole.format(bracket + hour)


def moment(at: datetime) -> str:
    """An instant as officers read it, Beijing time: 2026年6月12日（星期五）18:00."""
    local = _local(at)
    return f"{local.year}年{local.month}月{local.day}日（星期{WEEKDAYS[local.weekday()]}）{local:%H:%M}"


def elapsed(since: datetime, until: datetime) -> str:
    """How long a deadline has passed, in whole minutes, hours or days, rounded down; "" for less than a minute."""
    minutes = int((until - since).total_seconds()) // 60
    if minutes < 1:
        return ""
    if minutes < 60:
        return f"{minutes}分钟"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}小时{rest}分钟" if rest else f"{hours}小时"
    days, hours = divmod(hours, 24)
    return f"{days}天{hours}小时" if hours else f"{days}天"


@pass_eval_context
def _moment(context: EvalContext, at: datetime) -> str:
    return _whole(context, at, moment)


@pass_eval_context
def _deadline(context: EvalContext, at: datetime) -> str:
    return _whole(context, at, deadline)


def _day(at: datetime) -> str:
    return moment(at).partition("（")[0]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"moment": _moment, "deadline": _deadline, "short": short_deadline, "day": _day}
    environment.globals |= {"elapsed": elapsed}
    return environment


def _bureau_name(county: County) -> str:
    return next((one.name for one in county.offices.values() if one.kind is Office.CIVIL_AFFAIRS), county.name)


def _context(
    bureau: Bureau, letter: Letter, officer: Officer, facts: Facts, minted: Minted | None, one_time_code: str
) -> dict[str, Any]:
    county = bureau.county
    office = county.offices.get(officer.office)
    contacts = county.officer_at_level(Level.COORDINATOR, officer.office)
    level = None if letter.level is None else Level(letter.level)
    return {name: getattr(facts, name) for name in type(facts).model_fields} | {
        "kind": LetterKind(letter.kind),
        "to_name": officer.name,
        # Nobody is called comrade mailbox.
        "addressee": officer.name if officer.shared else f"{officer.name}同志",
        "to_office": "" if office is None else office.name,
        "to_post": "共用邮箱" if officer.shared else POSTS[officer.post],
        "bureau_name": _bureau_name(county),
        "county_name": county.name,
        "coordinators": [one for one in contacts if one.key != officer.key and one.phone],
        "to_call": _people_to_call(county, letter, getattr(facts, "office_name", "")),
        "people_of": partial(_people_to_call, county, letter),
        "calendar": carries_file(letter),
        "written_at": bureau.clock.now(),
        "minted": minted,
        "one_time_code": one_time_code,
        "at_level": level,
        "levels": Level,
        "own_office": officer.office == letter.to_office
        and getattr(facts, "office_name", "") == getattr(office, "name", ""),
        "coordination": getattr(facts, "mechanism_label", "") == COORDINATION,
        "by_phone": getattr(facts, "channel_label", "") == Channel.PHONE.label,
        "county_limit": getattr(facts, "provenance", None) is Provenance.NO_STATUTORY_NUMBER,
    }


def _people_to_call(county: County, letter: Letter, office_name: str) -> list[Officer]:
    """Whom to call in the office a letter is about, where the letter goes to someone who is to press it."""
    kind = letter.facts["of"] if letter.kind == LetterKind.DIGEST.value else letter.kind
    if kind not in (LetterKind.ESCALATION.value, LetterKind.RECIPIENT_MISSING.value):
        return []
    if letter.level == Level.OFFICE_HEAD.value:
        return []
    office = next((one for one in county.offices.values() if one.name == office_name), None)
    if office is None:
        return []
    heads = [one for one in office.officers if one.post == "head"]
    return [one for one in dict.fromkeys([*office.contacts, *heads]) if one.phone and one.key != letter.to_officer]


def _one_line(text: str) -> str:
    """The text on one line, without what ends a header or turns the reading around."""
    seen = "".join(c for c in text if c not in _TURNS_TEXT_AROUND)
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") else c for c in seen)
    return " ".join(kept.split())


def written_parts(
    bureau: Bureau, letter: Letter, officer: Officer, minted: Minted | None = None, one_time_code: str = ""
) -> tuple[str, str, str]:
    """Subject, text and HTML.

    Raises ValueError for facts that do not fit the kind, for an acting letter without link, and for a letter whose
    one-time code is missing or out of place.
    """
    facts = read_facts(letter.kind, letter.facts)
    if letter.acts != (minted is not None):
        raise ValueError(f"letter {letter.id} acts: {letter.acts}, but its link says otherwise")
    if (letter.kind == LetterKind.DISCLOSURE_CODE.value) != bool(one_time_code):
        raise ValueError(f"letter {letter.id} ({letter.kind}) and its one-time code do not agree")
    context = _context(bureau, letter, officer, facts, minted, one_time_code)
    folder = LetterKind(letter.kind).value
    subject, text, html = (
        harmless(_environment().get_template(f"{folder}/{name}").render(context))
        for name in ("subject.txt", "body.txt", "body.html")
    )
    # Blocks that say nothing leave blank lines behind.
    return _one_line(subject), re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n", html.strip() + "\n"


def subject_of(bureau: Bureau, letter: Letter, officer: Officer, minted: Minted | None = None) -> str:
    """The subject alone: level and deadline first."""
    return written_parts(bureau, letter, officer, minted)[0]


def thread_id(bureau: Bureau, case_number: str) -> str:
    """The Message-ID that every letter of a case refers to, so that mail programs keep them together."""
    return f"<{case_number}.case@{bureau.settings.mail_from.rpartition('@')[2]}>"


def threads_of(bureau: Bureau, letter: Letter) -> list[str]:
    """The threads a letter belongs to: its case's, and for a digest those of all its cases; none for one of no case."""
    told = [entry["facts"]["case_number"] for entry in letter.facts.get("entries", [])]
    numbers = dict.fromkeys([letter.facts["case_number"], *told])
    return [thread_id(bureau, number) for number in numbers if number]


class _Headers(HeaderRegistry):
    """Headers that many letters have alike are read once: the library takes a quarter of a letter's time for them.

    A header is a string that nobody changes, so that letters may share it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._read = lru_cache(maxsize=512)(super().__call__)
        self._kind = lru_cache(maxsize=128)(super().__getitem__)

    def __getitem__(self, name: str) -> type:
        # The library makes a class anew each time, and asks for one whenever a header is set.
        return self._kind(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        # An address is no string, and is not read but taken as it is.
        return self._read(name, value) if type(value) is str else super().__call__(name, value)


class LetterPolicy(EmailPolicy):
    """Writes Chinese headers as encoded words of whole characters, each word complete in itself.

    Some widely used mail servers show blanks or broken characters for what the standard policy makes of a mixture of
    Chinese and ASCII; one run of complete words is read rightly by all.
    """

    def fold(self, name: str, value: Any) -> str:
        """The header's lines as text."""
        return _encoded(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header's lines as bytes."""
        return _encoded(name, value).encode("ascii") or super().fold_binary(name, value)


POLICY = LetterPolicy(linesep="\r\n", cte_type="7bit", header_factory=_Headers())


def _whole_characters(text: str) -> Iterator[bytes]:
    """What a reader takes for one character: a letter with its marks, a rare name's form with its selector."""
    whole = b""
    for character in text:
        encoded = character.encode()
        mark = character == "\u200d" or unicodedata.category(character) in ("Mn", "Me", "Mc")
        if whole and not (mark and len(whole) + len(encoded) <= _WORD_BYTES):
            yield whole
            whole = b""
        whole += encoded
    yield whole


def _words(text: str) -> str:
    words, run = [], b""
    for encoded in _whole_characters(text):
        if len(run) + len(encoded) > _WORD_BYTES:
            words.append(run)
            run = b""
        run += encoded
    words.append(run)
    return "\r\n ".join(f"=?UTF-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def _is_plain(text: str) -> bool:
    """ASCII that no mail program takes for an encoded word."""
    return text.isascii() and "=?" not in text


def _encoded(name: str, value: Any) -> str:
    lowered = name.lower()
    if lowered == "subject" and not _is_plain(str(value)):
        return f"{name}: {_words(str(value))}\r\n"
    if lowered in ("from", "to") and len(value.addresses) == 1 and not _is_plain(value.addresses[0].display_name):
        address = value.addresses[0]
        return f"{name}: {_words(address.display_name)}\r\n <{address.addr_spec}>\r\n"
    return ""


def compose(
    bureau: Bureau, letter: Letter, officer: Officer, minted: Minted | None = None, one_time_code: str = ""
) -> EmailMessage:
    """The letter as a message to one recipient. Raises ValueError for a letter or an address that cannot be written."""
    subject, text, html = written_parts(bureau, letter, officer, minted, one_time_code)
    message = EmailMessage(policy=POLICY)
    message["Subject"] = subject
    message["From"] = Address(_one_line(f"{_bureau_name(bureau.county)}（接力）"), addr_spec=bureau.settings.mail_from)
    message["To"] = Address(_one_line(officer.name), addr_spec=officer.email)
    message["Date"] = format_datetime(_local(bureau.clock.now()))
    message["Message-ID"] = letter.message_id
    threads = threads_of(bureau, letter)
    if threads:
        message["In-Reply-To"] = threads[0]
        message["References"] = " ".join(threads)
    # Replies by machines are never answers, and should not be made at all.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    # Base64 keeps every address whole: no gateway folds its lines.
    message.set_content(text, charset="utf-8", cte="base64")
    message.add_alternative(html, subtype="html", charset="utf-8", cte="base64")
    if carries_file(letter):
        facts = read_facts(letter.kind, letter.facts)
        # An attachment beside the letter: as an alternative to it, some programs would show the file and not the letter.
        message.add_attachment(
            calendar_file(letter, facts, bureau.settings.mail_from.rpartition("@")[2], bureau.clock.now()),
            subtype="calendar", charset="utf-8", cte="base64", filename=file_name(facts), params={"method": "PUBLISH"},
        )  # fmt: skip
    # Set last: what is set before the parts goes to the first of them.
    message["Content-Language"] = "zh-CN"
    # Every part is base64, in which these cannot stand; the library would look for each of its own in the whole letter.
    for depth, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{depth}_{letter.message_id[1:17]}")
    return message
