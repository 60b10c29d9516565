"""What a child has been granted and what is being decided, read from what the offices said."""

from __future__ import annotations

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
    """An application is under way from its first check to its decision, in the proceeding that follows it."""
    said = [Said(1, "scheme_check", "E08/1", at(0), at(1), {"meets": True}), Said(1, "public_notice", "E08", at(1))]
    assert standing(said, 1).taken_up == ("E08",)
    assert standing(said, 2).taken_up == ()
    assert standing([*said, Said(2, "scheme_decision", "1/E08", at(2))], 2).taken_up == ()


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
)  # fmt: skip
def test_the_past_never_changes(rows: list[tuple[int, str, str, int, int | None, bool]], day: int) -> None:
    """What comes later, asked or answered, changes nothing of how things stood."""
    said = [
        Said(number, step, subject, at(asked), None if after is None else at(asked + after), {"granted": granted})
        for number, step, subject, asked, after, granted in sorted(rows, key=lambda row: row[3])
    ]
    known = [
        Said(one.proceeding, one.step, one.subject, one.asked_at)
        if one.answered_at is not None and one.answered_at > at(day)
        else one
        for one in said
        if one.asked_at <= at(day)
    ]
    assert standing(said, 1, at(day)) == standing(known, 1, at(day))
