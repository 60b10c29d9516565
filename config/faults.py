"""A fault in a county's files: where it is, and what to mend. Faults are collected, so all are seen at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the file, the line in it (counted from 1), and the reason as one Chinese sentence."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"
