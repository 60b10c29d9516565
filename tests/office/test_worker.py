"""Which waiting runs a worker takes first, where another works beside it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.workers.base import BaseWorker

from office.proceedings import WORK_POOL, Proceedings
from office.seats import Seats
from office.worker import LEFT_TO_OTHERS, JieliWorker


class Way:
    """What a courier of this process has put on its way."""

    def __init__(self, *runs: UUID) -> None:
        self.woken = set(runs)


def waiting(since: timedelta | None) -> WorkerFlowRunResponse:
    """A run that was to begin so long ago."""
    begins = None if since is None else datetime.now(UTC) - since
    run = FlowRun(id=uuid4(), flow_id=uuid4(), next_scheduled_start_time=begins)
    return WorkerFlowRunResponse(work_pool_id=uuid4(), work_queue_id=uuid4(), flow_run=run)


def test_a_worker_takes_what_its_own_courier_woke_and_leaves_the_rest_to_others_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own first; another's only when that worker has not come for it; what has no time, at once."""
    soon, late = LEFT_TO_OTHERS / 10, LEFT_TO_OTHERS * 3
    theirs, own, forgotten, timeless = waiting(soon), waiting(soon), waiting(late), waiting(None)

    async def found(_: Any) -> list[WorkerFlowRunResponse]:
        return [theirs, forgotten, own, timeless]

    monkeypatch.setattr(BaseWorker, "_get_scheduled_flow_runs", found)
    way = cast(Proceedings, Way(own.flow_run.id))
    worker = JieliWorker(cast(Seats, None), way, work_pool_name=WORK_POOL)
    assert asyncio.run(worker._get_scheduled_flow_runs()) == [own, forgotten, timeless]
