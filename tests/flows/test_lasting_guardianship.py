"""监护干预 after a guardian was settled: restoration, adoption, disputes, declarations, the end (D12-D16)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import Happening
from tests.flows.guardianship import (
    GUARDIANSHIP,
    asked,
    before_the_court,
    ended,
    facts,
    goes_on,
    handed,
    opened,
    revoked,
    unfound,
)
from tests.story import Story

pytestmark = pytest.mark.anyio


async def pass_to(story: Story, year: int, month: int, day: int) -> None:
    """The clock goes to nine in the morning of that day."""
    await story.fast_forward(seconds=(_nine(year, month, day) - story.clock.now()).total_seconds())


def _nine(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 9, tzinfo=COUNTY_ZONE)


# --- D12 恢复监护人资格 ---


async def test_a_parent_may_plead_from_the_third_month_to_the_end_of_the_year(story: Story) -> None:
    """Revoked on 2 March 2026: the question opens on 3 June, and is owed by 3 March 2027 at the latest."""
    await revoked(story)
    await goes_on(story, "new_guardian_settled")
    await pass_to(story, 2026, 6, 2)
    assert await asked(story) == set()
    await pass_to(story, 2026, 6, 3)
    assert await asked(story) == {"restoration_plea"}
    plea = await story.request("restoration_plea")
    assert plea.due.astimezone(COUNTY_ZONE).date() - timedelta(days=1) == _nine(2027, 3, 3).date()


async def test_a_restored_parent_fetches_the_child_and_is_visited(story: Story) -> None:
    """D12 → D6, 1F; and entitlements are looked at again, because nobody's standing is revoked any more."""
    await revoked(story)
    await story.fast_forward(days=95)
    await story.answer("restoration_plea", plea="pleaded")
    assert (await story.request("restore_guardianship")).office == "court"
    await story.answer("restore_guardianship", restored=True)
    await handed(story, "return_child")
    await story.answer("return_follow_up", finding="stable")
    await ended(story, "returned_and_stable")
    assert await facts(story) == ["guardianship_revoked", "guardianship_restored"]
    assert "adoption" not in {r.step for r in await story.requests()}


@pytest.mark.parametrize("pleads", [True, False])
async def test_adoption_is_thought_of_only_a_year_after_the_revocation(story: Story, pleads: bool) -> None:
    """D12, D13: refused or never asked, the year is waited for."""
    await revoked(story)
    await story.fast_forward(days=95)
    await story.answer("restoration_plea", plea="pleaded" if pleads else "not_pleaded")
    if pleads:
        await story.answer("restore_guardianship", barred="long_abuse_grave_result", restored=False)
    assert await asked(story) == set()
    await pass_to(story, 2027, 3, 2)
    assert await asked(story) == set()
    await pass_to(story, 2027, 3, 3)
    assert await asked(story) == {"adoption"}


async def test_a_crime_against_the_child_bars_restoration_and_opens_adoption_at_once(story: Story) -> None:
    """民法典 38: nobody is asked for a plea that can never be granted."""
    await revoked(story, restoration_barred="intentional_crime")
    assert await asked(story) == {"adoption"}
    await story.fast_forward(days=200)
    assert "restoration_plea" not in {r.step for r in await story.requests()}


async def test_the_guardian_named_by_the_court_gives_way_to_a_restored_parent(story: Story) -> None:
    """D12 beside a named guardian: the question is put once, and its answer closes the mechanism."""
    await before_the_court(story)
    await story.answer("court_trial")
    await story.answer("judgment", result="revoked_other_guardian")
    await story.answer("settle_new_guardian")
    await story.answer("support_claim")
    await goes_on(story, "new_guardian_settled")
    await story.fast_forward(days=95)
    await story.answer("restoration_plea", plea="pleaded")
    await story.answer("restore_guardianship", restored=True)
    await handed(story, "return_child")
    await story.answer("return_follow_up", finding="stable")
    await ended(story, "returned_and_stable")


@pytest.mark.parametrize("barred", [True, False])
async def test_a_named_guardian_closes_the_mechanism_when_no_parent_comes_back(story: Story, barred: bool) -> None:
    """Barred at once, else after the parent's time."""
    await before_the_court(story)
    await story.answer("court_trial")
    bar = "sexual_abuse_or_sale" if barred else "none"
    await story.answer("judgment", result="revoked_other_guardian", restoration_barred=bar)
    await story.answer("settle_new_guardian")
    await story.answer("support_claim")
    if not barred:
        await story.fast_forward(days=95)
        await story.answer("restoration_plea", plea="not_pleaded")
    await ended(story, "new_guardian_settled")


