"""From what the rules find to what is applied for: each office is asked once for what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from rules.entitlement_facts_form import EntitlementFacts, completed
from rules.entitlement_keys import EntitlementKey
from rules.entitlements import Decision, EntitlementParameters, ImpossibleFactsError, Outcome, decide, reaches_age
from rules.entitlements.labels import HUMAN_DECISION
from rules.entitlements.standing import DE_FACTO, ORPHAN_SCHEME

ONE_OF_EACH: tuple[frozenset[str], ...] = (
    frozenset((*ORPHAN_SCHEME, *DE_FACTO, "E08", "N6")),
    frozenset(("E10", "N11")),
)
"""Rules that give the same thing, or exclude each other: the first in the order of the document is applied for.

晋政发〔2017〕46号 三(一): 特困供养 is for the child outside the orphans' scheme; 特困人员认定办法 9 says so too.
"""


def to_apply_for(decision: Decision, by_hand: Iterable[EntitlementKey] = ()) -> tuple[str, ...]:
    """The ids to apply for: what the rules find, then what the township adds by hand, each once.

    N3-N5 say how something is paid or chosen, and are applied for by nobody.
    """
    keys: list[str] = []
    known = set(EntitlementKey)
    for finding in decision.entitled:
        group = next((group for group in ONE_OF_EACH if finding.id in group), frozenset())
        if finding.id in known and not group.intersection(keys):
            keys.append(finding.id)
    return tuple(dict.fromkeys((*keys, *(key.value for key in by_hand))))


def missing_of(decision: Decision) -> tuple[str, ...]:
    """The facts without which some rule cannot be decided; what only the county can recognise is not among them."""
    found = (path for finding in decision.cannot_say for path in finding.missing if path != HUMAN_DECISION)
    return tuple(dict.fromkeys(found))


def ages_to_come(decision: Decision, judge_on: Callable[[date], Decision | None]) -> tuple[tuple[str, date], ...]:
    """The near misses: what the child is too young for today and may be given on the day it comes of age for it.

    `judge_on` gives what the rules find for the same facts on another day. Whatever else refuses on that day too is no
    near miss; what is unknown refuses nothing.
    """
    found: list[tuple[str, date]] = []
    known = {key.value for key in EntitlementKey}
    for finding in (*decision.not_entitled, *decision.cannot_say):
        day = finding.comes_of_age_on
        if day is None or finding.id not in known:
            continue
        then = judge_on(day)
        if then is not None and then.finding(finding.id).outcome is not Outcome.NOT_ENTITLED:
            found.append((finding.id, day))
    return tuple(sorted(found, key=lambda one: one[1]))


FULL_AGE = 18
"""Years at which a child comes of age (民法典 17)."""


def comes_of_age(first: EntitlementFacts, more: EntitlementFacts | None, on: date) -> date | None:
    """The 18th birthday, when the birth is known and the day is still to come."""
    birth = more.birth if more is not None and more.birth is not None else first.birth
    day = None if birth is None else reaches_age(birth, FULL_AGE)
    return day if day is not None and day > on else None


def judged(
    first: EntitlementFacts, more: EntitlementFacts | None, on: date, parameters: EntitlementParameters
) -> Decision | None:
    """What the rules find for one or both forms on the day of the answer; None when they cannot all be true."""
    try:
        return decide((first if more is None else completed(first, more)).to_facts(), on, parameters)
    except (ImpossibleFactsError, ValueError):
        return None
