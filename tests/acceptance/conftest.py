"""One running installation for the whole folder: a cold start costs some twenty seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from office.embedded import EmbeddedPostgres
from tests.acceptance.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Everything runs; a test that kills a part starts it again."""
    with tempfile.TemporaryDirectory(prefix="jieli-acceptance-") as folder:
        place = Path(folder) / "data"
        try:
            running = Stack(place)
            try:
                yield running
            finally:
                running.close()
        finally:
            # As root the database stands outside the temporary folder, also after a start that failed.
            EmbeddedPostgres(place / "demo").destroy()
