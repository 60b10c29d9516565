"""What may be printed of persons: the figures of cases and reports, and of places, small numbers withheld.

Which tables are about persons? Duties by office and by step are about offices: that is what 晋政发〔2017〕46号 七(一) wants
named, a step belongs to the whole county, and hiding an office's one late duty would hide whom the bulletin is for. They
are shown in full. Cases and reports are about children and reporters. Duties by township are about the offices too, but say
in which place children are looked after, who may be one or two: they are treated as persons are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from office.bulletin.figures import Cases, Figures
from office.bulletin.small_numbers import SMALLEST_SHOWN, Balance, Shown, shown

COUNTY = ""
"""Stands for the whole county where a township's key could stand."""
DUTIES = ("asked", "on_time", "late", "open", "overdue")
"""The figures of duties that are printed by township."""

Place = tuple[str, str]


@dataclass(frozen=True)
class Persons:
    """Printable figures. `cases` and `duties` by (township, figure), the county under ""; `grounds` by label, `reports` by
    the kind's key."""

    cases: Mapping[Place, Shown]
    grounds: Mapping[str, Shown]
    reports: Mapping[str, Shown]
    duties: Mapping[Place, Shown]


def persons(found: Figures, *, smallest: int = SMALLEST_SHOWN) -> Persons:
    """What may be printed of a month.

    How many cases were open at the month's start stands in the bulletin before, so that the reader has it; how many were
    opened again is printed nowhere, but is in the balance of the month.
    """
    places: dict[str, Cases] = {COUNTY: found.cases, **dict(sorted(found.cases_of.items()))}
    numbers: dict[Place, int] = {}
    balances: list[Balance[Place]] = []
    for place, cases in places.items():
        numbers |= {
            (place, "before"): cases.open_before, (place, "new"): cases.new, (place, "reopened"): cases.reopened,
            (place, "closed"): sum(cases.closed.values()), (place, "open"): cases.open_after,
        }  # fmt: skip
        came = ((place, "before"), (place, "new"), (place, "reopened"))
        balances.append(Balance(came, ((place, "closed"), (place, "open"))))
    townships = [place for place in places if place != COUNTY]
    for figure in ("before", "new", "reopened", "closed", "open"):
        balances.append(Balance(((COUNTY, figure),), tuple((place, figure) for place in townships)))
    grounds = {("ground", label): number for label, number in found.cases.closed.items()}
    balances.append(Balance(((COUNTY, "closed"),), tuple(grounds)))
    reports = {("report", kind): number for kind, number in found.reports.items()}
    total = {("reports", "all"): sum(found.reports.values())}
    balances.append(Balance((*total,), tuple(reports)))
    if total["reports", "all"] == found.cases.new:
        # Each report opens a case, as every reader knows.
        balances.append(Balance((*total,), ((COUNTY, "new"),)))
    numbers |= grounds | reports | total
    known = [key for key in numbers if key[1] == "before"]
    printed = shown(
        numbers, balances, known=known, unsaid=[key for key in numbers if key[1] == "reopened"], smallest=smallest
    )
    return Persons(
        cases={key: value for key, value in printed.items() if key in numbers and key[0] in places and key not in known},
        grounds={key[1]: printed[key] for key in grounds},
        reports={key[1]: printed[key] for key in reports} | {"": printed["reports", "all"]},
        duties=_duties(found, smallest),
    )


def _duties(found: Figures, smallest: int) -> Mapping[Place, Shown]:
    """The county's own row is printed in full with the offices', so that the reader has it."""
    tallies = {COUNTY: found.county, **dict(sorted(found.townships.items()))}
    numbers = {(place, figure): getattr(tally, figure) for place, tally in tallies.items() for figure in DUTIES}
    balances = [
        Balance(((COUNTY, figure),), tuple((place, figure) for place in found.townships)) for figure in DUTIES
    ]
    known = [key for key in numbers if key[0] == COUNTY]
    printed = shown(numbers, balances, known=known, smallest=smallest)
    return printed | {key: numbers[key] for key in known}
