"""What comes next is said of every step, in a sentence a coordinator can read."""

from __future__ import annotations

import pytest

from rules import outlook
from rules.outlook import OUTLOOK
from rules.steps import STEPS


@pytest.mark.parametrize("key", STEPS)
def test_every_step_says_what_comes_next_on_each_outcome(key: str) -> None:
    """Done, or sent back and late: two short Chinese sentences."""
    for sentence in (OUTLOOK[key].done, OUTLOOK[key].otherwise):
        assert sentence.endswith("。")
        assert not sentence.isascii()
        assert len(sentence) <= 60


def test_nothing_is_said_of_a_step_that_is_none() -> None:
    """A step that is gone leaves no sentence behind."""
    assert set(OUTLOOK) == set(STEPS)
    assert set(outlook._AFTER) <= set(STEPS)
