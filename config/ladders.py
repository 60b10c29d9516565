"""A county's ladders: who is told when an office stays silent, and when (`ladders.yaml`).

No text gives a ladder of overdue days (legal-basis 1G), so each number in that file is the county's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from config.faults import Fault
from config.offices import Located
from config.reading import Entry, allowed_words, read_county_file
from rules.ladder import Clock, Ladder, Rung, share_of
from rules.limits import Limit, Unit
from rules.vocabulary import Level, Urgency

UNITS_OF_EMERGENCY = (Unit.MINUTES, Unit.HOURS, Unit.DAYS)
"""An emergency runs through nights and holidays, so its clocks never count working days."""

_MOST_REPEATS = 100
_MOST_THINNING = 10


@dataclass(frozen=True)
class LadderEntry:
    """A ladder together with the lines of its parts, while the files are checked against each other."""

    ladder: Ladder
    entry: Entry
    limits: tuple[tuple[str, Limit, int], ...]
    reminder_share: tuple[int, int] | None = None
    """The reminder as per cent of the step's own limit, and its line."""

    def for_limit(self, limit: Limit) -> LadderEntry:
        """The ladder of a step with that limit: a reminder that is a share of it becomes a length of time."""
        if self.reminder_share is None:
            return self
        return replace(self, ladder=replace(self.ladder, reminder_before=share_of(limit, self.reminder_share[0])))

    @property
    def reminder_line(self) -> int:
        """The line of `reminder_before`, else the ladder's own."""
        if self.reminder_share is not None:
            return self.reminder_share[1]
        return next((line for what, _, line in self.limits if what == "reminder_before"), self.entry.line)


@dataclass(frozen=True)
class Ladders:
    """Every ladder by its name, which one a step climbs that names none, and how often the joint meeting is given the list
    of steps whose ladders are used up."""

    named: Mapping[str, LadderEntry]
    defaults: Mapping[tuple[Urgency, Clock], str]
    list_every: Limit | None


def read_ladders(folder: Path, offices: Mapping[str, Located], faults: list[Fault]) -> Ladders | None:
    """The ladders of `ladders.yaml`, each level checked for somebody who can be told; None where there is no file."""
    root = read_county_file(folder / "ladders.yaml", faults)
    if root is None:
        return None
    fields = root.fields(required=("ladders", "defaults", "unresolved_list"))
    named: dict[str, LadderEntry] = {}
    known: set[str] = set()
    if "ladders" in fields:
        for key, entry in fields["ladders"].named("升级梯").items():
            known.add(key)
            ladder = _read_ladder(key, entry, offices)
            if ladder is not None:
                named[key] = ladder
    defaults = _read_defaults(fields["defaults"], known) if "defaults" in fields else {}
    return Ladders(named, defaults, _read_list(fields["unresolved_list"]) if "unresolved_list" in fields else None)


def _read_list(entry: Entry) -> Limit | None:
    fields = entry.fields(required=("every",))
    return fields["every"].limit() if "every" in fields else None


def _read_defaults(entry: Entry, known: set[str]) -> dict[tuple[Urgency, Clock], str]:
    found: dict[tuple[Urgency, Clock], str] = {}
    for urgency, clocks in entry.fields(required=tuple(u.value for u in Urgency)).items():
        for clock, chosen in clocks.fields(required=tuple(c.value for c in Clock)).items():
            name = read_ladder_name(chosen, known)
            if name is not None:
                found[Urgency(urgency), Clock(clock)] = name
    return found


def read_ladder_name(entry: Entry, known: set[str]) -> str | None:
    """The name of a ladder that exists."""
    written = entry.text()
    if written is None or written in known:
        return written
    entry.fault(f"没有名为“{written}”的升级梯；{allowed_words(written, known)}")
    return None


def _read_ladder(key: str, entry: Entry, offices: Mapping[str, Located]) -> LadderEntry | None:
    fields = entry.fields(required=("rungs", "repeat"), optional=("reminder_before",))
    limits: list[tuple[str, Limit, int]] = []

    def limit_of(written: Entry) -> Limit | None:
        limit = written.limit()
        if limit is not None:
            limits.append((written.key, limit, written.line))
        return limit

    share = _read_share(fields.get("reminder_before"))
    reminder = limit_of(fields["reminder_before"]) if "reminder_before" in fields and share is None else None
    rungs: list[Rung] = []
    for rung_entry in fields["rungs"].listed("层级") if "rungs" in fields else []:
        inner = rung_entry.fields(required=("level",), optional=("after",))
        level = _read_level(inner["level"], rungs, offices) if "level" in inner else None
        after = limit_of(inner["after"]) if "after" in inner else None
        if rungs and "after" not in inner:
            rung_entry.fault("缺少 after；除第一层外，各层都要写比下一层晚多久，如 after: 1 working_days")
        if level is not None:
            rungs.append(Rung(level, after))
    every: Limit | None = None
    at_most, thinning = None, 1
    if "repeat" in fields:
        repeat = fields["repeat"].fields(required=("every", "at_most"), optional=("thinning",))
        every = limit_of(repeat["every"]) if "every" in repeat else None
        at_most = repeat["at_most"].number(0, _MOST_REPEATS) if "at_most" in repeat else None
        thinning = (repeat["thinning"].number(1, _MOST_THINNING) if "thinning" in repeat else None) or 1
    if not rungs or every is None or at_most is None:
        return None
    if not _is_bounded(every, at_most, thinning):
        fields["repeat"].fault("重复通知的间隔最后超过十年；请把 at_most 或 thinning 写小")
        return None
    ladder = Ladder(key, reminder, tuple(rungs), every, at_most, thinning)
    return LadderEntry(ladder, entry, tuple(limits), share)


def _read_share(entry: Entry | None) -> tuple[int, int] | None:
    """A reminder written as "20%": per cent and line; None for a length of time. A wrong share is said, and is 1."""
    written = None if entry is None else entry.text()
    if entry is None or written is None or not written.endswith("%"):
        return None
    number = written[:-1].strip()
    if not number.isascii() or not number.isdigit() or not 0 < int(number) < 100:
        entry.fault(f"提前的比例“{written}”写法不对；请写时限的百分之几，如 20%，大于 0、小于 100")
        return 1, entry.line
    return int(number), entry.line


def _read_level(entry: Entry, below: list[Rung], offices: Mapping[str, Located]) -> Level | None:
    level = entry.word(Level)
    if level is None:
        return None
    if level is Level.REMINDER:
        entry.fault("提醒不是升级的层级；请用 reminder_before 写提前多久提醒")
        return None
    if below and level.height <= below[-1].level.height:
        entry.fault(f"层级须由低到高：“{level.label}”不能排在“{below[-1].level.label}”之后")
        return None
    if offices and level is not Level.OFFICE_HEAD:
        above = offices.get(level.value)
        if above is None:
            entry.fault(f"升级到“{level.label}”，但 offices.yaml 里没有 {level.value}；请补上，或删去这一层")
        elif not above.office.contacts:
            entry.fault(f"升级到“{level.label}”，但 offices.yaml 的 {level.value} 里没有人；请至少写一名人员")
    return level


def _is_bounded(every: Limit, at_most: int, thinning: int) -> bool:
    try:
        Limit.parse(f"{every.amount * thinning ** max(at_most - 1, 0)} {every.unit.value}")
    except ValueError:
        return False
    return True
