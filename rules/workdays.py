"""Reckoning legal time limits: which days count, when a limit ends, and why, day by day.

The rules are 《民法典》第二百条至第二百零三条 (MFD 200-203):

- hours run from the moment they start, through nights and holidays (201 paragraph 2);
- days, months and years do not count the day they start on (201 paragraph 1);
- a month or year ends on the corresponding day, or on the month's last day where there is none (202);
- a last day that is a legal day off gives way to the day after the days off end (203 paragraph 1), which
  through 调休 may be a Saturday or a Sunday;
- the last day ends at 24:00 (203 paragraph 2). Its exception for offices that close earlier is not used:
  an answer can be given through the portal until midnight.

24:00 of a day is the instant 00:00 of the next day. All intervals are half-open.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypedDict
from zoneinfo import ZoneInfo

from rules.limits import Limit, Unit

SHANGHAI = ZoneInfo("Asia/Shanghai")

_NOON = time(12)
_ONE_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
_MIDNIGHT = time(0)
# No arrangement gives a year without a working day; a calendar that does is broken and must not hang a loop.
_MOST_DAYS_OFF = 366
_YEARS = range(1949, 2201)
_WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_SATURDAY = 5


class DayKind(StrEnum):
    """What a date is in the working calendar."""

    WORKING_DAY = "working_day"
    MAKE_UP_WORKING_DAY = "make_up_working_day"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class DayRule:
    """Whether a date counts as a working day, why (for officers, in Chinese), and what kind of day it is."""

    counts: bool
    why: str
    kind: DayKind


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When an office is open, local time: always, or on working days from `opens` until just before `closes`.

    `closes` at 00:00 means 24:00, so that nothing said means the whole of each working day. Raises ValueError where
    the office would close before it opens.
    """

    around_the_clock: bool = False
    opens: time = _MIDNIGHT
    closes: time = _MIDNIGHT

    def __post_init__(self) -> None:
        if not self.around_the_clock and self.closes != _MIDNIGHT and self.opens >= self.closes:
            raise ValueError(
                f"办公时间有误：开门 {self.opens:%H:%M} 须早于关门 {self.closes:%H:%M}（24:00 写作 00:00）"
            )


