"""Under what name an entitlement is shown, and within what limit each stage of its decision stands: `entitlements.yaml`."""

from __future__ import annotations

from datetime import date

from config.county import County, LimitTerms
from rules.entitlement_keys import EntitlementKey
from rules.scheme_stages import entitlement_of, stages_of

STEPS_OF_A_SCHEME = ("scheme_check", "public_notice", "scheme_decision", "enrol_and_pay")
"""Steps whose subject is an entitlement."""


def scheme_name(subject: str) -> str:
    """The entitlement's full Chinese name; the key itself for one no longer listed. It can tell what has happened to
    the parents, so it is for pages that are read against a one-time code, and for no letter and nothing of Prefect."""
    key = entitlement_of(subject)
    try:
        return EntitlementKey(key).label
    except ValueError:
        return key


def public_name(subject: str, number: int) -> str:
    """What may be said of an entitlement anywhere: its heading in the document, and the number of the asking."""
    try:
        heading = EntitlementKey(entitlement_of(subject)).field
    except ValueError:
        heading = "困境儿童保障"
    return f"{heading}·办件{number}"


def decision_limit(county: County, step: str, subject: str, on: date) -> LimitTerms | None:
    """The stage's own limit, where the scheme has one; None leaves the step's own limit."""
    if step not in STEPS_OF_A_SCHEME or entitlement_of(subject) not in county.entitlements.rules:
        return None
    application = subject.split("/", maxsplit=1)[0]
    for asked in stages_of(county.entitlements, application, on):
        if (asked.step.key, asked.subject) == (step, subject) and asked.stage is not None and asked.stage.limit:
            return LimitTerms(asked.stage.limit, asked.stage.provenance, asked.stage.basis)
    return None
