"""`answer`: from an officer's answer to the next office's letter, and many officers answering at once.

First one answer at a time, with nothing else to do. Then as many a second as a county's worst hour may bring, posted by
the clock whether or not the earlier ones have been confirmed, and what it takes until every one of their proceedings has
been woken and sleeps again. The cases of the second part have not been filed one by one: they were put to sleep.

Beside it, when it is installed, DBOS Transact does the same loop in its shortest form (`office.bench.beside_dbos`).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import httpx
from rich.progress import Progress

from config.settings import Settings
from office.bench import Unmeasured, officers
from office.bench.figures import percentile
from office.bench.officers import Filled
from office.bench.sleepers import Sleepers
from office.bench.surroundings import UNLIMITED_MAIL, measured_within, records_alone
from office.opening import open_bureau
from office.supervisor import Supervisor

SAMPLES = 30
WARMING = 4
REST = 0.3
"""Machine seconds between two answers when there is nothing else to do."""
RATE = 50
SECONDS = 3
"""Answers are posted at this rate for so long."""
CONNECTIONS = 64
UNTIL_WOKEN = 240.0
WORKFLOWS = 500
DBOS_PATIENCE = 180.0
LONGEST = 420.0
"""Machine seconds for the whole measurement, once everything has started."""

LABELS = {
    "p50_s": "空闲时从提交答复到下一封信交给邮件服务器，中位数（秒）",
    "p99_s": "同上，第99百分位（秒）",
    "samples": "其中测量的答复数",
    "answers_per_s": "按每秒50份提交时，实际达到的每秒答复数",
    "wanted_answers_per_s": "要求的每秒答复数",
    "answers": "这样提交的答复数",
    "errors": "其中没有被接受的",
    "post_p50_s": "其中每份答复得到确认所用的时间，中位数（秒）",
    "post_p99_s": "同上，第99百分位（秒）",
    "all_woken_s": "从第一份提交到全部办理均被唤醒并再次等待（秒）",
    "woken_per_s": "平均每秒唤醒的办理数",
    "dbos_answers_per_s": "旁证：DBOS 完成同样的“交办、等待答复或期限、再交办”循环，每秒答复数",
    "dbos_bytes_per_waiting": "旁证：DBOS 每个等待中的流程占用的内存（字节）",
    "dbos_workflows": "旁证：DBOS 同时等待的流程数",
}


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `StartFault`."""
    ours = measured_within(
        LONGEST, lambda supervisor: _measure(supervisor, progress), settings, progress, **UNLIMITED_MAIL
    )
    return ours | _beside(progress)


def _beside(progress: Progress) -> dict[str, float]:
    """What DBOS does in its shortest form, with a PostgreSQL to itself and nothing of ours running; nothing without it."""
    if find_spec("dbos") is None:
        progress.console.print("没有安装 DBOS（pip install 'jieli[bench]'），因此没有与它的比较。", markup=False)
        return {}
    with records_alone(progress) as server:
        bar = progress.add_task("DBOS", total=None)
        given = {"database": server.url("jieli"), "workflows": WORKFLOWS}
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "office.bench.beside_dbos"],
                input=json.dumps(given), capture_output=True, text=True, timeout=DBOS_PATIENCE, check=True,
                cwd=Path(__file__).parents[2],
            )  # fmt: skip
            found = json.loads(ended.stdout)
        except (subprocess.SubprocessError, json.JSONDecodeError) as fault:
            raise Unmeasured(f"DBOS 没有完成测量（{type(fault).__name__}）。") from fault
        progress.update(bar, total=1, completed=1)
    return {f"dbos_{name}": value for name, value in found.items()} | {"dbos_workflows": WORKFLOWS}


async def _measure(supervisor: Supervisor, progress: Progress) -> dict[str, float]:
    settings = supervisor.settings
    bureau = await open_bureau(settings)
    try:
        sleepers = Sleepers(bureau, progress)
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        async with httpx.AsyncClient(base_url=settings.portal_url, timeout=60, trust_env=False, limits=limits) as web:
            idle = await _idle(web, sleepers, progress)
            return idle | await _many(web, sleepers, progress)
    finally:
        await bureau.database.close()


async def _idle(web: httpx.AsyncClient, sleepers: Sleepers, progress: Progress) -> dict[str, float]:
    """One answer after another, each when nothing else is to be done."""
    cases = await sleepers.file(WARMING + SAMPLES)
    await sleepers.quiet()
    caught = await officers.letters(web)
    bar = progress.add_task("从答复到下一封信", total=len(cases))
    waits = []
    for proceeding, number in cases.items():
        filled = await officers.fill_in(web, officers.about(caught, number))
        begun = time.monotonic()
        await officers.post(web, filled)
        await sleepers.until("下一封信", officers.next_letter_gone(proceeding), 1, every=0.02)
        waits.append(time.monotonic() - begun)
        progress.advance(bar)
        await sleepers.quiet(REST)
    measured = waits[WARMING:]
    return {"p50_s": percentile(measured, 0.5), "p99_s": percentile(measured, 0.99), "samples": len(measured)}


async def _many(web: httpx.AsyncClient, sleepers: Sleepers, progress: Progress) -> dict[str, float]:
    """So many a second, by the clock."""
    cases = await sleepers.put_to_sleep(RATE * SECONDS)
    await sleepers.quiet()
    caught = await officers.letters(web)
    filled = [await officers.fill_in(web, officers.about(caught, number)) for number in cases.values()]
    before = await sleepers.waits(list(cases))
    begun = time.monotonic()
    woken = asyncio.create_task(sleepers.until_asleep("全部被唤醒", before, UNTIL_WOKEN))
    taken, errors = await _posted(web, filled, begun, progress)
    posted = time.monotonic() - begun
    if errors:
        woken.cancel()
        raise Unmeasured(f"{len(filled)}份答复中有{errors}份没有被接受。")
    await woken
    all_woken = time.monotonic() - begun
    return {
        "answers_per_s": len(taken) / posted,
        "wanted_answers_per_s": RATE,
        "answers": len(taken),
        "errors": errors,
        "post_p50_s": percentile(taken, 0.5),
        "post_p99_s": percentile(taken, 0.99),
        "all_woken_s": all_woken,
        "woken_per_s": len(taken) / all_woken,
    }


async def _posted(
    web: httpx.AsyncClient, filled: Sequence[Filled], begun: float, progress: Progress
) -> tuple[list[float], int]:
    """The machine seconds of each answer that was confirmed, and how many were not."""
    bar = progress.add_task(f"每秒提交{RATE}份答复", total=len(filled))
    taken: list[float] = []
    errors = 0

    async def at_its_time(place: int, one: Filled) -> None:
        nonlocal errors
        await asyncio.sleep(begun + place / RATE - time.monotonic())
        try:
            taken.append(await officers.post(web, one))
        except (Unmeasured, httpx.HTTPError):
            errors += 1
        progress.advance(bar)

    await asyncio.gather(*(at_its_time(place, one) for place, one in enumerate(filled)))
    return taken, errors
