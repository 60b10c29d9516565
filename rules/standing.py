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
from rules.scheme_stages import again_of, application_of, entitlement_of
from rules.steps import END_ENTITLEMENT, PUBLIC_NOTICE, SCHEME_CHECK, SCHEME_DECISION, SCHEME_RECHECK

TOLD_BY = tuple(step.key for step in (SCHEME_CHECK, PUBLIC_NOTICE, SCHEME_RECHECK, SCHEME_DECISION, END_ENTITLEMENT))
"""The steps from which the standing is read."""


@dataclass(frozen=True)
class Said:
    """One asking of such a step. `payload` and `answered_at` are None while the office owes its answer.

    `closed_at` is when the proceeding that asked has closed; None while it goes on.
    """

    proceeding: int
    step: str
    subject: str
    asked_at: datetime
    answered_at: datetime | None = None
    payload: Mapping[str, Any] | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """`granted` goes on; `taken_up` is that and what is being decided. Both by id, in the order of the asking."""

    granted: tuple[str, ...] = ()
    taken_up: tuple[str, ...] = ()


def standing(
    said: Iterable[Said], here: int | None, at: datetime | None = None, *, besides: str | None = None
) -> Standing:
    """How things stood at an instant, or stand now; `said` is in the order of the asking.

    What came later is not looked at, so that the past never changes. `here` is the proceeding that looks: what one that
    has closed left undecided is decided by nobody any more. `besides` is the mark, after the entitlement's id, of what it has
    asked for because of that very instant.
    """
    known = {key.value for key in EntitlementKey}
    granted: dict[str, None] = {}
    begun: dict[tuple[int, str], str] = {}
    going_on = {here}
    for one in said:
        key, application = entitlement_of(one.subject), (one.proceeding, application_of(one.subject))
        if key not in known or (one.proceeding, again_of(one.subject)) == (here, besides) or not _by(one.asked_at, at):
            continue
        if one.closed_at is None or (at is not None and one.closed_at > at):
            going_on.add(one.proceeding)
        if one.step == END_ENTITLEMENT.key:
            # The asking itself: that it ends has been decided by then.
            granted.pop(key, None)
        elif one.step != SCHEME_DECISION.key or one.answered_at is None or not _by(one.answered_at, at):
            begun[application] = key
        else:
            begun.pop(application, None)
            if one.payload is not None and one.payload.get("granted"):
                granted[key] = None
    being_decided = (key for (proceeding, _), key in begun.items() if proceeding in going_on)
    return Standing(tuple(granted), tuple(dict.fromkeys((*granted, *being_decided))))


def _by(instant: datetime, at: datetime | None) -> bool:
    return at is None or instant <= at
