"""The benchmarks' pure parts; performance itself never lives in a timed test."""

from __future__ import annotations

import json
import socket
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from office.bench import NAMES, UnknownBenchmark, chosen, form, label_of
from office.bench.figures import machine, percentile
from office.bench.surroundings import free_ports
from office.cli import app


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.5, 7.0),
        ([7.0], 0.99, 7.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 12)], 0.99, 11.0),
        ([1.0, 2.0], 1.0, 2.0),
    ],
)
def test_a_percentile_is_a_measured_value(values: list[float], share: float, expected: float) -> None:
    """The smallest value that the share of the values does not exceed; of few values, the 99th is the slowest."""
    assert percentile(values, share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_covers_its_share(values: list[float], share: float) -> None:
    """At least the share of the values lies at or below it, and it is one of them."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0), ([1.0], 1.5)])
def test_nothing_measured_has_no_percentile(values: list[float], share: float) -> None:
    """No figure is made out of nothing."""
    with pytest.raises(ValueError, match=r"measured|share"):
        percentile(values, share)


def test_the_form_is_name_machine_and_rounded_figures() -> None:
    """What others script against, ready for JSON; the machine is described and not named."""
    result = form("wake", {"ratio": 12.34567})
    assert result == {"name": "wake", "machine": machine(), "figures": {"ratio": 12.346}}
    assert {"cpus", "python", "platform"} <= set(result["machine"])
    assert socket.gethostname() not in json.dumps(result["machine"])


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_can_be_measured_and_named(name: str) -> None:
    """Each is a module with `measure`, and each of its figures has Chinese words."""
    module = import_module(f"office.bench.{name}")
    assert callable(module.measure)
    assert all(label_of(name, figure) != figure for figure in module.LABELS)


def test_wake_promises_its_figures() -> None:
    """The contract's figures are among those of `wake`."""
    wanted = {"attempts_per_s", "process_worker_attempts_per_s", "ratio", "api_floor_share"}
    assert wanted <= set(import_module("office.bench.wake").LABELS)


def test_post_promises_its_figures() -> None:
    """The contract's figure is among those of `post`, and the ratio that holds on any machine."""
    assert {"letters_per_s", "ratio"} <= set(import_module("office.bench.post").LABELS)


def test_portal_promises_its_figures() -> None:
    """The contract's figures are among those of `portal`."""
    assert {"p50_ms", "p99_ms"} <= set(import_module("office.bench.portal").LABELS)


def test_clock_promises_its_figures() -> None:
    """The contract's figures are among those of `clock`, and the ratio that holds on any machine."""
    wanted = {"open", "due", "round_s", "idle_tick_ms_100k", "idle_tick_ms_1m", "idle_ratio", "punctuality_p99_s"}
    assert wanted <= set(import_module("office.bench.clock").LABELS)


def test_no_name_means_all() -> None:
    """A name chooses one benchmark; without one, all are chosen."""
    assert chosen(None) == NAMES
    assert chosen("wake") == ("wake",)
    with pytest.raises(UnknownBenchmark, match="wake"):
        chosen("sleep")


def test_an_unknown_name_is_told_in_one_sentence() -> None:
    """Wrong usage: exit code 2 and a sentence that lists what there is; nothing is started."""
    result = CliRunner().invoke(app, ["bench", "sleep", "--json"])
    assert result.exit_code == 2
    assert "没有名为“sleep”的基准测试；可以选：wake、post" in result.output


def test_free_ports_differ() -> None:
    """Parts that start together do not meet on one port."""
    assert len(set(free_ports(3))) == 3
