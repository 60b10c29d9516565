"""What every answer carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

Note = Annotated[str, Field(title="办理情况说明", max_length=2000, json_schema_extra={"widget": "textarea"})]


class Answer(BaseModel):
    """An office's report that a step is done. Every answer may carry a note."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_enum_values=False)

    note: Note = ""

    @classmethod
    def from_records(cls, payload: Mapping[str, Any]) -> Self:
        """An answer that was accepted once. What has been required only since then is not required of it."""
        return cls.model_validate(payload, context={_ACCEPTED: True})


_ACCEPTED = "accepted before"


def is_new(info: ValidationInfo) -> bool:
    """Whether an answer is just arriving, so that what is required today may be required of it."""
    return not (isinstance(info.context, dict) and info.context.get(_ACCEPTED))


def written_when(flag: str, said: bool, sentence: str) -> Callable[[str, ValidationInfo], str]:
    """A check for a text that must not be blank when an earlier yes-or-no field was answered so; refuses with `sentence`."""

    def check(text: str, info: ValidationInfo) -> str:
        if info.data.get(flag) is said and not text.strip():
            raise ValueError(sentence)
        return text

    return check


class Done(Answer):
    """Done, with nothing to decide."""
