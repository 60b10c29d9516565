"""What a child has been granted and what is being decided, read from what the offices said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.standing import TOLD_BY, Said, standing
from rules.workdays import SHANGHAI

START = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


def at(day: int) -> datetime:
    """So many days after the start."""
    return START + timedelta(days=day)


def decided(subject: str, day: int, *, granted: bool, proceeding: int = 1) -> Said:
    """A decision asked on a day and given on the next."""
    return Said(proceeding, "scheme_decision", subject, at(day), at(day + 1), {"granted": granted})


def test_a_grant_goes_on_until_it_is_ended_and_a_refusal_is_nothing() -> None:
    """民发〔2019〕62号 二(四): 及时终止. A later grant of the same begins anew."""
    said = [decided("E09", 0, granted=True), decided("E19", 0, granted=False)]
    assert standing(said, 1).granted == ("E09",)
    said.append(Said(1, "end_entitlement", "E09@f1", at(400)))
    assert standing(said, 1).granted == ()
    assert standing(said, 1, at(399)).granted == ("E09",)
    said.append(decided("E09@2", 410, granted=True))
    assert standing(said, 1).granted == ("E09",)


def test_what_is_being_decided_is_taken_up_and_what_another_proceeding_left_is_not() -> None:
    """An application is under way from its first check to its decision; a proceeding that has closed follows none."""
    check = Said(1, "scheme_check", "E08/1", at(0), at(1), {"meets": True}, closed_at=at(2))
    said = [check, Said(1, "public_notice", "E08", at(1), closed_at=at(2))]
    assert standing(said, 1).taken_up == ("E08",)
    assert standing(said, 2).taken_up == ()


def test_what_another_proceeding_still_decides_is_taken_up_until_that_closes() -> None:
    """An assessment that has taken its leave finishes what its file brought up: the next one does not apply for it too."""
    open_one = Said(1, "scheme_decision", "E08", at(0))
    assert standing([open_one], 2).taken_up == ("E08",)
    closed = Said(1, "scheme_decision", "E08", at(0), closed_at=at(5))
    assert standing([closed], 2).taken_up == ()
    assert standing([closed], 2, at(4)).taken_up == ("E08",)
    assert standing([closed], 2, at(5)).taken_up == ()


def test_whoever_looks_does_not_see_what_it_asked_for_because_of_that_instant() -> None:
    """The same attempt made again finds the same, although its own application stands in the records by then."""
    own = Said(1, "scheme_decision", "E17@f1", at(0))
    assert standing([own], 1, at(0), besides="f1").taken_up == ()
    assert standing([own], 1, at(0), besides="f2").taken_up == ("E17",)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2), st.sampled_from(TOLD_BY), st.sampled_from(["E08", "E09@1", "E09/1", "E08~2", "zz"]),
            st.integers(0, 20), st.none() | st.integers(0, 20), st.booleans(),
        )
    ),
    st.integers(0, 20),
    st.dictionaries(st.integers(1, 2), st.integers(0, 40)),
)  # fmt: skip
def test_the_past_never_changes(
    rows: list[tuple[int, str, str, int, int | None, bool]], day: int, closings: dict[int, int]
) -> None:
    """What comes later, asked, answered or closed, changes nothing of how things stood."""
    closed = {number: at(day) for number, day in closings.items()}
    said = [
        Said(
            number, step, subject, at(asked), None if after is None else at(asked + after), {"granted": granted},
            closed.get(number),
        )
        for number, step, subject, asked, after, granted in sorted(rows, key=lambda row: row[3])
    ]  # fmt: skip
    known = [
        replace(
            one,
            answered_at=None if late(one.answered_at, day) else one.answered_at,
            payload=None if late(one.answered_at, day) else one.payload,
            closed_at=None if late(one.closed_at, day) else one.closed_at,
        )
        for one in said
        if one.asked_at <= at(day)
    ]
    assert standing(said, 1, at(day)) == standing(known, 1, at(day))


def late(instant: datetime | None, day: int) -> bool:
    """Whether something came about only after that day."""
    return instant is not None and instant > at(day)
