"""A deadline is written one way everywhere: midnight is 24:00 of the day that ends."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rules.wording import deadline, last_day_and_hour, short_deadline
from rules.workdays import SHANGHAI


def test_midnight_is_twenty_four_hours_of_the_day_that_ends() -> None:
    """The end of 31 December is not shown as New Year's Day, in whichever zone the instant is written."""
    midnight = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert last_day_and_hour(midnight) == (date(2026, 12, 31), "24:00")
    assert deadline(midnight) == "2026年12月31日（星期四）24:00"
    assert deadline(midnight, weekday="周") == "2026年12月31日（周四）24:00"
    assert short_deadline(midnight) == "12-31 24:00"


def test_any_other_instant_keeps_its_day_and_hour() -> None:
    """A deadline in hours is shown to the minute."""
    assert last_day_and_hour(datetime(2026, 3, 2, 0, 1, tzinfo=SHANGHAI)) == (date(2026, 3, 2), "00:01")
    assert deadline(datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI)) == "2026年3月2日（星期一）09:30"


def test_another_year_is_named_in_a_table() -> None:
    """The year of the deadline's own day counts: 24:00 of 31 December is still this year."""
    beside = datetime(2026, 12, 1, tzinfo=SHANGHAI)
    assert short_deadline(datetime(2027, 1, 1, tzinfo=SHANGHAI), beside) == "12-31 24:00"
    assert short_deadline(datetime(2027, 1, 2, tzinfo=SHANGHAI), beside) == "2027-01-01 24:00"


def test_an_instant_without_a_zone_is_refused() -> None:
    """Nobody guesses whose midnight it is."""
    with pytest.raises(ValueError, match="没有时区"):
        last_day_and_hour(datetime(2026, 3, 2))  # noqa: DTZ001 - that is what is refused
