"""The example county, and what a county answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pytest

from config.county import County, CountyFault, StepTerms, check_county, load_county
from config.offices import LOCAL_KINDS
from config.settings import EXAMPLE_COUNTY
from config.steps_table import steps_table
from rules.limits import Provenance, Unit
from rules.routing import SUPERVISOR_OF
from rules.steps import STEPS
from rules.vocabulary import Level, Office, Urgency

TODAY = date(2026, 4, 1)


@pytest.fixture(scope="module")
def county() -> County:
    return load_county(EXAMPLE_COUNTY)


def test_the_example_county_has_no_fault() -> None:
    """What a newcomer starts from passes its own check."""
    assert [str(fault) for fault in check_county(EXAMPLE_COUNTY)] == []


def test_every_step_has_terms(county: County) -> None:
    """No step may be asked without its two limits, a basis, and somebody to climb to."""
    assert set(county.steps) == set(STEPS)
    for key in STEPS:
        terms = county.terms(key, TODAY)
        assert terms.step == key
        assert terms.acknowledge.basis
        assert terms.answer.basis
        assert terms.acknowledge_ladder.rungs
        assert terms.answer_ladder.rungs


def test_every_office_a_step_asks_exists_in_every_place(county: County) -> None:
    """Whatever village a child lives in, each step finds its office, and the office somebody to write to."""
    kinds = {step.office for step in STEPS.values()} | set(SUPERVISOR_OF.values())
    for township in county.townships.values():
        for village in ("", *township.villages):
            for kind in kinds:
                office = county.office_for(kind, township.key, village)
                assert office.contacts
                assert office.head.post == "head"


def test_every_member_of_the_vocabulary_has_an_office(county: County) -> None:
    """The example county shows every office of the document once, and townships and villages several times."""
    kinds = [office.kind for office in county.offices.values()]
    assert set(kinds) == set(Office)
    assert {kind for kind in kinds if kinds.count(kind) > 1} == set(LOCAL_KINDS)


def test_the_police_have_two_officers_around_the_clock(county: County) -> None:
    """Two officers get the letter at any hour, so that one can see that the other has taken it."""
    police = county.office_for(Office.PUBLIC_SECURITY, "qingshi", "")
    assert police.hours.around_the_clock
    assert len(police.contacts) == 2


def test_the_example_countys_people_are_invented(county: County) -> None:
    """Every address ends in the reserved domain, and no telephone number could be dialled."""
    for office in county.offices.values():
        for officer in office.officers:
            assert officer.email.endswith("@anhe.example")
            assert officer.phone.startswith("0000-")
            assert officer.office == office.key
            assert county.officer(officer.key) == officer


def test_emergency_steps_never_count_working_days(county: County) -> None:
    """Neither the limits nor the ladders of an emergency wait for an office to open."""
    allowed = {Unit.MINUTES, Unit.HOURS, Unit.DAYS}
    for versions in county.steps.values():
        for terms in versions:
            if STEPS[terms.step].urgency is not Urgency.EMERGENCY:
                continue
            for ladder in (terms.acknowledge_ladder, terms.answer_ladder):
                waits = [rung.after for rung in ladder.rungs] + [ladder.reminder_before, ladder.repeat_every]
                assert {wait.unit for wait in waits if wait} <= allowed
            assert {terms.acknowledge.limit.unit, terms.answer.limit.unit} <= allowed


@pytest.mark.parametrize(
    ("step", "limit", "provenance", "source"),
    [
        ("transfer_jurisdiction", "24 hours", Provenance.VERIFIED_FULL_TEXT, "刑事案件程序规定第一百七十五条"),
        ("public_order_case", "30 days", Provenance.VERIFIED_FULL_TEXT, "治安管理处罚法第九十九条"),
        ("feedback_reporter", "3 days", Provenance.VERIFIED_FULL_TEXT, "高检发〔2020〕9号第十条"),
        ("failure_to_report", "1 months", Provenance.VERIFIED_FULL_TEXT, "未成年人保护法第一百一十四条"),
        ("village_emergency_care", "24 hours", Provenance.VERIFIED_PROVINCIAL, "处置办法第十九条"),
        ("temporary_placement", "10 days", Provenance.VERIFIED_PROVINCIAL, "处置办法第二十条"),
        ("warning_decision", "72 hours", Provenance.VERIFIED_FULL_TEXT, "公通字〔2024〕34号第八条"),
        ("protection_order", "72 hours", Provenance.VERIFIED_FULL_TEXT, "反家庭暴力法第二十八条"),
        ("urgent_protection_order", "24 hours", Provenance.VERIFIED_FULL_TEXT, "反家庭暴力法第二十八条"),
        ("check_abuser", "24 hours", Provenance.VERIFIED_PROVINCIAL, "处置办法第十七条"),
        ("warned_family_visit", "7 days", Provenance.VERIFIED_FULL_TEXT, "公通字〔2024〕34号第十二条"),
        ("trace_guardian", "6 months", Provenance.VERIFIED_FULL_TEXT, "民发〔2019〕62号四(二)"),
        ("return_child", "3 days", Provenance.MEMORY_UNVERIFIED, "法发〔2014〕24号"),
        ("court_trial", "30 days", Provenance.VERIFIED_FULL_TEXT, "民事诉讼法第一百八十七条"),
    ],
)
def test_a_number_of_the_law_stands_with_its_source(
    county: County, step: str, limit: str, provenance: Provenance, source: str
) -> None:
    """Each number that a text gives is the text's own, with how far it was checked."""
    answer = county.terms(step, TODAY).answer
    assert (str(answer.limit), answer.provenance) == (limit, provenance)
    assert source in answer.basis


