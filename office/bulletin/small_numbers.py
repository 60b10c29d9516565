"""Small numbers of persons are not printed, and what is printed must not give them back.

A table of cases that says "1" for a township tells everybody there that this one child has a case. So a cell of persons
from 1 to 4 shows "＜5". No text gives that threshold: it is the county's own setting (`no_statutory_number`), 5 being what
statistical offices commonly use. A zero is shown: it is about nobody.

Where cells add up, one that is not shown could be reckoned from the others. So further cells of the sum are withheld
(secondary suppression, shown "※") until nobody who knows everything printed, and how this module withholds, can tell a
small number exactly. A cell withheld so holds at least the threshold, as the reader may well guess: that is reckoned with.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

SMALLEST_SHOWN = 5
"""The least number of persons that is printed, zero aside: a technical default, no rule of any text."""
WITHHELD = "※"
"""What stands for a number that would give a small one back."""
_NO_END = 10**9

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Balance(Generic[K]):
    """Cells whose numbers balance, as every reader knows: those of `one` add up to the same as those of `other`."""

    one: tuple[K, ...]
    other: tuple[K, ...]


Shown = int | str


def shown(
    numbers: Mapping[K, int],
    balances: Sequence[Balance[K]],
    *,
    known: Collection[K] = (),
    unsaid: Collection[K] = (),
    smallest: int = SMALLEST_SHOWN,
) -> dict[K, Shown]:
    """What is printed for each number: itself, "＜5" or "※".

    Every number is 0 or more, and every balance holds; ValueError where one does not. `known` are numbers that the reader
    has from elsewhere, so that withholding them, small or not, is of no use; `unsaid` are printed nowhere, and are left out of what is
    given. `smallest` is the county's own.
    """
    for balance in balances:
        if sum(numbers[k] for k in balance.one) != sum(numbers[k] for k in balance.other):
            raise ValueError(f"these do not balance: {balance}")
    small = {key for key, number in numbers.items() if 0 < number < smallest and key not in {*known, *unsaid}}
    hidden = dict.fromkeys(unsaid, (0, _NO_END)) | dict.fromkeys(small, (1, smallest - 1))
    withheld: set[K] = set()
    for _ in range(2 * len(numbers) + 1):
        told = _told(numbers, balances, hidden, small)
        if not told:
            break
        beside = [b for b in balances if told & {*b.one, *b.other}]
        cells = {key for b in beside for key in (*b.one, *b.other)} - set(unsaid)
        free = [key for key in numbers if key in cells and key not in hidden and key not in known and numbers[key]]
        # With nothing large left to withhold beside it, the whole balance is withheld, zeros too.
        for key in sorted(free, key=lambda one: numbers[one])[:1] or (cells | told) - set(known):
            withheld.add(key)
            hidden[key] = (smallest, _NO_END) if free else (0, _NO_END)
    return {
        key: WITHHELD if key in withheld else f"＜{smallest}" if key in small else number
        for key, number in numbers.items()
        if key not in unsaid
    }


def _told(
    numbers: Mapping[K, int],
    balances: Sequence[Balance[K]],
    hidden: Mapping[K, tuple[int, int]],
    small: set[K],
) -> set[K]:
    """Small numbers that a reader can tell exactly: the bounds of every hidden cell, drawn in until they stand still."""
    bounds = {key: hidden.get(key, (number, number)) for key, number in numbers.items()}
    moved = True
    while moved:
        moved = False
        for balance in balances:
            for mine, theirs in ((balance.one, balance.other), (balance.other, balance.one)):
                for key in mine:
                    rest = [other for other in mine if other != key]
                    least = sum(bounds[k][0] for k in theirs) - sum(bounds[k][1] for k in rest)
                    most = sum(bounds[k][1] for k in theirs) - sum(bounds[k][0] for k in rest)
                    drawn = max(bounds[key][0], least), min(bounds[key][1], most)
                    if drawn != bounds[key]:
                        bounds[key], moved = drawn, True
    return {key for key in small if bounds[key][0] == bounds[key][1]}
