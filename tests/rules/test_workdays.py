"""Legal time limits end when the law says: dated cases that a jurist can read, and truths that hold for every date."""

from __future__ import annotations

import time as stopwatch
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

from rules.limits import Limit, LimitField, Provenance, Unit
from rules.workdays import SHANGHAI, Calendar, DayKind, OfficeHours, after, before, reckon

CASES = Path(__file__).parent / "workdays"


def _read(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = YAML(typ="safe").load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return rows


def _copied_from_the_notices() -> Calendar:
    """A calendar from the notices as copied by hand, so that no library can be wrong along with the test."""
    off: dict[date, str] = {}
    working: dict[date, str] = {}
    for year in _read("arrangements"):
        for festival, first, last in year["off"]:
            for number in range((last - first).days + 1):
                off[first + timedelta(days=number)] = f"{festival}放假（{year['notice']}）"
        working |= dict.fromkeys(year["working"], f"调休上班（{year['notice']}）")
    # Of 2018 only the last days are copied; no case reaches further back.
    return Calendar(off, working, range(2018, 2027))


CALENDAR = _copied_from_the_notices()


def _instant(written: str) -> datetime:
    instant = datetime.fromisoformat(written)
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)


def _label(case: dict[str, Any]) -> str:
    return " ".join(str(case[key]) for key in ("start", "due", "at", "limit") if key in case)


TABLE = [case for name in ("working_days", "natural_days", "months_and_years", "hours") for case in _read(name)]


@pytest.mark.parametrize("case", TABLE, ids=_label)
def test_a_limit_ends_on_the_day_the_notices_and_the_civil_code_give(case: dict[str, Any]) -> None:
    """Each dated case was worked out by hand from the State Council's notices."""
    found = reckon(_instant(case["start"]), Limit.parse(case["limit"]), CALENDAR, end_rolls=case.get("rolls", True))
    close_of_last_day = datetime.combine(case["last"] + timedelta(days=1), time(0), SHANGHAI)
    assert found.due_date == case["last"], case["because"]
    assert found.due == (_instant(case["due"]) if "due" in case else close_of_last_day), case["because"]
    assert found.provisional is case.get("provisional", False), case["because"]
    assert found.days[-1].date == found.due_date
    assert found.days[-1].counts


@pytest.mark.parametrize("case", _read("before_and_after"), ids=_label)
def test_reminders_and_rungs_are_counted_in_their_own_unit(case: dict[str, Any]) -> None:
    """A reminder before a deadline and a rung after it go through the calendar, not through midnight (F64)."""
    due, limit = _instant(case["due"]), Limit.parse(case["limit"])
    assert before(due, limit, CALENDAR) == _instant(case["before"]), case["because"]
    assert after(due, limit, CALENDAR) == _instant(case["after"]), case["because"]


@pytest.mark.parametrize("case", _read("openings"), ids=_label)
def test_ordinary_letters_wait_for_the_office_to_open(case: dict[str, Any]) -> None:
    """An opening is within half-open office hours on a working day (F65, F67)."""
    match case.get("hours", ["08:00", "18:00"]):
        case "always":
            hours = OfficeHours(around_the_clock=True)
        case [opens, closes]:
            hours = OfficeHours(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))
        case other:
            pytest.fail(f"hours {other}")
    assert CALENDAR.next_opening(_instant(case["at"]), hours) == _instant(case["opens"]), case["because"]


def test_every_day_of_a_reckoning_is_listed_with_its_reason() -> None:
    """The reckoning names the notice behind each day off and each make-up day (F66, F175)."""
    found = reckon(_instant("2026-02-13T10:00"), Limit(2, Unit.WORKING_DAYS), CALENDAR)
    assert found.as_json() == {
        "due": "2026-02-25T00:00:00+08:00",
        "due_date": "2026-02-24",
        "provisional": False,
        "reckoning": [
            {"date": "2026-02-13", "counts": False, "why": "起算当日不计入（民法典第二百零一条）"},
            {"date": "2026-02-14", "counts": True, "why": "第1个工作日：调休上班（国办发明电〔2025〕7号）"},
            *(
                {"date": f"2026-02-{day}", "counts": False, "why": "春节放假（国办发明电〔2025〕7号）"}
                for day in range(15, 24)
            ),
            {"date": "2026-02-24", "counts": True, "why": "第2个工作日：工作日"},
        ],
    }


