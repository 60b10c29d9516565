"""From the township's form to what is applied for, and through which offices."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from config.entitlements import load_entitlements
from config.settings import EXAMPLE_COUNTY
from rules.entitlement_facts_form import EntitlementFacts, completed, fields_of_parts, missing_words
from rules.entitlement_keys import EntitlementKey
from rules.matching import ages_to_come, comes_of_age, judged, to_apply_for
from rules.scheme_stages import entitlement_of, stages_of, subject_of

PARAMETERS = load_entitlements(EXAMPLE_COUNTY, [])
DAY = date(2026, 3, 2)


def applied_for(**form: Any) -> set[str]:
    """What a form leads to on the day, nothing ticked by hand."""
    decision = judged(EntitlementFacts(**form), None, DAY, PARAMETERS)
    assert decision is not None
    return set(to_apply_for(decision))


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"father_state": "dead", "mother_state": "dead"}, "E01"),
        ({"father_state": "dead", "mother_state": "declared_missing"}, "E02"),
        ({"father_state": "dead", "mother_state": "disabled", "mother_disability": "mental"}, "E03"),
        ({"father_state": "dead", "mother_state": "aids_lost_work_capacity"}, "E04"),
        ({"father_state": "dead", "mother_state": "imprisoned", "mother_term_months": 600}, "E05"),
        ({"father_state": "dead", "mother_state": "left_home", "mother_since": "2022-01-01"}, "E06"),
        ({"father_state": "deported", "mother_state": "guardianship_revoked"}, "N2"),
        ({"household_relief": "subsistence"}, "E13"),
        ({"child_disabled": True, "child_disability": "hearing", "child_disability_grade": "1"}, "E14"),
        ({"schooling_stage": "compulsory", "household_poor": True}, "E20"),
        ({"guardian_held": "detained"}, "E40"),
        ({"health_cerebral_palsy": True}, "E49"),
    ],
)
def test_a_form_finds_what_the_document_gives(form: dict[str, Any], found: str) -> None:
    """One line of the form after the other reaches its rule."""
    assert found in applied_for(birth="2014-05-01", **form)


def test_what_is_left_open_finds_nothing_and_refuses_nothing() -> None:
    """Unknown is not no."""
    decision = judged(EntitlementFacts(), None, DAY, PARAMETERS)
    assert decision is not None
    assert to_apply_for(decision) == ()
    assert len(decision.cannot_say) > 50


def test_one_living_allowance_is_applied_for_and_the_poverty_scheme_only_outside_it() -> None:
    """晋政发〔2017〕46号 三(一): 特困供养 is for the child outside the orphans' scheme."""
    poor = {"household_child_has_livelihood": False, "household_supporter_able": False}
    basic = {"E01", "E02", "E03", "E04", "E05", "E06", "E07", "N1", "N2", "E08", "N6"}
    orphan = applied_for(birth="2014-05-01", father_state="dead", mother_state="dead", **poor)
    assert orphan & basic == {"E01"}


def test_what_a_person_adds_comes_last_and_once() -> None:
    """The township's own judgement stands beside the rules."""
    decision = judged(EntitlementFacts(birth="2014-05-01", health_cerebral_palsy=True), None, DAY, PARAMETERS)
    assert decision is not None
    assert to_apply_for(decision, (EntitlementKey.E49, EntitlementKey.E07))[-2:] == ("E49", "E07")


def test_a_second_form_completes_the_first_and_wipes_nothing() -> None:
    """What the later form leaves open stays as it was."""
    both = completed(EntitlementFacts(birth="2014-05-01", migrant=True), EntitlementFacts(migrant=False, adopted=True))
    assert (both.birth, both.migrant, both.adopted) == (date(2014, 5, 1), False, True)


def test_what_is_missing_is_named_by_part_of_the_form() -> None:
    """A letter does not say that somebody is in prison."""
    assert missing_words(("mother.imprisoned.term_months", "mother.left_home.since", "human_decision")) == "母亲"


def test_facts_that_exclude_each_other_decide_nothing() -> None:
    """Two forms of which each is possible, and not both."""
    first = EntitlementFacts(household_relief="extreme_poverty")
    assert judged(first, EntitlementFacts(schemes_orphan_allowance=True), DAY, PARAMETERS) is None


@pytest.mark.parametrize("key", list(EntitlementKey))
@pytest.mark.parametrize("on", [date(2018, 1, 1), DAY])
def test_every_entitlement_ends_with_one_decision(key: EntitlementKey, on: date) -> None:
    """Its checks and its publication come before, each under a subject of its own."""
    stages = stages_of(PARAMETERS, key.value, on)
    assert [stage.step.key for stage in stages].count("scheme_decision") == 1
    assert stages[-1].step.key == "scheme_decision"
    assert len({(stage.step.key, stage.subject) for stage in stages}) == len(stages)
    assert {entitlement_of(stage.subject) for stage in stages} == {key.value}


def test_a_publication_is_asked_exactly_where_the_law_wants_it() -> None:
    """低保, 特困 and relief for expenses are published; a child without support never is (民发〔2019〕62号 二)."""
    published = {
        key.value
        for key in EntitlementKey
        if any(stage.step.key == "public_notice" for stage in stages_of(PARAMETERS, key.value, DAY))
    }
    assert published == {"E08", "E09", "N6", "X01"}


