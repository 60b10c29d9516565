"""Full years and full months, to the day: the one place where a birthday is reckoned.

Choices, where no text in the legal basis decides:

* A child is N 周岁 from the birthday itself. "未满18周岁" is before the 18th birthday (legal-basis, section 2).
* Born on 29 February, a child comes of age in a common year on 28 February, the month's last day, as 《民法典》
  第二百零二条 says for a period that has no matching day.
* A span "六个月以上" or "三年以上" is full on the matching day, which favours the child; 以上 includes the number
  itself (《民法典》第一千二百五十九条).
"""

from __future__ import annotations

import calendar
from datetime import date


def add_months(day: date, months: int) -> date:
    """The matching day `months` later, or that month's last day where there is none (《民法典》第二百零二条).

    Raises OverflowError beyond the year 9999.
    """
    year, month_index = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise OverflowError(f"{day.isoformat()} + {months}个月超出可表示的日期")
    month = month_index + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def reaches_age(birth: date, years: int) -> date:
    """The day from which someone born on `birth` is `years` full years old: the birthday itself."""
    return add_months(birth, years * 12)


def age_on(birth: date, day: date) -> int:
    """Full years (周岁) on `day`; negative before birth."""
    years = day.year - birth.year
    return years if day >= reaches_age(birth, years) else years - 1
