"""The door to Prefect's client: nothing else of ours speaks to the Prefect server.

Only case number, step, office, deadline and level pass through here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx
from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, State, StateDetails, StateType
from prefect.client.schemas.responses import OrchestrationResult, SetStateStatus
from prefect.exceptions import Abort, ObjectAlreadyExists, ObjectNotFound, Pause
from prefect.states import Cancelled, Scheduled
from prefect.utilities.engine import propose_state

from rules.vocabulary import Mechanism

WORK_POOL = "jieli"
ROUND_FLOW = "escalation_round"

ENTRYPOINTS = {mechanism.value: (f"flows.{mechanism.value}", mechanism.value) for mechanism in Mechanism} | {
    ROUND_FLOW: ("flows.escalation_round", ROUND_FLOW)
}
"""Where each deployment's flow stands. Module paths are stored on the deployment and used at every wake."""


JOB_TEMPLATE = {
    "job_configuration": {"name": "{{ name }}"},
    "variables": {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}},
}
"""Attempts run inside the worker: there is no infrastructure to configure, and the server wants a template all the same."""


def load_flow(key: str) -> Flow[..., Any]:
    """The flow of that deployment. The office is below the flows, so it finds them by name and never by import."""
    module, name = ENTRYPOINTS[key]
    flow = getattr(import_module(module), name)
    if not isinstance(flow, Flow):
        raise TypeError(f"{module}.{name} is not a flow")
    return flow


@cache
def attempt_flow(key: str) -> Flow[..., Any]:
    """The flow as an attempt runs it.

    Its run was named when it was started. Nothing is stored, but the engine asks the server for a place to store it at
    every attempt unless one is named.
    """
    flow = load_flow(key).with_options(result_storage=Path(gettempdir()), persist_result=False)
    flow.flow_run_name = None
    return flow


def paused(key: str, name: str, message: str) -> State[Any]:
    """A wait: PAUSED under our own name, to be scheduled anew at a wake, with no timeout of Prefect's."""
    details = StateDetails(pause_timeout=None, pause_reschedule=True, pause_key=key)
    return State(type=StateType.PAUSED, name=name, message=message, state_details=details)


async def pause(flow_run_id: UUID, key: str, name: str, message: str) -> None:
    """End the running attempt by pausing its run. Raises `Pause` when the server accepts, `Abort` when it does not."""
    async with get_client() as client:
        state = await propose_state(client, paused(key, name, message), flow_run_id=flow_run_id)
    if not state.is_paused():
        raise Abort(f"the pause was not accepted; the server says {state.name}")
    raise Pause(state=state)


MOST_WOKEN = 10_000
"""Runs that are remembered as put on their way."""


@dataclass(frozen=True)
class RunState:
    """What the server holds of a run. `since` is the state's instant."""

    type: StateType
    name: str
    since: Any
    deployment: UUID | None = None