def test_a_last_day_that_moves_says_which_days_off_moved_it() -> None:
    """The days passed over do not count, and say that the Civil Code's article 203 moved the end."""
    found = reckon(_instant("2026-03-05T10:00"), Limit(2, Unit.DAYS), CALENDAR)
    moved = [(day.date.day, day.why) for day in found.days if not day.counts][1:]
    assert moved == [
        (7, "周六休息，期间最后一日顺延（民法典第二百零三条）"),
        (8, "周日休息，期间最后一日顺延（民法典第二百零三条）"),
    ]


def test_hours_name_the_day_they_start_and_the_day_they_end() -> None:
    """An emergency clock explains that neither nights nor holidays are left out (F177)."""
    found = reckon(_instant("2026-09-30T18:00"), Limit(72, Unit.HOURS), CALENDAR)
    assert [day.date for day in found.days] == [date(2026, 9, 30), date(2026, 10, 3)]
    assert "不扣除夜间和节假日" in found.days[0].why


def test_a_calendar_knows_what_each_day_is() -> None:
    """Working day, make-up working day, weekend and holiday are told apart."""
    kinds = {date(2026, 2, 13): "working_day", date(2026, 2, 14): "make_up_working_day"}
    kinds |= {date(2026, 2, 17): "holiday", date(2026, 3, 7): "weekend"}
    assert {day: CALENDAR.rule(day).kind for day in kinds} == {day: DayKind(kind) for day, kind in kinds.items()}
    assert CALENDAR.last_published_year == 2026


def test_an_unpublished_year_is_said_to_be_unpublished() -> None:
    """A day of 2027 names the notice that is missing instead of failing (F77)."""
    assert CALENDAR.rule(date(2027, 3, 10)).why == "工作日（2027年节假日安排通知尚未公布，暂按平常周次推算）"
    assert not CALENDAR.rule(date(2027, 10, 1)).counts
    assert not CALENDAR.is_published(2027)


def test_may_second_is_statutory_only_since_2025() -> None:
    """The revision of the holiday rules took effect on 1 January 2025."""
    nothing_published = Calendar({}, {}, ())
    assert nothing_published.rule(date(2028, 5, 2)).kind is DayKind.HOLIDAY
    assert nothing_published.rule(date(2023, 5, 2)).kind is DayKind.WORKING_DAY
    assert nothing_published.last_published_year == 0


def test_a_day_cannot_be_both_off_and_working() -> None:
    """A calendar that contradicts itself is refused."""
    with pytest.raises(ValueError, match="既放假又上班"):
        Calendar({date(2026, 1, 1): "元旦"}, {date(2026, 1, 1): "上班"}, {2026})


def test_a_calendar_without_working_days_is_refused_not_searched_for_ever() -> None:
    """A broken calendar ends in one sentence."""
    off = {date(2026, 1, 1) + timedelta(days=number): "停工" for number in range(800)}
    with pytest.raises(ValueError, match="没有工作日"):
        reckon(_instant("2026-01-01T09:00"), Limit(1, Unit.WORKING_DAYS), Calendar(off, {}, {2026}))


@pytest.mark.parametrize("unit", Unit)
def test_an_instant_without_a_time_zone_is_refused(unit: Unit) -> None:
    """A naive time would mean another instant on another server (F71)."""
    naive = datetime(2026, 3, 1, 9)  # noqa: DTZ001 - the point of the test
    for attempt in (reckon, before, after):
        with pytest.raises(ValueError, match="没有时区"):
            attempt(naive, Limit(1, unit), CALENDAR)


