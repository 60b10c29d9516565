"""Which office decides an entitlement, under what name, within what limit: the county's `entitlements.yaml`, read for a day."""

from __future__ import annotations

from datetime import date

from config.county import County, LimitTerms
from rules.entitlement_keys import EntitlementKey
from rules.vocabulary import Office


def scheme_name(key: str) -> str:
    """The entitlement's Chinese name; the key itself for one no longer listed."""
    try:
        return EntitlementKey(key).label
    except ValueError:
        return key


def deciding_office(county: County, key: str, on: date) -> Office:
    """The office that decides the entitlement on that day. Raises LookupError for a key the county does not know."""
    parameters = county.entitlements
    if key not in parameters.rules:
        raise LookupError(f"保障项目 {key} 不在本县的 entitlements.yaml 中")
    handling = parameters.latest(parameters.rules[key].handling, on) or parameters.rules[key].handling[0]
    return handling.office


def decision_limit(county: County, step: str, subject: str, on: date) -> LimitTerms | None:
    """The deciding office's own limit, where the scheme has one; None leaves the step's own limit."""
    if step != "scheme_decision":
        return None
    parameters = county.entitlements
    rule = parameters.rules.get(subject)
    handling = parameters.latest(rule.handling, on) if rule is not None else None
    scheme = parameters.schemes.get(handling.scheme) if handling is not None else None
    version = parameters.latest(scheme.versions, on) if scheme is not None else None
    for stage in reversed(version.stages if version is not None else ()):
        if handling is not None and stage.office is handling.office and stage.limit is not None:
            return LimitTerms(stage.limit, stage.provenance, stage.basis)
    return None
