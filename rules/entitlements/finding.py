"""What was found for one rule, and for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from rules.entitlements.labels import fact_label
from rules.limits import Provenance
from rules.vocabulary import Labelled, Office


class Outcome(Labelled):
    """The three answers a rule can give. Unknown facts lead to `cannot_say`, never to a refusal."""

    ENTITLED = "entitled", "符合"
    NOT_ENTITLED = "not_entitled", "不符合"
    CANNOT_SAY = "cannot_say", "尚不能认定"


@dataclass(frozen=True)
class FoundStage:
    """One office's part of the decision; `limit` is text such as "15 working_days", None where none is set."""

    office: Office
    limit: str | None
    counts_from: str
    provenance: Provenance
    basis: str
    total: bool = False

    def as_json(self) -> dict[str, Any]:
        """The stage with plain values."""
        return {
            "office": self.office.value,
            "limit": self.limit,
            "counts_from": self.counts_from,
            "total": self.total,
            "provenance": self.provenance.value,
            "basis": self.basis,
        }


@dataclass(frozen=True)
class FoundNumber:
    """A number the rule was judged by, with where it comes from."""

    name: str
    value: int | bool
    unit: str
    provenance: Provenance
    basis: str

    def as_json(self) -> dict[str, Any]:
        """The number with plain values."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "provenance": self.provenance.value,
            "basis": self.basis,
        }


@dataclass(frozen=True)
class Finding:
    """One rule's outcome on one day.

    `comes_of_age_on` is the day a child still too young reaches the rule's age; `ages_out_on` the first day it no
    longer does, by the rule's own age alone. `choice_between` names rules of which only one may be drawn.
    `stages` are the decision's steps under `scheme`; `limit` writes their limits in one line, joined by " + ".
    """

    id: str
    name: str
    outcome: Outcome
    office: Office
    together_with: tuple[Office, ...]
    scheme: str
    scheme_name: str
    source: str
    clause: str
    effective_from: date
    effective_from_provenance: Provenance
    provenance: Provenance
    stages: tuple[FoundStage, ...]
    public_notice: str | None
    yuan_per_month: int | None
    amount_basis: str | None
    numbers: tuple[FoundNumber, ...]
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()
    choice_between: tuple[str, ...] = ()
    comes_of_age_on: date | None = None
    ages_out_on: date | None = None

    @property
    def limit(self) -> str | None:
        """The limit for all stages together, or theirs in order: "15 working_days + 7 days"; None if none has one."""
        whole = [stage.limit for stage in self.stages if stage.total and stage.limit]
        stated = whole or [stage.limit for stage in self.stages if stage.limit]
        return " + ".join(stated) or None

    def as_json(self) -> dict[str, Any]:
        """The finding with plain values; dates as ISO text."""
        return {
            "id": self.id,
            "name": self.name,
            "outcome": self.outcome.value,
            "office": self.office.value,
            "together_with": [office.value for office in self.together_with],
            "scheme": self.scheme,
            "scheme_name": self.scheme_name,
            "source": self.source,
            "clause": self.clause,
            "limit": self.limit,
            "stages": [stage.as_json() for stage in self.stages],
            "public_notice": self.public_notice,
            "effective_from": self.effective_from.isoformat(),
            "effective_from_provenance": self.effective_from_provenance.value,
            "provenance": self.provenance.value,
            "yuan_per_month": self.yuan_per_month,
            "amount_basis": self.amount_basis,
            "numbers": [number.as_json() for number in self.numbers],
            "reasons": list(self.reasons),
            "missing": list(self.missing),
            "missing_labels": [fact_label(path) for path in self.missing],
            "notes": list(self.notes),
            "choice_between": list(self.choice_between),
            "comes_of_age_on": self.comes_of_age_on.isoformat() if self.comes_of_age_on else None,
            "ages_out_on": self.ages_out_on.isoformat() if self.ages_out_on else None,
        }


@dataclass(frozen=True)
class Decision:
    """Every rule's finding on one day, in the order in which the schemes are to be tried."""

    on: date
    entitled: tuple[Finding, ...]
    not_entitled: tuple[Finding, ...]
    cannot_say: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def finding(self, rule_id: str) -> Finding:
        """The finding of one rule. Raises KeyError if there is no such rule."""
        for finding in (*self.entitled, *self.not_entitled, *self.cannot_say):
            if finding.id == rule_id:
                return finding
        raise KeyError(rule_id)

    def as_json(self) -> dict[str, Any]:
        """The form `jieli entitle --json` prints."""
        return {
            "on": self.on.isoformat(),
            "entitled": [finding.as_json() for finding in self.entitled],
            "not_entitled": [finding.as_json() for finding in self.not_entitled],
            "cannot_say": [finding.as_json() for finding in self.cannot_say],
            "notes": list(self.notes),
        }
