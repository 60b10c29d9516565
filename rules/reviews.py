"""When it is next looked into whether a grant goes on (legal-basis 1F; 最低生活保障审核确认办法 31)."""

from __future__ import annotations

from datetime import date

from rules.entitlements.ages import add_months
from rules.entitlements.parameters import Review
from rules.limits import Limit, Unit

UNITS = (Unit.MONTHS, Unit.YEARS)
"""What an interval between reviews may be written in."""


def months_between(interval: Limit) -> int:
    """The interval in months. Raises ValueError for a unit that has no matching day."""
    if interval.unit not in UNITS:
        raise ValueError(f"复核间隔“{interval}”应以月或年计")
    return interval.amount * (12 if interval.unit is Unit.YEARS else 1)


def next_review(review: Review | None, since: date, *, after: date, unstable: bool) -> date | None:
    """The first review day later than `after`, reckoned in whole intervals from `since`; None without reviews.

    A review that was answered late moves none of the later ones, and one that is missed is not made up for.
    """
    if review is None:
        return None
    months = months_between(review.unstable if unstable and review.unstable is not None else review.every)
    passed = 1
    while add_months(since, passed * months) <= after:
        passed += 1
    return add_months(since, passed * months)


def first_month_owed(decided: date) -> tuple[int, int]:
    """Year and month from which is paid: the month after the decision (最低生活保障审核确认办法 21; 特困人员认定办法 17)."""
    first = add_months(decided.replace(day=1), 1)
    return first.year, first.month
