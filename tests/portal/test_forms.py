"""A form made from a step's answer model asks what the model asks, and reads back what it shows."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import BaseModel, Field

from config.county import County
from office.portal import answering_pages
from office.portal.forms import NO, UNKNOWN, YES, FormFaults, FormField, Widget, fields_of, parse
from office.schemes import fields_asked
from rules import answers as a
from rules.answers import Answer
from rules.steps import STEPS


def filled(fields: tuple[FormField, ...]) -> dict[str, str]:
    """Every field answered: the last choice, a day, a number, or a word; of a parent's three states, three of the list."""

    def value(field: FormField) -> str:
        if field.choices:
            return field.choices[-int(field.name[-1]) if "_state_" in field.name else -1].value
        return "2020-05-01" if field.widget is Widget.DATE else "6" if field.digits else "一"

    return {field.name: value(field) for field in fields}


@pytest.mark.parametrize("key", STEPS)
def test_every_step_has_a_form_that_reads_back_as_its_answer(key: str) -> None:
    """A full form gives a valid answer with every field taken from the form."""
    model = STEPS[key].answer
    form = filled(fields_of(model))
    answer = parse(model, form)
    for name, value in answer.model_dump(mode="json").items():
        meant: object = {YES: True, NO: False}.get(form[name], form[name])
        found = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        assert found == ([meant] if isinstance(value, list) else meant)


@pytest.mark.parametrize("key", STEPS)
def test_every_question_is_asked_in_chinese_and_fits_its_widget(key: str) -> None:
    """Each field has a Chinese label; a list is radios up to six and a select beyond, or boxes where several count."""
    for field in fields_of(STEPS[key].answer):
        assert field.label != field.name
        assert not field.label.isascii()
        assert all(not choice.label.isascii() for choice in field.choices)
        if field.choices and field.widget is not Widget.CHECKBOXES:
            assert (field.widget is Widget.RADIOS) == (len(field.choices) <= 6)


@pytest.mark.parametrize("key", STEPS)
def test_an_empty_form_is_refused_at_exactly_the_required_fields(key: str) -> None:
    """What the model requires is what the form asks for, and what is required of new answers only; no more, no less."""
    model = STEPS[key].answer
    required = {field.name for field in fields_of(model) if field.required}
    of_new = {name for name, info in model.model_fields.items() if info.validate_default}
    if not required and not of_new:
        assert parse(model, {}) == model()
        return
    with pytest.raises(FormFaults) as refusal:
        parse(model, {})
    faults = set(refusal.value.faults)
    assert faults == required if required else faults <= of_new


@pytest.mark.parametrize("key", STEPS)
def test_no_step_has_a_field_that_the_page_uses_for_itself(key: str) -> None:
    """Name, code and version are sent beside the answer and may not hide one of its fields."""
    own = {field.name for field in answering_pages.WHO} | {"version"}
    assert own.isdisjoint(STEPS[key].answer.model_fields)


def test_the_free_note_comes_last() -> None:
    """A person is asked the questions first."""
    assert [field.name for field in fields_of(a.CaseFile)] == ["file_number", "joins_existing_file", "note"]


def test_a_field_with_a_default_stands_ready_and_may_be_left_out() -> None:
    """A model's default is what the form shows before anybody has touched it."""
    fields = {field.name: field for field in fields_of(a.Triage)}
    assert (fields["child_still_needs_help"].initial, fields["failed_duty_to_report"].initial) == (YES, NO)
    assert fields["outcome"].initial == ""
    assert parse(a.Triage, {"outcome": "crime"}).child_still_needs_help is True


def test_several_boxes_are_read_as_several_values_and_none_as_none() -> None:
    """What the township ticks is what is matched; ticking nothing is an answer too."""
    boxes = next(field for field in fields_of(a.Matching) if field.name == "entitlements")
    first, second = boxes.choices[0].value, boxes.choices[1].value
    assert boxes.widget is Widget.CHECKBOXES
    assert parse(a.Matching, {"entitlements": f"{first}\n{second}"}).entitlements == (first, second)
    assert parse(a.Matching, {}).entitlements == ()
    with pytest.raises(FormFaults):
        parse(a.Matching, {"entitlements": f"{first}\nnothing"})


def test_a_fact_may_be_left_unknown_and_is_not_asked_for() -> None:
    """不清楚 stands first and ready; what is left so is no answer, and a date or a number may stay empty."""
    fields = {field.name: field for field in fields_of(a.Matching)}
    stage, birth = fields["schooling_stage"], fields["birth"]
    assert (stage.initial, stage.choices[0].label, stage.required) == (UNKNOWN, "不清楚", False)
    assert (birth.widget, birth.required) == (Widget.DATE, False)
    read = parse(a.Matching, {"schooling_stage": UNKNOWN, "household_poor": "no", "birth": "2014-02-28"})
    assert (read.schooling_stage, read.household_poor, read.household_rural) == (None, False, None)
    assert read.birth == date(2014, 2, 28)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"birth": "2014-02-30"}, "日期“2014-02-30”在日历上不存在"),
        ({"father_term_months": "两年"}, "请填写1至600之间的整数"),
        ({"birth": "2014-02-01", "mother_state": "dead", "mother_since": "2013-01-01"}, "早于儿童出生日"),
        ({"father_state": "disabled"}, "请选择残疾类别"),
    ],
)
def test_facts_that_cannot_be_are_told_in_chinese(form: dict[str, str], sentence: str) -> None:
    """The township mends them on the page, before anything is decided."""
    with pytest.raises(FormFaults) as refusal:
        parse(a.Matching, form)
    assert sentence in "".join(refusal.value.faults.values())


