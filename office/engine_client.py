"""The client through which Prefect's engine speaks to the server during an attempt."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
from prefect.client.base import ServerType
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.context import AsyncClientContext, ContextModel
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL
from prefect.states import Pending


class EngineClient(PrefectClient):
    """A client that answers from what the worker was given a moment ago.

    Before an attempt begins, the engine reads its run, and writes the flow's version and retries to it. The run has just
    been claimed, so that nobody else changes it, and has that version and those retries since its first attempt: only
    where they differ is the server told.
    """

    def __init__(self) -> None:
        """As every client: the server and its password stand in Prefect's settings."""
        super().__init__(
            PREFECT_API_URL.value() or "", auth_string=PREFECT_API_AUTH_STRING.value(), server_type=ServerType.SERVER
        )
        self._claimed: FlowRun | None = None

    def claimed(self, run: FlowRun) -> None:
        """The run whose attempt begins, as the server gave it to the worker that has claimed it."""
        self._claimed = run.model_copy(deep=True, update={"state": Pending()})

    async def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        """The claimed run, once; any other is asked for."""
        known, self._claimed = self._claimed, None
        if known is not None and known.id == flow_run_id:
            return known
        return await super().read_flow_run(flow_run_id)

    async def update_flow_run(self, flow_run_id: UUID, *words: Any, **changes: Any) -> httpx.Response:
        """Change a run, unless it is the claimed one and has all this already."""
        known = self._claimed
        if known is not None and known.id == flow_run_id and not words:
            have = {name: getattr(known, name, None) for name in changes}
            if changes and have == changes:
                return httpx.Response(httpx.codes.NO_CONTENT)
        return await super().update_flow_run(flow_run_id, *words, **changes)


class EngineContext(AsyncClientContext):
    """The place where the engine looks for its client."""

    def __init__(self) -> None:
        """With a client of its own, which is opened with the context."""
        ContextModel.__init__(self, client=EngineClient())


def claimed(run: FlowRun) -> None:
    """Tell this seat's client which run has just been claimed for it."""
    context = AsyncClientContext.get()
    if context is not None and isinstance(context.client, EngineClient):
        context.client.claimed(run)
