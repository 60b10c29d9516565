"""What an emergency leaves to be watched for months: orders, warned families, searches, and guardians in custody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from office.refusals import Refused
from rules.answers import Situation
from rules.vocabulary import Mechanism
from tests.flows.test_emergency_handling import on_the_scene
from tests.story import Story

pytestmark = pytest.mark.anyio

MONTHS_AFTER = {
    "reconsideration", "decide_order_extension", "extension_ruling", "order_return_form", "rescued_search",
    "rescued_notice", "move_rescued", "rescued_final_search", "search_street_child_family", "tell_home_township",
    "register_household", "notify_family_of_administrative_detention", "notify_family_of_detained",
    "notify_family_of_detox", "notify_family_of_prisoner", "tell_of_unsupported_child",
}  # fmt: skip
"""The steps that these stories ask."""


async def order_applied_for(story: Story) -> None:
    """Family harm, the child at home, an order applied for."""
    await on_the_scene(story, protection_order_needed=True)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("apply_protection_order")


async def order_in_force(story: Story, **more: object) -> None:
    """Granted, served, checked."""
    await order_applied_for(story)
    await story.answer("protection_order", granted=True, **more)
    await story.answer("serve_order")
    await story.answer("check_abuser")


async def pass_days(story: Story, days: int, *, visits: str = "stable") -> None:
    """Day by day; whoever is asked to visit does."""
    for _ in range(days):
        await story.fast_forward(days=1)
        if "order_follow_up" in await story.waiting():
            await story.answer("order_follow_up", finding=visits)


@pytest.mark.parametrize("granted", [True, False])
async def test_a_refusal_may_be_reconsidered_once(story: Story, granted: bool) -> None:
    """反家庭暴力法 31: asked for within five days; an order made then is served like any other."""
    await order_applied_for(story)
    await story.answer("protection_order", granted=False)
    asked = await story.request("decide_reconsideration")
    # The fifth day is Saturday 7 March: the end rolls to Monday's close (民事诉讼法 85).
    assert asked.due.astimezone(story.clock.now().tzinfo).isoformat() == "2026-03-10T00:00:00+08:00"
    await story.answer("decide_reconsideration", applied=True)
    assert (await story.request("reconsideration")).office == "court"
    await story.answer("reconsideration", granted=granted)
    assert ("serve_order" in await story.waiting()) is granted
    assert (Mechanism.EMERGENCY_HANDLING.value in await story.live()) is granted


async def test_an_order_is_visited_while_it_holds_and_reported_on_at_its_end(story: Story) -> None:
    """法发〔2022〕10号 18: the question of an extension comes before the last day, the return form after it."""
    until = (story.clock.now() + timedelta(days=40)).date()
    await order_in_force(story, valid_until=until.isoformat())
    await pass_days(story, 20)
    assert "decide_order_extension" not in await story.waiting()
    await pass_days(story, 10)
    assert "decide_order_extension" in await story.waiting(), "asked before the order ends"
    assert "order_return_form" not in await story.waiting()
    await story.answer("decide_order_extension", applied=False)
    await pass_days(story, 11)
    assert "order_return_form" in await story.waiting()
    await story.answer("order_return_form")
    assert Mechanism.EMERGENCY_HANDLING.value not in await story.live()
    visits = [r for r in await story.requests() if r.step == "order_follow_up"]
    assert len(visits) >= 2


async def test_silence_about_an_extension_does_not_hold_up_the_end(story: Story) -> None:
    """When the order has ended there is nothing left to extend: the question is taken back."""
    until = (story.clock.now() + timedelta(days=20)).date()
    await order_in_force(story, valid_until=until.isoformat())
    await pass_days(story, 22)
    assert {"order_return_form"} == await story.waiting() & {"order_return_form", "decide_order_extension"}


async def test_an_extended_order_is_a_new_order(story: Story) -> None:
    """反家庭暴力法 30: the court extends; it is served and checked anew, and the visits go on."""
    until = (story.clock.now() + timedelta(days=20)).date()
    await order_in_force(story, valid_until=until.isoformat())
    await pass_days(story, 8)
    await story.answer("decide_order_extension", applied=True)
    later = (until + timedelta(days=20)).isoformat()
    await story.answer("extension_ruling", granted=True, valid_until=later)
    assert {"serve_order", "check_abuser"} <= await story.waiting()
    await story.answer("serve_order")
    await story.answer("check_abuser")
    await pass_days(story, 14)
    assert "order_return_form" not in await story.waiting()
    await pass_days(story, 20)
    assert "order_return_form" in await story.waiting()


async def test_an_order_without_a_last_day_holds_six_months(story: Story) -> None:
    """反家庭暴力法 30."""
    await order_in_force(story)
    await pass_days(story, 183)
    assert "order_return_form" not in await story.waiting()
    await pass_days(story, 3)
    assert "order_return_form" in await story.waiting()


async def test_harm_while_an_order_holds_is_guardianship(story: Story) -> None:
    """What a visit finds is not lost."""
    await order_in_force(story)
    await pass_days(story, 1, visits="guardian_harm")
    assert Mechanism.GUARDIANSHIP_INTERVENTION.value in await story.live()


async def test_harm_within_ninety_days_of_a_warning_is_guardianship(story: Story) -> None:
    """山西省家庭暴力预防和处置办法 16."""
    await on_the_scene(story, Situation.DOMESTIC_VIOLENCE)
    await story.answer("secure_evidence", child_settled=True)
    await story.answer("warning_decision", issued=True)
    record = await story.request("warned_family_record")
    assert timedelta(days=90) < record.due - record.asked_at < timedelta(days=99)
    await story.answer("warned_family_record", finding="danger")
    assert Mechanism.GUARDIANSHIP_INTERVENTION.value in await story.live()


async def rescued(story: Story) -> None:
    """A rescued child received by the centre."""
    await on_the_scene(story, Situation.TRAFFICKED_RESCUED)
    await story.answer("receive_rescued", child_settled=True)


async def test_a_family_found_within_the_month_ends_the_search(story: Story) -> None:
    """民发〔2015〕159号: no notice, no moving; the long search is taken back."""
    await rescued(story)
    await story.answer("rescued_search", found=True)
    assert not {"rescued_notice", "rescued_final_search"} & await story.waiting()
    assert Mechanism.EMERGENCY_HANDLING.value not in await story.live()


async def test_an_unclaimed_child_moves_to_the_welfare_institution(story: Story) -> None:
    """民发〔2015〕159号: certificate, notice, thirty days, then seven to move; after twelve months the final certificate."""
    await rescued(story)
    assert Mechanism.ASSESSMENT_AND_ASSISTANCE.value in await story.live(), "nothing else waits for the search"
    await story.answer("rescued_search", found=False, certificate="证1")
    await story.answer("rescued_notice")
    await story.fast_forward(days=30)
    assert "move_rescued" not in await story.waiting()
    await story.fast_forward(days=1)
    move = await story.request("move_rescued")
    assert timedelta(days=7) < move.due - move.asked_at <= timedelta(days=8)
    await story.answer("move_rescued")
    await story.answer("rescued_final_search", found=False, certificate="证2")
    told = [letter.facts["matter"] for letter in await story.letters("informed")]
    assert "查找不到生父母或其他监护人的证明已经出具" in told
    assert Mechanism.EMERGENCY_HANDLING.value not in await story.live()


async def test_a_family_found_during_the_notice_spares_the_moving(story: Story) -> None:
    """The police may say so at any time."""
    await rescued(story)
    await story.answer("rescued_search", found=False, certificate="证1")
    await story.answer("rescued_notice")
    await story.fast_forward(days=10)
    await story.answer("rescued_final_search", found=True)
    await story.fast_forward(days=40)
    assert "move_rescued" not in {r.step for r in await story.requests()}


async def test_after_two_years_without_a_family_the_household_is_registered(story: Story) -> None:
    """国办发〔2011〕39号 三(三)."""
    await on_the_scene(story, Situation.STREET_CHILD)
    await story.answer("escort_home", child_settled=False)
    await story.fast_forward(days=730)
    assert "register_household" not in await story.waiting()
    await story.fast_forward(days=2)
    assert "register_household" in await story.waiting()
    await story.answer("search_street_child_family", found=True)
    assert "register_household" in await story.waiting(), "a family found later changes nothing in what was asked"
    assert "tell_home_township" not in {r.step for r in await story.requests()}


async def test_a_family_not_found_early_is_waited_for_all_the_same(story: Story) -> None:
    """A search given up after a month shortens no waiting time of the law."""
    await on_the_scene(story, Situation.STREET_CHILD)
    await story.answer("escort_home", child_settled=False)
    await story.fast_forward(days=30)
    await story.answer("search_street_child_family", found=False)
    assert "register_household" not in await story.waiting()
    await story.fast_forward(days=702)
    assert "register_household" in await story.waiting()


async def test_a_search_without_result_ends_with_a_certificate(story: Story) -> None:
    """民发〔2015〕159号: an answer without its number is not taken."""
    await rescued(story)
    with pytest.raises(Refused, match="证明"):
        await story.answer("rescued_search", found=False)


@pytest.mark.parametrize("settled", [True, False])
async def test_the_home_township_is_told_of_a_child_who_is_back(story: Story, settled: bool) -> None:
    """国办发〔2011〕39号 三(三): at once, or when the family has been found."""
    await on_the_scene(story, Situation.RUNAWAY)
    await story.answer("escort_home", child_settled=settled)
    if not settled:
        await story.answer("search_street_child_family", found=True)
    assert "tell_home_township" in await story.waiting()


@pytest.mark.parametrize(
    ("situation", "custody", "notice", "limit", "executing"),
    [
        ("guardian_detained", "administrative", "notify_family_of_administrative_detention", 24, "public_security"),
        ("guardian_detained", "not_said", "notify_family_of_detained", 24, "public_security"),
        ("guardian_in_detox", "not_said", "notify_family_of_detox", 24, "justice"),
        ("guardian_imprisoned", "not_said", "notify_family_of_prisoner", None, "justice"),
        ("other_harm", "criminal", "notify_family_of_detained", 24, "public_security"),
    ],
)
async def test_a_guardian_in_custody_is_told_of(
    story: Story, situation: str, custody: str, notice: str, limit: int | None, executing: str
) -> None:
    """刑事诉讼法 85, 93; 禁毒法 40; 监狱法 20: the family in time, and whoever looks after the child."""
    await on_the_scene(story, Situation(situation), custody=custody)  # type: ignore[arg-type]
    asked = await story.request(notice)
    if limit is None:
        assert timedelta(days=5) < asked.due - asked.asked_at < timedelta(days=9)
    else:
        assert asked.due - asked.asked_at == timedelta(hours=limit)
    told = await story.request("tell_of_unsupported_child")
    assert told.office == executing
    others = {step for step in MONTHS_AFTER if step.startswith("notify_family")} - {notice}
    assert not others & await story.waiting()


async def test_nobody_in_custody_is_no_notice(story: Story) -> None:
    """What was not found asks nothing of the police."""
    await on_the_scene(story)
    assert not [r.step for r in await story.requests() if "family" in r.step or r.step == "tell_of_unsupported_child"]


async def test_notices_of_custody_hold_nothing_up(story: Story) -> None:
    """The child is looked after while the family's notice is still owed."""
    await on_the_scene(story, Situation.GUARDIAN_DETAINED)
    await story.answer("arrange_care_of_detained", child_settled=True)
    assert Mechanism.ASSESSMENT_AND_ASSISTANCE.value in await story.live()
    assert {"notify_family_of_detained", "tell_of_unsupported_child"} <= await story.waiting()
