"""What may be printed of persons: the figures of cases and reports, and of places, small numbers withheld.

Which tables are about persons? Duties by office and by step are about offices: that is what 晋政发〔2017〕46号 七(一) wants
named, a step belongs to the whole county, and hiding an office's one late duty would hide whom the bulletin is for. They
are shown in full, a village committee's too: it is an office like any other, and is named as one. Cases and reports are about children and reporters. Duties by township are about the offices too, but say
in which place children are looked after, who may be one or two: they are treated as persons are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from office.bulletin.figures import Cases, Figures, Tally
from office.bulletin.small_numbers import SMALLEST_SHOWN, Balance, Shown, shown

COUNTY = ""
"""Stands for the whole county where a township's key could stand."""
DUTIES = ("asked", "on_time", "late", "open", "overdue")
"""The figures of duties that are printed by township."""

Place = tuple[str, str]
_NO_CASES = Cases(0, 0, 0, {}, 0)


@dataclass(frozen=True)
class Persons:
    """Printable figures. `cases` and `duties` by (township, figure), the county under ""; `grounds` by label, `reports` by
    the kind's key."""

    cases: Mapping[Place, Shown]
    grounds: Mapping[str, Shown]
    reports: Mapping[str, Shown]
    duties: Mapping[Place, Shown]


def persons(found: Figures, townships: Iterable[str], *, smallest: int = SMALLEST_SHOWN) -> Persons:
    """What may be printed of a month; `townships` are the county's own, which have a row even where nothing happened.

    How many cases were open at the month's start stands in the bulletin before, so that the reader has it; how many were
    opened again is printed nowhere, but is nearly always none, so that the reader is taken to know it too. What is not
    reckoned with: that the bulletin of the month after may tell a number withheld in this one, where a month in which
    nothing is small follows one in which something was.
    """
    names = list(dict.fromkeys((*townships, *sorted(found.cases_of), *sorted(found.townships))))
    places = {COUNTY: found.cases} | {name: found.cases_of.get(name, _NO_CASES) for name in names}
    numbers: dict[Place, int] = {}
    balances: list[Balance[Place]] = []
    for place, cases in places.items():
        numbers |= {
            (place, "before"): cases.open_before, (place, "new"): cases.new, (place, "reopened"): cases.reopened,
            (place, "closed"): sum(cases.closed.values()), (place, "open"): cases.open_after,
        }  # fmt: skip
        came = ((place, "before"), (place, "new"), (place, "reopened"))
        balances.append(Balance(came, ((place, "closed"), (place, "open"))))
    for figure in ("before", "new", "reopened", "closed", "open"):
        balances.append(Balance(((COUNTY, figure),), tuple((place, figure) for place in names)))
    grounds = {("ground", label): number for label, number in found.cases.closed.items()}
    balances.append(Balance(((COUNTY, "closed"),), tuple(grounds)))
    reports = {("report", kind): number for kind, number in found.reports.items()}
    total = {("reports", "all"): sum(found.reports.values())}
    balances.append(Balance(tuple(total), tuple(reports)))
    if total["reports", "all"] == found.cases.new:
        # Each report opens a case, as every reader knows.
        balances.append(Balance(tuple(total), ((COUNTY, "new"),)))
    numbers |= grounds | reports | total
    before = [key for key in numbers if key[1] == "before"]
    again = [key for key in numbers if key[1] == "reopened"]
    known = [key for key in before if not 0 < numbers[key] < smallest] + again
    printed = shown(numbers, balances, known=known, unsaid=again, smallest=smallest)
    return Persons(
        cases={
            key: value for key, value in printed.items() if key in numbers and key[0] in places and key not in before
        },
        grounds={key[1]: printed[key] for key in grounds},
        reports={key[1]: printed[key] for key in reports} | {"": printed["reports", "all"]},
        duties=_duties(found, names, smallest),
    )


def _duties(found: Figures, names: Sequence[str], smallest: int) -> Mapping[Place, Shown]:
    """The county's own row is printed in full with the offices', so that the reader has it."""
    tallies = {COUNTY: found.county} | {name: found.townships.get(name, Tally()) for name in names}
    numbers = {(place, figure): getattr(tally, figure) for place, tally in tallies.items() for figure in DUTIES}
    balances = [Balance(((COUNTY, figure),), tuple((place, figure) for place in names)) for figure in DUTIES]
    known = [key for key in numbers if key[0] == COUNTY]
    return shown(numbers, balances, known=known, smallest=smallest)
