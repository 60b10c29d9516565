"""A condition that may be met, not met, or not yet known.

The three-valued logic is Kleene's: one known failure decides a conjunction even while other parts are unknown, and
one known success decides an alternative. So what is unknown never refuses, and adding knowledge never turns a
decided condition round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a condition holds: True, False, or None for unknown.

    `reasons` are Chinese sentences for what is known; `missing` are the paths of facts still needed, empty unless
    `holds` is None.
    """

    holds: bool | None
    reasons: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def yes(*reasons: str) -> Check:
    """A condition known to hold."""
    return Check(True, reasons)


def no(*reasons: str) -> Check:
    """A condition known to fail."""
    return Check(False, reasons)


def unknown(*paths: str) -> Check:
    """A condition nobody can judge before the facts at `paths` are known."""
    return Check(None, (), paths)


def every(*checks: Check) -> Check:
    """All of the conditions: fails if one is known to fail, unknown if one is unknown, else holds."""
    failed = [check for check in checks if check.holds is False]
    if failed:
        return Check(False, _merged(check.reasons for check in failed))
    open_ones = [check for check in checks if check.holds is None]
    if open_ones:
        held = (check.reasons for check in checks if check.holds)
        return Check(None, _merged(held), _merged(check.missing for check in open_ones))
    return Check(True, _merged(check.reasons for check in checks))


def either(*checks: Check, otherwise: str = "") -> Check:
    """At least one of the conditions. `otherwise` is the sentence for the whole failing, its parts in brackets."""
    for check in checks:
        if check.holds:
            return check
    open_ones = [check for check in checks if check.holds is None]
    if open_ones:
        return Check(None, (), _merged(check.missing for check in open_ones))
    parts = _merged(check.reasons for check in checks)
    if not otherwise:
        return Check(False, parts)
    return Check(False, (f"{otherwise}（{'；'.join(parts)}）" if parts else otherwise,))


def negated(check: Check, *, met: str, failed: str) -> Check:
    """The opposite condition, with its own sentences: `met` when the opposite holds, `failed` when it does not."""
    if check.holds is None:
        return check
    return no(failed) if check.holds else yes(met)


def _merged(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentence for group in groups for sentence in group))
