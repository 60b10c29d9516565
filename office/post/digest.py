"""Several ordinary steps told to one person at once make one letter, with a link and a code for each.

Each stays a row of the outbox with a state of its own. The Message-ID of the digest is made of its letters' own, so
that the same letters make the same digest, after a kill too, and other letters make another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from office.bureau import Bureau
from office.letter_facts import DigestEntry, DigestFacts
from office.letter_kinds import LetterKind
from office.links import Minted
from office.outbox import Claim, mail_domain
from office.tables import Letter

Bundle = tuple[Claim, ...]
"""Letters that leave as one; mostly it is one."""


@dataclass(frozen=True)
class Page:
    """A letter that is still true, ready to be written: by itself, or as one entry of a digest."""

    held: Claim
    letter: Letter
    minted: Minted | None = None
    one_time_code: str = ""


def bundles(claims: Iterable[Claim], at_most: int) -> list[Bundle]:
    """Claims put together that may leave as one, at most so many; the order of the first of each is kept."""
    found: list[list[Claim]] = []
    open_ones: dict[str, list[Claim]] = {}
    for one in claims:
        room = open_ones.get(one.digest) if one.digest else None
        if room is None or len(room) >= at_most:
            room = []
            found.append(room)
            if one.digest:
                open_ones[one.digest] = room
        room.append(one)
    return [tuple(room) for room in found]


def message_id_of(bureau: Bureau, letters: Sequence[Letter]) -> str:
    """The Message-ID of the mail that carries these letters: a lone letter's own, or the digest's."""
    if len(letters) == 1:
        return letters[0].message_id
    named = "\n".join(sorted(letter.message_id for letter in letters))
    return f"<{hashlib.sha256(named.encode()).hexdigest()[:32]}@{mail_domain(bureau)}>"


def digest_of(bureau: Bureau, pages: Sequence[Page]) -> Letter:
    """The digest as a letter that is written and never kept. Raises ValueError for facts that fit no step's letter."""
    pairs = sorted(((_entry(page), page.letter) for page in pages), key=lambda pair: (pair[0].deadline, pair[1].id))
    entries, letters = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    first = letters[0]
    facts = DigestFacts(
        case_number=entries[0].facts.case_number,
        of=LetterKind(first.kind),
        level_label=str(first.facts.get("level_label", "")),
        cases=len({entry.facts.case_number for entry in entries}),
        entries=tuple(entries),
    )
    return Letter(
        id=first.id,
        kind=LetterKind.DIGEST.value,
        case_id=first.case_id,
        level=first.level,
        to_office=first.to_office,
        to_officer=first.to_officer,
        acts=False,
        message_id=message_id_of(bureau, letters),
        facts=facts.model_dump(mode="json"),
    )


def _entry(page: Page) -> DigestEntry:
    link: dict[str, Any] | None = None
    if page.minted is not None:
        link = {"url": page.minted.url, "code": page.minted.code, "expires_at": page.minted.expires_at}
    step = {"request_id": page.letter.request_id, "request_version": page.letter.request_version}
    return DigestEntry.model_validate({"facts": page.letter.facts, "link": link} | step)
