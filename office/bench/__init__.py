"""`jieli bench`: what the machinery costs, measured on the parts themselves.

Each benchmark starts everything in a folder of its own, measures what it compares in one run, and stops everything. Its
module has `measure(settings, progress)` and the `LABELS` of its figures.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from config.settings import Settings
from office.bench.figures import machine

if TYPE_CHECKING:
    from rich.progress import Progress

NAMES = ("wake", "post", "portal", "clock", "answer", "workers", "memory")
"""The benchmarks there are; each is a module of this package."""


class UnknownBenchmark(Exception):  # noqa: N818 - it is an answer, not an accident
    """There is no benchmark of that name: one Chinese sentence that lists those there are."""

    def __init__(self, name: str) -> None:
        """`name` is what was asked for."""
        super().__init__(f"没有名为“{name}”的基准测试；可以选：{'、'.join(NAMES)}。不写名称则全部测一遍。")


class Unmeasured(Exception):  # noqa: N818 - what a benchmark says when there is nothing to say
    """A benchmark could not be brought to its end: one Chinese sentence."""


def chosen(name: str | None) -> tuple[str, ...]:
    """The benchmarks to run: the named one, or all. Raises `UnknownBenchmark`."""
    if name is None:
        return NAMES
    if name not in NAMES:
        raise UnknownBenchmark(name)
    return (name,)


def run(name: str, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Run one benchmark: `{"name", "machine", "figures"}`. Raises `Unmeasured`, `office.data_folder.StartFault`."""
    figures: dict[str, float] = import_module(f"office.bench.{name}").measure(settings, progress)
    return form(name, figures)


def form(name: str, figures: dict[str, float]) -> dict[str, Any]:
    """The form that others rely on: the name, the machine, and the figures rounded to what a measurement can say."""
    return {"name": name, "machine": machine(), "figures": {key: round(value, 3) for key, value in figures.items()}}


def label_of(name: str, figure: str) -> str:
    """What a figure means, in Chinese."""
    labels: dict[str, str] = import_module(f"office.bench.{name}").LABELS
    return labels.get(figure, figure)
