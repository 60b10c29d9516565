"""What a child is entitled to, by the tables beside this file and by properties that hold for any facts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from config.entitlements import load_entitlements
from config.settings import EXAMPLE_COUNTY
from rules.entitlements import (
    ORDER,
    RULES,
    Decision,
    EntitlementParameters,
    Facts,
    ImpossibleFactsError,
    Outcome,
    age_on,
    decide,
    fact_label,
    facts_faults,
    facts_schema,
    reaches_age,
)
from rules.entitlements.ages import add_months
from rules.limits import Limit
from tests.rules.entitlement_facts import full_facts, with_gaps

TABLES = sorted((Path(__file__).parent / "entitlements").glob("*.yaml"))
DAY = date(2022, 6, 1)


def _cases() -> list[Any]:
    rows = []
    for table in TABLES:
        for rule_id, cases in YAML(typ="safe").load(table.read_text(encoding="utf-8")).items():
            rows += [pytest.param(rule_id, case, id=f"{rule_id}-{case['name']}") for case in cases]
    return rows


CASES = _cases()


@pytest.fixture(scope="module")
def parameters() -> EntitlementParameters:
    """The example county's parameters, which have no fault."""
    faults: list[Any] = []
    loaded = load_entitlements(EXAMPLE_COUNTY, faults)
    assert faults == []
    return loaded


PARAMETERS = load_entitlements(EXAMPLE_COUNTY, [])


def _decide(parameters: EntitlementParameters, on: date, **facts: Any) -> Decision:
    return decide(Facts.model_validate(facts), on, parameters)


def _opened(parameters: EntitlementParameters) -> EntitlementParameters:
    """The same county, offering what 三(五) lets a county offer where it can."""
    written = parameters.model_dump(by_alias=True)
    for number in written["rules"]["E47"]["numbers"]["offered"]:
        number["value"] = True
    return EntitlementParameters.model_validate(written)


@pytest.mark.parametrize(("rule_id", "case"), CASES)
def test_a_rule_gives_the_outcome_the_table_states(
    rule_id: str, case: dict[str, Any], parameters: EntitlementParameters
) -> None:
    """Each row of the tables: outcome, and where stated the missing facts, a reason, the office, the coming of age."""
    known = _opened(parameters) if case.get("offered") else parameters
    found = decide(Facts.model_validate(case["facts"]), case["on"], known).finding(rule_id)
    assert found.outcome.value == case["expect"], found.reasons
    if case["expect"] == "cannot_say":
        assert sorted(found.missing) == sorted(case["missing"])
    else:
        assert found.missing == ()
        assert found.reasons
    if "reason" in case:
        assert any(case["reason"] in reason for reason in found.reasons), found.reasons
    if "office" in case:
        assert found.office.value == case["office"]
    if "comes_of_age_on" in case:
        assert found.comes_of_age_on == case["comes_of_age_on"]


def test_every_rule_has_at_least_three_rows() -> None:
    """No rule of the document goes without a fit, a near miss and a third case."""
    counted: dict[str, int] = {}
    for row in CASES:
        counted[row.values[0]] = counted.get(row.values[0], 0) + 1
    assert {rule: counted.get(rule, 0) for rule in RULES if counted.get(rule, 0) < 3} == {}


def test_the_rules_are_e01_to_e50_and_n1_to_n11() -> None:
    """Code, YAML and order name the same 61 rules."""
    wanted = {f"E{number:02}" for number in range(1, 51)} | {f"N{number}" for number in range(1, 12)}
    assert set(RULES) == set(PARAMETERS.rules) == set(ORDER) == wanted
    assert len(ORDER) == len(wanted)


@settings(max_examples=60, deadline=None)
@given(facts=full_facts(), on=st.dates(date(2009, 1, 1), date(2027, 1, 1)))
def test_outcomes_partition_all_rules(facts: dict[str, Any], on: date) -> None:
    """Every rule is found exactly once, on whatever day."""
    facts = {**facts, "birth": min(facts["birth"], on)}
    decision = decide(Facts.model_validate(facts), on, PARAMETERS)
    found = [f.id for f in (*decision.entitled, *decision.not_entitled, *decision.cannot_say)]
    assert sorted(found) == sorted(RULES)
    for finding in decision.cannot_say:
        assert finding.missing


