"""How a deadline is written for people: one way, for letters, pages, sheets, the command line and the Prefect UI.

The last day of a limit ends at 24:00 (《民法典》第二百零三条第二款), and the instant that ends it is 00:00 of the next
day. Written so, a deadline of the 8th would be read as one of the 9th; it is always written as 24:00 of the 8th.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rules.workdays import SHANGHAI

WEEKDAYS = "一二三四五六日"


def last_day_and_hour(at: datetime, *, tz: ZoneInfo = SHANGHAI) -> tuple[date, str]:
    """The local day to which a deadline belongs, and its hour on that day: midnight is 24:00 of the day that ends.

    Raises ValueError for an instant without a time zone.
    """
    if at.utcoffset() is None:
        raise ValueError(f"时间“{at.isoformat()}”没有时区")
    local = at.astimezone(tz)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return local.date() - timedelta(days=1), "24:00"
    return local.date(), f"{local:%H:%M}"


def deadline(at: datetime, *, weekday: str = "星期") -> str:
    """A deadline in full: 2026年6月12日（星期五）24:00. `weekday` is the word before the day's numeral."""
    day, hour = last_day_and_hour(at)
    return f"{day.year}年{day.month}月{day.day}日（{weekday}{WEEKDAYS[day.weekday()]}）{hour}"


def short_deadline(at: datetime, beside: datetime | None = None) -> str:
    """A deadline for a table: 06-12 24:00, with its year when that is not the year of `beside`, where one is given."""
    day, hour = last_day_and_hour(at)
    same_year = beside is None or day.year == beside.astimezone(SHANGHAI).year
    return f"{day:%m-%d} {hour}" if same_year else f"{day:%Y-%m-%d} {hour}"
