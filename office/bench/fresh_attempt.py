"""The same attempt as a flow that Prefect's own worker starts in a process of its own: what ours is compared with."""

from __future__ import annotations

from prefect import flow
from prefect.context import FlowRunContext

from config.settings import settings
from office import port
from office.attempt import Attempt, new_holder
from office.opening import open_bureau
from office.proceedings import load_flow, pause
from rules.vocabulary import Mechanism

ENTRYPOINT = "office.bench.fresh_attempt.fresh_attempt"


@flow(name="bench_fresh_attempt", retries=0, persist_result=False)
async def fresh_attempt(case_number: str) -> str:
    """Open the office, run the mechanism to its next sleep, and pause this run."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("an attempt is made by a flow run")
    run = context.flow_run.id
    bureau = await open_bureau(settings(), pooled=False)
    attempt = Attempt(bureau, new_holder(), run, lambda *words: pause(run, *words))
    token = port.current.set(attempt)
    try:
        reason: str = await load_flow(Mechanism.MANDATORY_REPORT.value).fn(case_number)
        return reason
    finally:
        port.current.reset(token)
        await attempt.let_go()