@dataclass(frozen=True)
class Calendar:
    """The working calendar: weekends, the State Council's yearly arrangement, and the county's changes to it.

    `days_off` and `working_days` map a date to the reason with its notice, in Chinese; `published_years` are the
    years whose arrangement (国务院办公厅关于部分节假日安排的通知) is known. Raises ValueError where a date is both
    off and working.

    For a year not published, weekends and the statutory days of fixed date are off (《全国年节及纪念日放假办法》
    第二条: 元旦, 劳动节 with 2 May since 2025, 国庆节); whatever depends on it is provisional. So are 29-31 December
    while the next year is unpublished, because the arrangement of 元旦 has moved those days in 2006, 2007, 2011
    and 2018.
    """

    days_off: Mapping[date, str]
    working_days: Mapping[date, str]
    published_years: Collection[int]
    _known: dict[date, DayRule] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        both = self.days_off.keys() & self.working_days.keys()
        if both:
            raise ValueError(f"日历有误：{min(both)} 既放假又上班")
        object.__setattr__(self, "days_off", MappingProxyType(dict(self.days_off)))
        object.__setattr__(self, "working_days", MappingProxyType(dict(self.working_days)))
        object.__setattr__(self, "published_years", frozenset(self.published_years))

    @property
    def last_published_year(self) -> int:
        """The latest year whose arrangement is known; 0 where none is."""
        return max(self.published_years, default=0)

    def is_published(self, year: int) -> bool:
        """Whether the year's arrangement is known."""
        return year in self.published_years

    def awaits_notice_of(self, day: date) -> int | None:
        """The year whose unpublished notice may still change `day`; None where the day is settled."""
        if day.year not in self.published_years:
            return day.year
        if (day.month, day.day) >= (12, 29) and day.year + 1 not in self.published_years:
            return day.year + 1
        return None

    def rule(self, day: date) -> DayRule:
        """What `day` is, and why."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self._find_rule(day)
        return known

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`, make-up working days included."""
        return self.rule(day).counts

    def nearest_working_day(self, day: date, step: timedelta = _ONE_DAY) -> date:
        """`day` itself if it is a working day, else the next one (or, with a `step` of minus one day, the one before).

        Raises ValueError where a whole year has none.
        """
        found = day
        for _ in range(_MOST_DAYS_OFF):
            if self.rule(found).counts:
                return found
            found += step
        raise ValueError(f"日历有误：{day} 起连续 {_MOST_DAYS_OFF} 天没有工作日")

    def next_opening(self, instant: datetime, hours: OfficeHours, *, tz: ZoneInfo = SHANGHAI) -> datetime:
        """The earliest instant, not before `instant`, within the office's hours, so that ordinary letters do not
        arrive at night. Raises ValueError for an instant without a time zone.
        """
        local = _local(instant, tz)
        if hours.around_the_clock:
            return local
        today = local.date()
        now = local.time()
        if self.is_working_day(today) and (hours.closes == _MIDNIGHT or now < hours.closes):
            return max(local, datetime.combine(today, hours.opens, tz))
        return datetime.combine(self.nearest_working_day(today + _ONE_DAY), hours.opens, tz)

    def _find_rule(self, day: date) -> DayRule:
        if day in self.working_days:
            return DayRule(counts=True, why=self.working_days[day], kind=DayKind.MAKE_UP_WORKING_DAY)
        if day in self.days_off:
            return DayRule(counts=False, why=self.days_off[day], kind=DayKind.HOLIDAY)
        festival = _fixed_statutory_day(day)
        if festival:
            return DayRule(counts=False, why=f"{festival}放假（全国年节及纪念日放假办法）", kind=DayKind.HOLIDAY)
        awaited = self.awaits_notice_of(day)
        doubt = f"（{awaited}年节假日安排通知尚未公布，暂按平常周次推算）" if awaited else ""
        if day.weekday() >= _SATURDAY:
            return DayRule(counts=False, why=f"{_WEEKDAYS[day.weekday()]}休息{doubt}", kind=DayKind.WEEKEND)
        return DayRule(counts=True, why=f"工作日{doubt}", kind=DayKind.WORKING_DAY)


class ReckonedDayRecord(TypedDict):
    """One line of a reckoning, as programs read it."""

    date: str
    counts: bool
    why: str


class ReckoningRecord(TypedDict):
    """A reckoning, as programs read it."""

    due: str
    due_date: str
    provisional: bool
    reckoning: list[ReckonedDayRecord]


@dataclass(frozen=True, slots=True)
class ReckonedDay:
    """One date in a reckoning: whether it counts towards the limit, and why."""

    date: date
    counts: bool
    why: str


@dataclass(frozen=True, slots=True)
class Reckoning:
    """When a limit ends, and how that was found.

    `due` is the first instant that is too late; `due_date` is the last local day that is still in time, so for a
    due of 24:00 on 8 October `due` is 9 October 00:00 and `due_date` is 8 October. `provisional` says that a notice
    not yet published may move it. For days and working days the number of `days` that count is the amount.
    """

    due: datetime
    due_date: date
    provisional: bool
    days: tuple[ReckonedDay, ...]

    def as_json(self) -> ReckoningRecord:
        """A plain dict: `due` in ISO 8601 with its offset, `due_date`, `provisional`, `reckoning`."""
        return {
            "due": self.due.isoformat(),
            "due_date": self.due_date.isoformat(),
            "provisional": self.provisional,
            "reckoning": [{"date": day.date.isoformat(), "counts": day.counts, "why": day.why} for day in self.days],
        }


