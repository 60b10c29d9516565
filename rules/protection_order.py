"""How long a protection order holds at most. Times that end with a question to an office are the county's `opens_after`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from rules.limits import Limit, Provenance
from rules.workdays import Calendar, after, at_noon

_NO_CALENDAR = Calendar({}, {}, ())
"""Natural days, months and years ask nobody which days offices work."""


@dataclass(frozen=True, slots=True)
class LongestTime:
    """How long at most, how far the number was checked, and the clause; in natural days, months or years."""

    limit: Limit
    provenance: Provenance
    basis: str

    def last_day(self, since: date) -> date:
        """The last day of the time; the day on which it begins is not counted (民法典 201, 202)."""
        return after(at_noon(since), self.limit, _NO_CALENDAR).date()


def day_after(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)


ORDER_AT_MOST = LongestTime(Limit.parse("6 months"), Provenance.VERIFIED_FULL_TEXT, "反家庭暴力法第三十条")
"""B10: how long a protection order holds at most, and where the court names no day."""
