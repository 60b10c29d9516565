"""What letters about the county's people, and about the installation, may say: letters of no case."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt

from office.letter_words import CaseNumber, CountyFacts, Line


class AddressCheckFacts(CountyFacts):
    """An officer was named as a contact; `seen_at` is when the address was first seen."""

    office_name: Line
    seen_at: AwareDatetime


class Unconfirmed(BaseModel):
    """A contact whose address is not confirmed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    office_name: Line
    officer: Line
    seen_at: AwareDatetime


class ContactsUnconfirmedFacts(CountyFacts):
    """Addresses that nobody has confirmed for so many natural days; `more` counts those not listed."""

    contacts: tuple[Unconfirmed, ...]
    more: int = Field(ge=0)
    days: int = Field(ge=1)


class Passed(BaseModel):
    """A step that went on to somebody else; `to` are officers' names, "" where nobody was left."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_number: CaseNumber
    step_label: Line
    office_name: Line
    to: Line
    due: AwareDatetime


class StepsPassedOnFacts(CountyFacts):
    """An officer has left and these open steps went on; `more` counts those not listed."""

    officer: Line
    steps: tuple[Passed, ...]
    more: int = Field(ge=0)
    at: AwareDatetime


class AbsenceFormFacts(CountyFacts):
    """An officer has asked for the page on which an absence is written down."""

    office_name: Line
    asked_for_at: AwareDatetime


class StandingInFacts(CountyFacts):
    """Somebody stands in for somebody of that office, or does so no longer; for both of them."""

    office_name: Line
    away: Line
    stand_in: Line
    begins: AwareDatetime
    ends: AwareDatetime
    set_by: Line
    ended: bool


class ClockSilentFacts(CountyFacts):
    """Nothing is escalated since that moment of the machine's time, or (`over`) was not until `at`.

    `records` says that it is the database that does not answer.
    """

    since: AwareDatetime
    at: AwareDatetime
    records: bool
    over: bool


class UnresolvedStep(BaseModel):
    """A step whose ladder is used up: overdue since `due`, the last letter of its ladder written at `told_at`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_number: CaseNumber
    step_label: Line
    office_name: Line
    due: AwareDatetime
    told_at: AwareDatetime
    new: bool


class UnresolvedFacts(CountyFacts):
    """The list that the joint meeting is given; `more` counts those not listed, `next_at` is when the next one comes."""

    steps: tuple[UnresolvedStep, ...]
    more: NonNegativeInt
    at: AwareDatetime
    next_at: AwareDatetime


class LettersRestFacts(CountyFacts):
    """No letter leaves: the records are those of `since`, and so many letters wait for a person's word."""

    since: AwareDatetime
    at: AwareDatetime
    waiting: NonNegativeInt
