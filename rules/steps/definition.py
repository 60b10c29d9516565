"""What a step is, and the list in which each is written down once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from rules import answers as a
from rules.vocabulary import Mechanism, Office, Urgency

A = TypeVar("A", bound=a.Answer, covariant=True)


@dataclass(frozen=True)
class Step(Generic[A]):
    """One question to one office.

    `mechanism` is None for the coordinator's own steps, which serve every mechanism. `opens_later` marks a question
    whose turn comes only some time after what it follows; how long is the county's `opens_after`.
    """

    key: str
    code: str
    label: str
    instruction: str
    office: Office
    answer: type[A]
    mechanism: Mechanism | None
    urgency: Urgency = Urgency.ORDINARY
    opens_later: bool = False


ALL: dict[str, Step[a.Answer]] = {}
"""Every step by its key, in the order of the documents."""


def define(
    mechanism: Mechanism | None,
    code: str,
    key: str,
    label: str,
    office: Office,
    answer: type[A],
    instruction: str,
    *,
    emergency: bool = False,
    opens_later: bool = False,
) -> Step[A]:
    """Write a step into the list. Raises ValueError for a key that is taken."""
    urgency = Urgency.EMERGENCY if emergency else Urgency.ORDINARY
    written = Step(key, code, label, instruction, office, answer, mechanism, urgency, opens_later)
    if key in ALL:
        raise ValueError(f"step {key} is defined twice")
    ALL[key] = written
    return written
