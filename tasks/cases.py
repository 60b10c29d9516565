"""open_case · hand_over · take_leave · close: how a mechanism begins, passes the case on and ends."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from office.port import current
from rules.case import Case
from rules.vocabulary import ClosingGround, Mechanism


@task(name="移交", persist_result=False, cache_policy=NO_CACHE)
async def pass_on(case_number: str, mechanism: str, to: str) -> None:
    """Pass the case on to another mechanism: once, however often it is done."""
    port = current.get()
    await port.case(case_number, Mechanism(mechanism))
    await port.hand_over(Mechanism(to))


async def open_case(case_number: str, mechanism: Mechanism) -> Case:
    """The case in its live proceeding of this mechanism. Begins every flow."""
    return await current.get().case(case_number, mechanism)


async def hand_over(case: Case, to: Mechanism) -> None:
    """Pass the case on to another mechanism (legal-basis 1E); a live one is joined."""
    port = current.get()
    if not await port.is_handed_over(case.proceeding, to):
        await port.perform(pass_on, f"移交·{to.label}", case.number, case.mechanism.value, to.value)


async def take_leave(case: Case, ground: ClosingGround) -> None:  # noqa: ARG001 - reads like the other verbs
    """The mechanism has done its part and only waits for answers owed to it: a new danger begins it anew."""
    await current.get().take_leave(ground)


async def close(case: Case, ground: ClosingGround) -> str:  # noqa: ARG001 - reads like the other verbs
    """Close the proceeding once every step that was asked has been answered. Gives the ground's Chinese label."""
    port = current.get()
    while not await port.close(ground):
        await port.sleep()
    return ground.label
