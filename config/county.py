"""A county: its offices, people, places, limits and ladders, loaded from a folder of YAML and checked as a whole.

Nothing of a county is law and nothing of it is in the code: another county is another folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from config.entitlements import load_entitlements
from config.faults import Fault
from config.ladders import read_ladders
from config.offices import OfficeEntry, Officer, Township, Village, read_offices, read_place
from config.steps import LimitTerms, StepTerms, Whole, read_steps
from config.workdays import load_calendar
from rules.entitlements.parameters import EntitlementParameters
from rules.limits import Limit
from rules.vocabulary import Level, Office
from rules.workdays import Calendar

__all__ = [
    "County",
    "CountyFault",
    "LimitTerms",
    "OfficeEntry",
    "Officer",
    "StepTerms",
    "Township",
    "Village",
    "Whole",
    "check_county",
    "county_warnings",
    "load_county",
]


class CountyFault(Exception):  # noqa: N818  the word officers and the other checks use
    """The county's folder has faults; `faults` lists every one."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


@dataclass(frozen=True)
class County:
    """One county's own facts. `code` opens its case numbers; every mapping is by key."""

    name: str
    code: str
    offices: Mapping[str, OfficeEntry]
    townships: Mapping[str, Township]
    calendar: Calendar
    entitlements: EntitlementParameters
    steps: Mapping[str, tuple[StepTerms, ...]]
    list_every: Limit
    """How often the joint meeting is given the list of steps whose ladders are used up (the county's own number)."""

    def terms(self, step_key: str, on: date) -> StepTerms:
        """The version of a step's terms in force on a day of the county's own calendar (Asia/Shanghai).

        Raises LookupError for an unknown step and for a day before its first version.
        """
        versions = self.steps.get(step_key)
        if versions is None:
            raise LookupError(f"没有名为“{step_key}”的事项")
        for version in reversed(versions):
            if version.effective_from <= on:
                return version
        raise LookupError(
            f"事项“{step_key}”在 {on} 还没有时限；{self.name}最早的版本自 {versions[0].effective_from} 起施行"
        )

    def office(self, key: str) -> OfficeEntry:
        """The office of that key. Raises LookupError where the county has none."""
        found = self.offices.get(key)
        if found is None:
            raise LookupError(f"{self.name}没有代号为“{key}”的单位")
        return found

    def officer(self, key: str) -> Officer | None:
        """The officer of that key, or None when nobody has it (any more)."""
        return next((one for office in self.offices.values() for one in office.officers if one.key == key), None)

    def name_of_office(self, key: str) -> str:
        """The office's name; its key when the county no longer has it."""
        office = self.offices.get(key)
        return key if office is None else office.name

    def name_of_officer(self, key: str) -> str:
        """The officer's name; the key when nobody has it (any more)."""
        officer = self.officer(key)
        return key if officer is None else officer.name

    def office_for(self, kind: Office, township: str, village: str) -> OfficeEntry:
        """The office of a kind for a case's place.

        A village not known, or no longer in the county's file, is its township's matter. Raises LookupError where
        the county has no such office or township.
        """
        if kind in (Office.TOWNSHIP, Office.VILLAGE_COMMITTEE):
            place = self.townships.get(township)
            if place is None:
                raise LookupError(f"{self.name}没有代号为“{township}”的乡镇；可写：{'、'.join(self.townships)}")
            committee = place.villages.get(village) if kind is Office.VILLAGE_COMMITTEE else None
            return self.office(committee.office if committee else place.office)
        for office in self.offices.values():
            if office.kind is kind:
                return office
        raise LookupError(f"{self.name}没有{kind.label}（kind: {kind.value}）")

    def officer_at_level(self, level: Level, office_key: str) -> tuple[Officer, ...]:
        """Who is told at a level of the ladder; where nobody is there, who is at the next level above.

        Empty only where nobody is left up to the joint meeting.
        """
        for rung in level.and_above:
            found = self._people_at(rung, office_key)
            if found:
                return found
        return ()

    def _people_at(self, level: Level, office_key: str) -> tuple[Officer, ...]:
        if level is Level.REMINDER:
            office = self.offices.get(office_key)
            return office.contacts if office else ()
        if level is Level.OFFICE_HEAD:
            office = self.offices.get(office_key)
            return tuple(one for one in office.officers if one.post == "head") if office else ()
        above = self.offices.get(level.value)
        return above.contacts if above else ()


def load_county(folder: Path) -> County:
    """The county of that folder. Raises CountyFault with every fault when there is one."""
    county, faults = _read(folder)
    if county is None or faults:
        raise CountyFault(faults)
    return county


def check_county(folder: Path) -> list[Fault]:
    """Every fault of a county's folder, by file and line; empty when it can be loaded."""
    return _read(folder)[1]


def county_warnings(folder: Path) -> list[Fault]:
    """What does not keep a county from being loaded but departs from the law's own numbers, by file and line.

    A limit longer than a verified one, and a number that claims a verified source which gives another.
    """
    warnings: list[Fault] = []
    _read(folder, warnings)
    return _in_order(warnings)


def _in_order(found: list[Fault]) -> list[Fault]:
    # A ladder shared by many steps, or an anchor used twice, must not report the same fault twice.
    return sorted(dict.fromkeys(found), key=lambda fault: (str(fault.file), fault.line))


def _read(folder: Path, warnings: list[Fault] | None = None) -> tuple[County | None, list[Fault]]:
    faults: list[Fault] = []
    warnings = [] if warnings is None else warnings
    if not folder.is_dir():
        return None, [Fault(folder, 1, "没有这个文件夹；请用 --county 指明本县的文件夹")]
    calendar = load_calendar(folder, faults)
    entitlements = load_entitlements(folder, faults, warnings, calendar)
    offices = read_offices(folder, _offices_of(entitlements), faults)
    place = read_place(folder, offices, faults)
    ladders = read_ladders(folder, offices, faults)
    steps = read_steps(folder, ladders, offices, calendar, faults, warnings)
    faults = _in_order(faults)
    if place is None or ladders is None or ladders.list_every is None:
        return None, faults
    county = County(
        name=place.name,
        code=place.code,
        offices=MappingProxyType({key: located.office for key, located in offices.items()}),
        townships=place.townships,
        calendar=calendar,
        entitlements=entitlements,
        steps=MappingProxyType(steps),
        list_every=ladders.list_every,
    )
    return county, faults


def _offices_of(entitlements: EntitlementParameters) -> Iterator[tuple[Office, str]]:
    """Every office that decides on an entitlement or has a stage of a scheme, with the name of it."""
    for rule in (*entitlements.rules.values(), *entitlements.by_hand.values()):
        for handling in rule.handling:
            for office in (handling.office, *handling.together_with):
                yield office, rule.name
    for scheme in entitlements.schemes.values():
        for version in scheme.versions:
            for stage in version.stages:
                yield stage.office, scheme.name
