"""open_case · hand_over · take_leave · close: how a mechanism begins, passes the case on and ends."""

from __future__ import annotations

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from office.port import current
from rules.case import Asked, Case
from rules.vocabulary import ClosingGround, Mechanism


@task(name="移交", persist_result=False, cache_policy=NO_CACHE)
async def pass_on(case_number: str, mechanism: str, to: str, occasion: str = "") -> None:
    """Pass the case on to another mechanism: once, however often it is done."""
    port = current.get()
    await port.case(case_number, Mechanism(mechanism))
    await port.hand_over(Mechanism(to), occasion)


async def open_case(case_number: str, mechanism: Mechanism, serial: int) -> Case:
    """The case in its proceeding of this mechanism, for the `serial`-th time. Begins every flow."""
    return await current.get().case(case_number, mechanism, serial)


async def hand_over(case: Case, to: Mechanism, *, because: Asked[Any] | None = None) -> None:
    """Pass the case on to another mechanism (legal-basis 1E); one at work is joined.

    `because` names the answer that brings it about, where a mechanism watches on after it has passed the case on: what
    it finds later passes it on again.
    """
    port = current.get()
    occasion = "" if because is None else f"{because.step.key}/{because.subject}"
    if not await port.is_handed_over(case.proceeding, to, occasion):
        await port.perform(pass_on, f"移交·{to.label}", case.number, case.mechanism.value, to.value, occasion)


async def take_leave(case: Case, ground: ClosingGround) -> None:  # noqa: ARG001 - reads like the other verbs
    """The mechanism looks at the child no more, and goes on with what it watches or is owed.

    A new danger begins it anew beside this one.
    """
    await current.get().take_leave(ground)


async def close(case: Case, ground: ClosingGround) -> str:  # noqa: ARG001 - reads like the other verbs
    """Close the proceeding once every step that was asked has been answered. Gives the ground's Chinese label."""
    port = current.get()
    while not await port.close(ground):
        await port.sleep()
    return ground.label
