"""Every question that may be put to an office: whole, distinct, and answerable by a form."""

from __future__ import annotations

import re
from datetime import date
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest

from rules import answers, steps
from rules.answers import Answer, Situation
from rules.steps import FIRST_MEASURES, STEPS, Step, definition
from rules.vocabulary import Labelled, Mechanism, Office, Urgency

ALL = [pytest.param(step, id=key) for key, step in STEPS.items()]


@pytest.mark.parametrize("step", ALL)
def test_a_step_says_what_an_officer_must_know(step: Step[Answer]) -> None:
    """A key programs use, a code of the law's table, a short label, one polite instruction in Chinese."""
    assert re.fullmatch(r"[a-z][a-z_]{3,58}[a-z]", step.key)
    assert re.fullmatch(r"[A-DK][0-9]{1,2}[a-z]?|1F", step.code)
    assert re.search(r"[\u4e00-\u9fff]", step.label)
    assert len(step.label) <= 20
    assert step.instruction.endswith("。")
    assert "请" in step.instruction
    assert isinstance(step.office, Office)


@pytest.mark.parametrize("step", ALL)
def test_every_answer_can_be_asked_by_a_form(step: Step[Answer]) -> None:
    """Each field has a Chinese question, and a kind that a form without script can show: yes/no, a list, a line of text."""
    assert issubclass(step.answer, Answer)
    for name, field in step.answer.model_fields.items():
        assert field.title, f"{step.key}.{name}"
        assert re.search(r"[\u4e00-\u9fff]", field.title)
        assert _has_widget(field.annotation), f"{step.key}.{name}: {field.annotation}"


def _has_widget(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        return issubclass(get_args(kind)[0], Labelled)
    if get_origin(kind) in (UnionType, Union):
        # A fact that may be unknown: it can be left out on the page.
        known = [arm for arm in get_args(kind) if arm is not type(None)]
        return len(known) == 1 and (known[0] in (date, int) or _has_widget(known[0]))
    return kind in (bool, str, date) or issubclass(kind, Labelled)


@pytest.mark.parametrize("step", ALL)
def test_an_answer_refuses_what_its_form_does_not_ask(step: Step[Answer]) -> None:
    """A field nobody defined is a mistake, not a note."""
    with pytest.raises(ValueError, match="surprise"):
        step.answer.model_validate({"surprise": 1})


def test_labels_are_distinct_within_a_mechanism() -> None:
    """Two steps of one mechanism never read alike in a letter's subject."""
    for mechanism in (*Mechanism, None):
        labels = [step.label for step in STEPS.values() if step.mechanism is mechanism]
        assert len(labels) == len(set(labels))


def test_every_mechanism_has_steps_and_coordination_serves_all_four() -> None:
    """K1-K4 are the coordinator's own; K5 and K6 follow from K4, of the procuratorate and of whoever was silent."""
    assert {step.mechanism for step in STEPS.values()} == {*Mechanism, None}
    own = [step for step in STEPS.values() if step.mechanism is None]
    assert [step.code for step in own] == [f"K{number}" for number in range(1, len(own) + 1)]
    others = {step.key: step.office for step in own if step.office is not Office.COORDINATOR}
    assert others == {
        "procuratorial_recommendation": Office.PROCURATORATE,
        "reply_to_recommendation": Office.CIVIL_AFFAIRS,
    }
    assert not [step for step in STEPS.values() if step.office is Office.COORDINATOR and step.mechanism is not None]


def test_codes_belong_to_their_mechanism() -> None:
    """A 强制报告, B 应急处置, C 评估帮扶, D 监护干预 (legal-basis 1A-1D); 1F is follow-up in any."""
    letters = dict(zip(Mechanism, "ABCD", strict=True))
    for step in STEPS.values():
        if step.mechanism is not None and step.code != "1F":
            assert step.code.startswith(letters[step.mechanism]), step.key


def test_first_measures_are_emergencies_of_the_emergency_mechanism() -> None:
    """What is done first for a child in danger waits for no office hours."""
    assert set(FIRST_MEASURES) == set(Situation)
    for step in FIRST_MEASURES.values():
        assert step.mechanism is Mechanism.EMERGENCY_HANDLING
        assert step.urgency is Urgency.EMERGENCY


def test_nobody_above_the_offices_is_asked_by_a_mechanism() -> None:
    """The leader and the joint meeting are told by the ladder; no step is put to them."""
    assert not {step.office for step in STEPS.values()} & {Office.LEADER, Office.JOINT_MEETING}


def test_a_key_is_defined_once() -> None:
    """A second definition is refused when the file is read."""
    with pytest.raises(ValueError, match="defined twice"):
        definition.define(Mechanism.MANDATORY_REPORT, "A5", "police_accept", "重复", Office.COURT, answers.Done, "请。")


def test_a_step_that_is_none_is_a_key_error() -> None:
    """No step is made up."""
    with pytest.raises(KeyError):
        steps.step("no_such_step")


def test_every_constant_stands_in_the_list_under_its_own_key() -> None:
    """The constant's name, in small letters, is the key, but for one that the law names at length."""
    named = {name: value for name, value in vars(steps).items() if isinstance(value, Step)}
    assert {step.key for step in named.values()} == set(STEPS)
    others = {name: step.key for name, step in named.items() if name.lower() != step.key}
    assert others == {"GUARDIANSHIP_CAPABILITY": "guardianship_capability_assessment"}
