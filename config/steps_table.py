"""The table of every step: what is asked of which office, within which limit, on which basis (`jieli steps`)."""

from __future__ import annotations

from datetime import date
from typing import Any

from config.county import County
from config.steps import LimitTerms
from rules.ladder import Ladder
from rules.steps import STEPS

COORDINATION = "协调"
"""The heading of the coordinator's own steps, which belong to no single mechanism."""


def steps_table(county: County, on: date) -> list[dict[str, Any]]:
    """Every step in the order of the document, with the county's terms in force on a day, as plain values.

    `limit`, `unit`, `provenance`, `basis`, `end_rolls` and `ladder` are the answer's; `acknowledge` and `answer`
    hold the same for each clock; `opens_after` is how long after what it follows a step's turn comes, None for a step
    that is asked at once. Raises LookupError where a step has no version for that day.
    """
    table: list[dict[str, Any]] = []
    for step in STEPS.values():
        terms = county.terms(step.key, on)
        answer = _clock(terms.answer, terms.answer_ladder)
        table.append(
            {
                "key": step.key,
                "code": step.code,
                "label": step.label,
                "mechanism": step.mechanism.value if step.mechanism else None,
                "mechanism_label": step.mechanism.label if step.mechanism else COORDINATION,
                "office": step.office.value,
                "office_label": step.office.label,
                "urgency": step.urgency.value,
                "effective_from": terms.effective_from.isoformat(),
                **answer,
                "acknowledge": _clock(terms.acknowledge, terms.acknowledge_ladder),
                "answer": answer,
                "opens_after": None if terms.opens_after is None else _limit(terms.opens_after),
            }
        )
    return table


def _clock(terms: LimitTerms, ladder: Ladder) -> dict[str, Any]:
    return _limit(terms) | {"ladder": ladder.key, "levels": [rung.level.value for rung in ladder.rungs]}


def _limit(terms: LimitTerms) -> dict[str, Any]:
    return {
        "limit": str(terms.limit),
        "limit_label": terms.limit.label,
        "amount": terms.limit.amount,
        "unit": terms.limit.unit.value,
        "provenance": terms.provenance.value,
        "provenance_label": terms.provenance.label,
        "basis": terms.basis,
        "end_rolls": terms.end_rolls,
    }
