"""The command line: a contract that others script against.

Every command takes `--county DIR` and `--json`; faults go to stderr with exit code 1, wrong usage with 2.
"""

from __future__ import annotations

import sys

from office.cli import (
    auditing,
    backing_up,
    bulletin,
    casework,
    holding,
    intake,
    law,
    mail,
    people,
    posting,
    running,
    unresolved,
    watching,
)
from office.cli.output import app, fail_plainly

__all__ = [
    "app",
    "auditing",
    "backing_up",
    "bulletin",
    "casework",
    "holding",
    "intake",
    "law",
    "mail",
    "main",
    "people",
    "posting",
    "running",
    "unresolved",
    "watching",
]


def main() -> None:
    """Entry point of `jieli`."""
    with fail_plainly():
        app()
    sys.exit(0)
