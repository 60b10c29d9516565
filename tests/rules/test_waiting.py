"""Waiting times of the law: when they have run out, and where their numbers come from."""

from __future__ import annotations

from datetime import date

import pytest

from rules import waiting
from rules.limits import Provenance, Unit
from rules.waiting import ORDER_AT_MOST, STILL_SEARCHED, UNCLAIMED, WaitingTime


@pytest.mark.parametrize(
    ("time", "since", "last"),
    [
        (UNCLAIMED, date(2026, 3, 2), date(2026, 4, 1)),
        (UNCLAIMED, date(2026, 9, 5), date(2026, 10, 5)),
        (STILL_SEARCHED, date(2026, 3, 2), date(2028, 3, 2)),
        (STILL_SEARCHED, date(2028, 2, 29), date(2030, 2, 28)),
        (ORDER_AT_MOST, date(2026, 3, 2), date(2026, 9, 2)),
        (ORDER_AT_MOST, date(2026, 8, 31), date(2027, 2, 28)),
    ],
)
def test_the_first_day_is_not_counted_and_a_month_ends_on_its_own_day(
    time: WaitingTime, since: date, last: date
) -> None:
    """民法典 201, 202; a day off moves no waiting time, and it is over on the day after."""
    assert time.last_day(since) == last
    assert time.over(since) == waiting.day_after(last)


def test_every_waiting_time_says_where_its_number_comes_from() -> None:
    """Natural days, months or years, with a clause; none of them is the county's own."""
    times = [value for value in vars(waiting).values() if isinstance(value, WaitingTime)]
    assert len(times) >= 3
    for time in times:
        assert time.basis
        assert time.limit.unit in (Unit.DAYS, Unit.MONTHS, Unit.YEARS)
        assert time.provenance is not Provenance.NO_STATUTORY_NUMBER
    excerpts = [time.basis for time in times if time.provenance is Provenance.PAGE_EXCERPT]
    assert excerpts == ["民发〔2015〕159号"]