def reckon(
    start: datetime, limit: Limit, calendar: Calendar, *, end_rolls: bool = True, tz: ZoneInfo = SHANGHAI
) -> Reckoning:
    """The end of `limit` counted from `start` (an aware instant), by MFD 200-203.

    `end_rolls=False` keeps a last day that is a day off: while a person is held the end does not move
    (《刑事诉讼法》第一百零五条). It touches natural days, months and years only; hours never move (《反家庭暴力法》
    第二十八条, 公通字〔2024〕34号第八条 except neither night nor holiday) and working days cannot end on a day off.

    Raises ValueError for a start without a time zone or outside the years 1949-2200.
    """
    local = _local(start, tz)
    if limit.unit in (Unit.MINUTES, Unit.HOURS):
        return _reckon_clock_time(local, limit, tz)
    first = ReckonedDay(local.date(), counts=False, why="起算当日不计入（民法典第二百零一条）")
    if limit.unit is Unit.WORKING_DAYS:
        counted = tuple(_working_days(local.date(), limit, calendar))
        provisional = any(calendar.awaits_notice_of(day.date) for day in counted)
    else:
        nominal = _last_day(local.date(), limit)
        counted = tuple(_natural_days(local.date(), nominal, calendar, end_rolls=end_rolls))
        ending = (day.date for day in counted if day.date >= nominal)
        provisional = end_rolls and any(calendar.awaits_notice_of(day) for day in ending)
    due_date = counted[-1].date
    return Reckoning(_close_of(due_date, tz), due_date, provisional, (first, *counted))


def at_noon(day: date) -> datetime:
    """An instant that stands for a day of which nobody asks the hour."""
    return datetime.combine(day, _NOON, SHANGHAI)


def before(due: datetime, limit: Limit, calendar: Calendar, *, tz: ZoneInfo = SHANGHAI) -> datetime:
    """The instant `limit` before `due`, for reminders: never after `due`, and counted in the limit's own unit.

    Hours and minutes are subtracted as they are. Other units count back whole days, months (to the corresponding
    day, else the month's last) or working days from the last day in time, and keep its hour: a due at 24:00 on a
    Monday gives, one working day before, 24:00 on Friday, when exactly one working day is left; a due at 15:00 on
    Monday gives Friday 15:00. Letters then wait for `Calendar.next_opening`.

    Raises ValueError for a due without a time zone.
    """
    return _shifted(due, limit, calendar, -1, tz)


def after(instant: datetime, limit: Limit, calendar: Calendar, *, tz: ZoneInfo = SHANGHAI) -> datetime:
    """The instant `limit` after `instant`, for the rungs of a ladder: the mirror of `before`, not a legal time limit.

    It keeps the hour, and a missed due of 24:00 on a Monday is followed, one working day after, by 24:00 on Tuesday;
    `reckon` would take that due for the first instant of Tuesday and not count Tuesday.

    Raises ValueError for an instant without a time zone.
    """
    return _shifted(instant, limit, calendar, 1, tz)


def _shifted(instant: datetime, limit: Limit, calendar: Calendar, direction: int, tz: ZoneInfo) -> datetime:
    local = _local(instant, tz)
    if limit.unit in (Unit.MINUTES, Unit.HOURS):
        return (local.astimezone(UTC) + direction * _duration(limit)).astimezone(tz)
    # 24:00 belongs to the day that ends.
    day = (local - _MOMENT).date()
    if limit.unit is Unit.WORKING_DAYS:
        step = direction * _ONE_DAY
        for _ in range(limit.amount):
            day = calendar.nearest_working_day(day + step, step)
    elif limit.unit is Unit.DAYS:
        day += direction * timedelta(days=limit.amount)
    else:
        day = _add_months(day, direction * _months(limit))
    if local.time() == _MIDNIGHT:
        return _close_of(day, tz)
    return datetime.combine(day, local.time(), tz)


def _reckon_clock_time(local: datetime, limit: Limit, tz: ZoneInfo) -> Reckoning:
    due = (local.astimezone(UTC) + _duration(limit)).astimezone(tz)
    due_date = (due - _MOMENT).date()
    began = f"{local:%H:%M}起算，连续计算，不扣除夜间和节假日（民法典第二百零一条）"
    # A due at 00:00 is read by people as 24:00 of the day that is ending.
    ended = f"{'24:00' if due.time() == _MIDNIGHT else due.strftime('%H:%M')}届满"
    days: tuple[ReckonedDay, ...] = (ReckonedDay(due_date, counts=True, why=f"{began}，{ended}"),)
    if due_date != local.date():
        days = (ReckonedDay(local.date(), counts=True, why=began), ReckonedDay(due_date, counts=True, why=ended))
    return Reckoning(due, due_date, provisional=False, days=days)


