"""What each kind of letter may say. A fact that is missing, unknown or not from a closed list is refused when the
letter is put, so that nothing written in a report or an answer can travel by mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from office.county_facts import (
    AbsenceFormFacts,
    AddressCheckFacts,
    ClockSilentFacts,
    ContactsUnconfirmedFacts,
    LettersRestFacts,
    StandingInFacts,
    StepsPassedOnFacts,
    UnresolvedFacts,
)
from office.letter_kinds import Branch, LetterKind, UndeliveredReason
from office.letter_words import CaseFacts, CaseNumber, Facts, Line, Reference, one_of
from rules.holds import HoldReason
from rules.ladder import Clock
from rules.limits import Provenance
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, Channel, ClosingGround, Level, Mechanism, RequestState

COORDINATION = "协调事项"
"""Stands in the place of a mechanism for the coordinator's own steps."""


class StepFacts(CaseFacts):
    """What a letter about a step says: the step, its office, its deadlines and their source."""

    step: Line
    step_label: Line
    subject_label: Line
    instruction: Line
    mechanism_label: Annotated[Line, one_of(Mechanism, also=(COORDINATION,))]
    office_name: Line
    urgent: bool
    asked_at: AwareDatetime
    acknowledge_by: AwareDatetime
    due: AwareDatetime
    provisional: bool
    basis: Line
    provenance: Provenance


class Told(BaseModel):
    """A level that was told before, and when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level_label: Annotated[Line, one_of(Level)]
    at: AwareDatetime


class ReminderFacts(StepFacts):
    """A deadline comes near, or has passed: which clock, and how the step stands."""

    clock: Clock
    clock_label: Annotated[Line, one_of(Clock)]
    deadline: AwareDatetime
    level: Level
    level_label: Annotated[Line, one_of(Level)]
    repeat: int = Field(ge=0)
    state_label: Annotated[Line, one_of(RequestState)]
    now: AwareDatetime


class EscalationFacts(ReminderFacts):
    """An office is silent; `told` are the lower levels that were told before."""

    told: tuple[Told, ...]


class ClosingNoticeFacts(StepFacts):
    """The office has answered."""

    state_label: Annotated[Line, one_of(RequestState)]
    ended_at: AwareDatetime


class TakenByFacts(StepFacts):
    """A colleague has taken the step; `taken_by` is an officer's name, or "" when it is not known."""

    taken_by: Line
    taken_at: AwareDatetime


class ConfirmationFacts(StepFacts):
    """An answer was written down under a reference, through which channel.

    `answered_by` is the name in the county's list of whoever gave it, `entered_by` of whoever typed it for them; ""
    for a person who is in no list: a name that was only typed may be anybody's, and travels in no letter.
    """

    kind_label: Annotated[Line, one_of(AnswerKind)]
    reference: Reference
    answered_at: AwareDatetime
    channel_label: Annotated[Line, one_of(Channel)] = Channel.LINK.label
    answered_by: Line = ""
    entered_by: Line = ""


class MovedFacts(StepFacts):
    """The step is no longer this office's; `moved_to` is the new office's name, or "" when it was withdrawn."""

    moved_to: Line


class ExtensionFacts(StepFacts):
    """The coordinator has decided; `due` is the deadline that holds now."""

    granted: bool


class HeldFacts(StepFacts):
    """The step's clock stands still until an instant (`held`), or goes on since now; `due` is the deadline that holds now."""

    held: bool
    until: AwareDatetime
    reason_label: Annotated[Line, one_of(HoldReason)]
    former_due: AwareDatetime


class InformedFacts(CaseFacts):
    """A notice (通报) that needs no answer; `matter` is a flow's constant."""

    mechanism_label: Annotated[Line, one_of(Mechanism)]
    office_name: Line
    matter: Line
    at: AwareDatetime


class RecipientMissingFacts(Facts):
    """A letter did not reach its recipient; `stand_in` is who gets it instead, "" for nobody."""

    case_number: CaseNumber | Literal[""]
    letter_label: Annotated[Line, one_of(LetterKind)]
    step_label: Line
    office_name: Line
    officer: Line
    reason_label: Annotated[Line, one_of(UndeliveredReason)]
    stand_in: Line
    urgent: bool
    due: AwareDatetime | None
    at: AwareDatetime


class ProceedingClosedFacts(CaseFacts):
    """A mechanism has closed, on which ground."""

    mechanism_label: Annotated[Line, one_of(Mechanism)]
    ground_label: Annotated[Line, one_of(ClosingGround)]
    closed_at: AwareDatetime


class ProceedingStuckFacts(CaseFacts):
    """A mechanism was put back on its way so many times without coming to rest."""

    mechanism_label: Annotated[Line, one_of(Mechanism)]
    times: int = Field(ge=1)
    urgent: bool
    at: AwareDatetime


class DisclosureCodeFacts(StepFacts):
    """A one-time code was asked for; county time in which it lives. The code itself is no fact: it stands in no row."""

    asked_for_at: AwareDatetime
    valid_until: AwareDatetime


