"""The story's fixtures serve the records' tests too."""

from __future__ import annotations

from tests.flows.conftest import anyio_backend, story

__all__ = ["anyio_backend", "story"]
