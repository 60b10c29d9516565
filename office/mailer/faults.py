"""What may become of a letter that is given to a mail server."""

from __future__ import annotations


class TemporaryFault(Exception):  # noqa: N818 - it is an answer, not an accident
    """The letter was surely not taken this time.

    `server_away` says that no other letter would be taken either; `slow` that the next one to the same recipient had
    better wait.
    """

    def __init__(self, sentence: str, *, server_away: bool = False, slow: bool = False) -> None:
        """`sentence` is Chinese, without a name or address."""
        super().__init__(sentence)
        self.server_away = server_away
        self.slow = slow


class FinalFault(Exception):  # noqa: N818
    """The letter was refused for good."""


class UncertainFault(Exception):  # noqa: N818
    """The connection broke after the letter was given: it may have been taken. The same Message-ID tells them apart."""
