"""Text that a spreadsheet opens must stay text: a cell beginning with = + - @ or a tab is a formula to it, and runs."""

from __future__ import annotations

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for a formula; blanks before the sign do not help."""
    return text.startswith(FORMULA_SIGNS) or text.lstrip().startswith(FORMULA_SIGNS)


def guarded(text: str) -> str:
    """The same text, which a spreadsheet that opens a text file takes for text (an apostrophe in front)."""
    return f"'{text}" if is_formula(text) else text
