"""The portal on the real records: what an officer does in a browser is what stands in PostgreSQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from config.county import County
from config.settings import Settings
from office import links
from rules.vocabulary import Happening, RequestState
from tests.conftest import FixedClock
from tests.portal.scenes import Play, player
from tests.story import Story


@pytest.fixture
def play(records_url: str, county: County, clock: FixedClock, installation: Settings) -> Play:
    """Plays a scene before the portal."""
    return player(records_url, county, clock, installation)


async def link_of(story: Story, step: str) -> tuple[str, dict[str, Any]]:
    """The address that the step's letter carries, and what its officer types."""
    request = await story.request(step)
    letter = (await story.letters("asked", request_id=request.id))[-1]
    async with story.database.transaction() as session:
        row = await session.merge(letter, load=False)
        minted = await links.mint(session, story.bureau, row)
    officer = story.bureau.county.officer(letter.to_officer)
    assert officer is not None
    return urlsplit(minted.url).path, {"typed_name": officer.name, "code": minted.code, "version": request.version}


def test_a_report_filed_on_the_page_opens_a_case_and_can_be_asked_after(play: Play) -> None:
    """From the form to the receipt to the query, on the county's own places."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        form = {
            "form_key": "a-form-of-its-own",
            "reason": "suspected_domestic_violence",
            "narrative": "脸上有伤",
            "place": "qingshi/liuhe",
            "reporter_kind": "school",
        }
        answers = [await browser.post("/report", data=form) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert len(await story.happened(Happening.CASE_OPENED)) == 1
        receipt, code = (answers[0].text.split('class="number">')[n].split("<")[0] for n in (1, 2))
        status = await browser.post("/query", data={"receipt": receipt.lower(), "code": code.lower()})
        assert "报告已收到" in status.text

    play(scene)


def test_a_program_files_once_is_told_of_other_words_and_asks_how_it_stands(play: Play) -> None:
    """201, 200, 409, then the report's way; another code opens nothing."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        body = {
            "form_key": "a-program-of-its-own",
            "reporter_kind": "school",
            "reason": "suspected_domestic_violence",
            "township": "qingshi",
            "narrative": "脸上有伤",
        }
        answers = [await browser.post("/api/reports", json=body | more) for more in ({}, {}, {"narrative": "别的"})]
        assert [answer.status_code for answer in answers] == [201, 200, 409]
        assert answers[0].json() == answers[1].json()
        kept = answers[0].json()
        asked = await browser.get(f"/api/reports/{kept['receipt']}", headers={"X-Query-Code": kept["query_code"]})
        assert [line["what"] for line in asked.json()["lines"]] == ["报告已收到"]
        wrong = await browser.get(f"/api/reports/{kept['receipt']}", headers={"X-Query-Code": "WRONG234"})
        assert wrong.status_code == 404
        nowhere = await browser.post("/api/reports", json=body | {"form_key": "another-one", "township": "nowhere"})
        assert (nowhere.status_code, len(nowhere.json()["faults"])) == (422, 1)

    play(scene)


def test_looking_and_pressing_leave_the_records_as_they_were(play: Play) -> None:
    """GET, HEAD and a robot's empty forms move nothing (F1)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, _ = await link_of(story, "police_accept")
        for _ in range(5):
            assert (await browser.get(page)).status_code == 200
            assert (await browser.head(page)).status_code == 200
        for kind in ("received", "done", "declined", "more_facts", "extension"):
            assert (await browser.post(f"{page}/{kind}", data={"version": "1"})).status_code == 422
        assert (await story.request("police_accept")).state == RequestState.ASKED
        assert await story.answers() == []

    play(scene)


def test_an_office_acknowledges_and_reports_done_in_the_browser(play: Play) -> None:
    """Both answers stand in the records once, and the page afterwards says who decided and when."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        received = [await browser.post(f"{page}/received", data=who) for _ in range(3)]
        assert {answer.status_code for answer in received} == {200}
        done = await browser.post(f"{page}/done", data=who | {"own_jurisdiction": "yes", "note": "已制作笔录"})
        assert done.status_code == 200
        rows = await story.answers()
        assert [row.kind for row in rows] == ["received", "done"]
        assert rows[1].payload["own_jurisdiction"] is True
        assert rows[1].reference in done.text
        after = await browser.get(page)
        assert after.status_code == 200
        assert rows[1].reference in after.text
        assert "<form" not in after.text
        late = await browser.post(f"{page}/declined", data=who | {"reason": "other", "words": "x", "instead": "court"})
        assert late.status_code == 409
        assert len(await story.answers()) == 2

    play(scene)