class Proceedings:
    """A connection to the Prefect server, for the courier. Use as an async context manager."""

    def __init__(self) -> None:
        """Nothing is opened yet."""
        self._client: PrefectClient = get_client()
        self.deployments: dict[str, UUID] = {}
        self.keys: dict[UUID, str] = {}
        self.woken: set[UUID] = set()
        """Runs put on their way through this connection, until an attempt at them begins in this process."""

    async def __aenter__(self) -> Self:
        """Open the connection."""
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the connection go."""
        await self._client.__aexit__(kind, fault, trace)

    async def deploy(self) -> None:
        """Make the work pool and the five deployments, or bring them up to date. Nothing is ever deleted."""
        deployments: dict[str, UUID] = {}
        with suppress(ObjectAlreadyExists):
            await self._client.create_work_pool(
                WorkPoolCreate(name=WORK_POOL, type=WORK_POOL, base_job_template=JOB_TEMPLATE)
            )
        for key in ENTRYPOINTS:
            flow = load_flow(key)
            flow_id = await self._client.create_flow(flow)
            module, name = ENTRYPOINTS[key]
            deployment = await self._client.create_deployment(
                flow_id,
                name=key,
                work_pool_name=WORK_POOL,
                entrypoint=f"{module}.{name}",
                parameter_openapi_schema=flow.parameters.model_dump(),
                enforce_parameter_schema=True,
                tags=[],
            )
            deployments[key] = deployment
        # Both at once: whoever looks meanwhile sees the old ones whole.
        self.deployments, self.keys = deployments, {deployment: key for key, deployment in deployments.items()}

    async def is_orphan(self, state: RunState) -> bool:
        """Whether the run's deployment was deleted: Prefect lets no worker claim it any more."""
        if state.deployment is None or state.deployment in self.keys:
            return False
        # Another worker may have made the deployments anew meanwhile.
        await self.deploy()
        return state.deployment not in self.keys

    async def put_away(self, flow_run_id: UUID) -> None:
        """Cancel a run that nobody can carry out any more, so that no worker is offered it again."""
        with suppress(httpx.HTTPError, ObjectNotFound):
            await self._client.set_flow_run_state(flow_run_id, Cancelled(message="已由新的运行接替"), force=True)

    async def start(self, key: str, once: str, name: str, parameters: dict[str, Any], tags: Sequence[str]) -> UUID:
        """Create a run, once for each value of `once`, and return its id. A deployment that somebody deleted is made anew."""
        try:
            return await self._start(key, once, name, parameters, tags)
        except httpx.HTTPStatusError as fault:
            if fault.response.status_code != httpx.codes.NOT_FOUND:
                raise
            await self.deploy()
            return await self._start(key, once, name, parameters, tags)

    def _put_on_its_way(self, flow_run_id: UUID, result: OrchestrationResult[Any]) -> bool:
        accepted = result.status == SetStateStatus.ACCEPT
        if accepted:
            if len(self.woken) > MOST_WOKEN:
                # Those that other workers took were never struck out here.
                self.woken.clear()
            self.woken.add(flow_run_id)
        return accepted

    async def _start(self, key: str, once: str, name: str, parameters: dict[str, Any], tags: Sequence[str]) -> UUID:
        run = await self._client.create_flow_run_from_deployment(
            self.deployments[key],
            parameters=parameters,
            name=name,
            tags=list(tags),
            idempotency_key=once,
            state=Scheduled(),
        )
        self.woken.add(run.id)
        return run.id

    async def resume(self, flow_run_id: UUID) -> bool:
        """Wake a paused run; False when the server does not accept it."""
        return self._put_on_its_way(flow_run_id, await self._client.resume_flow_run(flow_run_id))

    async def state(self, flow_run_id: UUID) -> RunState | None:
        """A run's state; None when the run is gone."""
        try:
            run = await self._client.read_flow_run(flow_run_id)
        except ObjectNotFound:
            return None
        return _state(run)

    async def states(self, flow_run_ids: Iterable[UUID]) -> dict[UUID, RunState]:
        """The states of up to 200 runs at once; runs that are gone are left out."""
        ids = list(flow_run_ids)
        if not ids:
            return {}
        runs = await self._client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=ids)), limit=200)
        return {run.id: state for run in runs if (state := _state(run)) is not None}

    async def reschedule(self, flow_run_id: UUID) -> bool:
        """Put a stuck run back on its way. For repair only: the caller holds the proceeding's claim and nobody its lease."""
        again: State[Any] = Scheduled(message="恢复运行")
        return self._put_on_its_way(flow_run_id, await self._client.set_flow_run_state(flow_run_id, again, force=True))

    async def rename(self, flow_run_id: UUID, key: str, name: str, message: str) -> bool:
        """Give a paused run another state name and message; it stays paused."""
        result = await self._client.set_flow_run_state(flow_run_id, paused(key, name, message), force=True)
        return result.status == SetStateStatus.ACCEPT

    async def label(self, flow_run_id: UUID, tags: Sequence[str]) -> None:
        """Set the run's tags."""
        await self._client.update_flow_run(flow_run_id, tags=list(tags))

    async def sheet(self, flow_run_id: UUID, key: str, markdown: str, description: str) -> None:
        """Lay a new version of the case sheet under its key."""
        await self._client.create_artifact(
            ArtifactCreate(key=key, type="markdown", data=markdown, description=description, flow_run_id=flow_run_id)
        )


def _state(run: FlowRun) -> RunState | None:
    if run.state is None:
        return None
    return RunState(run.state.type, run.state.name or "", run.state.timestamp, run.deployment_id)
