"""Who acts for an office at a moment in a case: one answer for letters, reminders, escalations, links and readings.

An office's contacts, without those who have left, each one who is away replaced by the stand-in, and never somebody who
is barred from the case. While anybody of the office is left who is not barred, the answer is not empty. Who reported the
case acts for nobody in it, and decides on it in their own office only where nobody else is there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from config.county import County, OfficeEntry, Officer
from config.offices import POSTS_BY_TURN
from rules.vocabulary import Level, Office
from rules.workdays import SHANGHAI

LONGEST_CHAIN = 5
"""A stand-in may be away too, and have one; so many are followed, then the office's next contact acts."""


@dataclass(frozen=True)
class Away:
    """An absence: from `begins` until just before `ends`, `stand_in` acts for `officer`. Keys of the county."""

    officer: str
    stand_in: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Bar:
    """A person who has no part in a case: a county key, or a plain name (see `plain_name`) of who has none."""

    case: int
    officer: str = ""
    name: str = ""


@dataclass(frozen=True)
class Recipient:
    """Who gets a letter, and for which office; `stands_for` is the key of who is away, "" for nobody."""

    officer: Officer
    office: str
    stands_for: str = ""

    @property
    def key(self) -> str:
        """The officer's key."""
        return self.officer.key


def plain_name(name: str) -> str:
    """A name as it is compared: without blanks and dots between, full-width letters made plain."""
    return "".join(c for c in unicodedata.normalize("NFKC", name).casefold() if not c.isspace() and c not in "·•.")


def who_acts(
    county: County, absences: Iterable[Away], bars: Iterable[Bar], office: str, case: int | None, at: datetime
) -> tuple[Recipient, ...]:
    """Who is written to about a step of that office in that case at that moment.

    Empty only where everybody of the office has left or is barred.
    """
    return People(county, at, tuple(absences), tuple(bar for bar in bars if bar.case == case)).contacts(office)


