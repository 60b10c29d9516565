"""The benchmarks' pure parts; performance itself never lives in a timed test."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import time
from importlib import import_module

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress
from typer.testing import CliRunner

from office.bench import NAMES, UnknownBenchmark, Unmeasured, answer, chosen, form, label_of, officers
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


def test_answer_promises_its_figures() -> None:
    """The contract's figures are among those of `answer`, with what was wanted, what failed and what came of it."""
    wanted = {"p50_s", "p99_s", "answers_per_s", "samples", "errors", "all_woken_s", "dbos_answers_per_s"}
    assert wanted <= set(answer.LABELS)
    assert answer.SAMPLES >= 30
    assert answer.RATE == 50


def test_memory_promises_its_figures() -> None:
    """Memory for each waiting case, rows and bytes of both databases, and the time of Prefect's server."""
    wanted = {
        "worker_bytes_per_waiting",
        "portal_bytes_per_waiting",
        "records_bytes_per_case",
        "prefect_bytes_per_case",
    }
    module = import_module("office.bench.memory")
    assert wanted | {"prefect_cpu_s_per_min", "waiting_runs"} <= set(module.LABELS)
    assert module.WAITING_RUNS == 10_000


def test_workers_promises_its_figures() -> None:
    """One worker, two, their ratio, and that nothing happened twice."""
    wanted = {"one_worker_attempts_per_s", "two_workers_attempts_per_s", "ratio", "once"}
    assert wanted <= set(import_module("office.bench.workers").LABELS)


def test_without_dbos_there_is_a_sentence_and_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not measured is left out, and never told as zero."""
    monkeypatch.setattr(answer, "find_spec", lambda _: None)
    told = io.StringIO()
    assert answer._beside(Progress(console=Console(file=told))) == {}
    assert told.getvalue().strip().startswith("没有安装 DBOS")
    assert told.getvalue().strip().endswith("。")


PAGE = """<form action="/r/abc/received"></form><form action="/r/abc/done"><input type="hidden" name="version" value="3"></form>"""
LETTER = {
    "subject": "受理 140000-2026-0001",
    "text": "王某同志：…… 验证码：123456",
    "links": ["http://x.example/r/abc"],
}


def through(answering: httpx.MockTransport) -> httpx.AsyncClient:
    """A portal that answers so."""
    return httpx.AsyncClient(transport=answering, base_url="http://x.example")


def test_an_officer_fills_in_the_form_that_the_page_shows() -> None:
    """Hidden fields as the page has them; the name and the code as the letter has them."""

    async def open_it() -> officers.Filled:
        async with through(httpx.MockTransport(lambda _: httpx.Response(200, text=PAGE))) as web:
            return await officers.fill_in(web, officers.about([LETTER], "140000-2026-0001"))

    filled = asyncio.run(open_it())
    assert filled.action == "/r/abc/done"
    assert filled.fields["version"] == "3"
    assert (filled.fields["typed_name"], filled.fields["code"]) == ("王某", "123456")
    with pytest.raises(Unmeasured, match="140000-2026-0002"):
        officers.about([LETTER], "140000-2026-0002")


def test_answers_are_posted_by_the_clock_and_refusals_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer leaves before its time, and one that is refused is an error and no answer."""
    monkeypatch.setattr(answer, "RATE", 100)
    left: list[float] = []

    def portal(request: httpx.Request) -> httpx.Response:
        left.append(time.monotonic())
        return httpx.Response(409 if b"late" in request.content else 200)

    async def post_all() -> tuple[float, tuple[list[float], int]]:
        filled = [officers.Filled("/r/abc/done", {"words": "late" if n % 5 == 0 else "done"}) for n in range(10)]
        async with through(httpx.MockTransport(portal)) as web:
            begun = time.monotonic()
            return begun, await answer._posted(web, filled, begun, Progress(console=Console(file=io.StringIO())))

    begun, (taken, errors) = asyncio.run(post_all())
    assert (len(taken), errors) == (8, 2)
    assert all(at >= begun + place / 100 for place, at in enumerate(left))


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
