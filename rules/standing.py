"""Which entitlements a child has been granted and which are being decided, from what the offices said in the whole case.

A case may go through the assessment several times; what was granted once goes on until it is ended, and is not applied
for anew meanwhile (民发〔2019〕62号 二(四): 动态管理, 及时终止).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rules.entitlement_keys import EntitlementKey
from rules.scheme_stages import application_of, entitlement_of
from rules.steps import END_ENTITLEMENT, PUBLIC_NOTICE, SCHEME_CHECK, SCHEME_DECISION, SCHEME_RECHECK

TOLD_BY = tuple(step.key for step in (SCHEME_CHECK, PUBLIC_NOTICE, SCHEME_RECHECK, SCHEME_DECISION, END_ENTITLEMENT))
"""The steps from which the standing is read."""


@dataclass(frozen=True)
class Said:
    """One asking of such a step. `payload` and `answered_at` are None while the office owes its answer."""

    step: str
    subject: str
    asked_at: datetime
    answered_at: datetime | None = None
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Standing:
    """`granted` goes on; `taken_up` is that and what is being decided. Both by id, in the order of the asking."""

    granted: tuple[str, ...] = ()
    taken_up: tuple[str, ...] = ()


def standing(said: Iterable[Said], before: datetime | None = None) -> Standing:
    """How things stood at an instant, or stand now: what came later is not looked at, so the past never changes."""
    known = {key.value for key in EntitlementKey}
    asked = [one for one in said if entitlement_of(one.subject) in known and (before is None or one.asked_at < before)]
    granted: dict[str, datetime] = {}
    decided: set[str] = set()
    for one in asked:
        if one.step != SCHEME_DECISION.key or one.answered_at is None or not _by(one.answered_at, before):
            continue
        decided.add(application_of(one.subject))
        if one.payload is not None and one.payload.get("granted"):
            key = entitlement_of(one.subject)
            granted[key] = max(one.answered_at, granted.get(key, one.answered_at))
    for one in asked:
        # The asking itself: that it ends has been decided by then.
        if one.step == END_ENTITLEMENT.key and granted.get(entitlement_of(one.subject), one.asked_at) < one.asked_at:
            del granted[entitlement_of(one.subject)]
    open_ones = (
        entitlement_of(one.subject)
        for one in asked
        if one.step != END_ENTITLEMENT.key and application_of(one.subject) not in decided
    )
    return Standing(tuple(granted), tuple(dict.fromkeys((*granted, *open_ones))))


def _by(instant: datetime, before: datetime | None) -> bool:
    return before is None or instant < before