@dataclass(frozen=True)
class People:
    """The people of a county at a moment, as one case sees them.

    `bars` are those of that case, `reporters` the names of who reported it (see `plain_name`).
    """

    county: County
    at: datetime
    absences: tuple[Away, ...] = ()
    bars: tuple[Bar, ...] = ()
    reporters: frozenset[str] = frozenset()
    _away: dict[str, Away] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Absences that run at the moment, by officer."""
        running = {one.officer: one for one in self.absences if one.begins <= self.at < one.ends}
        object.__setattr__(self, "_away", running)

    # --- one person ---

    def serves(self, officer: Officer) -> bool:
        """Whether the officer is still there."""
        return officer.serves(self.at.astimezone(SHANGHAI).date())

    def is_away(self, key: str) -> bool:
        """Whether an absence of that officer runs."""
        return key in self._away

    def is_barred(self, officer: Officer) -> bool:
        """Whether the officer has no part in the case. A mailbox that a barred person may read is barred with them."""
        if any(bar.officer == officer.key or bar.name == plain_name(officer.name) for bar in self.bars):
            return True
        office = self.county.offices.get(officer.office)
        return (
            officer.shared
            and office is not None
            and any(self.is_barred(one) for one in office.officers if not one.shared)
        )

    def is_barred_name(self, name: str) -> bool:
        """Whether somebody of that name has no part in the case: for names that are typed or said."""
        barred = {bar.name for bar in self.bars if bar.name}
        for bar in self.bars:
            officer = self.county.officer(bar.officer)
            if officer is not None:
                barred.add(plain_name(officer.name))
        return plain_name(name) in barred

    def has_reported(self, officer: Officer) -> bool:
        """Whether the case was reported under the officer's name: nobody reviews a report of their own for another."""
        return bool(self.reporters) and plain_name(officer.name) in self.reporters

    def stand_in_of(self, key: str) -> Officer | None:
        """Who acts for an officer who is away: the last of the chain, who is there and not barred; None for nobody."""
        for officer in self._chain(key):
            if not self.is_away(officer.key):
                return None if officer.shared else officer
        return None

    def _chain(self, key: str) -> Iterator[Officer]:
        seen = {key}
        for _ in range(LONGEST_CHAIN):
            away = self._away.get(key)
            officer = None if away is None or away.stand_in in seen else self.county.officer(away.stand_in)
            if officer is None or not self.serves(officer) or self.is_barred(officer) or self.has_reported(officer):
                return
            yield officer
            key = officer.key
            seen.add(key)

    def stands_for(self, key: str, office: str) -> str:
        """The officer of that office, away and not barred, for whom this one acts; "" for nobody."""
        entry = self.county.offices.get(office)
        for absent in entry.officers if entry else ():
            entitled = self.is_away(absent.key) and self.serves(absent) and not self.is_barred(absent)
            if entitled and any(one.key == key for one in self._chain(absent.key)):
                return absent.key
        return ""

    def may_act(self, key: str, office: str) -> bool:
        """The right to act, judged now: an officer of the office or a stand-in of one, still there and not barred.

        Who is away keeps the right: a child must not wait for somebody who does answer.
        """
        officer = self.county.officer(key)
        if officer is None or not self.serves(officer) or self.is_barred(officer):
            return False
        return officer.office == office or bool(self.stands_for(key, office))

    # --- an office ---

    def contacts(self, office: str) -> tuple[Recipient, ...]:
        """Who is written to. Who is away without any stand-in is written to only where nobody else is there."""
        entry = self.county.offices.get(office)
        if entry is None:
            return ()
        there = [one for one in entry.officers if self.serves(one) and not self.is_barred(one)]
        # A village reviews no report: its child director, who mostly made it, goes on with the child.
        own = [] if entry.kind is Office.VILLAGE_COMMITTEE else [one for one in there if self.has_reported(one)]
        impartial = [one for one in there if one not in own]
        for chosen, absent_too in ((impartial, False), (impartial, True), (own, False), (own, True)):
            for post in POSTS_BY_TURN:
                found = self._present([one for one in chosen if one.post == post], entry, absent_too=absent_too)
                if found:
                    return found
        return ()

    def takes_over(self, office: str) -> tuple[Recipient, ...]:
        """Who gets what a leaver had in hand: those on duty, where the office has none its contacts."""
        entry = self.county.offices.get(office)
        if entry is None:
            return ()
        duty = [one for one in entry.officers if one.post == "duty" and self.serves(one) and not self.is_barred(one)]
        impartial = [one for one in duty if not self.has_reported(one)]
        return self._present(impartial, entry, absent_too=False) or self.contacts(office)

    def as_seen(self) -> County:
        """The county as letters and pages of the case show it: whoever has left or is barred is no one to call."""
        hidden = [
            one
            for office in self.county.offices.values()
            for one in office.officers
            if not self.serves(one) or self.is_barred(one)
        ]
        if not hidden:
            return self.county
        offices = {
            key: replace(office, officers=tuple(one for one in office.officers if one not in hidden))
            for key, office in self.county.offices.items()
        }
        return replace(self.county, offices=MappingProxyType(offices))

    def _present(self, officers: list[Officer], entry: OfficeEntry, *, absent_too: bool) -> tuple[Recipient, ...]:
        found: dict[str, Recipient] = {}
        for officer in officers:
            if not self.is_away(officer.key):
                # Who has the step in their own right is not a stand-in as well.
                found[officer.key] = Recipient(officer, entry.key)
        for officer in officers:
            if self.is_away(officer.key):
                instead = self.stand_in_of(officer.key)
                if instead is not None:
                    found.setdefault(instead.key, Recipient(instead, entry.key, officer.key))
                elif absent_too:
                    found.setdefault(officer.key, Recipient(officer, entry.key))
        return tuple(found.values())

    def holders(self, office: str, owner: str | None) -> tuple[Recipient, ...]:
        """Who has a step of the office in hand: its owner or the owner's stand-in, else every contact."""
        officer = None if owner is None else self.county.officer(owner)
        if officer is not None and self.may_act(officer.key, office):
            if not self.is_away(officer.key):
                return (Recipient(officer, office),)
            instead = self.stand_in_of(officer.key)
            if instead is not None and self.may_act(instead.key, office):
                return (Recipient(instead, office, officer.key),)
        return self.contacts(office)

    def at_level(self, level: Level, office: str) -> tuple[Recipient, ...]:
        """Who is told at a level of the ladder; where nobody can be told there, who is at the next level above.

        Empty only where nobody is left up to the joint meeting.
        """
        for rung in level.and_above:
            found = self._at(rung, office)
            if found:
                return found
        return ()

    def _at(self, level: Level, office: str) -> tuple[Recipient, ...]:
        if level is Level.REMINDER:
            return self.contacts(office)
        if level is not Level.OFFICE_HEAD:
            return self.contacts(level.value)
        entry = self.county.offices.get(office)
        heads = [one for one in entry.officers if one.post == "head"] if entry else []
        heads = [one for one in heads if self.serves(one) and not self.is_barred(one)]
        if entry is None or not heads:
            return ()
        silent = {one.key for one in self.contacts(office)}
        told = self._present(heads, entry, absent_too=False)
        # A head's stand-in who is the silent officer would be told of their own silence, and nobody else would.
        return tuple(one for one in told if not one.stands_for or one.key not in silent)
