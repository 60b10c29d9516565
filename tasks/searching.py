"""begin_search · search_for_family: a child without a family is searched for while the case goes on."""

from __future__ import annotations

from rules.answers import Measure, Scene, Situation
from rules.case import Asked, Case
from rules.steps import (
    MOVE_RESCUED,
    REGISTER_HOUSEHOLD,
    RESCUED_FINAL_SEARCH,
    RESCUED_NOTICE,
    RESCUED_SEARCH,
    SEARCH_STREET_CHILD_FAMILY,
    TELL_HOME_TOWNSHIP,
)
from rules.vocabulary import Office
from tasks.appointments import reply_before, wait_no_more
from tasks.asking import ask, day_of_reply_to, inform, release, reply_to
from tasks.opening import ask_in_time, opens_on

AWAY_FROM_HOME = (Situation.STREET_CHILD, Situation.RUNAWAY)


async def begin_search(case: Case, found: Scene, measure: Asked[Measure]) -> bool:
    """B4h, B4l: the clocks of the search run from the child's reception. True when a family is searched for.

    Of a child who is back home the township there is told (国办发〔2011〕39号 三(三)).
    """
    settled = (await reply_to(measure)).child_settled
    if found.situation is Situation.TRAFFICKED_RESCUED:
        await ask(case, RESCUED_SEARCH)
        await ask(case, RESCUED_FINAL_SEARCH)
        return True
    if found.situation in AWAY_FROM_HOME:
        await ask(case, TELL_HOME_TOWNSHIP if settled else SEARCH_STREET_CHILD_FAMILY)
        return not settled
    return False


async def search_for_family(case: Case, found: Scene, measure: Asked[Measure]) -> None:
    """B4h, B4l: the search to its end, which may take years."""
    if not await begin_search(case, found, measure):
        return
    if found.situation is Situation.TRAFFICKED_RESCUED:
        await _search_for_family_of_rescued(case)
    else:
        await _search_for_family_of_street_child(case, measure)


async def _search_for_family_of_rescued(case: Case) -> None:
    """B4h (民发〔2015〕159号): interim certificate, notice, 30 days unclaimed, welfare institution, final certificate.

    A family that is found ends it, whenever the police say so.
    """
    final = await ask(case, RESCUED_FINAL_SEARCH)
    if (await reply_to(await ask(case, RESCUED_SEARCH))).found:
        await release(final)
        return
    notice = await ask(case, RESCUED_NOTICE)
    await reply_to(notice)
    published = await day_of_reply_to(notice)
    early = await reply_before(final, opens_on(MOVE_RESCUED, published), MOVE_RESCUED)
    if early is not None and early.found:
        await wait_no_more(case, MOVE_RESCUED)
        return
    await ask_in_time(case, MOVE_RESCUED, published)
    if not (await reply_to(final)).found:
        await inform(case, Office.CIVIL_AFFAIRS, "查找不到生父母或其他监护人的证明已经出具")


async def _search_for_family_of_street_child(case: Case, measure: Asked[Measure]) -> None:
    """B4l (国办发〔2011〕39号 三(三)): after two years without a family the police register the household."""
    search = await ask(case, SEARCH_STREET_CHILD_FAMILY)
    received = await day_of_reply_to(measure)
    result = await reply_before(search, opens_on(REGISTER_HOUSEHOLD, received), REGISTER_HOUSEHOLD)
    if result is not None and result.found:
        await wait_no_more(case, REGISTER_HOUSEHOLD)
        await ask(case, TELL_HOME_TOWNSHIP)
        return
    await ask_in_time(case, REGISTER_HOUSEHOLD, received)