def test_a_year_far_away_is_refused_in_one_sentence() -> None:
    """A slip in the year does not end in an overflow."""
    with pytest.raises(ValueError, match="须在 1949 年至 2200 年之间"):
        reckon(datetime(9999, 12, 31, tzinfo=UTC), Limit(10, Unit.YEARS), CALENDAR)


def test_an_office_cannot_close_before_it_opens() -> None:
    """Hours the wrong way round are refused."""
    with pytest.raises(ValueError, match="须早于关门"):
        OfficeHours(opens=time(18), closes=time(8))


def test_fifteen_working_days_are_reckoned_in_under_a_millisecond() -> None:
    """The clock reckons thousands of deadlines in a round."""
    start, limit = _instant("2025-09-25T10:00"), Limit(15, Unit.WORKING_DAYS)
    began = stopwatch.perf_counter()
    for _ in range(300):
        reckon(start, limit, CALENDAR)
    assert (stopwatch.perf_counter() - began) / 300 < 0.001


# Truths for every date. Starts run from before the first to well after the last published year.
instants = st.datetimes(datetime(2018, 6, 1), datetime(2030, 12, 31)).map(  # noqa: DTZ001 - zone follows
    lambda naive: naive.replace(tzinfo=SHANGHAI)
)
_most = {
    Unit.MINUTES: 10_000,
    Unit.HOURS: 500,
    Unit.DAYS: 200,
    Unit.WORKING_DAYS: 80,
    Unit.MONTHS: 30,
    Unit.YEARS: 3,
}
limits = st.sampled_from(Unit).flatmap(lambda unit: st.builds(Limit, st.integers(1, _most[unit]), st.just(unit)))
day_limits = limits.filter(lambda limit: limit.unit not in (Unit.MINUTES, Unit.HOURS))


@given(start=instants, limit=limits, rolls=st.booleans())
def test_a_limit_never_ends_before_it_starts(start: datetime, limit: Limit, *, rolls: bool) -> None:
    """Whatever the unit, the end lies after the start."""
    assert reckon(start, limit, CALENDAR, end_rolls=rolls).due > start


@given(one=instants, other=instants, limit=limits)
def test_a_later_start_never_ends_earlier(one: datetime, other: datetime, limit: Limit) -> None:
    """Reckoning keeps the order of starts."""
    earlier, later = sorted((one, other))
    assert reckon(earlier, limit, CALENDAR).due <= reckon(later, limit, CALENDAR).due


@given(start=instants, limit=limits)
def test_a_longer_limit_never_ends_earlier(start: datetime, limit: Limit) -> None:
    """Reckoning keeps the order of lengths."""
    longer = Limit(limit.amount + 1, limit.unit)
    assert reckon(start, limit, CALENDAR).due <= reckon(start, longer, CALENDAR).due


@given(start=instants, limit=day_limits)
def test_a_limit_in_days_never_ends_on_a_day_off(start: datetime, limit: Limit) -> None:
    """Working days end on one, and every other end rolls to one; it closes at 24:00."""
    found = reckon(start, limit, CALENDAR)
    assert CALENDAR.is_working_day(found.due_date)
    assert found.due == datetime.combine(found.due_date + timedelta(days=1), time(0), SHANGHAI)


@given(start=instants, limit=day_limits, rolls=st.booleans())
def test_a_reckoning_lists_each_day_once_without_gaps(start: datetime, limit: Limit, *, rolls: bool) -> None:
    """From the start day to the last, in order; as many count as the limit has days."""
    found = reckon(start, limit, CALENDAR, end_rolls=rolls)
    first = start.date()
    assert [day.date for day in found.days] == [first + timedelta(days=n) for n in range(len(found.days))]
    if limit.unit in (Unit.DAYS, Unit.WORKING_DAYS):
        assert sum(day.counts for day in found.days) == limit.amount


@given(start=instants, limit=limits)
def test_only_a_notice_not_yet_published_makes_a_deadline_provisional(start: datetime, limit: Limit) -> None:
    """With every year published nothing is provisional; what is not provisional now does not move then."""
    now = reckon(start, limit, CALENDAR)
    later = reckon(start, limit, Calendar(CALENDAR.days_off, CALENDAR.working_days, range(2018, 2040)))
    assert not later.provisional
    assert now.due == later.due


