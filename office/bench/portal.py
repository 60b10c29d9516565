"""`portal`: how long an officer waits for the page behind a link, and for an answer to be taken, when the records are full.

A PostgreSQL of its own with 100 000 requests and as many letters and links, and the portal as a process of its own before
it; nothing else runs. The links that are opened and answered lie all over the records.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from rich.progress import Progress
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.settings import Settings
from office import links
from office.bench import Unmeasured
from office.bench.figures import percentile
from office.bench.filling import COPIES, fill, opened
from office.bench.surroundings import free_ports, records_alone
from office.bureau import Bureau
from office.migrate import upgrade_async
from office.opening import open_bureau
from office.tables import Letter, Link, Request

REQUESTS = 100_000
USED = 200
"""Links that are opened, opened again and answered."""
LOOKS = 2
OFFICERS = 4
"""People before the portal at the same time."""
PATIENCE = 60.0
"""Machine seconds for the portal's start."""
PASSWORD = "a key for the benchmark"  # noqa: S105 - of records that are thrown away

LABELS = {
    "p50_ms": "打开链接页面与提交答复合计，中位数（毫秒）",
    "p99_ms": "同上，第99百分位（毫秒）",
    "page_p50_ms": "打开链接页面，中位数（毫秒）",
    "page_p99_ms": "打开链接页面，第99百分位（毫秒）",
    "answer_p50_ms": "提交答复，中位数（毫秒）",
    "answer_p99_ms": "提交答复，第99百分位（毫秒）",
    "requests": "库中的交办事项数",
    "officers": "同时使用的人数",
}

FILL = (
    *COPIES,
    """INSERT INTO letter SELECT x.* FROM letter l, request r JOIN proceeding p ON p.id = r.proceeding_id,
           LATERAL jsonb_populate_record(l, jsonb_build_object(
               'id', 1000 + r.id, 'case_id', p.case_id, 'request_id', r.id, 'key', 'bench/' || r.id,
               'message_id', 'bench-' || r.id, 'state', 'handed_over')) x
       WHERE l.id = :letter AND r.id <> l.request_id""",
    """INSERT INTO link (letter_id, request_id, request_version, office, officer, nonce, token_hash, made_at, expires_at,
           wrong_codes)
       SELECT l.id, l.request_id, k.request_version, k.office, k.officer, md5('nonce' || l.id), md5('hash' || l.id),
           k.made_at, k.expires_at, 0
       FROM link k, letter l WHERE k.id = :link AND l.key LIKE 'bench/%'""",
    "SELECT setval(pg_get_serial_sequence('letter', 'id'), (SELECT max(id) FROM letter))",
)


@dataclass(frozen=True)
class Used:
    """A link and what its officer sends."""

    path: str
    fields: dict[str, str]


def measure(settings: Settings, progress: Progress) -> dict[str, float]:
    """The figures of `LABELS`. Raises `Unmeasured`, `office.data_folder.StartFault`."""
    with records_alone(progress) as server:
        own = {
            "JIELI_DATABASE_URL": server.url("jieli"),
            "JIELI_COUNTY": str(settings.county.expanduser().absolute()),
            "JIELI_DATA_DIR": str(server.data_dir),
            "JIELI_SECRET_KEY": PASSWORD,
            "JIELI_DEMO": "true",
            "JIELI_PORTAL_PORT": str(free_ports(1)[0]),
            # One machine stands for a county's officers.
            "JIELI_POSTS_PER_MINUTE": "1000000",
        }
        try:
            return asyncio.run(_measure(own, progress))
        except httpx.HTTPError as fault:
            raise Unmeasured(f"门户没有应答（{type(fault).__name__}）。") from fault


async def _measure(own: dict[str, str], progress: Progress) -> dict[str, float]:
    await upgrade_async(own["JIELI_DATABASE_URL"])
    bureau = await open_bureau(_settings(own))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JIELI_")}
    portal = None
    try:
        used = await _filled(bureau, progress)
        portal = subprocess.Popen(  # noqa: ASYNC220 - our own portal
            [sys.executable, "-m", "office.portal"], env=inherited | own, cwd=Path(__file__).parents[2]
        )
        return await _times(bureau.settings.portal_url, used, progress)
    finally:
        if portal is not None:
            portal.terminate()
            await asyncio.to_thread(portal.wait, 20)
        await bureau.database.close()


