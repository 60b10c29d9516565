"""How a ladder is climbed: pure, by the instants of the rungs really reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.ladder import LONGEST_STRETCH, Climb, Clock, Ladder, Reached, Rung, next_climb, share_of
from rules.limits import Limit
from rules.vocabulary import Level
from rules.workdays import SHANGHAI, Calendar, OfficeHours

CALENDAR = Calendar({}, {}, {2026})
ASKED = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
DUE = datetime(2026, 3, 2, 11, 0, tzinfo=SHANGHAI)
HEAD, COORDINATOR, LEADER, MEETING = Level.OFFICE_HEAD, Level.COORDINATOR, Level.LEADER, Level.JOINT_MEETING


def limit(text: str) -> Limit:
    """“2 hours”."""
    return Limit.parse(text)


LADDER = Ladder(
    "example",
    limit("30 minutes"),
    (
        Rung(HEAD, None), Rung(COORDINATOR, limit("1 hours")), Rung(LEADER, limit("2 hours")),
        Rung(MEETING, limit("4 hours")),
    ),
    limit("4 hours"),
    3,
    2,
)  # fmt: skip


def climb(reached: list[Reached], ladder: Ladder = LADDER, **more: object) -> Climb | None:
    """The next climb of the example's answer clock."""
    terms: dict[str, object] = {"asked_at": ASKED, "deadline": DUE, "calendar": CALENDAR} | more
    return next_climb(Clock.ANSWER, ladder, reached, **terms)  # type: ignore[arg-type]


def walk(ladder: Ladder = LADDER, late: timedelta = timedelta(0), **more: object) -> list[Reached]:
    """The whole ladder, each rung reached `late` after it fell due."""
    reached: list[Reached] = []
    while (found := climb(reached, ladder, **more)) is not None:
        reached.append(Reached(found.level, found.repeat, found.at + late))
        assert len(reached) < 200
    return reached


def hours_after_due(reached: list[Reached]) -> list[float]:
    """When each rung was reached, in hours from the deadline."""
    return [(one.at - DUE).total_seconds() / 3600 for one in reached]


def test_every_level_comes_once_and_the_last_repeats_thinning_out() -> None:
    """Reminder before; head at the deadline; then as the county has written; the waits of the last rung double."""
    reached = walk()
    assert [(one.level, one.repeat) for one in reached] == [
        (Level.REMINDER, 0), (HEAD, 0), (COORDINATOR, 0), (LEADER, 0), (MEETING, 0), (MEETING, 1), (MEETING, 2), (MEETING, 3),
    ]  # fmt: skip
    assert hours_after_due(reached) == [-0.5, 0, 1, 3, 7, 11, 19, 35]


def test_a_rung_counts_from_the_rung_below_really_reached() -> None:
    """After an outage nobody is told of several levels at once: the next level gets its full time."""
    late = walk(late=timedelta(hours=10))
    assert hours_after_due(late)[1:4] == [10, 21, 33]


@pytest.mark.parametrize(
    ("asked", "now", "level"),
    [
        (ASKED, None, Level.REMINDER),
        (ASKED, DUE - timedelta(seconds=1), Level.REMINDER),
        (ASKED, DUE, HEAD),
        (DUE - timedelta(minutes=30), None, HEAD),
        (DUE - timedelta(minutes=10), None, HEAD),
        (DUE + timedelta(hours=1), None, HEAD),
    ],
    ids=[
        "in time",
        "a second before",
        "at the deadline",
        "asked at that instant",
        "asked later",
        "past due when asked",
    ],
)
def test_a_reminder_is_given_only_between_asking_and_deadline(
    asked: datetime, now: datetime | None, level: Level
) -> None:
    """Nobody is reminded of what is asked only now, or has run out already."""
    found = climb([], asked_at=asked, now=now)
    assert found is not None
    assert found.level is level


