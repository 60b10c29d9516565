"""The time for all stages of a decision together: no stage ends later, and a changed calendar or a restart forgets nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from config.county import County, StepTerms, Whole, load_county
from config.settings import EXAMPLE_COUNTY
from config.steps import LimitTerms
from office.deadlines import deadlines_of
from rules.limits import Limit, Provenance
from rules.workdays import SHANGHAI, reckon

COUNTY: County = load_county(EXAMPLE_COUNTY)
ACCEPTED = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


def terms(limit: str, whole: Whole | None) -> StepTerms:
    """A decision with its own limit and that of the whole."""
    own = COUNTY.terms("scheme_decision", ACCEPTED.date())
    answer = LimitTerms(Limit.parse(limit), Provenance.VERIFIED_FULL_TEXT, "某法", whole=whole)
    return StepTerms(own.step, own.effective_from, own.acknowledge, answer, own.acknowledge_ladder, own.answer_ladder)


def whole(limit: str = "30 working_days", special: str | None = "45 working_days") -> Whole:
    """All stages together since the acceptance."""
    return Whole(Limit.parse(limit), ACCEPTED, None if special is None else Limit.parse(special))


@given(st.integers(0, 90), st.integers(1, 40), st.integers(0, 1))
def test_no_stage_ends_later_than_the_whole(days: int, own: int, extensions: int) -> None:
    """Asked whenever, with whatever limit of its own: the earlier of the two ends, and an extension reaches the special one."""
    asked, limit = ACCEPTED + timedelta(days=days), f"{own} working_days"
    found = deadlines_of(terms(limit, whole()), COUNTY.calendar, asked_at=asked, extensions=extensions)
    alone = deadlines_of(terms(limit, None), COUNTY.calendar, asked_at=asked, extensions=extensions)
    all_together = Limit.parse("45 working_days" if extensions else "30 working_days")
    assert found.due == min(alone.due, reckon(ACCEPTED, all_together, COUNTY.calendar).due)


def test_a_stage_asked_too_late_still_leaves_time_to_acknowledge() -> None:
    """The whole may be over when the last office is asked: late from the first moment, but not before it was asked."""
    asked = ACCEPTED + timedelta(days=80)
    found = deadlines_of(terms("10 working_days", whole()), COUNTY.calendar, asked_at=asked)
    assert found.due < asked < found.acknowledge_by


def test_what_is_kept_with_the_request_says_the_whole() -> None:
    """A restart or a changed calendar reckons the same; a request from before has none."""
    kept = terms("10 working_days", whole())
    assert StepTerms.from_json(kept.as_json()) == kept
    bare = terms("10 working_days", None)
    assert "whole" not in bare.as_json()["answer"]
    assert StepTerms.from_json(bare.as_json()) == bare
