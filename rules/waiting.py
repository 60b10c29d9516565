"""Waiting times of the law: nobody is asked meanwhile, and something follows when they have run out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from rules.limits import Limit, Provenance
from rules.workdays import Calendar, after, at_noon

_NO_CALENDAR = Calendar({}, {}, ())
"""Natural days, months and years ask nobody which days offices work."""


@dataclass(frozen=True, slots=True)
class WaitingTime:
    """How long, how far the number was checked, and the clause; in natural days, months or years."""

    limit: Limit
    provenance: Provenance
    basis: str

    def last_day(self, since: date) -> date:
        """The last day of the time; the day on which it begins is not counted (民法典 201, 202)."""
        return after(at_noon(since), self.limit, _NO_CALENDAR).date()

    def over(self, since: date) -> date:
        """The first day after the time has run out."""
        return day_after(self.last_day(since))


def day_after(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)


UNCLAIMED = WaitingTime(Limit.parse("30 days"), Provenance.PAGE_EXCERPT, "民发〔2015〕159号")
"""B4h: how long the notice of a rescued child stands before the child is moved to the welfare institution."""

STILL_SEARCHED = WaitingTime(Limit.parse("2 years"), Provenance.VERIFIED_FULL_TEXT, "国办发〔2011〕39号三(三)")
"""B4l: how long the family of a street child is searched for before the household is registered."""

ORDER_AT_MOST = WaitingTime(Limit.parse("6 months"), Provenance.VERIFIED_FULL_TEXT, "反家庭暴力法第三十条")
"""B10: how long a protection order holds at most, and where the court names no day."""
