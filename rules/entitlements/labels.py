"""The Chinese words for the path of a fact, taken from the facts' own titles."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel

from rules.entitlements.facts import Facts

HUMAN_DECISION = "human_decision"
"""Stands among the missing facts where the document leaves an open list for a person to judge (三(一) "等")."""


def fact_label(path: str) -> str:
    """`father.imprisoned.term_months` as "父亲·在押服刑·期限（月）"; a part nobody knows stands as written."""
    if path == HUMAN_DECISION:
        return "县级民政的人工认定"
    words = []
    model: type[BaseModel] | None = Facts
    for part in path.split("."):
        name, index = re.fullmatch(r"([^\[]*)(?:\[(\d+)\])?", part).groups()  # type: ignore[union-attr]
        field = model.model_fields.get(name) if model else None
        word = (field.title or name) if field else name
        words.append(f"{word}第{int(index) + 1}项" if index else word)
        model = _model_within(field.annotation) if field else None
    return "·".join(words)


def _model_within(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_within(inner)
        if found is not None:
            return found
    return None
