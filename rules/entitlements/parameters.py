"""The dated numbers, offices and limits that the rules read, as a county's `entitlements.yaml` states them.

A number without a source cannot be written: every entry names a source of the list, takes its first day and its
provenance from it, and may override either. What the law leaves to the county names the county as its source and is
marked `no_statutory_number`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from rules.entitlements.facts import Day
from rules.limits import LimitField, Provenance
from rules.vocabulary import Office

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(_Entry):
    """A document: its title, the day it took effect, and how far each of the two was checked."""

    title: Text
    effective_from: Day
    effective_from_provenance: Provenance
    provenance: Provenance


class Sourced(_Entry):
    """Something in force from a day on. Without `from`, that is the day its source took effect."""

    source: Text
    clause: str = ""
    start: Day | None = Field(None, alias="from")
    provenance: Provenance | None = None


class Number(Sourced):
    """One number of one rule: an age, a span, a grade, or whether something is offered at all (`flag`)."""

    value: StrictBool | StrictInt
    unit: Literal["years", "months", "grade", "flag"]


class Handling(Sourced):
    """Which office decides from a day on, with whom, and under which scheme's time limits."""

    office: Office
    together_with: tuple[Office, ...] = Field((), alias="with")
    scheme: Text


class Note(Sourced):
    """A Chinese sentence that goes with the finding from a day on."""

    text: Text


class Amount(Sourced):
    """Money, in yuan a month."""

    yuan_per_month: StrictInt = Field(gt=0)


class Stage(_Entry):
    """One office's part of a decision and the time it has; `limit` is None where neither law nor county sets one.

    A stage marked `total` is the time for all the others together, from acceptance; `special` is what the law allows
    instead where an extension was granted. One marked `notice` is the publication (公示).
    """

    office: Office
    limit: LimitField | None
    provenance: Provenance
    basis: Text
    counts_from: Text
    total: StrictBool = False
    notice: StrictBool = False
    special: LimitField | None = None


class Term(_Entry):
    """One clock of a scheme beside its stages, with its source."""

    limit: LimitField
    provenance: Provenance
    basis: Text


class Recheck(Term):
    """What follows an objection during the publication: the township's new survey, and whether it is published again."""

    publish_again: StrictBool


class Review(_Entry):
    """How often it is looked into whether a grant goes on; `unstable` where income is unstable or somebody can work."""

    every: LimitField
    unstable: LimitField | None = None
    provenance: Provenance
    basis: Text


class Ending(_Entry):
    """An ending that is published before it takes effect, and the time to decide an objection."""

    notice: LimitField
    objection: LimitField
    provenance: Provenance
    basis: Text


class SchemeVersion(Sourced):
    """How a scheme decides from a day on: its stages in order, and whether the name is publicly announced (公示).

    `recheck`, `refusal`, `review` and `ending` are None where the scheme has no clock of its own for it. With
    `paid_from_next_month` the law says that payment runs from the month after the decision.
    """

    public_notice: Literal["forbidden", "required"] | None
    stages: tuple[Stage, ...] = Field(min_length=1)
    recheck: Recheck | None = None
    refusal: Term | None = None
    review: Review | None = None
    ending: Ending | None = None
    paid_from_next_month: StrictBool = False

    @property
    def total(self) -> Stage | None:
        """The time for all stages together."""
        return next((stage for stage in self.stages if stage.total), None)


class Scheme(_Entry):
    """A relief scheme: its Chinese name, its versions and its amounts."""

    name: Text
    versions: tuple[SchemeVersion, ...] = Field(min_length=1)
    amounts: tuple[Amount, ...] = ()


class RuleText(_Entry):
    """One rule's text and dated numbers; what it tests is code under the same id."""

    name: Text
    source: Text
    clause: Text
    start: Day | None = Field(None, alias="from")
    handling: tuple[Handling, ...] = Field(min_length=1)
    numbers: Mapping[str, tuple[Number, ...]] = Field(default_factory=dict)
    notes: tuple[Note, ...] = ()


S = TypeVar("S", bound=Sourced)


class EntitlementParameters(_Entry):
    """Everything the rules need beside the facts and the day."""

    sources: Mapping[str, Source]
    schemes: Mapping[str, Scheme]
    rules: Mapping[str, RuleText]
    by_hand: Mapping[str, RuleText] = Field(default_factory=dict)

    def entitlement(self, key: str) -> RuleText | None:
        """The text of an entitlement, found by a rule or recognised by hand; None where the county has none of that id."""
        return self.rules.get(key) or self.by_hand.get(key)

    def scheme_on(self, key: str, on: date) -> SchemeVersion | None:
        """How an entitlement's scheme decides on a day, before its first day as on that; None for an unknown id."""
        text = self.entitlement(key)
        if text is None:
            return None
        handling = self.latest(text.handling, on) or text.handling[0]
        versions = self.schemes[handling.scheme].versions
        return self.latest(versions, on) or versions[0]

    def start_of(self, entry: Sourced | RuleText) -> date:
        """The first day an entry is in force. Raises KeyError for an unknown source, which the loader refuses."""
        return entry.start or self.sources[entry.source].effective_from

    def provenance_of(self, entry: Sourced) -> Provenance:
        """How far an entry's source was checked, the entry's own mark before its source's."""
        return entry.provenance or self.sources[entry.source].provenance

    def in_force(self, entries: Iterable[S], on: date) -> list[S]:
        """The entries already in force on a day, the oldest first."""
        return sorted((entry for entry in entries if self.start_of(entry) <= on), key=self.start_of)

    def current(self, entries: Sequence[S], on: date) -> S:
        """The version in force on a day. Raises LookupError before the first, which the loader refuses for a rule."""
        found = self.latest(entries, on)
        if found is None:
            raise LookupError(f"nothing of {entries!r} is in force on {on}")
        return found

    def latest(self, entries: Sequence[S], on: date) -> S | None:
        """The version in force on a day, None before the first."""
        started = self.in_force(entries, on)
        return started[-1] if started else None