async def test_a_case_closes_though_guardianship_had_waited_for_years(story: Story) -> None:
    """The assessment closes first; the end of guardianship closes the case."""
    await unfound(story)
    await story.answer("advise_declaration", intended=False)
    await story.answer("adoption", plan="not_now")
    for step in ("match_entitlements", "complete_facts"):
        await story.answer(step)
    await story.answer("follow_up_visit", finding="stable")
    await story.answer("closing_review", may_close=True)
    assert await story.live() == {"guardianship_intervention"}
    await story.fast_forward(days=367)
    await story.answer("guardianship_end", state="ended_full_capacity")
    assert await story.live() == set()
    assert [event.detail for event in await story.happened(Happening.CASE_CLOSED)] == ["年满18周岁"]


# --- D13 送养 ---


async def ready_for_adoption(story: Story) -> None:
    """A child whose parents nobody found; the declaration is not wanted."""
    await unfound(story)
    await story.answer("advise_declaration", intended=False)
    assert await asked(story) == {"adoption"}


async def test_a_child_is_adopted_after_notice_assessment_and_living_together(story: Story) -> None:
    """60 days from the day the notice appeared (a holiday moves the last one), then assessment, 30 days, registration."""
    await ready_for_adoption(story)
    await story.answer("adoption", plan="place", birth_parents_unknown=True)
    await story.answer("seek_birth_parents", published_on="2026-03-02")
    await pass_to(story, 2026, 5, 6)
    assert await asked(story) == set()
    await pass_to(story, 2026, 5, 7)
    await story.answer("birth_parents_claim", claimed=False)
    assert (await story.request("assess_adoption")).terms["answer"]["limit"] == "60 days"
    await story.answer("assess_adoption", suitable=True)
    await pass_to(story, 2026, 6, 6)
    assert await asked(story) == set()
    await pass_to(story, 2026, 6, 7)
    await story.answer("adoption_integration", integrates=True)
    registration = await story.request("register_adoption")
    assert (registration.terms["answer"]["limit"], registration.terms["answer"]["provenance"]) == (
        "30 days", "verified_full_text"
    )  # fmt: skip
    await story.answer("register_adoption", consent="under_eight", registered=True)
    await ended(story, "adopted")


async def test_known_birth_parents_are_not_sought(story: Story) -> None:
    """The notice is for birth parents who cannot be found, and for them alone."""
    await ready_for_adoption(story)
    await story.answer("adoption", plan="place")
    assert await asked(story) == {"assess_adoption"}


@pytest.mark.parametrize("stops_at", ["adoption", "assess_adoption", "adoption_integration", "register_adoption"])
async def test_a_child_who_is_not_adopted_remains_and_may_be_placed_a_year_later(story: Story, stops_at: str) -> None:
    """Whatever stands in the way, civil affairs goes on guarding; the yearly review may think of adoption again."""
    await ready_for_adoption(story)
    ways = {
        "adoption": ({"plan": "place"}, {"plan": "not_now"}),
        "assess_adoption": ({"suitable": True}, {"suitable": False}),
        "adoption_integration": ({"integrates": True}, {"integrates": False}),
        "register_adoption": ({}, {"consent": "refuses", "registered": False}),
    }
    for step, (goes, stops) in ways.items():
        if step == "adoption_integration":
            await story.fast_forward(days=32)
        await story.answer(step, **(stops if step == stops_at else goes))
        if step == stops_at:
            break
    assert await asked(story) == set()
    await goes_on(story, "new_guardian_settled")
    await story.fast_forward(days=367)
    await story.answer("guardianship_end", state="adoptable")
    assert [r.subject for r in await story.requests() if r.step == "adoption"] == ["", "1"]


async def test_a_claimed_child_is_looked_at_at_once(story: Story) -> None:
    """D13 → D16: birth parents who turn up do not wait for the year to pass."""
    await ready_for_adoption(story)
    await story.answer("adoption", plan="place", birth_parents_unknown=True)
    await story.answer("seek_birth_parents", published_on="2026-03-02")
    await story.fast_forward(days=70)
    await story.answer("birth_parents_claim", claimed=True)
    assert await asked(story) == {"guardianship_end"}
    assert not {"assess_adoption"} & {r.step for r in await story.requests()}


# --- D14 指定监护人 ---


@pytest.mark.parametrize("objected", [True, False])
@pytest.mark.parametrize("civil_affairs", [True, False])
async def test_a_disputed_guardian_is_designated(story: Story, objected: bool, civil_affairs: bool) -> None:
    """D14: village, thirty days, and the court where somebody objects; whom they name guards the child."""
    await opened(story, "disputed", cause="dispute")
    assert await asked(story) == {"designation_dispute"}
    last = "civil_affairs" if civil_affairs else "relative"
    await story.answer("designation_dispute", guardian="other" if objected else last)
    objection = await story.request("designation_objection")
    assert (objection.terms["answer"]["limit"], objection.terms["answer"]["provenance"]) == (
        "30 days", "verified_full_text"
    )  # fmt: skip
    await story.answer("designation_objection", objected=objected)
    if objected:
        await story.answer("designation_trial", guardian=last)
    if civil_affairs:
        await story.answer("long_term_guardianship", ground="other_by_law")
        await goes_on(story, "new_guardian_settled")
    else:
        await story.answer("settle_new_guardian")
        await ended(story, "new_guardian_settled")