@settings(max_examples=150, deadline=None)
@given(pair=full_facts().flatmap(with_gaps))
def test_knowing_more_never_turns_a_decided_rule_round(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """What is decided on part of the facts stays decided so when the gaps are filled, whatever fills them."""
    full, partial = pair
    before = decide(Facts.model_validate(partial), DAY, PARAMETERS)
    after = decide(Facts.model_validate(full), DAY, PARAMETERS)
    for finding in (*before.entitled, *before.not_entitled):
        assert after.finding(finding.id).outcome is finding.outcome, (finding.id, finding.reasons)


@settings(max_examples=60, deadline=None)
@given(facts=full_facts())
def test_full_knowledge_leaves_nothing_open_but_the_human_decision(facts: dict[str, Any]) -> None:
    """When every fact is known, only the open list of 三(一) and what hangs on it can remain open.

    A certificate of multiple disability does not say whether a mental or intellectual one is among them, which decides
    at grade 3 or 4 (民发〔2019〕62号 一): that kind is asked for, and a child is not refused on it.
    """
    decision = decide(Facts.model_validate(facts), DAY, PARAMETERS)
    unsaid = {
        f"{parent}.disabilities[{number}].kind"
        for parent in ("father", "mother")
        for number, disability in enumerate(facts[parent]["disabilities"])
        if disability["kind"] == "multiple"
    }
    assert {path for finding in decision.cannot_say for path in finding.missing} <= {"human_decision"} | unsaid


def test_nothing_known_refuses_nothing(parameters: EntitlementParameters) -> None:
    """Without any fact every rule is open, except one the county does not offer."""
    decision = _decide(parameters, DAY)
    assert [finding.id for finding in decision.not_entitled] == ["E47"]
    assert decision.entitled == ()
    assert all(fact_label(path) != path for finding in decision.cannot_say for path in finding.missing)


def test_the_same_case_in_2018_and_2026_differs_where_the_law_does(parameters: EntitlementParameters) -> None:
    """One parent dead, the other in prison for a year: nothing in 2018's list, 事实无人抚养 by the later one."""
    facts = {
        "birth": "2012-03-01",
        "father": {"dead": {"since": "2015-01-01"}},
        "mother": {"imprisoned": {"since": "2017-10-01", "term_months": 12, "holds": True}, "no_other_state": True},
        "recognised_by_county": False,
    }
    early, late = _decide(parameters, date(2018, 3, 1), **facts), _decide(parameters, date(2026, 3, 1), **facts)
    assert early.finding("E05").outcome is Outcome.NOT_ENTITLED
    assert early.finding("N1").outcome is Outcome.NOT_ENTITLED
    assert late.finding("N1").outcome is Outcome.ENTITLED
    assert late.finding("E05").outcome is Outcome.NOT_ENTITLED


def test_limits_follow_the_day(parameters: EntitlementParameters) -> None:
    """E05 has the orphan scheme's local limits in 2018 and 15 + 15 working days without 公示 from 2020."""
    facts = {"birth": "2012-03-01", "father": {"dead": True}, "mother": {"imprisoned": {"indefinite": True}}}
    early = _decide(parameters, date(2018, 3, 1), **facts).finding("E05")
    late = _decide(parameters, date(2026, 3, 1), **facts).finding("E05")
    assert (early.scheme, early.public_notice) == ("orphan", None)
    assert (late.scheme, late.public_notice) == ("de_facto_unsupported", "forbidden")
    assert late.limit == "15 working_days + 15 working_days"
    assert [stage.office.value for stage in late.stages] == ["township", "civil_affairs"]


def test_the_limit_for_all_stages_together_is_the_one_shown(parameters: EntitlementParameters) -> None:
    """低保 has 30 working days for everything, whatever its stages add up to."""
    facts = {"birth": "2012-03-01", "household": {"supporter_able": True, "subsistence": True}}
    assert _decide(parameters, DAY, **facts).finding("E09").limit == "30 working_days"


def test_every_stated_limit_can_be_parsed(parameters: EntitlementParameters) -> None:
    """What a finding gives as a stage's limit is what `Limit.parse` reads."""
    for finding in _decide(parameters, DAY).cannot_say:
        for stage in finding.stages:
            assert stage.limit is None or str(Limit.parse(stage.limit)) == stage.limit


def test_a_choice_is_reported_on_each_of_the_schemes(parameters: EntitlementParameters) -> None:
    """Who meets the child's scheme and 特困 is told that only one may be drawn (特困人员认定办法 9)."""
    facts = {
        "birth": "2012-06-01",
        "father": {"dead": True},
        "mother": {"serious_illness": True, "disabilities": []},
        "schemes": {"orphan_allowance": False, "disability_living_subsidy": False},
        "household": {
            "subsistence": False,
            "extreme_poverty": False,
            "child_has_livelihood": False,
            "supporter_able": False,
        },
        "disabilities": [{"kind": "physical", "grade": 1}],
    }
    decision = _decide(parameters, DAY, **facts)
    for rule in ("N1", "E08", "N6", "N5"):
        assert decision.finding(rule).choice_between == ("N1", "E08", "N6")
    assert any("不再享受困难残疾人生活补贴" in note for note in decision.finding("E11").notes)
    assert decision.finding("E10").choice_between == ()


def test_both_generations_of_law_are_named_when_both_fit(parameters: EntitlementParameters) -> None:
    """A child whom the seed and the later rule both cover is not paid twice."""
    decision = _decide(
        parameters,
        DAY,
        birth="2012-06-01",
        father={"dead": True},
        mother={"disabilities": [{"kind": "mental", "grade": 2}]},
    )
    assert any("N1" in note for note in decision.finding("E03").notes)
    assert any("E03" in note for note in decision.finding("N1").notes)
    assert any("E03" in note for note in decision.finding("E07").notes)


def test_basic_living_is_listed_in_the_order_in_which_it_is_tried(parameters: EntitlementParameters) -> None:
    """Orphan and de facto unsupported, then 特困, 低保, 临时救助."""
    basic = ["E01", "N1", "E08", "N6", "E09", "E10"]
    listed = [finding.id for finding in _decide(parameters, DAY).cannot_say]
    assert [rule for rule in listed if rule in basic] == basic


def test_what_happens_after_the_day_is_named(parameters: EntitlementParameters) -> None:
    """A death after the day of the decision has not happened yet, and the decision says so."""
    decision = _decide(
        parameters, date(2018, 3, 1), birth="2012-01-01", father={"dead": {"since": "2020-05-01"}, "supports": True}
    )
    assert any("father.dead.since（2020-05-01）" in note for note in decision.notes)
    assert decision.finding("E01").outcome is Outcome.CANNOT_SAY


def test_the_json_form_is_plain(parameters: EntitlementParameters) -> None:
    """`as_json` gives the three lists with the keys that others rely on, ready for `json.dumps`."""
    written = _decide(parameters, DAY, birth="2012-01-01", father={"dead": True}, mother={"dead": True}).as_json()
    assert json.loads(json.dumps(written, ensure_ascii=False)) == written
    for key in ("entitled", "not_entitled", "cannot_say"):
        for finding in written[key]:
            assert {"id", "name", "office", "clause", "limit", "effective_from", "reasons", "missing"} <= set(finding)
    orphan = next(finding for finding in written["entitled"] if finding["id"] == "E01")
    assert orphan["effective_from"] == "2017-09-20"
    assert orphan["ages_out_on"] == "2030-01-01"
    assert orphan["numbers"][0]["provenance"] == "verified_provincial"


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2008, 5, 1), date(2026, 4, 30), 17),
        (date(2008, 5, 1), date(2026, 5, 1), 18),
        (date(2008, 2, 29), date(2026, 2, 27), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 18),
        (date(2008, 2, 29), date(2024, 2, 28), 15),
        (date(2008, 2, 29), date(2024, 2, 29), 16),
        (date(2008, 5, 1), date(2008, 5, 1), 0),
        (date(2008, 5, 1), date(2008, 4, 30), -1),
    ],
)
def test_age_counts_from_the_birthday_itself(birth: date, day: date, age: int) -> None:
    """A leap-day child has its birthday on 28 February in a common year and on the 29th in a leap year."""
    assert age_on(birth, day) == age


