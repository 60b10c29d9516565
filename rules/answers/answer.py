"""What every answer carries."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Note = Annotated[str, Field(title="办理情况说明", max_length=2000, json_schema_extra={"widget": "textarea"})]


class Answer(BaseModel):
    """An office's report that a step is done. Every answer may carry a note."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=False)

    note: Note = ""


class Done(Answer):
    """Done, with nothing to decide."""