async def test_a_child_whom_nobody_protects_is_guarded_while_the_dispute_lasts(story: Story) -> None:
    """民法典 31(3): only then, and the designation does not wait for it."""
    await opened(story, "disputed", cause="dispute", ground="objective_cause_or_sudden_event")
    assert await asked(story) == {"designation_dispute", "temporary_guardianship"}


# --- D15 宣告失踪、死亡 ---


async def intended(story: Story, gone_since: str = "2025-09-01") -> None:
    """A relative means to have the vanished parent declared missing; civil affairs is guardian meanwhile."""
    await unfound(story)
    await story.answer("advise_declaration", intended=True, gone_since=gone_since)
    await story.answer("adoption", plan="not_now")


async def test_a_vanished_parent_is_declared_missing_after_two_years_and_a_notice(story: Story) -> None:
    """民法典 40, 民事诉讼法 187, 192: two years, three months of notice, thirty days; and it is a fact for entitlements."""
    await intended(story)
    await story.fast_forward(days=367)
    await story.answer("guardianship_end", state="goes_on")
    await pass_to(story, 2027, 9, 1)
    assert await asked(story) == set()
    await pass_to(story, 2027, 9, 2)
    assert await asked(story) == {"apply_for_declaration"}
    await story.answer("apply_for_declaration", sought="missing")
    await story.answer("publish_missing_notice", published_on="2027-09-02")
    assert await asked(story) == set()
    await pass_to(story, 2027, 12, 3)
    judgment = await story.request("declare_missing")
    assert (judgment.office, judgment.terms["answer"]["limit"]) == ("court", "30 days")
    await story.answer("declare_missing", declared=True)
    assert await facts(story) == ["declared_missing"]
    await goes_on(story, "new_guardian_settled")


@pytest.mark.parametrize(
    ("sought", "notice_days", "judgment"),
    [("dead_after_accident", 367, "declare_dead"), ("dead_for_certain", 95, "declare_dead_for_certain")],
)
async def test_death_is_declared_after_the_notice_that_the_law_gives_it(
    story: Story, sought: str, notice_days: int, judgment: str
) -> None:
    """民法典 46, 民事诉讼法 192: a year, or three months where survival is impossible. Not declared, nothing follows."""
    await intended(story, "2024-03-01")
    await story.answer("apply_for_declaration", sought=sought)
    await story.answer("publish_missing_notice", published_on="2026-03-02")
    await story.fast_forward(days=notice_days)
    assert judgment in await asked(story)
    await story.answer(judgment, declared=False)
    assert await facts(story) == []


@pytest.mark.parametrize("applied", [True, False])
async def test_four_years_are_waited_for_where_death_is_meant(story: Story, applied: bool) -> None:
    """民法典 46: nobody must ask for either declaration."""
    await intended(story, "2022-04-01")
    await story.answer("apply_for_declaration", sought="later")
    assert await asked(story) == set()
    await pass_to(story, 2026, 4, 2)
    await story.answer("apply_for_death", applied=applied)
    assert await asked(story) == ({"publish_missing_notice"} if applied else set())


@pytest.mark.parametrize("at_first", [True, False])
async def test_the_declaration_is_an_offer(story: Story, at_first: bool) -> None:
    """Nobody wants it, at first or after two years: nothing more is asked."""
    if at_first:
        await unfound(story)
        await story.answer("advise_declaration", intended=False)
        await story.answer("adoption", plan="not_now")
    else:
        await intended(story, "2024-03-01")
        await story.answer("apply_for_declaration", sought="nobody")
    assert await asked(story) == set()
    assert "publish_missing_notice" not in {r.step for r in await story.requests()}


async def test_the_declaration_holds_up_nothing_and_outlasts_the_intervention(story: Story) -> None:
    """A guardian who was gone has come back and mended; the offer is still owed an answer, and a new danger begins anew."""
    await opened(story, "serious", cause="absence")
    assert await asked(story) == {"discipline", "advise_declaration"}
    await story.answer("discipline", improved=True)
    await goes_on(story, "risk_removed")
    await story.answer("advise_declaration", intended=False)
    await ended(story, "risk_removed")


