"""Instants and spans as an officer reads them, in Beijing time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from office.timekeeping import COUNTY_ZONE
from rules import wording
from rules.wording import WEEKDAYS


def moment(instant: datetime) -> str:
    """An instant to the minute: 2026年3月2日（周一）08:30."""
    local = instant.astimezone(COUNTY_ZONE)
    return f"{local.year}年{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}"


def day(on: date) -> str:
    """A day: 2026年3月2日（周一）."""
    return f"{on.year}年{on.month}月{on.day}日（周{WEEKDAYS[on.weekday()]}）"


def deadline(instant: datetime) -> str:
    """A deadline the same way: the first instant of a day is 24:00 of the day that ends then."""
    return wording.deadline(instant, weekday="周")


def span(length: timedelta) -> str:
    """A span in its two largest units, cut and never rounded up: 3小时20分."""
    minutes = int(abs(length).total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{minutes}分" if minutes else f"{hours}小时"
    return f"{minutes}分钟" if minutes else "不到1分钟"


def remaining(until: datetime, now: datetime) -> str:
    """What is left of a limit, or by how much it is exceeded."""
    return f"还有{span(until - now)}" if until > now else f"已逾期{span(now - until)}"
