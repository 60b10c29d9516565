"""Does the engine learn the truth without asking for it twice?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from office.engine_client import EngineClient


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    """What the server is asked for."""
    calls: list[tuple[str, Any]] = []

    async def read(_: PrefectClient, flow_run_id: Any) -> FlowRun:
        calls.append(("read", flow_run_id))
        return FlowRun(id=flow_run_id, flow_id=uuid4())

    async def update(_: PrefectClient, flow_run_id: Any, **changes: Any) -> httpx.Response:
        calls.append(("update", changes))
        return httpx.Response(204)

    monkeypatch.setattr(PrefectClient, "read_flow_run", read)
    monkeypatch.setattr(PrefectClient, "update_flow_run", update)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        yield calls


def claimed_run() -> FlowRun:
    """A run as the server gives it to a worker."""
    return FlowRun(flow_id=uuid4(), deployment_id=uuid4(), flow_version="v1", state=Scheduled())


def test_the_claimed_run_is_known_once(asked: list[tuple[str, Any]]) -> None:
    """The first look is answered from the claim, as pending and with its deployment; any later one by the server."""
    client, run = EngineClient(), claimed_run()
    client.claimed(run)
    seen = asyncio.run(client.read_flow_run(run.id))
    assert (seen.id, seen.deployment_id) == (run.id, run.deployment_id)
    assert seen.state is not None
    assert seen.state.is_pending()
    assert asked == []
    asyncio.run(client.read_flow_run(run.id))
    assert asked == [("read", run.id)]


def test_another_run_is_asked_for(asked: list[tuple[str, Any]]) -> None:
    """What was claimed says nothing of any other run."""
    client, other = EngineClient(), uuid4()
    client.claimed(claimed_run())
    asyncio.run(client.read_flow_run(other))
    assert asked == [("read", other)]


def test_only_what_differs_is_written(asked: list[tuple[str, Any]]) -> None:
    """A version and retries that the run has already are not written again; a new version is."""
    client, run = EngineClient(), claimed_run()
    client.claimed(run)
    same = {"flow_version": "v1", "empirical_policy": run.empirical_policy.model_copy(deep=True)}
    asyncio.run(client.update_flow_run(run.id, **same))
    assert asked == []
    asyncio.run(client.update_flow_run(run.id, **(same | {"flow_version": "v2"})))
    run.empirical_policy.retries = 3
    changed = {"flow_version": "v1", "empirical_policy": run.empirical_policy}
    asyncio.run(client.update_flow_run(run.id, **changed))
    assert [kind for kind, _ in asked] == ["update", "update"]