@given(st.dates(date(1950, 1, 1), date(2050, 1, 1)), st.integers(0, 100))
def test_a_child_is_a_year_older_on_the_day_it_comes_of_age_and_not_before(birth: date, years: int) -> None:
    """`age_on` and `reaches_age` agree to the day."""
    reached = reaches_age(birth, years)
    assert age_on(birth, reached) == years
    assert age_on(birth, date.fromordinal(reached.toordinal() - 1)) == years - 1


def test_months_end_on_the_matching_day_or_the_months_last() -> None:
    """《民法典》第二百零二条."""
    assert add_months(date(2020, 1, 31), 1) == date(2020, 2, 29)
    assert add_months(date(2019, 12, 1), 6) == date(2020, 6, 1)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"brith": "2012-01-01"}, "brith：不认识这一项"),
        ({"father": {"dead": {"on": "2012-01-01"}}}, "father.dead.on：不认识这一项"),
        ({"birth": "2012-02-30"}, "birth：日期“2012-02-30”在日历上不存在"),
        ({"birth": "20120501"}, "birth：日期“20120501”写法不对"),
        ({"birth": 20120501}, "birth：日期“20120501”写法不对"),
        ({"birth": "9012-05-01"}, "birth：日期“9012-05-01”不合情理"),
        ({"father": {"dead": "yes"}}, "father.dead：“yes”写法不对"),
        ({"father": "dead"}, "father：“dead”写法不对，应为对象"),
        ({"migrant": "是"}, "migrant：“是”写法不对，应为 true 或 false"),
        ({"disabilities": [{"kind": "deaf"}]}, "disabilities[0].kind：“deaf”不在可选值之内"),
        ({"disabilities": [{"kind": "hearing", "grade": 5}]}, "disabilities[0].grade：“5”写法不对，应不大于 4"),
        ({"mother": {"imprisoned": {"since": "2020-02-01", "until": "2020-01-01"}}}, "mother.imprisoned：届满日"),
        ({"mother": {"imprisoned": {"indefinite": True, "term_years": 3}}}, "mother.imprisoned：既写无期"),
        ({"birth": "2015-01-02", "mother": {"dead": {"since": "2015-01-01"}}}, "mother.dead.since：母亲死亡日"),
        ({"birth": "2016-01-02", "father": {"dead": {"since": "2015-01-01"}}}, "father.dead.since：父亲死亡日"),
    ],
)
def test_bad_facts_are_refused_in_one_sentence_that_names_the_place(facts: dict[str, Any], sentence: str) -> None:
    """Unknown keys, impossible dates and wrong forms each give one Chinese sentence."""
    with pytest.raises(ValidationError) as refused:
        Facts.model_validate(facts)
    (said,) = facts_faults(refused.value)
    assert sentence in said
    assert said.endswith("。")


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"birth": "2022-06-02"}, "birth"),
        ({"father": {"imprisoned": {"holds": True, "until": "2022-05-31"}}}, "father.imprisoned"),
        ({"guardian": {"detained": {"holds": True, "until": "2022-05-31"}}}, "guardian.detained"),
        ({"father": {"supports": True}, "recognised_by_county": True}, "father.supports"),
        ({"household": {"extreme_poverty": True}, "schemes": {"orphan_allowance": True}}, "household.extreme_poverty"),
    ],
)
def test_facts_that_cannot_all_be_true_on_the_day_are_refused(
    facts: dict[str, Any], place: str, parameters: EntitlementParameters
) -> None:
    """Contradictions are named, not resolved in silence."""
    with pytest.raises(ImpossibleFactsError) as refused:
        _decide(parameters, DAY, **facts)
    (sentence,) = refused.value.sentences
    assert place in sentence


