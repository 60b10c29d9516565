"""The words that letters are made of: one line, a case's number, a word from a closed list; and what every letter says."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from rules.vocabulary import Labelled


def one_line(text: str) -> str:
    """The text itself. Raises ValueError when it holds a control, line or direction character."""
    # Whatever is printable has none of them, and can be told much faster.
    if not text.isprintable() and any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text
    ):
        raise ValueError("a fact of a letter is one line without control characters")
    return text


def one_of(*lists: type[Labelled], also: tuple[str, ...] = ()) -> AfterValidator:
    allowed = {word.label for words in lists for word in words} | set(also)

    def listed(text: str) -> str:
        if text not in allowed:
            raise ValueError("not a word of the closed list")
        return text

    return AfterValidator(listed)


Line = Annotated[str, StringConstraints(max_length=400), AfterValidator(one_line)]
CaseNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,7}-[0-9]{4}-[0-9]{4,9}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,30}$")]


class Facts(BaseModel):
    """What every letter says. Instants are aware."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case_number: str


class CaseFacts(Facts):
    """What a letter about a case says."""

    case_number: CaseNumber


class CountyFacts(Facts):
    """A letter about the county's people and no case."""

    case_number: Literal[""]
