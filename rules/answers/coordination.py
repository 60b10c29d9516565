"""协调: the shape of its answers."""

from __future__ import annotations

from pydantic import Field

from rules.answers.answer import Answer
from rules.vocabulary import Office


class Reroute(Answer):
    """退回件改派: the coordinator names the office that takes the step, or sends it back to the same one."""

    office: Office = Field(title="改由哪个单位承办")


class FactsSupplied(Answer):
    """补充材料: the coordinator's answer to an office's question. The text is shown behind the office's link."""

    facts: str = Field(title="补充的情况", min_length=1, max_length=2000, json_schema_extra={"widget": "textarea"})


class ExtensionDecision(Answer):
    """延期审批: one bounded extension, asked before expiry."""

    granted: bool = Field(title="是否同意延期")
