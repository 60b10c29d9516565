"""How long a protection order holds at most."""

from __future__ import annotations

from datetime import date

import pytest

from rules.protection_order import ORDER_AT_MOST


@pytest.mark.parametrize(
    ("since", "last"),
    [
        (date(2026, 3, 2), date(2026, 9, 2)),
        (date(2026, 8, 31), date(2027, 2, 28)),
    ],
)
def test_the_first_day_is_not_counted_and_a_month_ends_on_its_own_day(since: date, last: date) -> None:
    """民法典 201, 202; a day off moves nothing."""
    assert ORDER_AT_MOST.last_day(since) == last
