"""When a grant is looked into again, and from which month it is paid."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.entitlements.ages import add_months
from rules.entitlements.parameters import Review
from rules.limits import Limit, Provenance
from rules.reviews import first_month_owed, next_review

DAYS = st.dates(date(2020, 1, 1), date(2060, 1, 1))


def review(every: str, unstable: str | None = None) -> Review:
    """An interval of a scheme."""
    shorter = None if unstable is None else Limit.parse(unstable)
    return Review(every=Limit.parse(every), unstable=shorter, provenance=Provenance.VERIFIED_FULL_TEXT, basis="某法")


@pytest.mark.parametrize(
    ("every", "unstable_every", "unstable", "since", "after", "day"),
    [
        ("12 months", "6 months", False, date(2026, 3, 2), date(2026, 3, 2), date(2027, 3, 2)),
        ("12 months", "6 months", True, date(2026, 3, 2), date(2026, 3, 2), date(2026, 9, 2)),
        ("1 years", None, True, date(2026, 3, 2), date(2026, 3, 2), date(2027, 3, 2)),
        ("12 months", None, False, date(2024, 2, 29), date(2024, 2, 29), date(2025, 2, 28)),
        ("6 months", None, False, date(2026, 8, 31), date(2026, 8, 31), date(2027, 2, 28)),
        # Answered late: the next one keeps its day, and what was missed is not made up for.
        ("12 months", None, False, date(2027, 3, 2), date(2027, 6, 1), date(2028, 3, 2)),
        ("12 months", None, False, date(2027, 3, 2), date(2029, 3, 2), date(2030, 3, 2)),
    ],
)
def test_reviews_keep_their_day(
    every: str, unstable_every: str | None, unstable: bool, since: date, after: date, day: date
) -> None:
    """最低生活保障审核确认办法 31: yearly, or half-yearly where income is unstable or somebody can work."""
    assert next_review(review(every, unstable_every), since, after=after, unstable=unstable) == day


def test_a_scheme_without_reviews_has_none() -> None:
    """教育救助 is decided each school year by the school."""
    assert next_review(None, date(2026, 3, 2), after=date(2026, 3, 2), unstable=True) is None


@given(DAYS, DAYS, st.integers(1, 24))
def test_the_next_review_is_the_first_after_the_day_and_on_the_grid(since: date, after: date, months: int) -> None:
    """Later than the day, and never a whole interval too late."""
    day = next_review(review(f"{months} months"), since, after=after, unstable=False)
    assert day is not None
    assert day > max(after, since)
    assert any(add_months(since, months * passed) == day for passed in range(1, 700))
    assert day == add_months(since, months) or day <= add_months(after, months + 1)


@pytest.mark.parametrize(
    ("decided", "month"),
    [(date(2026, 3, 31), (2026, 4)), (date(2026, 12, 1), (2027, 1)), (date(2028, 1, 31), (2028, 2))],
)
def test_payment_runs_from_the_month_after_the_decision(decided: date, month: tuple[int, int]) -> None:
    """最低生活保障审核确认办法 21, 特困人员认定办法 17: 下月起."""
    assert first_month_owed(decided) == month
