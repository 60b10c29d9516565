"""`/healthz` and `/metrics`: whether all is well, for whoever keeps the installation running, and nothing of any case."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlalchemy import func, text, update

from config.county import County
from config.settings import Settings
from office import heartbeat
from office.portal.app import create_app
from office.tables import ClockSeen
from office.watchdog import Check, Finding, Health, Watch
from office.watchdog.metrics import FIGURES
from tests.conftest import FixedClock
from tests.story import Story

MARKERS = ("甲乙丙丁", "戊己庚辛", "壬癸子丑", "0000-1234567")


def asked(app: Any, path: str, peer: str = "127.0.0.1", **headers: str) -> httpx.Response:
    """One answer to somebody at that address."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(peer, 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_health_asks_the_records(browser: Any, bureau: SimpleNamespace) -> None:
    """200 while they answer, also before the watchdog has looked for the first time, and 503 while they do not."""
    well = {"ok": True, "checks": {"records": "ok"}}
    assert (browser.get("/healthz").status_code, browser.get("/healthz").json()) == (200, well)
    bureau.database.away = True
    ill = {"ok": False, "checks": {"records": "bad"}}
    assert (browser.get("/healthz").status_code, browser.get("/healthz").json()) == (503, ill)


def test_a_silent_clock_is_ill_health_and_other_faults_are_not(bureau: SimpleNamespace) -> None:
    """A balancer must not take the portal away because a letter came back."""
    app = create_app(bureau)  # type: ignore[arg-type]
    app.state.watch.findings = (Finding(Check.LOST, Health.BAD, "有1封信。"), Finding(Check.CLOCK, Health.OK, "。"))
    answer = asked(app, "/healthz")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"lost": "bad", "clock": "ok", "records": "ok"})
    app.state.watch.findings = (Finding(Check.CLOCK, Health.BAD, "。"),)
    assert asked(app, "/healthz").status_code == 503


@pytest.mark.parametrize(
    ("peer", "headers", "settings", "near"),
    [
        ("127.0.0.1", {}, {}, True),
        ("::1", {}, {}, True),
        ("::ffff:127.0.0.1", {}, {}, True),
        ("10.1.2.3", {}, {}, False),
        ("10.1.2.3", {}, {"watchers": "10.1.2.0/24"}, True),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}, {}, False),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, {}, False),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}, {"trusted_proxies": "127.0.0.1"}, False),
        ("127.0.0.1", {"x-forwarded-for": "10.1.2.3"}, {"trusted_proxies": "127.0.0.1", "watchers": "10.1.2.3"}, True),
        ("203.0.113.9", {"x-forwarded-for": "127.0.0.1"}, {}, False),
    ],
)
def test_figures_are_for_this_machine_and_the_networks_named(
    bureau: SimpleNamespace, peer: str, headers: dict[str, str], settings: dict[str, str], *, near: bool
) -> None:
    """Others learn whether all is well and no more; a proxy's word counts where the proxy is known."""
    bureau.settings = Settings(**settings)
    app = create_app(bureau)  # type: ignore[arg-type]
    assert asked(app, "/metrics", peer, **headers).status_code == (200 if near else 404)
    health = asked(app, "/healthz", peer, **headers)
    assert (health.status_code, health.json()["ok"], "checks" in health.json()) == (200, True, near)


def test_a_network_that_is_none_is_refused_by_name() -> None:
    """The sentence names the variable."""
    with pytest.raises(ValueError, match=r"JIELI_WATCHERS 中的“10\.1”不是地址或网段"):
        Settings(watchers="10.1")


def test_metrics_and_health_of_real_records_name_nobody(
    records_url: str, county: County, clock: FixedClock, installation: Settings
) -> None:
    """A fresh installation is well; with a case that waits and letters that failed the figures say so, without its words."""

    async def scene() -> None:
        story = Story(records_url, county, clock, installation)
        app = create_app(story.bureau)
        transport = httpx.ASGITransport(app=app)
        watch: Watch = app.state.watch
        async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as client:
            await watch.turn()
            fresh = await client.get("/healthz")
            assert (fresh.status_code, fresh.json()["ok"]) == (200, True)
            assert set(fresh.json()["checks"]) == {check.value for check in Check}
            await story.report(
                danger_now=True, narrative=MARKERS[0], child_description=MARKERS[1], reporter_name=MARKERS[2],
                reporter_contact=MARKERS[3],
            )  # fmt: skip
            await heartbeat.beat(story.bureau)
            async with story.database.transaction() as session:
                await session.execute(text("UPDATE letter SET state = 'failed'"))
                await session.execute(update(ClockSeen).values(seen_at=func.clock_timestamp()))
            story.clock.move(timedelta(days=2))
            await watch.turn()
            health, metrics = await client.get("/healthz"), await client.get("/metrics")
        await story.database.close()
        assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
        values = dict(re.findall(r"^(jieli_\S+) (\S+)$", metrics.text, re.M))
        assert {f"jieli_{name}" for name in FIGURES} <= set(values)
        assert float(values["jieli_oldest_overdue_seconds"]) > 3600
        assert float(values["jieli_letters_lost"]) >= 1
        assert values['jieli_check_state{check="lost"}'] == "2.0"
        officers = [one for office in county.offices.values() for one in office.officers]
        personal = {*MARKERS, story.case, *(one.name for one in officers), *(one.email for one in officers)}
        assert not [word for word in personal if word in health.text + metrics.text]
        assert metrics.text.isascii()
        assert health.text.isascii()

    asyncio.run(scene())