async def test_an_adoption_ends_the_offer_of_a_declaration(story: Story) -> None:
    """Who has new parents needs no declaration: civil affairs is released, and the mechanism closes."""
    await unfound(story)
    await story.answer("adoption", plan="place")
    await story.answer("assess_adoption", suitable=True)
    await story.fast_forward(days=32)
    await story.answer("adoption_integration", integrates=True)
    await story.answer("register_adoption", consent="agrees", registered=True)
    await ended(story, "adopted")
    assert (await story.request("advise_declaration")).state == "withdrawn"


async def test_a_found_guardian_is_not_declared_missing(story: Story) -> None:
    """D4a found: nobody is gone."""
    await opened(story, "unattended", cause="absence", guardian_untraced=True)
    await story.answer("temporary_guardianship", place="kinship_care")
    await story.answer("trace_guardian", found=True)
    assert await asked(story) == {"assess_guardian"}


# --- D16 监护终止 ---


async def under_review(story: Story) -> None:
    """A year of civil affairs' guardianship is over."""
    await unfound(story)
    await story.answer("advise_declaration", intended=False)
    await story.answer("adoption", plan="not_now")
    await story.fast_forward(days=367)
    assert await asked(story) == {"guardianship_end"}


async def test_the_guardianship_is_looked_at_year_by_year(story: Story) -> None:
    """D16: it goes on, and is looked at again a year after that answer."""
    await under_review(story)
    await story.answer("guardianship_end", state="goes_on")
    assert await asked(story) == set()
    await story.fast_forward(days=364)
    assert await asked(story) == set()
    await story.fast_forward(days=3)
    assert [r.subject for r in await story.requests() if r.step == "guardianship_end"] == ["1", "2"]


@pytest.mark.parametrize(
    ("state", "ground"),
    [
        ("ended_full_capacity", "turned_18"),
        ("ended_adopted", "adopted"),
        ("ended_ward_died", "died"),
        ("ended_by_court", "new_guardian_settled"),
    ],
)
async def test_each_end_closes_the_mechanism_on_its_ground(story: Story, state: str, ground: str) -> None:
    """民法典 39."""
    await under_review(story)
    await story.answer("guardianship_end", state=state)
    await ended(story, ground)


@pytest.mark.parametrize(
    "answer", [{"state": "ended_guardian_incapable_or_dead"}, {"state": "ended_by_court", "still_needs_guardian": True}]
)
@pytest.mark.parametrize("civil_affairs", [True, False])
async def test_a_child_who_still_needs_a_guardian_gets_one(
    story: Story, answer: dict[str, object], civil_affairs: bool
) -> None:
    """D16 → D14, D10: somebody is designated, or civil affairs guards on and is asked again."""
    await under_review(story)
    await story.answer("guardianship_end", **answer)
    await story.answer("designation_dispute", guardian="civil_affairs" if civil_affairs else "relative")
    await story.answer("designation_objection", objected=False)
    if civil_affairs:
        await story.answer("long_term_guardianship", ground="guardian_dead_no_other")
        await goes_on(story, "new_guardian_settled")
        await story.fast_forward(days=367)
        assert await asked(story) == {"guardianship_end"}
    else:
        await story.answer("settle_new_guardian")
        await ended(story, "new_guardian_settled")


@pytest.mark.parametrize("step", ["restoration_plea", "adoption"])
async def test_an_end_that_another_question_brings_up_is_looked_at_at_once(story: Story, step: str) -> None:
    """A child who comes of age meanwhile does not wait for the yearly review."""
    if step == "adoption":
        await unfound(story)
        await story.answer("advise_declaration", intended=False)
        await story.answer("adoption", plan="guardianship_ended")
    else:
        await revoked(story)
        await story.fast_forward(days=95)
        await story.answer("restoration_plea", plea="guardianship_ended")
    assert await asked(story) == {"guardianship_end"}
    await story.answer("guardianship_end", state="ended_full_capacity")
    await ended(story, "turned_18")


async def test_new_harm_to_a_child_in_civil_affairs_care_begins_anew_and_the_watch_goes_on(story: Story) -> None:
    """The old proceeding has taken its leave; the new one says that civil affairs is guardian, and is asked year by year."""
    await unfound(story)
    await story.answer("advise_declaration", intended=False)
    await story.answer("adoption", plan="not_now")
    for step in ("match_entitlements", "complete_facts"):
        await story.answer(step)
    await story.answer("follow_up_visit", finding="danger")
    await story.answer("dispatch", child_found=True)
    await story.answer(
        "stop_and_secure", situation="other_harm", guardian_failed_after_education=True,
        child_in_danger=True, child_needs_doctor=False, child_must_leave_home=False,
    )  # fmt: skip
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("open_intervention", cause="violence", severity="civil_affairs_guards")
    await story.answer("long_term_guardianship", ground="guardians_not_found")
    await story.answer("adoption", plan="not_now")
    assert await story.outcome(GUARDIANSHIP) == "new_guardian_settled"
    await story.fast_forward(days=367)
    assert "guardianship_end" in await story.waiting()
