"""An upgrade with open cases: the records of every released version come up to date, nothing is lost, and the cases go on.

A release adds `released/<revision>.sql`, written by its own code; without it the next migration fails here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from config.county import County
from config.settings import Settings
from office.backup.contents import contents_of, cut
from office.embedded import EmbeddedPostgres
from office.links import LinkStatus
from office.migrate import alembic_config, upgrade_async
from office.requests import terms_of
from office.tables import Event, Letter, Proceeding, Request, Rung
from office.timekeeping import COUNTY_ZONE
from office.views import explain_case, show_case
from office.watchdog import Check, Health, look
from rules.steps import DISPATCH, SEEK_PROCURATORIAL_SUPERVISION, STEPS
from rules.vocabulary import AnswerKind
from tests.conftest import FixedClock
from tests.story import Story

pytestmark = pytest.mark.anyio

RELEASED = {path.stem: path for path in sorted((Path(__file__).parent / "released").glob("*.sql"))}
AFTERWARDS = datetime(2026, 3, 3, 20, 45, tzinfo=COUNTY_ZONE)
"""Five minutes after the last thing that the old release wrote down."""
DANGER, REPORTED, CLOSED, POOR = (f"AH-2026-000{number}" for number in range(1, 5))


def test_every_released_version_has_its_data() -> None:
    """All revisions but the newest, which no installation has had yet."""
    revisions = [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    assert set(RELEASED) == set(revisions[1:])


async def restored_at(url: str, revision: str) -> None:
    """An installation as the old release left it."""

    def to_revision(connection: Connection) -> None:
        command.upgrade(alembic_config(connection), revision)

    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(to_revision)
    await engine.dispose()
    plain = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        await plain.execute(RELEASED[revision].read_text(encoding="utf-8"))
    finally:
        await plain.close()


@pytest.fixture(params=sorted(RELEASED))
def upgraded(
    request: pytest.FixtureRequest, postgres: EmbeddedPostgres, county: County, installation: Settings
) -> Iterator[tuple[Story, dict[str, int]]]:
    """The cases of an old release on today's schema and code, and how many rows each table had before."""
    name = f"released_{request.param}"
    postgres.create_database(name)
    url = postgres.url(name)

    async def up() -> dict[str, int]:
        await restored_at(url, request.param)
        async with cut(url) as connection:
            before = {table: held.rows for table, held in (await contents_of(connection)).items()}
        await upgrade_async(url)
        return before

    before = asyncio.run(up())
    story = Story(url, county, FixedClock(AFTERWARDS), installation)
    yield story, before
    postgres.drop_database(name)


async def test_nothing_is_lost(upgraded: tuple[Story, dict[str, int]]) -> None:
    """Every table has the rows it had, and every case can be shown and explained."""
    story, before = upgraded
    async with cut(story.database.url) as connection:
        after = {table: held.rows for table, held in (await contents_of(connection)).items()}
    assert {table: after[table] for table in before} == before
    assert before["event"] > 30
    for number in (DANGER, REPORTED, CLOSED, POOR):
        assert (await show_case(story.bureau, number))["events"]
        await explain_case(story.bureau, number)
    await story.database.close()


async def test_steps_that_are_asked_keep_their_names_and_their_terms(upgraded: tuple[Story, dict[str, int]]) -> None:
    """Today's code reads the limits and ladders of the old release; a step is never renamed or removed while asked."""
    story, _ = upgraded
    async with story.database.transaction() as session:
        requests = (await session.execute(select(Request))).scalars().all()
    assert len(requests) > 8
    for request in requests:
        assert request.step in STEPS
        assert terms_of(request).answer.basis
    await story.database.close()


async def test_the_cases_go_on_and_nothing_is_asked_or_told_twice(upgraded: tuple[Story, dict[str, int]]) -> None:
    """The clock climbs on from the rungs that were reached; old links open; whoever answers moves the case."""
    story, _ = upgraded
    story.case = DANGER

    async def counted() -> tuple[int, int]:
        async with story.database.transaction() as session:
            rungs = (await session.execute(select(func.count()).select_from(Rung))).scalar_one()
            letters = (await session.execute(select(func.count()).select_from(Letter))).scalar_one()
        return rungs, letters

    rungs, letters = await counted()
    asked = Counter((r.proceeding_id, r.step, r.subject, r.round) for r in await story.requests())
    await story.run()
    assert await counted() == (rungs, letters), "an upgrade alone does nothing"
    await story.ticker.turn()
    await story.deliver()
    await story.fast_forward(hours=12)
    again = Counter((r.proceeding_id, r.step, r.subject, r.round) for r in await story.requests())
    # Whether the procuratorate is to be asked is a question that silence brings about, and no step asked anew.
    assert {key[1] for key in again - asked} <= {SEEK_PROCURATORIAL_SUPERVISION.key}
    assert asked <= again
    assert set(again.values()) == {1}
    async with story.database.transaction() as session:
        reached = (await session.execute(select(Rung.request_id, Rung.clock, Rung.level, Rung.repeat))).all()
        keys = (await session.execute(select(Letter.key))).scalars().all()
    assert len(set(reached)) == len(reached) > rungs
    assert len(set(keys)) == len(keys)
    link = await story.link("dispatch")
    opened = await link.look()
    assert opened.status in (LinkStatus.OPEN, LinkStatus.CHANGED)
    await link.say(AnswerKind.DONE, payload=DISPATCH.answer(child_found=True))
    await story.run()
    assert (await story.request("dispatch")).state == "done"
    await story.database.close()


async def test_the_watchdog_finds_nothing_amiss_once_the_clock_has_turned(
    upgraded: tuple[Story, dict[str, int]],
) -> None:
    """Rungs, letters and proceedings of the old release are what today's auditor expects."""
    story, _ = upgraded
    await story.ticker.turn()
    found = {one.check: one for one in await look(story.bureau, story.clock.now())}
    for check in (Check.RUNGS, Check.UNTOLD, Check.DAYS, Check.CASES, Check.LOST):
        assert found[check].state is Health.OK, found[check]
    async with story.database.transaction() as session:
        live = (await session.execute(select(func.count()).where(Proceeding.closed_at.is_(None)))).scalar_one()
        ended = select(func.count()).where(Request.ended_at.is_(None), Request.next_climb_at.is_(None))
        assert (await session.execute(ended)).scalar_one() == 0
        assert (await session.execute(select(func.count()).select_from(Event))).scalar_one() > 30
    assert live >= 3
    await story.database.close()
