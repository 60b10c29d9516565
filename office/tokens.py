"""What a letter prints of a link: an address nobody can guess and a short code, made from a nonce and our key."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.tables import AbsenceForm, Contact

TOKEN_LETTERS = 32
"""160 bits in base 32 (RFC 4648, section 6): nothing in it is punctuation, and capitals mean the same."""

CODE_DIGITS = 6
LINK, CONTACT, ABSENCE = "link", "contact", "absence"
"""What a link is for: a token of one purpose is none of another."""
WRONG_CODES_BEFORE_PAUSE = 5
PAUSE_AFTER_WRONG_CODES = timedelta(minutes=5)


@dataclass(frozen=True)
class Minted:
    """A link as a letter prints it."""

    url: str
    code: str
    expires_at: datetime


def clean_token(raw: str) -> str:
    """The token as it was printed, whatever a mail program did to it on the way: encoding (of one gateway or of three),
    folding, capitals, full-width letters, invisible characters, punctuation and words before or behind it.
    """
    text = raw
    for _ in range(3):
        text = html.unescape(unquote(text))
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"=?[\s\0-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+", "", text)
    found = re.search(r"[A-Za-z0-9_-]+", text)
    if found is None:
        return ""
    # Tokens of the first release had 27 letters, and capitals mattered to them.
    return found.group(0) if len(found.group(0)) < TOKEN_LETTERS else found.group(0)[:TOKEN_LETTERS].lower()


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def token_of(bureau: Bureau, nonce: str, purpose: str = LINK) -> str:
    """The part of the address that nobody can guess."""
    return base64.b32encode(bureau.sign(purpose, nonce)[:20]).decode().lower()


def older_token_of(bureau: Bureau, nonce: str) -> str:
    """The same as the first release wrote it in its letters."""
    return base64.urlsafe_b64encode(bureau.sign(LINK, nonce)[:20]).decode().rstrip("=")


def code_of(bureau: Bureau, nonce: str) -> str:
    """The code printed below the link."""
    return f"{int.from_bytes(bureau.sign('code', nonce)[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_code(bureau: Bureau, nonce: str, typed: str) -> bool:
    """Whether the typed code is the printed one. Blanks and full-width digits are forgiven."""
    digits = "".join(str(int(c)) for c in typed if c.isdecimal())
    return secrets.compare_digest(digits, code_of(bureau, nonce))


async def refusal_of_code(session: AsyncSession, bureau: Bureau, row: Contact | AbsenceForm, typed: str) -> str:
    """Count a wrong code, and give the sentence that refuses it; "" for the right one. The row is locked by the caller.

    After several wrong codes the link rests for some minutes of machine time; the officer is not locked out for good.
    """
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    if row.locked_until is not None and now < row.locked_until:
        return "验证码输错次数较多，请5分钟后再试，或者电话联系协调员。"
    if is_code(bureau, row.nonce, typed):
        return ""
    row.wrong_codes += 1
    if row.wrong_codes % WRONG_CODES_BEFORE_PAUSE == 0:
        row.locked_until = now + PAUSE_AFTER_WRONG_CODES
    return "验证码不正确，请核对邮件中的6位数字。"