def test_a_wrong_code_acts_on_nothing_and_the_right_one_still_works(play: Play) -> None:
    """The officer who mistypes is told so at the field."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        wrong = "0" * 6 if who["code"] != "0" * 6 else "1" * 6
        assert (await browser.post(f"{page}/received", data=who | {"code": wrong})).status_code == 422
        assert await story.answers() == []
        full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in who["code"])
        assert (await browser.post(f"{page}/received", data=who | {"code": full_width})).status_code == 200

    play(scene)


def test_an_expired_link_is_dead_until_a_fresh_letter_is_asked_for(play: Play) -> None:
    """The page offers one; the old link answers nothing; the deadline stays (F11)."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report()
        page, who = await link_of(story, "police_accept")
        before = await story.request("police_accept")
        story.clock.move(timedelta(days=story.bureau.settings.link_days))
        assert "这个链接已过期" in (await browser.get(page)).text
        assert (await browser.post(f"{page}/received", data=who)).status_code == 409
        count = len(await story.letters("asked", request_id=before.id))
        assert "登记的邮箱" in (await browser.post(f"{page}/resend", data=who)).text
        assert len(await story.letters("asked", request_id=before.id)) == count + 1
        assert (await story.request("police_accept")).due == before.due
        fresh, _ = await link_of(story, "police_accept")
        assert fresh != page
        assert "请选择怎么办理" in (await browser.get(fresh)).text

    play(scene)


def test_a_page_shows_nothing_of_the_child_or_the_reporter(play: Play) -> None:
    """The officer's page names case, step and limits only."""

    async def scene(story: Story, browser: httpx.AsyncClient) -> None:
        await story.report(
            narrative="标记甲",
            child_description="标记乙",
            place_detail="标记丙",
            reporter_name="标记丁",
            reporter_contact="标记戊",
        )
        page, who = await link_of(story, "police_accept")
        shown = (await browser.get(page)).text + (await browser.post(f"{page}/received", data=who)).text
        assert "标记" not in shown

    play(scene)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_portal_runs_as_a_process_logs_no_address_and_stops_when_told(records_url: str, tmp_path: Path) -> None:
    """`python -m office.portal`: healthy, silent about what is asked of it, gone with code 0 on SIGTERM."""
    port = _free_port()
    settings = {"JIELI_DATABASE_URL": records_url, "JIELI_DATA_DIR": str(tmp_path), "JIELI_PORTAL_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "office.portal"],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as browser:
            for _ in range(200):
                try:
                    healthy = browser.get("/healthz")
                    break
                except httpx.TransportError:
                    assert process.poll() is None, process.communicate()[0]
                    time.sleep(0.1)
            assert healthy.json()["ok"] is True
            for _ in range(100):
                # The watchdog looks beside the pages, from the start.
                if "clock" in (checks := browser.get("/healthz").json()["checks"]):
                    break
                time.sleep(0.1)
            assert checks["clock"] == "ok"
            assert "server" not in healthy.headers
            assert browser.get(f"/r/{'secret' * 5}").status_code == 404
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
    assert process.returncode == 0
    assert "secret" not in said
    assert "Traceback" not in said


def test_a_portal_without_records_says_so_in_one_sentence(tmp_path: Path) -> None:
    """No traceback for a missing setting."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("JIELI_")}
    ended = subprocess.run(
        [sys.executable, "-m", "office.portal"],
        env=environment | {"JIELI_DATA_DIR": str(tmp_path), "JIELI_PORTAL_PORT": str(_free_port())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == 1
    assert "JIELI_DATABASE_URL" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_database_that_is_away_is_told_without_its_address(tmp_path: Path) -> None:
    """The password in the address reaches no terminal and no log."""
    url = f"postgresql+asyncpg://jieli:hunter2@127.0.0.1:{_free_port()}/jieli"
    # It waits a minute for a database that recovers; here it is told at once that there is none.
    impatient = "from office.portal import __main__ as portal; portal.PATIENCE = 0.0; raise SystemExit(portal.main())"
    ended = subprocess.run(
        [sys.executable, "-c", impatient],
        env=os.environ | {"JIELI_DATABASE_URL": url, "JIELI_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == 1
    assert "数据库连接不上" in ended.stderr
    assert "hunter2" not in ended.stderr
