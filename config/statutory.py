"""Where a county's number departs from the law's own: a warning, because a county may know a text that we do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from config.faults import Fault
from config.reading import Entry
from rules.limits import Limit, Provenance
from rules.statutes import OPENINGS, VERIFIED, StatutoryLimit, first_longer, in_force
from rules.steps import Step
from rules.wording import short_deadline
from rules.workdays import Calendar


@dataclass(frozen=True)
class AnswerVersion:
    """One version of a step's limit for the answer, or of its waiting time, as the county writes it, and where it is written."""

    since: date
    limit: Limit
    provenance: Provenance
    end_rolls: bool
    entry: Entry


def statutory_warnings(step: Step[Any], versions: Sequence[AnswerVersion], calendar: Calendar) -> Iterator[Fault]:
    """A warning for each version that is longer than the law, or calls a number verified that is not the law's.

    A version is compared with the law in force while it runs: until the next version begins.
    """
    for number, version in enumerate(versions):
        until = versions[number + 1].since if number + 1 < len(versions) else None
        statutes = list(in_force(step.key, version.since, until))
        reasons = [_longer(step, version, statute, calendar) for statute in statutes]
        reasons.append(_claimed(step, version, statutes))
        for reason in filter(None, reasons):
            yield Fault(version.entry.path, version.entry.line, reason)


def opening_warnings(step: Step[Any], opening: AnswerVersion, calendar: Calendar) -> Iterator[Fault]:
    """A warning for a waiting time that ends before the law's own, or calls a number verified that is not the law's."""
    statute = OPENINGS.get(step.key)
    if statute is None:
        return
    ours = StatutoryLimit(
        opening.limit, opening.provenance, "", opening.since, opening.provenance, end_rolls=opening.end_rolls
    )
    year = calendar.last_published_year or opening.since.year
    if first_longer(statute.limit, ours, calendar, end_rolls=statute.end_rolls, year=year) is not None:
        reason = f"“{step.label}”在 {opening.limit} 以后就交办，法定须满 {statute.limit}（{statute.basis}）；请改长，或者核对依据"
        yield Fault(opening.entry.path, opening.entry.line, reason)
    elif opening.provenance in VERIFIED and opening.limit != statute.limit:
        reason = (
            f"“{step.label}”的 opens_after {opening.limit} 标明 {opening.provenance.value}，但核对过的条文不是这个数"
            f"（{statute.basis}为 {statute.limit}）；县里自定的请标 {Provenance.NO_STATUTORY_NUMBER.value}"
        )
        yield Fault(opening.entry.path, opening.entry.line, reason)


def _longer(step: Step[Any], version: AnswerVersion, statute: StatutoryLimit, calendar: Calendar) -> str:
    # The latest year whose holidays are known is the county's next use of its number, or the closest to it.
    year = calendar.last_published_year or version.since.year
    found = first_longer(version.limit, statute, calendar, end_rolls=version.end_rolls, year=year)
    if found is None:
        return ""
    rolls = "（遇节假日顺延）" if version.end_rolls and not statute.end_rolls else ""
    return (
        f"“{step.label}”的办理时限 {version.limit}{rolls} 比法定的 {statute.limit} 长（{statute.basis}）："
        f"自 {found.start:%Y-%m-%d %H:%M} 起算，县里到 {short_deadline(found.county)}，法定到 "
        f"{short_deadline(found.statute)}；请改短，或者核对依据"
    )


def _claimed(step: Step[Any], version: AnswerVersion, statutes: Sequence[StatutoryLimit]) -> str:
    """A county may set a shorter number of its own, but then the number is not the text's."""
    if version.provenance not in VERIFIED or not statutes:
        return ""
    if any(version.limit == statute.limit for statute in statutes):
        return ""
    texts = "；".join(f"{statute.basis}为 {statute.limit}" for statute in statutes)
    return (
        f"“{step.label}”的办理时限 {version.limit} 标明 {version.provenance.value}（{version.provenance.label}），"
        f"但核对过的条文不是这个数（{texts}）；县里自定的请标 {Provenance.NO_STATUTORY_NUMBER.value}"
    )
