"""What the office says no to: no fault, but an answer for whoever asked."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - it is an answer, not an accident
    """What cannot be done as it was asked: one sentence for whoever asked it, and the field it concerns, if one."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        """`sentence` is Chinese and says what to do."""
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class UnknownLink(Exception):  # noqa: N818 - it is an answer, not an accident
    """No letter carries this link."""
