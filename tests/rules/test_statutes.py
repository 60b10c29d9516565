"""The verified numbers of the law, and how another number is told to be longer."""

from __future__ import annotations

from datetime import date

import pytest

from config.county import County
from rules.limits import Limit, Provenance
from rules.statutes import OPENINGS, STATUTES, VERIFIED, StatutoryLimit, first_longer, in_force
from rules.steps import STEPS
from rules.vocabulary import Urgency

TABLE = {
    "transfer_jurisdiction": ("24 hours", "A6", True),
    "public_order_case": ("30 days", "A7", True),
    "feedback_reporter": ("3 days", "A8", True),
    "failure_to_report": ("1 months", "A11", True),
    "explain_not_filing": ("7 days", "A10", True),
    "file_on_notice": ("15 days", "A10", True),
    "reply_on_failure": ("1 months", "A11", True),
    "notify_family_of_detained": ("24 hours", "B4i", True),
    "notify_family_of_detox": ("24 hours", "B4j", True),
    "notify_family_of_prisoner": ("5 days", "B4j", True),
    "village_emergency_care": ("24 hours", "B8", True),
    "temporary_placement": ("10 days", "B8", False),
    "warning_decision": ("72 hours", "B9", True),
    "protection_order": ("72 hours", "B10", True),
    "urgent_protection_order": ("24 hours", "B10", True),
    "check_abuser": ("24 hours", "B10", True),
    "serve_order": ("24 hours", "B10", True),
    "decide_reconsideration": ("5 days", "B10", True),
    "warned_family_record": ("90 days", "1F", True),
    "warned_family_visit": ("7 days", "1F", True),
    "warned_family_revisit": ("3 months", "1F", True),
    "legal_aid": ("7 days", "C6", True),
    "assign_lawyer": ("3 days", "C6", True),
    "lawyer_meets_child": ("5 working_days", "C6", True),
    "discipline": ("30 days", "D3", True),
    "trace_guardian": ("6 months", "D4a", True),
    "court_trial": ("30 days", "D8", True),
    "register_adoption": ("30 days", "D13", True),
    "designation_objection": ("30 days", "D14", True),
    "declare_missing": ("30 days", "D15", True),
    "declare_dead": ("30 days", "D15", True),
    "declare_dead_for_certain": ("30 days", "D15", True),
    "reply_to_recommendation": ("1 months", "K6", True),
}
OPENINGS_READ = {
    "register_household": ("2 years", "B4l", False),
    "birth_parents_claim": ("60 days", "D13", True),
    "apply_for_declaration": ("2 years", "D15", False),
    "apply_for_death": ("4 years", "D15", False),
    "declare_missing": ("3 months", "D15", True),
    "declare_dead": ("1 years", "D15", True),
    "declare_dead_for_certain": ("3 months", "D15", True),
}
PROVINCIAL = {"village_emergency_care", "temporary_placement", "check_abuser", "warned_family_record"}


def test_the_table_is_the_one_a_jurist_has_read() -> None:
    """Each step's number stands here once more, with its row of the legal basis, so that a slip shows."""
    assert set(STATUTES) == set(TABLE)
    for key, (limit, code, rolls) in TABLE.items():
        (statute,) = STATUTES[key]
        assert (str(statute.limit), STEPS[key].code, statute.end_rolls) == (limit, code, rolls)
        assert statute.basis
        assert statute.provenance in VERIFIED
        assert (statute.provenance is Provenance.VERIFIED_PROVINCIAL) is (key in PROVINCIAL)


def test_an_emergency_has_a_number_that_runs_through_the_night() -> None:
    """No statute's number for an emergency is in working days or months."""
    for key, versions in STATUTES.items():
        if STEPS[key].urgency is Urgency.EMERGENCY:
            assert all(version.limit.unit.value in ("hours", "days") for version in versions)


def test_the_example_county_takes_its_verified_numbers_from_the_table_and_no_others(county: County) -> None:
    """What the county calls verified is in the table with that number, and the table's steps are called verified."""
    claimed = {
        key: (str(version.answer.limit), version.answer.end_rolls)
        for key, versions in county.steps.items()
        for version in versions
        if version.answer.provenance in VERIFIED
    }
    assert claimed == {key: (limit, rolls) for key, (limit, _, rolls) in TABLE.items()}


def test_the_waiting_times_are_those_a_jurist_has_read(county: County) -> None:
    """How long the law makes a step wait stands here once more, and the county takes it as it is."""
    assert {key: (str(o.limit), STEPS[key].code, o.end_rolls) for key, o in OPENINGS.items()} == OPENINGS_READ
    claimed = {
        key: (str(version.opens_after.limit), STEPS[key].code, version.opens_after.end_rolls)
        for key, versions in county.steps.items()
        for version in versions
        if version.opens_after is not None and version.opens_after.provenance in VERIFIED
    }
    assert claimed == OPENINGS_READ


def test_only_a_step_that_opens_later_waits(county: County) -> None:
    """Each of them has the county's waiting time in every version, and no other step has one."""
    for key, versions in county.steps.items():
        assert all((version.opens_after is not None) is STEPS[key].opens_later for version in versions), key


def test_a_version_is_measured_by_the_law_in_force_while_it_runs() -> None:
    """A county's number of 2021 that ended with 2024 is not measured by a text of 2025."""
    assert list(in_force("warning_decision", date(2021, 6, 1), date(2025, 1, 1))) == []
    assert list(in_force("warning_decision", date(2021, 6, 1), None)) == list(STATUTES["warning_decision"])
    assert list(in_force("warning_decision", date(2026, 1, 1), None)) == list(STATUTES["warning_decision"])
    assert list(in_force("triage", date(2026, 1, 1), None)) == []


LONGER = [
    ("24 hours", True, "24 hours", True, False),
    ("23 hours", True, "24 hours", True, False),
    ("25 hours", True, "24 hours", True, True),
    ("1 days", True, "24 hours", True, True),
    ("24 hours", True, "1 days", True, False),
    ("48 hours", True, "1 days", True, True),
    ("3 days", True, "72 hours", True, True),
    ("72 hours", True, "3 days", True, False),
    ("30 days", True, "1 months", True, True),
    ("28 days", True, "1 months", True, False),
    ("1 months", True, "30 days", True, True),
    ("180 days", True, "6 months", True, False),
    ("20 working_days", True, "30 days", True, True),
    ("5 working_days", True, "30 days", True, False),
    ("3 working_days", True, "7 days", True, True),
    ("1 working_days", True, "30 days", True, False),
    ("10 days", True, "10 days", False, True),
    ("10 days", False, "10 days", True, False),
]


@pytest.mark.parametrize(("limit", "rolls", "statute", "statute_rolls", "longer"), LONGER)
def test_limits_are_compared_through_the_calendar(
    county: County, limit: str, rolls: bool, statute: str, statute_rolls: bool, longer: bool
) -> None:
    """Bare numbers say nothing: three working days outlast seven days across a long holiday, 72 hours never three days."""
    law = StatutoryLimit(
        Limit.parse(statute), Provenance.VERIFIED_FULL_TEXT, "某法", date(2020, 1, 1),
        Provenance.VERIFIED_FULL_TEXT, statute_rolls,
    )  # fmt: skip
    found = first_longer(Limit.parse(limit), law, county.calendar, end_rolls=rolls, year=2026)
    assert (found is not None) is longer
    if found is not None:
        assert found.start < found.statute < found.county
