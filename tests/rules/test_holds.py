"""What a hold adds to a deadline: what was left is left afterwards, in the clock's own unit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.county import County
from rules.holds import Hold, HoldReason, put_off, running, why_not
from rules.limits import Limit, Provenance
from rules.workdays import SHANGHAI, reckon


def at(written: str) -> datetime:
    """An instant in the county's time."""
    return datetime.fromisoformat(written).replace(tzinfo=SHANGHAI)


def hold(since: str, until: str) -> Hold:
    """A hold."""
    return Hold(at(since), at(until), HoldReason.OTHER_COUNTY)


CASES = [
    # A clock of hours stands still by the minute.
    ("24 hours", "2026-03-02T09:00", "2026-03-02T17:00", "2026-03-03T09:00", "2026-03-04T01:00"),
    ("90 minutes", "2026-03-02T09:00", "2026-03-02T09:30", "2026-03-02T09:45", "2026-03-02T10:45"),
    # From five in the evening to nine in the morning nothing is added to a clock of working days (field report F72).
    ("5 working_days", "2026-03-02T09:00", "2026-03-03T17:00", "2026-03-04T09:00", "2026-03-10T00:00"),
    # Tuesday 10:00 to the end of Thursday: Wednesday and Thursday are whole days; Monday's five become seven.
    ("5 working_days", "2026-03-02T09:00", "2026-03-03T10:00", "2026-03-06T00:00", "2026-03-12T00:00"),
    # Over a week-end no working day stands still.
    ("5 working_days", "2026-03-02T09:00", "2026-03-06T18:00", "2026-03-09T00:00", "2026-03-10T00:00"),
    # Resumed in the middle of a Saturday: the same.
    ("5 working_days", "2026-03-02T09:00", "2026-03-06T18:00", "2026-03-07T12:00", "2026-03-10T00:00"),
    # Over the holiday of 清明 (4 to 6 April 2026; the 6th is a Monday): only Tuesday the 7th is added.
    ("5 working_days", "2026-04-01T09:00", "2026-04-03T18:00", "2026-04-08T00:00", "2026-04-11T00:00"),
    # Natural days: ten whole days make 1 April the 11th, a Saturday, which rolls to Monday the 13th.
    ("30 days", "2026-03-02T09:00", "2026-03-10T00:00", "2026-03-20T00:00", "2026-04-14T00:00"),
    # Twelve whole days: the 13th itself.
    ("30 days", "2026-03-02T09:00", "2026-03-10T00:00", "2026-03-22T00:00", "2026-04-14T00:00"),
    # Natural days whose new end falls on a Saturday: it rolls to Monday.
    ("7 days", "2026-03-02T09:00", "2026-03-04T00:00", "2026-03-09T00:00", "2026-03-17T00:00"),
    # A hold that begins after the deadline adds nothing: a breach once made stays.
    ("5 working_days", "2026-03-02T09:00", "2026-03-10T09:00", "2026-03-20T00:00", "2026-03-10T00:00"),
    # A hold ended at once adds nothing.
    ("24 hours", "2026-03-02T09:00", "2026-03-02T17:00", "2026-03-02T17:00", "2026-03-03T09:00"),
]


@pytest.mark.parametrize(("limit", "asked", "since", "until", "due"), CASES)
def test_what_was_left_is_left_afterwards(
    county: County, limit: str, asked: str, since: str, until: str, due: str
) -> None:
    """Asked at the first instant, held between the next two, due at the last."""
    terms = Limit.parse(limit)
    before = reckon(at(asked), terms, county.calendar).due
    found = put_off(before, hold(since, until), terms, county.calendar)
    assert (before if found is None else found.due) == at(due)


@given(
    start=st.integers(0, 60 * 24 * 20), length=st.integers(0, 60 * 24 * 40),
    limit=st.sampled_from(["24 hours", "5 working_days", "30 days", "2 months"]),
)  # fmt: skip
def test_a_hold_never_brings_a_deadline_nearer(county: County, start: int, length: int, limit: str) -> None:
    """Whatever is held for how long, in whichever unit."""
    terms = Limit.parse(limit)
    asked = at("2026-03-02T09:00")
    before = reckon(asked, terms, county.calendar).due
    since = asked + timedelta(minutes=start)
    found = put_off(before, Hold(since, since + timedelta(minutes=length), HoldReason.PAPERS), terms, county.calendar)
    assert found is None or found.due >= before


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, ""),
        ({"urgent": True}, "紧急事项不能暂停计时。"),
        ({"coordinates": True}, "协调事项不能暂停计时"),
        ({"provenance": Provenance.VERIFIED_FULL_TEXT}, "法规政策规定的"),
        ({"in_custody": True}, "正在看护、羁押之中"),
        ({"acknowledged": False}, "尚未签收"),
        ({"overdue": True}, "已经逾期"),
    ],
)
def test_only_an_ordinary_step_with_the_countys_own_limit_may_be_held(more: dict[str, object], says: str) -> None:
    """An emergency never, a statutory number never, never after the deadline."""
    plain: dict[str, object] = {
        "urgent": False, "coordinates": False, "provenance": Provenance.NO_STATUTORY_NUMBER, "acknowledged": True,
        "overdue": False, "in_custody": False,
    }  # fmt: skip
    found = why_not(**(plain | more))  # type: ignore[arg-type]
    assert says in found
    assert bool(found) == bool(says)


def test_a_hold_runs_from_its_beginning_until_just_before_its_end() -> None:
    """And comes back from the records as it was."""
    one = hold("2026-03-02T09:00", "2026-03-04T00:00")
    assert Hold.from_json(one.as_json()) == one
    assert running([one], at("2026-03-02T09:00")) == one
    assert running([one], at("2026-03-04T00:00")) is None
