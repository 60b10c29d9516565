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
_TRIES = 400
"""So many tables are tried for each number; one for which none is found in time counts as told."""

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
    # Farther than the reader need think: a nearer end only makes this module more careful.
    no_end = 2 * max(numbers.values(), default=0) + 10 * smallest
    hidden = dict.fromkeys(set(unsaid) - set(known), (0, no_end)) | dict.fromkeys(small, (1, smallest - 1))
    withheld: set[K] = set()
    for _ in range(2 * len(numbers) + 1):
        told = _told(numbers, balances, hidden, small)
        if not told:
            break
        for key in _next_withheld(numbers, balances, told, small, withheld | {*known, *unsaid}):
            withheld.add(key)
            hidden[key] = (smallest if numbers[key] >= smallest else 0, no_end)
    return {
        key: WITHHELD if key in withheld else f"＜{smallest}" if key in small else number
        for key, number in numbers.items()
        if key not in unsaid
    }


def _next_withheld(
    numbers: Mapping[K, int], balances: Sequence[Balance[K]], told: set[K], small: set[K], settled: set[K]
) -> Collection[K]:
    """What is withheld next, so that the numbers told are told no longer: the least large number of their balances; where
    none is left there, these balances as a whole, zeros too; then the least large number anywhere; then everything."""
    cells = {
        key for balance in balances if told & {*balance.one, *balance.other} for key in (*balance.one, *balance.other)
    }
    large = sorted(
        (key for key in numbers if key not in small | settled and numbers[key]), key=lambda key: numbers[key]
    )
    near = [key for key in large if key in cells][:1]
    whole = (cells | told) - settled
    return near or whole or large[:1] or [key for key in numbers if key not in settled]


Bounds = dict[K, tuple[int, int]]


def _told(
    numbers: Mapping[K, int], balances: Sequence[Balance[K]], hidden: Mapping[K, tuple[int, int]], small: set[K]
) -> set[K]:
    """Small numbers that a reader can tell exactly: no table but those with this very number agrees with what is printed."""
    bounds = {key: hidden.get(key, (number, number)) for key, number in numbers.items()}
    unsure: set[K] = set()
    for key in sorted(small, key=list(numbers).index):
        if key in unsure:
            continue
        true = numbers[key]
        for span in ((bounds[key][0], true - 1), (true + 1, bounds[key][1])):
            table = _some_table(balances, bounds | {key: span}, [_TRIES])
            if table is not None:
                unsure |= {other for other in small if table[other] != numbers[other]}
                break
    return small - unsure


def _some_table(balances: Sequence[Balance[K]], bounds: Bounds[K], tries: list[int]) -> dict[K, int] | None:
    """A table within the bounds in which everything balances; None where there is none, or none is found in time."""
    tries[0] -= 1
    drawn = _drawn_in(balances, bounds)
    if drawn is None or tries[0] < 0:
        return None
    loose = [key for key, (least, most) in drawn.items() if least < most]
    if not loose:
        return {key: least for key, (least, _) in drawn.items()}
    key = min(loose, key=lambda one: drawn[one][1] - drawn[one][0])
    least, most = drawn[key]
    for span in ((least, least), (least + 1, most)):
        table = _some_table(balances, drawn | {key: span}, tries)
        if table is not None:
            return table
    return None


def _drawn_in(balances: Sequence[Balance[K]], bounds: Bounds[K]) -> Bounds[K] | None:
    """The bounds, drawn in by every balance until they stand still; None where nothing is left between them."""
    drawn = dict(bounds)
    if any(least > most for least, most in drawn.values()):
        return None
    moved = True
    while moved:
        moved = False
        for balance in balances:
            for mine, theirs in ((balance.one, balance.other), (balance.other, balance.one)):
                least = sum(drawn[k][0] for k in theirs) - sum(drawn[k][1] for k in mine)
                most = sum(drawn[k][1] for k in theirs) - sum(drawn[k][0] for k in mine)
                for key in mine:
                    low, high = drawn[key]
                    new = max(low, least + high), min(high, most + low)
                    if new == (low, high):
                        continue
                    if new[0] > new[1]:
                        return None
                    drawn[key], moved = new, True
                    # The sums stand for the bounds before; they are taken anew for the next key.
                    least += high - new[1]
                    most += low - new[0]
    return drawn