def _settings(own: dict[str, str]) -> Settings:
    given = {name.removeprefix("JIELI_").lower(): value for name, value in own.items()}
    return Settings(**given)  # type: ignore[arg-type] # as from the environment


async def _filled(bureau: Bureau, progress: Progress) -> list[Used]:
    """Fill the records; the links that will be used are spread over all of them."""
    bar = progress.add_task(f"写入 {REQUESTS} 项交办", total=len(FILL))
    origin = await opened(bureau)
    async with bureau.database.transaction() as session:
        of_step = select(Letter).where(Letter.request_id == origin.request).limit(1)
        letter = (await session.execute(of_step)).scalar_one()
        await links.mint(session, bureau, letter)
        link = (await session.execute(select(Link.id).where(Link.letter_id == letter.id))).scalar_one()
    given = asdict(origin) | {"count": REQUESTS, "letter": letter.id, "link": link}
    await fill(bureau, FILL, given, lambda: progress.advance(bar))
    async with bureau.database.transaction() as session:
        counted = (await session.execute(select(func.count()).select_from(Request))).scalar_one()
        if counted < REQUESTS:
            raise Unmeasured(f"只写入了{counted}项交办，应有{REQUESTS}项。")
        spread = select(Letter).where(Letter.key.like("bench/%"), Letter.id % (REQUESTS // USED) == 0).limit(USED)
        letters = (await session.execute(spread)).scalars().all()
        return [await _usable(session, bureau, letter) for letter in letters]


async def _usable(session: AsyncSession, bureau: Bureau, letter: Letter) -> Used:
    """A link of that letter that opens: the copied one opens nothing."""
    await session.execute(delete(Link).where(Link.letter_id == letter.id))
    minted = await links.mint(session, bureau, letter)
    officer = bureau.county.officer(letter.to_officer)
    fields = {
        "typed_name": "经办人" if officer is None else officer.name,
        "code": minted.code,
        "version": "1",
        "own_jurisdiction": "yes",
        "acceptance_number": "受2026-001",
    }
    return Used(httpx.URL(minted.url).path, fields)


async def _times(address: str, used: list[Used], progress: Progress) -> dict[str, float]:
    """Milliseconds of each look and each answer, by several people at the same time."""
    looks: list[float] = []
    answers: list[float] = []
    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as web:
        await _until_there(web)
        for path in ("/", used[0].path):
            await web.get(path)
        bar = progress.add_task("打开与答复", total=len(used))
        waiting = iter(used)

        async def officer() -> None:
            for one in waiting:
                for _ in range(LOOKS):
                    looks.append(await _timed(web.get(one.path)))
                answers.append(await _timed(web.post(f"{one.path}/done", data=one.fields)))
                progress.advance(bar)

        await asyncio.gather(*(officer() for _ in range(OFFICERS)))
    both = looks + answers
    return {
        "p50_ms": percentile(both, 0.5),
        "p99_ms": percentile(both, 0.99),
        "page_p50_ms": percentile(looks, 0.5),
        "page_p99_ms": percentile(looks, 0.99),
        "answer_p50_ms": percentile(answers, 0.5),
        "answer_p99_ms": percentile(answers, 0.99),
        "requests": REQUESTS,
        "officers": OFFICERS,
    }


async def _until_there(web: httpx.AsyncClient) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if (await web.get("/healthz")).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > end:
            raise Unmeasured(f"门户在{PATIENCE:.0f}秒内没有启动。")
        await asyncio.sleep(0.1)


async def _timed(asked: Awaitable[httpx.Response]) -> float:
    begun = time.monotonic()
    answer = await asked
    if answer.status_code != httpx.codes.OK:
        raise Unmeasured(f"门户没有照办（{answer.status_code}）。")
    return (time.monotonic() - begun) * 1000