@given(due=instants, limit=limits)
def test_a_reminder_is_never_after_the_deadline_nor_a_rung_before_it(due: datetime, limit: Limit) -> None:
    """`before` and `after` keep their promise in every unit, at midnight too."""
    for instant in (due, due.replace(hour=0, minute=0, second=0, microsecond=0)):
        assert before(instant, limit, CALENDAR) < instant < after(instant, limit, CALENDAR)


@given(instant=instants)
def test_an_opening_is_never_earlier_and_always_on_a_working_day(instant: datetime) -> None:
    """Letters wait, they are never dated back."""
    opening = CALENDAR.next_opening(instant, OfficeHours(opens=time(8), closes=time(18)))
    assert opening >= instant
    assert CALENDAR.is_working_day(opening.date())
    assert time(8) <= opening.time() < time(18)


@given(start=instants, limit=limits, zone=st.sampled_from(["UTC", "America/New_York", "Pacific/Auckland"]))
def test_the_servers_time_zone_moves_no_deadline(start: datetime, limit: Limit, zone: str) -> None:
    """The same instant written in another zone gives the same reckoning (F71, F82)."""
    assert reckon(start.astimezone(ZoneInfo(zone)), limit, CALENDAR) == reckon(start, limit, CALENDAR)


@given(limit=limits)
def test_a_limit_reads_back_as_it_was_written(limit: Limit) -> None:
    """The text form is exact in both directions."""
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("30 minutes", "30分钟"),
        ("72 hours", "72小时"),
        ("7 days", "7日（自然日）"),
        ("15 working_days", "15个工作日"),
        ("6 months", "6个月"),
        ("1 years", "1年"),
    ],
)
def test_officers_read_a_limit_in_chinese(text: str, label: str) -> None:
    """Natural days say so, so that nobody takes them for working days."""
    assert Limit.parse(text).label == label


@pytest.mark.parametrize("text", ["0 days", "-3 days"])
def test_a_limit_of_nothing_is_refused(text: str) -> None:
    """Zero and negative amounts are no limits."""
    with pytest.raises(ValueError, match="须为大于零的整数"):
        Limit.parse(text)


@pytest.mark.parametrize("text", ["15", "days", "", "15 day", "1.5 days", "15 weeks", "十五 days", "15 days 2 hours"])
def test_a_badly_written_limit_is_told_which_units_exist(text: str) -> None:
    """One sentence names the text and every unit allowed."""
    with pytest.raises(ValueError, match="minutes、hours、days、working_days、months、years") as refusal:
        Limit.parse(text)
    assert text in str(refusal.value)


@pytest.mark.parametrize("text", ["11 years", "15000 days", "9" * 5000 + " hours"])
def test_a_limit_longer_than_ten_years_is_taken_for_a_slip(text: str) -> None:
    """A number with too many zeros is caught where it is written."""
    with pytest.raises(ValueError, match="超过十年"):
        Limit.parse(text)


def test_a_limit_is_a_field_of_a_model() -> None:
    """Pydantic reads the text, writes the text, and refuses anything else in Chinese."""

    class Step(BaseModel):
        limit: LimitField

    step = Step.model_validate({"limit": "15 working_days"})
    assert step.limit == Limit(15, Unit.WORKING_DAYS)
    assert step.model_dump_json() == '{"limit":"15 working_days"}'
    assert Step(limit=step.limit) == step
    for wrong in (15, None, {"amount": 15, "unit": "days"}, "15 weeks"):
        with pytest.raises(ValidationError, match="可用的单位"):
            Step.model_validate({"limit": wrong})


def test_each_provenance_has_its_code_and_its_chinese() -> None:
    """The six codes are those of the legal basis."""
    assert [str(mark) for mark in Provenance] == [
        "verified_full_text",
        "verified_provincial",
        "local_example",
        "page_excerpt",
        "memory_unverified",
        "no_statutory_number",
    ]
    assert all(mark.label for mark in Provenance)
