"""Every place that shows a deadline shows the same one (F171), and midnight as 24:00 of the day that ends."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from config.county import County, load_county
from config.settings import EXAMPLE_COUNTY, Settings
from office import links
from office import requests as asking
from office.attempt import describe
from office.cli import app, casework, law
from office.letters import written_parts
from office.portal.app import create_app
from office.sheets import case_sheet, round_sheet
from office.tables import CaseRow, Letter, Proceeding, Request
from office.timekeeping import COUNTY_ZONE
from office.views import explain_case, list_cases, show_case
from rules.ladder import Clock
from rules.steps import STEPS
from rules.wording import deadline, last_day_and_hour, short_deadline
from tests.conftest import FixedClock
from tests.flows.conftest import anyio_backend, story
from tests.story import Story

__all__ = ["anyio_backend", "story"]

pytestmark = pytest.mark.anyio

STARTS = 120
FIRST, LAST = datetime(2021, 6, 1, tzinfo=COUNTY_ZONE), datetime(2026, 12, 20, tzinfo=COUNTY_ZONE)
ROUND_HOURS = (0, 9 * 60, 22 * 60, 24 * 60 - 1)


@lru_cache(maxsize=1)
def drawn() -> list[tuple[datetime, str]]:
    """Starts and steps, the same at every run: any minute of five years, and the hours at which a limit ends at midnight."""
    chance = random.Random(462017)  # noqa: S311 - nothing secret
    days = (LAST - FIRST).days
    starts = [
        FIRST
        + timedelta(
            days=chance.randrange(days),
            minutes=chance.choice(ROUND_HOURS) if chance.random() < 0.3 else chance.randrange(24 * 60),
        )
        for _ in range(STARTS)
    ]
    began = {key: versions[0].effective_from for key, versions in load_county(EXAMPLE_COUNTY).steps.items()}
    return [
        (start, chance.choice([key for key in STEPS if began[key] <= start.astimezone(COUNTY_ZONE).date()]))
        for start in sorted(starts)
    ]


@pytest.fixture
async def asked(records_url: str, county: County, installation: Settings) -> Any:
    """One case with every drawn step asked at its start."""
    story = Story(records_url, county, FixedClock(FIRST), installation)
    story.case = (await story.file_only()).case
    for number, (start, key) in enumerate(drawn()):
        story.clock.move_to(start)
        async with story.database.transaction() as session:
            case = (await session.execute(select(CaseRow))).scalar_one()
            proceeding = (await session.execute(select(Proceeding))).scalars().first()
            assert proceeding is not None
            office = county.office_for(STEPS[key].office, case.township, case.village)
            await asking.ask(session, story.bureau, case, proceeding.id, STEPS[key], office, subject=f"第{number}件")
    yield story
    await story.database.close()


@pytest.fixture
def due_by_command(county: County, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`jieli due --step`, with the county read once."""
    monkeypatch.setattr(law, "county_of", lambda _: county)
    runner = CliRunner()

    def due(step: str, start: datetime) -> tuple[dict[str, Any], str]:
        words = ["due", "--step", step, "--from", start.isoformat()]
        found, shown = runner.invoke(app, [*words, "--json"]), runner.invoke(app, words)
        assert (found.exit_code, shown.exit_code) == (0, 0), found.output + shown.output
        told: dict[str, Any] = json.loads(found.stdout)
        return told, shown.stdout

    return due


