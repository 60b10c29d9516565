"""One running installation for the whole folder: a cold start costs some twenty seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Everything runs; a test that kills a part starts it again."""
    with tempfile.TemporaryDirectory(prefix="jieli-acceptance-") as folder:
        running = Stack(Path(folder) / "data")
        try:
            yield running
        finally:
            running.close()
