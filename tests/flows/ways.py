"""The ways in `ways.yaml`, read once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

PASS = "pass"
"""Stands among the answers for time that passes."""


@dataclass(frozen=True)
class Way:
    """One way of a case: the report, who answers what in which order, what is handed over, what is live in the end."""

    name: str
    report: dict[str, Any]
    answers: tuple[tuple[str, dict[str, Any]], ...]
    handed: tuple[str, ...]
    live: frozenset[str]


def _answer(written: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(written, str):
        return written, {}
    ((step, payload),) = written.items()
    return step, dict(payload)


@lru_cache(maxsize=1)
def ways() -> tuple[Way, ...]:
    """Every way, in the order of the file."""
    rows = YAML(typ="safe").load(Path(__file__).with_name("ways.yaml"))
    return tuple(
        Way(
            row["way"],
            row.get("report", {}),
            tuple(_answer(written) for written in row["answers"]),
            tuple(row["handed"]),
            frozenset(row["live"]),
        )
        for row in rows
    )