async def test_every_place_shows_the_same_deadline(
    asked: Story, due_by_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row, the command, the letter, the link's page, the views, the case sheet, the Prefect message."""
    bureau = asked.bureau
    rows = {row.subject: row for row in await asked.requests()}
    shown, explained = await show_case(bureau, asked.case), await explain_case(bureau, asked.case)
    listed = (await list_cases(bureau))[0]["waiting_for"]
    by_subject = {
        name: {row["subject"]: row for row in view} for name, view in (("show", shown["requests"]), ("list", listed))
    }
    monkeypatch.setattr(casework, "with_bureau", lambda _, __: shown)
    show_lines = CliRunner().invoke(app, ["show", asked.case]).stdout.splitlines()
    monkeypatch.setattr(casework, "with_bureau", lambda _, __: explained)
    explain_lines = CliRunner().invoke(app, ["explain", asked.case]).stdout.splitlines()
    async with asked.database.transaction() as session:
        case = (await session.execute(select(CaseRow))).scalar_one()
        sheet_lines = (await case_sheet(session, bureau, case)).splitlines()

    midnights = 0
    transport = httpx.ASGITransport(app=create_app(bureau))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as portal:
        for number, (start, key) in enumerate(drawn()):
            row = rows[f"第{number}件"]
            told, words = due_by_command(key, start)
            due, both = row.due, (row.acknowledge_by, row.due)
            midnights += last_day_and_hour(due)[1] == "24:00"

            assert datetime.fromisoformat(told["due"]) == due, (key, start)
            assert told["due_date"] == last_day_and_hour(due)[0].isoformat()
            assert told["provisional"] <= row.provisional
            assert f"届满：{deadline(due)}" in words

            token = await _letter_says(asked, row, both)
            page = (await portal.get(f"/r/{token}")).text
            for name, at in (("签收期限", both[0]), ("办结期限", both[1])):
                assert f"<dt>{name}</dt><dd>{deadline(at, weekday='周')}<br>" in page, name

            for view in by_subject.values():
                assert datetime.fromisoformat(view[row.subject]["due"]) == due
            assert datetime.fromisoformat(by_subject["show"][row.subject]["acknowledge_by"]) == row.acknowledge_by
            assert f"，办理时限{short_deadline(due)}" in describe(bureau, row)
            _view_says(explained, row)
            assert any(
                f"| {short_deadline(both[0])} | {short_deadline(due)}" in line and STEPS[key].label in line
                for line in sheet_lines
            )
            assert any(f"（{key}）" in line and f"办理时限{short_deadline(due)}" in line for line in show_lines)
            promise = f"{short_deadline(both[0])}前签收，{short_deadline(due)}前办结"
            assert any(promise in line for line in explain_lines)
    assert midnights > STARTS / 4


def _view_says(explained: dict[str, Any], row: Request) -> None:
    same = [w for w in explained["waiting"] if w["step"] == row.step and w["since"] == _iso(row.asked_at)]
    assert any((w["due"], w["acknowledge_by"]) == (_iso(row.due), _iso(row.acknowledge_by)) for w in same)


def _iso(at: datetime) -> str:
    return at.astimezone(COUNTY_ZONE).isoformat(timespec="seconds")


async def _letter_says(story: Story, row: Request, both: tuple[datetime, datetime]) -> str:
    """The letter's facts, subject and both parts, and what stands behind its link; gives the link's token."""
    async with story.database.transaction() as session:
        letter = (await session.execute(select(Letter).where(Letter.request_id == row.id))).scalars().first()
        assert letter is not None
        minted = await links.mint(session, story.bureau, letter)
    assert tuple(datetime.fromisoformat(letter.facts[name]) for name in ("acknowledge_by", "due")) == both
    officer = story.bureau.county.officer(letter.to_officer)
    assert officer is not None
    subject, text, html = written_parts(story.bureau, letter, officer, minted)
    assert f"】{short_deadline(both[0], story.clock.now())}前签收" in subject
    for name, at in (("签收时限", both[0]), ("办理时限", both[1])):
        assert f"{name}：{deadline(at)}前" in text
        day, bracket, hour = deadline(at).partition("（")
        assert day in html
        assert bracket + hour in html
    token = minted.url.rsplit("/", 1)[1]
    opened = await links.open_link(story.bureau, token)
    assert (opened.acknowledge_by, opened.due) == both
    return token


async def test_an_escalation_round_shows_it_so_too(story: Story) -> None:
    """The round's table, which coordinators read in Prefect."""
    await story.report()
    request = await story.request("police_accept")
    async with story.database.transaction() as session:
        row = (await session.execute(select(Request).where(Request.id == request.id))).scalar_one()
        row.acknowledge_by = datetime(2026, 3, 3, tzinfo=COUNTY_ZONE)
        row.due = datetime(2026, 3, 4, tzinfo=COUNTY_ZONE)
        row.next_climb_at = row.acknowledge_by
    await story.move_to(datetime(2026, 3, 3, tzinfo=COUNTY_ZONE))
    async with story.database.transaction() as session:
        sheet = await round_sheet(session, story.bureau, 1)
    assert f"{Clock.ACKNOWLEDGE.label} | 03-02 24:00" in sheet