def test_the_office_the_rule_names_decides_what_another_gives_at_once() -> None:
    """急难型临时救助: the township helps within a day, civil affairs settles the papers."""
    township, county = stages_of(PARAMETERS, subject_of("E10", "2"), DAY)
    assert (township.office.value, township.subject) == ("township", "E10@2/1")
    assert (county.office.value, county.subject, county.stage) == ("civil_affairs", "E10@2", None)


@pytest.mark.parametrize(
    ("form", "found"),
    [
        (
            {"father_state": "dead", "mother_state": "serious_illness", "mother_state_2": "imprisoned",
             "mother_term_months_2": 600},
            {"E05", "N1"},
        ),
        (
            {"father_state": "serious_illness", "father_state_2": "dead", "mother_state": "deported",
             "mother_state_2": "left_home", "mother_since_2": "2022-01-01"},
            {"E06"},
        ),
        (
            {"father_state": "deported", "mother_state": "left_home", "mother_state_2": "disabled",
             "mother_disability": "mental", "mother_state_3": "guardianship_revoked"},
            {"N2"},
        ),
    ],
)  # fmt: skip
def test_a_parent_may_be_in_up_to_three_states(form: dict[str, Any], found: set[str]) -> None:
    """Each with its own beginning and term; any of them may be the one on which an entitlement rests."""
    decision = judged(EntitlementFacts(birth="2014-05-01", **form), None, DAY, PARAMETERS)
    assert decision is not None
    assert found & {finding.id for finding in decision.entitled}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"father_state": "dead", "father_state_2": "dead"}, "父亲的情形“死亡或被宣告死亡”选了两次"),
        ({"mother_state": "none", "mother_state_3": "deported"}, "母亲选了“没有下列任何一种情形”的，不要再选其他情形"),
        ({"mother_state": "dead", "mother_state_2": "disabled"}, "请选择残疾类别"),
    ],
)
def test_states_that_cannot_stand_together_are_told(form: dict[str, Any], sentence: str) -> None:
    """On the page, before anything is decided."""
    with pytest.raises(ValueError, match=sentence):
        EntitlementFacts(**form)


def test_completing_asks_the_parts_that_are_named_and_no_others() -> None:
    """The words in the letter and the fields on the page are one list."""
    decision = judged(EntitlementFacts(birth="2014-05-01"), None, DAY, PARAMETERS)
    assert decision is not None
    missing = tuple(path for finding in decision.cannot_say for path in finding.missing)
    words = f"尚缺：{missing_words(missing)}"
    assert len(words) <= 120
    asked = fields_of_parts(words)
    assert "birth" not in asked
    assert {"father_state", "mother_state_3", "household_relief", "child_disability", "schooling_stage"} <= asked
    assert fields_of_parts("尚缺：母亲") == {
        name for name in EntitlementFacts.model_fields if name.startswith("mother_")
    }
    assert fields_of_parts("到龄核对") == frozenset()


def test_every_part_that_can_be_missing_has_fields_or_a_person_decides() -> None:
    """Nothing is asked for that the form cannot take."""
    decision = judged(EntitlementFacts(), None, DAY, PARAMETERS)
    assert decision is not None
    for path in {path for finding in decision.cannot_say for path in finding.missing} - {"human_decision"}:
        assert fields_of_parts(f"尚缺：{missing_words((path,))}"), path


def _ages(form: EntitlementFacts) -> dict[str, date]:
    decision = judged(form, None, DAY, PARAMETERS)
    assert decision is not None
    return dict(ages_to_come(decision, lambda on: judged(form, None, on, PARAMETERS)))


def test_a_near_miss_is_what_would_be_given_on_the_day_the_child_is_old_enough() -> None:
    """A disabled child of two: a kindergarten at three, school at six. What else refuses on that day is no near miss."""
    disabled = {"child_disabled": True, "child_disability": "hearing", "child_disability_grade": "2"}
    ages = _ages(
        EntitlementFacts(birth="2024-03-03", migrant=False, father_state="none", mother_state="none", **disabled)
    )
    assert ages["E24"] == date(2027, 3, 3)
    assert ages["E22"] == date(2030, 3, 3)
    assert not {"E26", "E28", "N7"} & ages.keys()
    sound = _ages(EntitlementFacts(birth="2024-03-03", child_disabled=False))
    assert not {"E22", "E23", "E24", "N10"} & sound.keys()


def test_what_is_old_enough_today_is_no_near_miss() -> None:
    """A child of seven comes of age for nothing but at eighteen."""
    assert set(_ages(EntitlementFacts(birth="2019-01-01", child_disabled=True, child_disability="hearing"))) <= {"N7"}


def test_the_eighteenth_birthday_is_noted_while_it_is_to_come() -> None:
    """民法典 17; the later form corrects the earlier."""
    child = EntitlementFacts(birth="2008-03-03")
    assert comes_of_age(child, None, DAY) == date(2026, 3, 3)
    assert comes_of_age(child, None, date(2026, 3, 3)) is None
    assert comes_of_age(child, EntitlementFacts(birth="2010-02-28"), DAY) == date(2028, 2, 28)
    assert comes_of_age(EntitlementFacts(), None, DAY) is None
