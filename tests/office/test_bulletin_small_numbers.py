"""A small number of persons is not printed, and what is printed does not give it back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from office.bulletin.figures import Cases, Delay, Figures, Tally
from office.bulletin.months import Month
from office.bulletin.persons import COUNTY, persons
from office.bulletin.small_numbers import SMALLEST_SHOWN, WITHHELD, Balance, Shown, shown

NUMBER = st.integers(0, 9)
MARCH = Month(2026, 3)


def possible(
    numbers: dict[str, int], printed: dict[str, Shown], sums: dict[str, tuple[str, ...]]
) -> Iterator[dict[str, int]]:
    """Every table that a reader can think of: the parts as printed or as they may be, the sums as they are printed.

    The reader even knows which withheld cells are large, which is more than the print says.
    """
    parts = [key for key in numbers if key not in sums]
    for values in product(*(may_be(numbers[key], printed[key]) for key in parts)):
        table = dict(zip(parts, values, strict=True))
        for total, its in sums.items():
            table[total] = sum(table[key] for key in its)
        if all(table[total] in may_be(numbers[total], printed[total], 60) for total in sums):
            yield table


def may_be(number: int, print_: Shown, most: int = 14) -> range:
    """What a cell may hold."""
    if isinstance(print_, int):
        return range(print_, print_ + 1)
    if print_ == WITHHELD:
        return range(SMALLEST_SHOWN if number >= SMALLEST_SHOWN else 0, most)
    return range(1, SMALLEST_SHOWN)


def given_back(numbers: dict[str, int], sums: dict[str, tuple[str, ...]]) -> dict[str, set[int]]:
    """The small numbers that the printed table gives back."""
    balances = [Balance((total,), its) for total, its in sums.items()]
    printed = shown(numbers, balances)
    small = [key for key, number in numbers.items() if 0 < number < SMALLEST_SHOWN]
    assert all(not isinstance(printed[key], int) for key in small)
    seen: dict[str, set[int]] = {key: set() for key in small}
    for table in possible(numbers, printed, sums):
        for key in small:
            seen[key].add(table[key])
        if all(len(values) > 1 for values in seen.values()):
            break
    return {key: values for key, values in seen.items() if len(values) < 2}


@settings(deadline=None, max_examples=150)
@given(st.lists(NUMBER, min_size=2, max_size=4))
def test_a_total_does_not_give_a_part_back(parts: list[int]) -> None:
    """Whatever the parts are: no small number, nor a small total, can be reckoned from the row."""
    numbers = {str(place): number for place, number in enumerate(parts)}
    sums = {"total": tuple(numbers)}
    assert given_back(numbers | {"total": sum(parts)}, sums) == {}


@settings(deadline=None, max_examples=300)
@given(st.lists(NUMBER, min_size=4, max_size=4))
def test_rows_and_columns_together_do_not_give_a_cell_back(cells: list[int]) -> None:
    """Two townships by two figures, with the totals of either."""
    numbers = dict(zip("abcd", cells, strict=True))
    sums = {"row1": ("a", "b"), "row2": ("c", "d"), "column1": ("a", "c"), "column2": ("b", "d"), "all": tuple("abcd")}
    totals = {total: sum(numbers[key] for key in its) for total, its in sums.items()}
    assert given_back(numbers | totals, sums) == {}


def test_one_small_part_takes_the_next_larger_with_it() -> None:
    """7 and 3 of 30: the 3 is "＜5", the least of the others is withheld, a zero and the total stay."""
    numbers = {"a": 3, "b": 7, "c": 20, "d": 0, "total": 30}
    printed = shown(numbers, [Balance(("total",), ("a", "b", "c", "d"))])
    assert printed == {"a": "＜5", "b": WITHHELD, "c": 20, "d": 0, "total": 30}


def test_large_numbers_and_zeros_are_printed() -> None:
    """Nothing is withheld where nothing is small."""
    numbers = {"a": 5, "b": 0, "total": 5}
    assert shown(numbers, [Balance(("total",), ("a", "b"))]) == numbers


def test_the_threshold_is_the_countys_own() -> None:
    """A county may set ten."""
    assert shown({"a": 9}, [], smallest=10) == {"a": "＜10"}


def test_what_does_not_balance_is_a_fault_of_the_program() -> None:
    """Better no bulletin than a wrong one."""
    with pytest.raises(ValueError, match="balance"):
        shown({"a": 1, "total": 2}, [Balance(("total",), ("a",))])


def month(**townships: Cases) -> Figures:
    """A month with cases alone; the county is the sum of its townships."""
    closed: dict[str, int] = {}
    for cases in townships.values():
        for label, number in cases.closed.items():
            closed[label] = closed.get(label, 0) + number

    def together(figure: str) -> int:
        return sum(getattr(cases, figure) for cases in townships.values())

    county = Cases(together("open_before"), together("new"), together("reopened"), closed, together("open_after"))
    nothing = Delay(0, None, None)
    return Figures(
        MARCH, MARCH.end, Tally(), {}, {}, {}, {}, county, townships, {"school": county.new}, nothing, nothing
    )  # fmt: skip


def test_the_stock_of_the_month_before_does_not_give_back_how_many_were_closed() -> None:
    """Who has the bulletin before knows 20 open, 6 new, 24 open now: "＜5" closed would be 2 exactly, so one more is withheld."""
    found = month(qingshi=Cases(20, 6, 0, {"风险消除": 2}, 24))
    printed = persons(found, ["qingshi"])
    assert printed.cases[COUNTY, "closed"] in ("＜5", WITHHELD)
    assert WITHHELD in [printed.cases[COUNTY, figure] for figure in ("new", "closed", "open")]
    assert printed.grounds["风险消除"] in ("＜5", WITHHELD)
    assert (COUNTY, "before") not in printed.cases
    assert (COUNTY, "reopened") not in printed.cases


def test_a_township_with_nothing_has_its_row_of_zeros() -> None:
    """A township that is left out would be told from the others by that alone."""
    printed = persons(month(qingshi=Cases(0, 8, 0, {}, 8)), ["qingshi", "baiyang"])
    assert [printed.cases["baiyang", figure] for figure in ("new", "closed", "open")] == [0, 0, 0]
    assert printed.cases["qingshi", "new"] == 8