def test_the_last_day_stays_only_while_a_child_waits(county: County) -> None:
    """A holiday moves the end of every limit but those under which a child is sheltered or waits to be handed over."""
    staying = {key for key in STEPS if not county.terms(key, TODAY).answer.end_rolls}
    assert staying == {
        "temporary_placement",
        "placement_extension",
        "temporary_guardianship",
        "return_child",
        "kinship_handover",
        "handover_witnessed",
        "interim_care",
        "move_rescued",
    }


def test_no_acknowledgement_limit_claims_a_law(county: County) -> None:
    """No text says how soon an office signs for a letter: each such number is the county's."""
    for key in STEPS:
        assert county.terms(key, TODAY).acknowledge.provenance is Provenance.NO_STATUTORY_NUMBER


def test_terms_survive_their_json(county: County) -> None:
    """A request keeps its terms as JSON, and reads back exactly what was in force."""
    for versions in county.steps.values():
        for terms in versions:
            assert StepTerms.from_json(json.loads(json.dumps(terms.as_json()))) == terms


def test_the_version_in_force_that_day_is_taken(county: County) -> None:
    """A version holds from its own day until the day before the next."""
    assert county.terms("warning_decision", date(2024, 12, 31)).effective_from == date(2021, 6, 1)
    assert county.terms("warning_decision", date(2025, 1, 1)).effective_from == date(2025, 1, 1)


def test_a_day_before_the_first_version_is_refused(county: County) -> None:
    """There is no guessing what held before the county said anything."""
    with pytest.raises(LookupError, match="最早的版本自 2021-06-01 起施行"):
        county.terms("triage", date(2021, 5, 31))


def test_an_unknown_step_office_or_township_is_refused_by_name(county: County) -> None:
    """Each sentence names what was not found; an officer who has left is simply nobody."""
    with pytest.raises(LookupError, match="没有名为“no_such”的事项"):
        county.terms("no_such", TODAY)
    with pytest.raises(LookupError, match="没有代号为“no_such”的单位"):
        county.office("no_such")
    with pytest.raises(LookupError, match="可写：qingshi、baiyang"):
        county.office_for(Office.TOWNSHIP, "no_such", "")
    assert county.officer("no_such") is None


def test_a_local_step_goes_to_the_place_of_the_case(county: County) -> None:
    """A township's step goes to that township, a village's to that village."""
    assert county.office_for(Office.TOWNSHIP, "baiyang", "").key == "baiyang_township"
    assert county.office_for(Office.VILLAGE_COMMITTEE, "baiyang", "shiqiao").key == "shiqiao_village"
    assert county.office_for(Office.COURT, "baiyang", "shiqiao").key == "court"


@pytest.mark.parametrize("village", ["", "merged_away"])
def test_a_village_not_known_is_its_townships_matter(county: County, village: str) -> None:
    """No step is dropped because nobody knows the village, or because the village was merged into another."""
    assert county.office_for(Office.VILLAGE_COMMITTEE, "qingshi", village).key == "qingshi_township"


def test_each_level_reaches_its_own_people(county: County) -> None:
    """The ladder's words are looked up in the county when a letter leaves."""
    police = county.office("public_security")
    assert county.officer_at_level(Level.REMINDER, "public_security") == police.contacts
    assert county.officer_at_level(Level.OFFICE_HEAD, "public_security") == (police.head,)
    for level in (Level.COORDINATOR, Level.LEADER, Level.JOINT_MEETING):
        assert county.officer_at_level(level, "public_security") == county.office(level.value).contacts


def _without(county: County, *keys: str) -> County:
    offices = {key: office for key, office in county.offices.items() if key not in keys}
    return replace(county, offices=MappingProxyType(offices))


def test_a_missing_level_falls_to_the_next_above(county: County) -> None:
    """An office that has gone, or a leader's post that is empty, does not end the climb."""
    coordinator, meeting = county.office("coordinator").contacts, county.office("joint_meeting").contacts
    assert _without(county, "youth_league").officer_at_level(Level.REMINDER, "youth_league") == coordinator
    assert _without(county, "youth_league").officer_at_level(Level.OFFICE_HEAD, "youth_league") == coordinator
    assert _without(county, "leader").officer_at_level(Level.LEADER, "court") == meeting
    assert _without(county, "leader", "joint_meeting").officer_at_level(Level.LEADER, "court") == ()


def test_contacts_are_officers_else_those_on_duty_else_the_head(county: County) -> None:
    """An office always has somebody to write to."""
    court = county.office("court")
    officer, duty = court.contacts, tuple(one for one in court.officers if one.post == "duty")
    without_officers = replace(court, officers=tuple(one for one in court.officers if one.post != "officer"))
    assert [one.post for one in officer] == ["officer"]
    assert without_officers.contacts == duty
    assert replace(court, officers=(court.head,)).contacts == (court.head,)


def test_the_table_of_steps_says_office_limit_source_and_ladder(county: County) -> None:
    """`jieli steps` shows each step once, with plain values only."""
    table = steps_table(county, TODAY)
    assert [row["key"] for row in table] == list(STEPS)
    assert json.loads(json.dumps(table)) == table
    row = next(row for row in table if row["key"] == "transfer_jurisdiction")
    assert row["office"] == "public_security"
    assert row["mechanism"] == "mandatory_report"
    assert (row["limit"], row["unit"], row["ladder"]) == ("24 hours", "hours", "emergency_hours")
    assert row["acknowledge"]["limit"] == "30 minutes"
    assert next(row for row in table if row["key"] == "reroute")["mechanism_label"] == "协调"


def test_loading_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    """A wrong --county is one sentence, not a list of missing files."""
    with pytest.raises(CountyFault, match=re.escape("没有这个文件夹；请用 --county 指明本县的文件夹")) as caught:
        load_county(tmp_path / "nowhere")
    assert len(caught.value.faults) == 1