def test_a_child_may_be_born_after_its_fathers_death(parameters: EntitlementParameters) -> None:
    """A posthumous child is no impossible date."""
    decision = _decide(parameters, DAY, birth="2015-06-01", father={"dead": {"since": "2015-01-01"}})
    assert decision.finding("E01").outcome is Outcome.CANNOT_SAY


def test_every_field_of_the_schema_has_a_chinese_description() -> None:
    """The schema is what another program, or an officer's form, is made from."""
    schema = facts_schema()
    models = [schema, *(one for one in schema["$defs"].values() if one["type"] == "object")]
    for model in models:
        assert model["additionalProperties"] is False
        for name, field in model["properties"].items():
            assert any("一" <= letter <= "鿿" for letter in field.get("description", "")), name


def test_the_example_in_the_documentation_is_valid(parameters: EntitlementParameters) -> None:
    """What the page on the facts shows can be decided as it stands, and names only keys that exist."""
    page = (Path(__file__).parents[2] / "docs" / "entitlement-facts.md").read_text(encoding="utf-8")
    example = json.loads(page.split("```json")[1].split("```")[0])
    decision = decide(Facts.model_validate(example), date(2026, 3, 1), parameters)
    assert {"E05", "N1", "E08"} <= {finding.id for finding in decision.entitled}
    assert set(example) <= set(Facts.model_fields)
