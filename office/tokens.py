"""What a letter prints of a link: an address nobody can guess and a short code, made from a nonce and our key."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from office.bureau import Bureau

CODE_DIGITS = 6


@dataclass(frozen=True)
class Minted:
    """A link as a letter prints it."""

    url: str
    code: str
    expires_at: datetime


def clean_token(raw: str) -> str:
    """The token as it was printed, whatever a mail program did to it on the way: encoding, folding, punctuation."""
    text = html.unescape(unquote(raw))
    text = re.sub(r"\s|=\r?\n", "", text)
    found = re.search(r"[A-Za-z0-9_-]+", text)
    return found.group(0) if found else ""


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(bureau: Bureau, nonce: str, purpose: str = "link") -> str:
    """160 bits of a keyed hash: 27 letters, in the path, safe in any address."""
    return base64.urlsafe_b64encode(bureau.sign(purpose, nonce)[:20]).decode().rstrip("=")


def code_of(bureau: Bureau, nonce: str) -> str:
    """The code printed below the link."""
    return f"{int.from_bytes(bureau.sign('code', nonce)[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_code(bureau: Bureau, nonce: str, typed: str) -> bool:
    """Whether the typed code is the printed one. Blanks and full-width digits are forgiven."""
    digits = "".join(str(int(c)) for c in typed if c.isdecimal())
    return secrets.compare_digest(digits, code_of(bureau, nonce))
