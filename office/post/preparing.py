"""Before a letter leaves: is it still true, is there somebody to get it, may it leave now, and what does it say?

All in one transaction, which is over before the mail server is spoken to.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.message import EmailMessage

from sqlalchemy.ext.asyncio import AsyncSession

from config.county import Officer
from office import disclosure, outbox
from office.bureau import Bureau
from office.claims import Found
from office.letter_facts import read_facts
from office.letter_kinds import LetterKind, UndeliveredReason
from office.letters import compose
from office.links import Minted
from office.outbox import Claim
from office.people import Bar, People
from office.post import ceilings
from office.post.digest import Bundle, Page, digest_of
from office.post.undelivered import undelivered
from office.readdressing import who_gets
from office.roster import people_in
from office.tables import Letter, Request

logger = logging.getLogger("jieli.post")

Mint = Callable[[AsyncSession, Bureau, Letter], Awaitable[Minted]]

UNDECIDED_SECONDS = 3.0
"""Machine seconds a letter waits for the one it follows upon, while that is on its way."""


@dataclass(frozen=True)
class Ready:
    """A mail to one officer: the letters in it, mostly one, all still true, and the county as it is shown in it."""

    bureau: Bureau
    officer: Officer
    pages: tuple[Page, ...]

    @property
    def claims(self) -> Bundle:
        """The letters as they are held."""
        return tuple(page.held for page in self.pages)

    @property
    def name(self) -> str:
        """What the log of this machine calls it: numbers, kind and case, never a person."""
        first = self.pages[0].letter
        numbers = ", ".join(str(page.letter.id) for page in self.pages)
        return f"letter {numbers} ({first.kind}) of {first.facts['case_number'] or 'no case'}"

    def written(self) -> EmailMessage:
        """The message. Raises ValueError, and whatever a template raises, for a letter that cannot be written."""
        if len(self.pages) > 1:
            message = compose(self.bureau, digest_of(self.bureau, self.pages), self.officer)
        else:
            (page,) = self.pages
            message = compose(self.bureau, page.letter, self.officer, page.minted, page.one_time_code)
        return message


async def prepare(session: AsyncSession, bureau: Bureau, bundle: Bundle, mint: Mint) -> Ready | None:
    """Look again at every letter of a bundle; those that must not leave are marked. None when nothing is left."""
    found: list[tuple[Claim, Found]] = []
    for held in bundle:
        seen = await _still_true(session, bureau, held)
        if seen is not None:
            found.append((held, seen))
    ready: list[tuple[Page, Request | None]] = []
    recipient: Officer | None = None
    bars: tuple[Bar, ...] = ()
    shown = bureau.county
    for held, seen in found:
        people = await people_in(session, bureau, seen.letter.case_id)
        officer = await _who_gets(session, bureau, people, held, seen)
        if isinstance(officer, Officer) and len(found) > 1 and not _can_be_written(seen.letter):
            officer = UndeliveredReason.UNWRITABLE
        if isinstance(officer, UndeliveredReason):
            await undelivered(session, bureau, held, seen.letter, seen.request, officer)
        elif officer is not None:
            recipient = officer
            # In a digest nobody is named who is hidden from any of its cases.
            bars += people.bars
            shown = replace(people, bars=bars).as_seen()
            ready.append((await _page(session, bureau, held, seen.letter, mint), seen.request))
    if recipient is None:
        return None
    stopped = await ceilings.admit(session, bureau, [page.letter for page, _ in ready])
    for page, request in ready:
        if page.letter.id in stopped:
            await ceilings.stop(session, bureau, page.held, page.letter, request, stopped[page.letter.id])
    pages = tuple(page for page, _ in ready if page.letter.id not in stopped)
    if not pages:
        return None
    return Ready(replace(bureau, county=shown), recipient, pages)


async def _still_true(session: AsyncSession, bureau: Bureau, held: Claim) -> Found | None:
    officer = bureau.county.officer(held.officer)
    found = await outbox.claimed_with_step(session, held, "" if officer is None else officer.email)
    if found is None:
        return None
    seen, _ = await outbox.look_again(session, found.letter, followed=found.followed)
    reason = outbox.stale_because(seen)
    if reason:
        await outbox.mark_stale(session, bureau, held, reason)
        return None
    if seen.told_before is None:
        await outbox.mark_retry(session, held, "所续的前一封信正在发送。", UNDECIDED_SECONDS)
        return None
    if found.letter.unknown_results >= bureau.settings.mail_uncertain_tries:
        await undelivered(session, bureau, held, found.letter, found.request, UndeliveredReason.UNCERTAIN)
        return None
    return found


async def _who_gets(
    session: AsyncSession, bureau: Bureau, people: People, held: Claim, found: Found
) -> Officer | UndeliveredReason | None:
    """The officer, whom a letter can reach; or why nobody gets it, None where somebody else has it now."""
    officer = await who_gets(session, bureau, people, held, found.letter, found.request)
    if not isinstance(officer, Officer):
        return officer
    if not officer.email:
        return UndeliveredReason.NO_ADDRESS
    return UndeliveredReason.MARKED if found.marked else officer


def _can_be_written(letter: Letter) -> bool:
    """A letter that cannot be written must not spoil the digest it would stand in."""
    try:
        read_facts(letter.kind, letter.facts)
    except ValueError:
        return False
    return True


async def _page(session: AsyncSession, bureau: Bureau, held: Claim, letter: Letter, mint: Mint) -> Page:
    minted = await mint(session, bureau, letter) if letter.acts else None
    coded = letter.kind == LetterKind.DISCLOSURE_CODE.value
    return Page(held, letter, minted, await disclosure.code_in(session, bureau, letter) if coded else "")
