"""The parts of a mail as it really comes: broken, mislabelled, in any Chinese encoding. Nothing here raises for that."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser

MOST_PARTS = 200
"""More parts than any report has; a mail of more is read so far."""
ADDRESS = re.compile(r"[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_GB = ("gb2312", "gbk", "gb_2312-80", "hz-gb-2312", "x-gbk", "cp936")
_TAG = re.compile(r"<(?:style|script)[^>]{0,200}>.*?</(?:style|script)>|<[a-z/!][^>]{0,2000}>", re.I | re.S)


def parse(raw: bytes) -> Message:
    """The mail's parts. A nest of parts too deep to be meant raises RecursionError."""
    return BytesParser().parsebytes(raw)


def header(message: Message, name: str) -> str:
    """A header as one line of text; "" where it is missing."""
    return _readable(message[name])


def headers(message: Message, name: str) -> list[str]:
    """Every header of that name."""
    return [_readable(value) for value in message.get_all(name) or []]


def _readable(value: object) -> str:
    if value is None:
        return ""
    given = str(value)
    try:
        words = [
            word if isinstance(word, str) else _as_text(word, charset or "utf-8")
            for word, charset in decode_header(given)
        ]
    except (ValueError, LookupError, IndexError, HeaderParseError):
        words = [given]
    return " ".join("".join(words).split())


def _as_text(raw: bytes, charset: str) -> str:
    chosen = "gb18030" if charset.lower() in _GB else charset
    for name in (chosen, "utf-8", "gb18030"):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("utf-8", errors="replace")


def _payload(part: Message) -> object:
    """The parts of a part, or its text; a character set that is no name of one does not count."""
    try:
        return part.get_payload()
    except (LookupError, TypeError, ValueError):
        raw = part.get_payload(decode=True)
        return raw.decode("utf-8", errors="replace") if isinstance(raw, bytes) else ""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or "utf-8"
    except (LookupError, ValueError):
        return "utf-8"


def own_parts(message: Message) -> Iterator[Message]:
    """The mail's own parts in their order; what lies within an attached message is not its own."""
    waiting = [message]
    for _ in range(MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        below = _payload(part)
        if part.get_content_maintype() == "multipart" and isinstance(below, list):
            waiting = [one for one in below if isinstance(one, Message)] + waiting
        else:
            yield part


def text_of(part: Message) -> str:
    """What a part says as text, an attached message or report with its headers; HTML without its tags."""
    payload = _payload(part)
    if isinstance(payload, list):
        # The parser has taken the attached message apart; encoded as a whole, it is the body of one that has no headers.
        text = "\n\n".join(_flat(one) for one in payload if isinstance(one, Message))
        if header(part, "Content-Transfer-Encoding").lower() == "base64":
            return _from_base64(text) or text
        return text
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return str(payload)
    text = _as_text(raw, _charset(part))
    if part.get_content_subtype() == "html":
        text = _TAG.sub("\n", text)
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
    return text


def _flat(message: Message, depth: int = 0) -> str:
    """Headers and text of a message that the parser took apart; of what lies deeper than three, nothing."""
    lines = [f"{name}: {value}" for name, value in message.items()]
    payload = _payload(message)
    if isinstance(payload, str):
        lines += ["", text_of(message)]
    elif isinstance(payload, list) and depth < 3:
        lines += [""] + [_flat(one, depth + 1) for one in payload if isinstance(one, Message)]
    return "\n".join(lines)


def _from_base64(text: str) -> str:
    try:
        return _as_text(base64.b64decode("".join(text.split()), validate=True), "utf-8")
    except (binascii.Error, ValueError):
        return ""