def _working_days(start: date, limit: Limit, calendar: Calendar) -> Iterator[ReckonedDay]:
    day = start
    for ordinal in range(1, limit.amount + 1):
        target = calendar.nearest_working_day(day + _ONE_DAY)
        for passed in _days_between(day + _ONE_DAY, target):
            yield ReckonedDay(passed, counts=False, why=calendar.rule(passed).why)
        yield ReckonedDay(target, counts=True, why=f"第{ordinal}个工作日：{calendar.rule(target).why}")
        day = target


def _natural_days(start: date, nominal: date, calendar: Calendar, *, end_rolls: bool) -> Iterator[ReckonedDay]:
    last = calendar.nearest_working_day(nominal) if end_rolls else nominal
    for ordinal, day in enumerate(_days_between(start + _ONE_DAY, nominal), start=1):
        rule = calendar.rule(day)
        why = f"第{ordinal}日" if rule.counts else f"第{ordinal}日：{rule.why}，自然日照常计入"
        yield ReckonedDay(day, counts=True, why=why)
    if last == nominal:
        rule = calendar.rule(nominal)
        end = f"{rule.why}，届满" if rule.counts else f"{rule.why}，按规定不顺延，届满"
        yield ReckonedDay(nominal, counts=True, why=f"第{(nominal - start).days}日：{end}")
        return
    for day in _days_between(nominal, last):
        yield ReckonedDay(day, counts=False, why=f"{calendar.rule(day).why}，期间最后一日顺延（民法典第二百零三条）")
    yield ReckonedDay(last, counts=True, why=f"{calendar.rule(last).why}，顺延至此日届满")


def _days_between(first: date, end: date) -> Iterator[date]:
    """The dates from `first` until just before `end`."""
    for number in range((end - first).days):
        yield first + timedelta(days=number)


def _last_day(start: date, limit: Limit) -> date:
    """The last day of a limit in days, months or years, before any day off moves it (MFD 201, 202)."""
    if limit.unit is Unit.DAYS:
        return start + timedelta(days=limit.amount)
    return _add_months(start, _months(limit))


def _months(limit: Limit) -> int:
    return limit.amount * 12 if limit.unit is Unit.YEARS else limit.amount


def _add_months(day: date, months: int) -> date:
    """The corresponding day, or the month's last day where there is none (MFD 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))


def _duration(limit: Limit) -> timedelta:
    return timedelta(hours=limit.amount) if limit.unit is Unit.HOURS else timedelta(minutes=limit.amount)


def _close_of(day: date, tz: ZoneInfo) -> datetime:
    """24:00 of `day`, which is 00:00 of the next."""
    return datetime.combine(day + _ONE_DAY, _MIDNIGHT, tz)


def _local(instant: datetime, tz: ZoneInfo) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"时间“{instant.isoformat()}”没有时区；请写明，如 2026-03-01T09:00:00+08:00")
    if instant.year not in _YEARS:
        raise ValueError(f"时间“{instant.isoformat()}”须在 {_YEARS[0]} 年至 {_YEARS[-1]} 年之间")
    return instant.astimezone(tz)


def _fixed_statutory_day(day: date) -> str | None:
    """The festival, where `day` is a statutory day off whose date needs no notice.

    《全国年节及纪念日放假办法》第二条; 2 May since the revision in force from 2025-01-01. 除夕, 春节, 清明节, 端午节
    and 中秋节 follow the moon or the sun and are left to the notice.
    """
    match (day.month, day.day):
        case (1, 1):
            return "元旦"
        case (5, 1):
            return "劳动节"
        case (5, 2) if day.year >= 2025:
            return "劳动节"
        case (10, 1 | 2 | 3):
            return "国庆节"
    return None