class DeadlineMovedFacts(StepFacts):
    """The calendar has changed and a deadline is earlier now; `because` names the days and their notice."""

    former_acknowledge_by: AwareDatetime
    former_due: AwareDatetime
    because: Line


class CalendarMissingFacts(CaseFacts):
    """Deadlines reach into a year whose arrangement of holidays is not known; this step is the first of them."""

    year: int = Field(ge=1949, le=2200)
    step_label: Line
    office_name: Line
    due: AwareDatetime
    at: AwareDatetime


class CeilingReachedFacts(Facts):
    """Letters wait because a ceiling is reached. The case is the one whose letter met it first; `office_name` is its
    recipient's office."""

    branch: Branch
    branch_label: Annotated[Line, one_of(Branch)]
    office_name: Line
    urgent: bool
    ceiling: int = Field(ge=1)
    waiting: int = Field(ge=1)
    at: AwareDatetime


class PrintedLink(BaseModel):
    """A link as a letter prints it. It stands in a letter that is being written and never in a row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Line
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    expires_at: AwareDatetime


class DigestEntry(BaseModel):
    """One step of a digest: what its own letter would have said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    facts: EscalationFacts | ReminderFacts | StepFacts
    link: PrintedLink | None = None
    request_id: int | None = None
    request_version: int | None = None

    @property
    def deadline(self) -> datetime:
        """The deadline that the letter is about: that of a notice's clock, else by when to acknowledge."""
        return self.facts.deadline if isinstance(self.facts, ReminderFacts) else self.facts.acknowledge_by

    @property
    def until(self) -> str:
        """What is to be done by that deadline."""
        to_answer = isinstance(self.facts, ReminderFacts) and self.facts.clock is Clock.ANSWER
        return "办结" if to_answer else "签收"


class DigestFacts(Facts):
    """Several steps told to one person at once, all of one kind and level, the earliest deadline first."""

    of: LetterKind
    level_label: Line
    cases: int = Field(ge=1)
    entries: Annotated[tuple[DigestEntry, ...], Field(min_length=2)]


class MailReceivedFacts(Facts):
    """Somebody has written to the sender's mailbox about a case; `received` counts such mails of the case so far."""

    received: int = Field(ge=1)
    at: AwareDatetime


FACTS_OF: dict[LetterKind, type[Facts]] = {
    LetterKind.ASKED: StepFacts,
    LetterKind.REMINDER: ReminderFacts,
    LetterKind.ESCALATION: EscalationFacts,
    LetterKind.CLOSING_NOTICE: ClosingNoticeFacts,
    LetterKind.INFORMED: InformedFacts,
    LetterKind.TAKEN_BY: TakenByFacts,
    LetterKind.CONFIRMATION: ConfirmationFacts,
    LetterKind.MOVED: MovedFacts,
    LetterKind.QUESTION_ANSWERED: StepFacts,
    LetterKind.EXTENSION_DECIDED: ExtensionFacts,
    LetterKind.HELD: HeldFacts,
    LetterKind.PROCEEDING_STUCK: ProceedingStuckFacts,
    LetterKind.RECIPIENT_MISSING: RecipientMissingFacts,
    LetterKind.PROCEEDING_CLOSED: ProceedingClosedFacts,
    LetterKind.DISCLOSURE_CODE: DisclosureCodeFacts,
    LetterKind.DEADLINE_MOVED: DeadlineMovedFacts,
    LetterKind.CALENDAR_MISSING: CalendarMissingFacts,
    LetterKind.CEILING_REACHED: CeilingReachedFacts,
    LetterKind.DIGEST: DigestFacts,
    LetterKind.MAIL_RECEIVED: MailReceivedFacts,
    LetterKind.ADDRESS_CHECK: AddressCheckFacts,
    LetterKind.CONTACTS_UNCONFIRMED: ContactsUnconfirmedFacts,
    LetterKind.STEPS_PASSED_ON: StepsPassedOnFacts,
    LetterKind.ABSENCE_FORM: AbsenceFormFacts,
    LetterKind.STANDING_IN: StandingInFacts,
    LetterKind.CLOCK_SILENT: ClockSilentFacts,
    LetterKind.UNRESOLVED: UnresolvedFacts,
    LetterKind.LETTERS_REST: LettersRestFacts,
}


def read_facts(kind: str, facts: Mapping[str, Any]) -> Facts:
    """The facts of a letter already put. Raises ValueError (pydantic's ValidationError) when they do not fit."""
    return FACTS_OF[LetterKind(kind)].model_validate(dict(facts))


def check_facts(kind: str, facts: Mapping[str, Any]) -> Facts:
    """The facts of a letter about to be put.

    Raises ValueError for an unknown kind, for a missing, surplus or ill-formed fact, and for a step's label or
    instruction that is not the one in `rules.steps`.
    """
    found = read_facts(kind, facts)
    if isinstance(found, StepFacts):
        asked = STEPS.get(found.step)
        if asked is None or (asked.label, asked.instruction) != (found.step_label, found.instruction):
            raise ValueError(f"a letter about {found.step!r} does not carry that step's own words")
    return found
