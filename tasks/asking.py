"""ask · inform · reply_to · replies_to · first_reply_of · together · beside: the words between offices, and what waits.

A flow begins again from its first line at each wake. A verb therefore looks in the records first and starts a Prefect
task only when something has to be done, so the run's graph shows each act once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import date, datetime
from typing import Any, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from office.port import current
from rules.case import Asked, Case
from rules.steps import A, Step
from rules.steps import step as step_of
from rules.vocabulary import Mechanism, Office
from rules.workdays import SHANGHAI

T = TypeVar("T")

_side_by_side: ContextVar[bool] = ContextVar("side_by_side", default=False)


class _Waits(Exception):  # noqa: N818 - one of several ways has come to a wait
    """One way of `together` waits; the others go on."""


async def rest() -> None:
    """Wait for news of the proceeding; inside `together`, let the other ways go on first."""
    if _side_by_side.get():
        raise _Waits
    await current.get().sleep()


@task(name="交办", persist_result=False, cache_policy=NO_CACHE)
async def put_to_office(
    case_number: str, mechanism: str, step: str, office: str, subject: str, about: str = ""
) -> None:
    """Put one step to one office. The act is idempotent under (proceeding, step, subject)."""
    port = current.get()
    case = await port.case(case_number, Mechanism(mechanism))
    await port.ask(case, step_of(step), Office(office), subject, about)


@task(name="通报", persist_result=False, cache_policy=NO_CACHE)
async def tell_office(case_number: str, mechanism: str, office: str, matter: str) -> None:
    """Tell one office something it need not answer."""
    port = current.get()
    case = await port.case(case_number, Mechanism(mechanism))
    await port.inform(case, Office(office), matter)


@task(name="撤回", persist_result=False, cache_policy=NO_CACHE)
async def take_back(case_number: str, mechanism: str, step: str, subject: str) -> None:
    """Take one open step back from its office."""
    port = current.get()
    await port.case(case_number, Mechanism(mechanism))
    await port.withdraw(step, subject)


async def ask(case: Case, step: Step[A], *, of: Office | None = None, subject: str = "", about: str = "") -> Asked[A]:
    """Put a step to an office: its clocks start, its letter leaves. The step's own office, unless another is named.

    `about` stands beside the step's label in letters, and holds nothing of the child.
    """
    port = current.get()
    office = of or step.office
    if not await port.is_asked(case.proceeding, step.key, subject):
        name = f"交办·{port.office_name(case, office)}·{step.label}"
        await port.perform(
            put_to_office, name, case.number, case.mechanism.value, step.key, office.value, subject, about
        )
    return Asked(case, step, subject)


async def inform(case: Case, office: Office, matter: str) -> None:
    """Tell an office something it need not answer (通报)."""
    port = current.get()
    if not await port.is_informed(case.proceeding, matter, port.office_key(case, office)):
        name = f"通报·{port.office_name(case, office)}·{matter}"
        await port.perform(tell_office, name, case.number, case.mechanism.value, office.value, matter)


async def reply_to(asked: Asked[A]) -> A:
    """The office's final answer, through declines, re-routings and returned questions. Waits as long as it takes.

    There is no branch for silence: silence is the ladder's business.
    """
    port = current.get()
    while True:
        found = await port.answer(asked.case.proceeding, asked.step.key, asked.subject)
        if found is not None:
            return asked.step.answer.from_records(found[0])
        await rest()


async def reply_so_far(asked: Asked[A]) -> A | None:
    """The answer if it has come; waits for nothing."""
    found = await current.get().answer(asked.case.proceeding, asked.step.key, asked.subject)
    return None if found is None else asked.step.answer.from_records(found[0])


async def reply_unless(asked: Asked[A], over: Callable[[], Awaitable[bool]]) -> A | None:
    """The answer, or None when the question has become pointless before: then its office is released with a letter."""
    port = current.get()
    while True:
        found = await port.answer(asked.case.proceeding, asked.step.key, asked.subject)
        if found is not None:
            return asked.step.answer.from_records(found[0])
        if await over():
            await release(asked)
            return None
        await rest()


async def moment_of_reply_to(asked: Asked[A]) -> datetime:
    """The moment of an answer that has been read: what an attempt decides from it never changes."""
    found = await current.get().answer(asked.case.proceeding, asked.step.key, asked.subject)
    if found is None:
        raise LookupError(f"{asked.step.key} has not been answered")
    return found[1]


async def day_of_reply_to(asked: Asked[A]) -> date:
    """The day, in the county's time, of an answer that has been read."""
    return (await moment_of_reply_to(asked)).astimezone(SHANGHAI).date()


async def replies_to(*asked: Asked[A]) -> list[A]:
    """Every one of the answers, in the order of the asking. One wait serves all of them."""
    return [await reply_to(each) for each in asked]


async def first_reply_of(*asked: Asked[A], settles: Callable[[Any], bool] = lambda _: True) -> tuple[Asked[A], A]:
    """The first answer to arrive that settles the matter, and which asking it answers.

    The other offices are released with a letter.
    """
    port = current.get()
    while True:
        arrived: list[tuple[datetime, int, A]] = []
        for position, each in enumerate(asked):
            found = await port.answer(each.case.proceeding, each.step.key, each.subject)
            if found is not None:
                arrived.append((found[1], position, each.step.answer.from_records(found[0])))
        settling = [item for item in arrived if settles(item[2])]
        if settling:
            _, position, answer = min(settling, key=lambda item: item[:2])
            for other in asked:
                await release(other)
            return asked[position], answer
        await rest()


async def together(*ways: Callable[[], Awaitable[T]]) -> list[T]:
    """Go several ways of one case side by side, so that none waits for another's answers. Ends when all have ended."""
    while True:
        ended: list[T] = []
        token = _side_by_side.set(True)
        try:
            for way in ways:
                try:
                    ended.append(await way())
                except _Waits:
                    continue
        finally:
            _side_by_side.reset(token)
        if len(ended) == len(ways):
            return ended
        await rest()


async def beside(main: Callable[[], Awaitable[T]], *others: Callable[[], Awaitable[object]]) -> T:
    """Go one way, and others at its side only as long as it lasts. Gives what the one way comes to.

    What the others have asked stays with the offices: it is for the caller to release them.
    """
    while True:
        token = _side_by_side.set(True)
        try:
            try:
                return await main()
            except _Waits:
                pass
            for way in others:
                try:
                    await way()
                except _Waits:
                    continue
        finally:
            _side_by_side.reset(token)
        await rest()


async def release_all(case: Case, *steps: Step[Any]) -> None:
    """Release the offices from every asking of these steps, numbered or not."""
    port = current.get()
    for step in steps:
        await release(Asked(case, step))
        number = 1
        while await port.is_asked(case.proceeding, step.key, str(number)):
            await release(Asked(case, step, str(number)))
            number += 1


async def release(asked: Asked[A]) -> None:
    """Release an office from a step that is still open, with a letter; nothing where none is."""
    port = current.get()
    case = asked.case
    if await port.is_open(case.proceeding, asked.step.key, asked.subject):
        name = f"撤回·{asked.step.label}"
        await port.perform(take_back, name, case.number, case.mechanism.value, asked.step.key, asked.subject)
