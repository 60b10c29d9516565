"""A part that serves waits at its start for records that are recovering; a command does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import ProgrammingError

from config.settings import Settings
from office import opening
from office.database import Database
from office.timekeeping import RealClock


def _reading(monkeypatch: pytest.MonkeyPatch, *faults: Exception) -> list[Exception]:
    left = list(faults)

    async def read_clock(_database: Database) -> RealClock:
        if left:
            raise left.pop(0)
        return RealClock()

    monkeypatch.setattr(opening, "read_clock", read_clock)
    return left


def _settings(folder: Path) -> Settings:
    return Settings(data_dir=folder, demo=True, database_url=SecretStr("postgresql+asyncpg://jieli@/nowhere"))


def test_records_that_are_away_are_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is started while PostgreSQL recovers does not die of it."""
    left = _reading(monkeypatch, ConnectionRefusedError(), OSError("recovering"))
    bureau = asyncio.run(opening.open_bureau(_settings(tmp_path), patience=30))
    assert left == []
    assert isinstance(bureau.clock, RealClock)


def test_a_command_says_at_once_that_the_records_are_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without patience the fault is told."""
    _reading(monkeypatch, ConnectionRefusedError())
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(opening.open_bureau(_settings(tmp_path)))


def test_tables_that_are_not_there_are_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is a fault of the installation, and no outage."""
    left = _reading(monkeypatch, ProgrammingError("SELECT", {}, Exception("no such table")), OSError("never reached"))
    with pytest.raises(ProgrammingError):
        asyncio.run(opening.open_bureau(_settings(tmp_path), patience=30))
    assert len(left) == 1