def test_a_reminder_is_given_once_and_not_after_a_higher_rung() -> None:
    """The head has been told: the office is not reminded afterwards."""
    for reached in ([Reached(Level.REMINDER, 0, ASKED)], [Reached(HEAD, 0, DUE)]):
        found = climb(reached)
        assert found is not None
        assert found.level in (HEAD, COORDINATOR)


def test_a_ladder_without_a_reminder_begins_at_the_deadline() -> None:
    """The coordinator's own ladder, for instance."""
    bare = Ladder("bare", None, LADDER.rungs, LADDER.repeat_every, 0)
    assert [one.level for one in walk(bare)] == [HEAD, COORDINATOR, LEADER, MEETING]


def test_a_deadline_put_off_holds_the_next_rung_back() -> None:
    """An extension granted after the head was told: the coordinator's hour begins at the new deadline."""
    new = DUE + timedelta(days=2)
    found = climb([Reached(HEAD, 0, DUE)], deadline=new)
    assert found == Climb(Clock.ANSWER, COORDINATOR, 0, new + timedelta(hours=1))


def test_ordinary_letters_wait_for_office_hours() -> None:
    """A rung that falls in the night or on a day off is reached the next morning; without hours it is reached then."""
    friday_evening = datetime(2026, 3, 6, 19, 0, tzinfo=SHANGHAI)
    hours = OfficeHours(opens=datetime(2026, 1, 1, 8, 30).time(), closes=datetime(2026, 1, 1, 18, 0).time())  # noqa: DTZ001
    waits = climb([], deadline=friday_evening, hours=hours, now=friday_evening)
    runs = climb([], deadline=friday_evening, now=friday_evening)
    assert waits is not None
    assert runs is not None
    assert waits.at == datetime(2026, 3, 9, 8, 30, tzinfo=SHANGHAI)
    assert runs.at == friday_evening


def test_the_order_of_the_rows_does_not_matter() -> None:
    """The records may be read in any order."""
    reached = walk()[:5]
    assert climb(list(reversed(reached))) == climb(reached)


@given(st.integers(1, 10), st.integers(0, 60), st.integers(1, 48))
def test_a_ladder_always_ends_goes_up_and_never_waits_longer_than_32_times(
    thinning: int, at_most: int, every: int
) -> None:
    """However many repeats a county writes: instants never go back, levels never go down, each comes once."""
    ladder = Ladder("any", None, LADDER.rungs, limit(f"{every} hours"), at_most, thinning)
    reached = walk(ladder)
    assert len(reached) == len(LADDER.rungs) + at_most
    assert len({(one.level, one.repeat) for one in reached}) == len(reached)
    assert [one.at for one in reached] == sorted(one.at for one in reached)
    assert [one.level.height for one in reached] == sorted(one.level.height for one in reached)
    repeats = [one.at for one in reached[len(LADDER.rungs) - 1 :]]
    assert all(b - a <= timedelta(hours=every * LONGEST_STRETCH) for a, b in pairwise(repeats))


def test_instants_are_the_same_in_any_zone() -> None:
    """The records give UTC; the climb is the same instant."""
    here, there = climb([]), climb([], asked_at=ASKED.astimezone(UTC), deadline=DUE.astimezone(UTC))
    assert here == there


@pytest.mark.parametrize(
    ("limit", "percent", "before"),
    [
        ("30 minutes", 20, "6 minutes"),
        ("24 hours", 25, "360 minutes"),
        ("7 days", 25, "42 hours"),
        ("10 working_days", 25, "2 working_days"),
        ("3 working_days", 10, "1 working_days"),
        ("6 months", 10, "18 days"),
        ("1 years", 10, "36 days"),
    ],
)
def test_a_share_of_a_limit_keeps_to_the_limits_own_calendar(limit: str, percent: int, before: str) -> None:
    """Hours and days run on in minutes and hours; working days stay whole working days."""
    assert share_of(Limit.parse(limit), percent) == Limit.parse(before)
