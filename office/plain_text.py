"""Text that people send or that a county's files hold, as it may stand in the records, on a page and in a letter."""

from __future__ import annotations

import re

_INVISIBLE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_HALF = re.compile(r"[\ud800-\udfff]")


def harmless(text: str) -> str:
    """The same without control characters (the records cannot hold NUL) and without marks that turn the direction of
    reading, which make a line say what it does not; half a character becomes the sign for an unreadable one."""
    return _HALF.sub("\ufffd", _INVISIBLE.sub("", text))
