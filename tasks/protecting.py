"""ruling_on · order_made · keep_order: a protection order from the court's ruling to its last day."""

from __future__ import annotations

from datetime import date

from office.port import current
from rules.answers import Ruling, Scene
from rules.case import Asked, Case
from rules.protection_order import ORDER_AT_MOST, day_after
from rules.steps import (
    CHECK_ABUSER,
    DECIDE_ORDER_EXTENSION,
    DECIDE_RECONSIDERATION,
    EXTENSION_RULING,
    ORDER_FOLLOW_UP,
    ORDER_RETURN_FORM,
    PROTECTION_ORDER,
    RECONSIDERATION,
    SERVE_ORDER,
    URGENT_PROTECTION_ORDER,
)
from tasks.appointments import reply_before, until, wait_no_more
from tasks.asking import ask, day_of_reply_to, release, reply_to, together
from tasks.visiting import act_on


async def ruling_on(case: Case, found: Scene) -> Asked[Ruling]:
    """B10: the court rules in 72 hours, in 24 when it is urgent (反家庭暴力法 28)."""
    return await ask(case, URGENT_PROTECTION_ORDER if found.urgent_protection_order else PROTECTION_ORDER)


async def order_made(case: Case, number: int = 1) -> None:
    """B10: an order is served (法发〔2022〕10号 14), and the police check the abuser (山西省家庭暴力预防和处置办法 17).

    `number` counts the orders of one case: an extension is served anew.
    """
    subject = "" if number == 1 else str(number)
    await ask(case, SERVE_ORDER, subject=subject)
    await ask(case, CHECK_ABUSER, subject=subject)


async def keep_order(case: Case, ruling: Asked[Ruling]) -> None:
    """B10: an order is kept to its end; a refusal may be reconsidered once."""
    if not (await reply_to(ruling)).granted:
        # 反家庭暴力法 31: once, within five days.
        if not (await reply_to(await ask(case, DECIDE_RECONSIDERATION))).applied:
            return
        ruling = await ask(case, RECONSIDERATION)
        if not (await reply_to(ruling)).granted:
            return
    await _in_force(case, 1, ruling, await day_of_reply_to(ruling))


async def _in_force(case: Case, number: int, ruling: Asked[Ruling], visits_from: date) -> None:
    """One order while it holds: visits, and the question of an extension before its last day."""
    made, order = await day_of_reply_to(ruling), await reply_to(ruling)
    at_most = ORDER_AT_MOST.last_day(made)
    last = min(order.valid_until or at_most, at_most)
    await order_made(case, number)
    await together(
        lambda: _visit_while_in_force(case, number, visits_from, last),
        lambda: _extend_or_end(case, number, last),
    )


async def _visit_while_in_force(case: Case, number: int, begins: date, last: date) -> None:
    """1F: regular visits while the order holds (法发〔2022〕10号 18; 山西省家庭暴力预防和处置办法 18)."""
    count, day = 1, begins
    while day <= last:
        await until(case, day, ORDER_FOLLOW_UP, f"{number}-{count}")
        asked = await ask(case, ORDER_FOLLOW_UP, subject=f"{number}-{count}", about=f"第{count}次")
        if await act_on(case, asked) is not None:
            return
        count, day = count + 1, current.get().last_day(ORDER_FOLLOW_UP.key, await day_of_reply_to(asked))


async def _extend_or_end(case: Case, number: int, last: date) -> None:
    """B10, 1F: before the order ends the applicant decides on an extension; at the end the court hears how it was kept.

    反家庭暴力法 30; 法发〔2022〕10号 18.
    """
    subject, over = "" if number == 1 else str(number), day_after(last)
    await until(case, current.get().day_to_ask(DECIDE_ORDER_EXTENSION.key, last), DECIDE_ORDER_EXTENSION, subject)
    question = await ask(case, DECIDE_ORDER_EXTENSION, subject=subject)
    decision = await reply_before(question, over, ORDER_RETURN_FORM, subject)
    if decision is not None and decision.applied:
        ruling = await ask(case, EXTENSION_RULING, subject=subject)
        if (await reply_to(ruling)).granted:
            await wait_no_more(case, ORDER_RETURN_FORM, subject)
            await _in_force(case, number + 1, ruling, over)
            return
    await until(case, over, ORDER_RETURN_FORM, subject)
    await release(question)
    await ask(case, ORDER_RETURN_FORM)