def test_a_value_that_was_never_offered_is_refused() -> None:
    """A hand-made form cannot bring a word that is not on the list."""
    with pytest.raises(FormFaults) as refusal:
        parse(a.Triage, {"outcome": "nothing"})
    assert refusal.value.faults == {"outcome": "“分流结论”请从列出的选项中选择一项。"}


def test_a_narrowed_list_offers_and_takes_only_what_is_left() -> None:
    """A step is rerouted to an office that the county has."""
    only = {"office": {"education", "health"}}
    assert [choice.value for choice in fields_of(a.Reroute, only=only)[0].choices] == ["education", "health"]
    with pytest.raises(FormFaults):
        parse(a.Reroute, {"office": "court"}, only=only)


def test_text_too_long_is_counted_as_the_model_counts_it() -> None:
    """A line end from a browser is one character, and the sentence says how many there are."""
    assert parse(a.Done, {"note": "行\r\n" * 1000}).note == ("行\n" * 1000).strip()
    with pytest.raises(FormFaults) as refusal:
        parse(a.Done, {"note": "字" * 2001})
    assert "最多2000个字，现在有2001个字" in refusal.value.faults["note"]


def test_nul_and_blanks_are_tidied_away() -> None:
    """The records cannot hold NUL; blanks alone are not an answer."""
    assert parse(a.Handover, {"document_number": " 交\x00接1 "}).document_number == "交接1"
    with pytest.raises(FormFaults):
        parse(a.Handover, {"document_number": " \r\n "})


def test_a_field_no_form_can_show_is_a_mistake_in_the_model() -> None:
    """A model is mended, not guessed at."""

    class Odd(Answer):
        count: int = Field(title="数量")

    with pytest.raises(TypeError):
        fields_of(Odd)


def test_a_fault_of_the_model_itself_becomes_a_chinese_sentence() -> None:
    """A rule between characters that the form does not know is told in Chinese all the same."""

    class Coded(BaseModel):
        number: str = Field(title="编号", pattern="^A")

    with pytest.raises(FormFaults) as refusal:
        parse(Coded, {"number": "B"})
    assert refusal.value.faults == {"number": "“编号”填写不正确，请核对。"}


def test_a_long_form_is_told_in_parts() -> None:
    """The township finds its way: each part of the facts has one heading, in the order of the form."""
    headings = [field.heading for field in fields_of(STEPS["match_entitlements"].answer) if field.heading]
    assert headings == [*dict.fromkeys(headings)]
    assert headings[:3] == ["儿童", "父亲", "母亲"]
    assert headings[-1] == "人工认定"
    assert not any(field.heading for field in fields_of(STEPS["triage"].answer))


def test_only_the_fields_that_are_asked_are_shown_and_read() -> None:
    """A second form asks what the first left open; what a page did not ask is not taken from it."""
    names = {"mother_state", "mother_since", "note"}
    assert {field.name for field in fields_of(a.FactsCompleted, names=names)} == names
    assert fields_of(a.FactsCompleted, names=names)[0].heading == "母亲"
    sent = {"mother_state": "dead", "household_poor": "yes", "father_state": "dead"}
    read = parse(a.FactsCompleted, sent, names=names)
    assert (read.mother_state, read.household_poor, read.father_state) == ("dead", None, None)


@pytest.mark.parametrize(
    ("step", "subject", "about", "asked", "left_out"),
    [
        (
            "complete_facts",
            "",
            "尚缺：母亲、就学",
            {"mother_state", "schooling_stage", "note"},
            {"birth", "father_state"},
        ),
        ("complete_facts", "", "", {"birth", "father_state"}, set()),
        ("scheme_decision", "E09", "", {"granted", "income_unstable"}, set()),
        ("scheme_decision", "E19@2", "", {"granted", "reasons"}, {"income_unstable"}),
        ("due_check", "1", "", {"result", "income_unstable"}, set()),
        ("investigate", "", "", {"result"}, {"ask_helpers_again"}),
        ("investigate", "1", "走访发现情况有变", {"result", "ask_helpers_again"}, set()),
    ],
)
def test_a_request_asks_no_more_of_its_form_than_it_needs(
    county: County, step: str, subject: str, about: str, asked: set[str], left_out: set[str]
) -> None:
    """By the parts a letter names, by the scheme, and by what has been asked before."""
    names = fields_asked(county, step, subject, about, date(2026, 3, 2))
    shown = {field.name for field in fields_of(STEPS[step].answer, names=names)}
    assert asked <= shown
    assert not left_out & shown
