"""What a flow knows of a case: a number and a place. Never a name, never a circumstance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Generic

from rules.steps import A, Step
from rules.vocabulary import AppointmentKind, Mechanism, Urgency


@dataclass(frozen=True)
class Case:
    """One case in one mechanism, as the verbs pass it about.

    `proceeding` is the number of the proceeding in our records; `township` and `village` are the county's
    own keys (the village is "" when nobody knows it yet). `from_file`: a day noted in the child's file began it.
    """

    number: str
    proceeding: int
    mechanism: Mechanism
    township: str
    village: str
    urgency: Urgency
    danger_now: bool = False
    named_reporter: bool = False
    poverty_only: bool = False
    supervisor: str = ""
    from_file: bool = False

    @property
    def reporter_has_supervisor(self) -> bool:
        """True when the reporter belongs to a unit with an office above it (高检发〔2020〕9号 5)."""
        return bool(self.supervisor)


@dataclass(frozen=True)
class Noted:
    """A day noted in the child's file that has come: what for, what of, and which day."""

    kind: AppointmentKind
    subject: str
    on: date


@dataclass(frozen=True)
class Asked(Generic[A]):
    """A step that has been put to an office: what `ask` gives and `reply_to` takes.

    `subject` tells apart several askings of one step in one proceeding: the entitlement, the visit's number.
    """

    case: Case
    step: Step[A]
    subject: str = ""
