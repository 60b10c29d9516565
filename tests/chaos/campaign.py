"""One campaign: everything is started, people act, mishaps happen, all comes to rest, and what is left is audited."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

from prefect.client.orchestration import PrefectClient
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from config.county import County
from config.settings import Settings
from office.bench.surroundings import free_ports, plain_settings
from office.embedded import EmbeddedPostgres
from office.opening import open_bureau
from office.supervisor import Supervisor
from office.timekeeping import COUNTY_ZONE
from tests.chaos.auditor import Judgement, audit
from tests.chaos.findings import Finding
from tests.chaos.history import History, Hours, fit_instrument, read_records, read_runs
from tests.chaos.mailbox import Mailbox
from tests.chaos.mishaps import MACHINE, USUAL_WEATHER, WORLD, Machine, Mishap, Mishaps, plan
from tests.chaos.people import People

ROOT = Path(__file__).parents[2]
SLOW = 1.0
"""County seconds for each machine second while all comes to rest: little falls due then."""

UNDER_WAY = ("run", "letter_without_end")
"""Findings that may be of a moment: a rung that has just been reached, and is not shown yet."""
LOOKS = 5

Tell = Callable[[str, float], None]
"""Says what is being done, and how much of the whole is done, from 0 to 1."""


@dataclass(frozen=True)
class Campaign:
    """How much, for how long. `seconds` of trouble are machine seconds; `scale` is how fast the county lives meanwhile."""

    seed: int
    cases: int = 200
    seconds: float = 240.0
    scale: float = 120.0
    settle_seconds: float = 300.0
    machine_every: tuple[float, float] = (7.0, 16.0)
    world_every: tuple[float, float] = (5.0, 12.0)
    machine: list[tuple[int, str]] | None = None
    world: list[tuple[int, str]] | None = None
    keep_logs: Path | None = None

    def lanes(self) -> tuple[list[Mishap], list[Mishap]]:
        """Both plans."""
        return (
            plan(self.seed, self.seconds, self.machine or MACHINE, self.machine_every),
            plan(self.seed, self.seconds, self.world or WORLD, self.world_every),
        )


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    history: History
    judgement: Judgement
    mishaps: Counter[str]
    mail_faults: Counter[str]
    deeds: Counter[str]
    notes: list[str]
    seconds: float
    settled: bool


def _say_nothing(_words: str, _share: float) -> None:
    """Nobody listens."""


def run(campaign: Campaign, tell: Tell = _say_nothing) -> Outcome:
    """The whole campaign. Raises StartFault when the parts cannot be started at all."""
    began = time.monotonic()
    portal, prefect, smtp = free_ports(3)
    mailbox = Mailbox(smtp, campaign.seed)
    mailbox.up()
    with tempfile.TemporaryDirectory(prefix="jieli-chaos-") as folder:
        chosen = plain_settings(
            {
                "data_dir": Path(folder) / "data", "portal_port": portal, "prefect_port": prefect, "demo": True,
                "smtp_host": "127.0.0.1", "smtp_port": smtp, "smtp_tls": "none", "public_url": "https://jieli.anhe.example",
                "smtp_timeout": 5.0, "smtp_letter_timeout": 10.0,
            }
            # One machine stands for a county's officers, and weeks pass in minutes.
            | dict.fromkeys(("posts_per_minute", "link_posts_per_minute", "reports_per_minute"), 1_000_000)
            | dict.fromkeys(("mail_ceiling_case", "mail_ceiling_recipient", "mail_ceiling_hour"), 1_000_000)
        )  # fmt: skip
        # The parts run the code beside these tests, and no other checkout's.
        os.environ["PYTHONPATH"] = str(ROOT)
        try:
            tell("启动全部部件", 0.0)
            with Supervisor(chosen, demo=True, scale=campaign.scale, quiet=True) as supervisor:
                machine = Machine(supervisor, Path(folder) / "second")
                with _prefect_settings(supervisor):
                    try:
                        return asyncio.run(_Play(campaign, machine, mailbox, tell, began).play())
                    finally:
                        machine.close()
        finally:
            if campaign.keep_logs is not None:
                for logs in Path(folder).glob("**/logs"):
                    shutil.copytree(logs, campaign.keep_logs, dirs_exist_ok=True)
            mailbox.close()
            EmbeddedPostgres(chosen.data_dir / "demo").destroy()


@contextmanager
def _prefect_settings(supervisor: Supervisor) -> Iterator[None]:
    """Prefect's client in this process speaks to that server and to no other."""
    before = dict(os.environ)
    os.environ.update({name: value for name, value in supervisor.environment.items() if name.startswith("PREFECT_")})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Play:
    def __init__(self, campaign: Campaign, machine: Machine, mailbox: Mailbox, tell: Tell, began: float) -> None:
        self.campaign, self.machine, self.mailbox, self.tell, self.began = campaign, machine, mailbox, tell, began
        self.settings: Settings = machine.supervisor.settings

    async def play(self) -> Outcome:
        settings, campaign = self.settings, self.campaign
        assert settings.database_url is not None
        assert settings.prefect_auth is not None
        url = settings.database_url.get_secret_value()
        await fit_instrument(url)
        bureau = await open_bureau(settings)
        auth = settings.prefect_auth.get_secret_value()
        portal = f"http://127.0.0.1:{settings.portal_port}"
        async with PrefectClient(str(settings.prefect_api_url), auth_string=auth) as prefect:
            people = People(bureau, self.mailbox, portal, campaign.seed, bureau.clock.now)
            mishaps = Mishaps(self.machine, bureau, self.mailbox, prefect, campaign.seed)
            try:
                await mishaps.note_clock()
                await mishaps.move_clock(length=_until_monday(bureau.clock.now()))
                await asyncio.to_thread(self.machine.start_second)
                await self._trouble(people, mishaps)
                self.tell("等待一切平静", 0.8)
                await asyncio.to_thread(self.machine.mourn)
                settled = await self._settle(mishaps)
                history, judgement = await self._judged(bureau.county, people, mishaps)
            finally:
                await people.close()
                await bureau.database.close()
        died = tuple(Finding("died", *words.split(": ", 1)) for words in self.machine.deaths)
        judgement = replace(judgement, findings=(*died, *judgement.findings))
        return Outcome(
            history, judgement, self.machine.happened, self.mailbox.happened, people.done, mishaps.faults,
            time.monotonic() - self.began, settled,
        )  # fmt: skip

    async def _trouble(self, people: People, mishaps: Mishaps) -> None:
        """Reports, answers and mishaps, all at once, until the time is over and every report is filed."""
        campaign, stop, began = self.campaign, asyncio.Event(), time.monotonic()

        def told(kind: str) -> None:
            share = min(1.0, (time.monotonic() - began) / campaign.seconds)
            self.tell(f"{people.filed}件报告、{len(self.mailbox.mails)}封信、{kind}", 0.1 + 0.7 * share)

        self.mailbox.weather = dict(USUAL_WEATHER)
        machine, world = campaign.lanes()
        mishaps.machine_lane = machine
        living = asyncio.create_task(people.live(stop))
        lanes = [asyncio.create_task(mishaps.run(lane, told, stop)) for lane in (machine, world)]
        filing = asyncio.create_task(people.file(campaign.cases, campaign.seconds * 0.4))
        timer = asyncio.create_task(asyncio.sleep(campaign.seconds))
        try:
            waited = {living, *lanes, filing}
            while not (timer.done() and filing.done()):
                done, _ = await asyncio.wait({timer, *waited}, return_when=asyncio.FIRST_COMPLETED, timeout=1)
                for task in done & waited:
                    task.result()
                    waited.discard(task)
                told("")
            stop.set()
            # A mishap under way is brought to its end, so that all parts run.
            await asyncio.wait_for(asyncio.gather(living, *lanes), 180)
        finally:
            for task in (living, *lanes, filing, timer):
                task.cancel()
            await asyncio.gather(living, *lanes, filing, timer, return_exceptions=True)

    async def _settle(self, mishaps: Mishaps) -> bool:
        """Let everything come to rest. Machine time between two tries of a letter is made to pass at once."""
        self.mailbox.weather = {}
        await asyncio.to_thread(self.mailbox.up)
        await mishaps.move_clock(length=timedelta(minutes=5), scale=SLOW)
        began, quiet = time.monotonic(), 0
        while time.monotonic() - began < self.campaign.settle_seconds:
            await asyncio.sleep(2.0)
            try:
                left = await self._unsettled(mishaps)
            except (OSError, SQLAlchemyError):
                continue
            self.tell(
                f"还有{left[0]}封信、{left[1]}个机制、{left[2]}件到期",
                0.8 + 0.18 * (time.monotonic() - began) / self.campaign.settle_seconds,
            )
            quiet = quiet + 1 if left == (0, 0, 0) else 0
            if quiet >= 3:
                return True
        return False

    async def _unsettled(self, mishaps: Mishaps) -> tuple[int, int, int]:
        """Letters on their way, live proceedings that do not sleep as Prefect shows them, and steps whose time has come."""
        tries = self.settings.mail_uncertain_tries
        async with mishaps.bureau.database.transaction() as session:
            await session.execute(
                text(
                    "UPDATE letter SET next_try = clock_timestamp() WHERE state IN ('pending', 'held', 'uncertain')"
                    " AND next_try > clock_timestamp() + interval '5 seconds' AND unknown_results < :tries"
                ),
                {"tries": tries},
            )
            letters = await session.execute(
                text(
                    "SELECT count(*) FROM letter WHERE state IN ('pending', 'sending', 'held')"
                    " OR state = 'uncertain' AND unknown_results < :tries"
                ),
                {"tries": tries},
            )
            awake = await session.execute(
                text(
                    "SELECT count(*) FROM proceeding WHERE closed_at IS NULL AND"
                    " (NOT asleep OR woken_at IS NOT NULL OR lease_until > clock_timestamp() OR flow_run_id IS NULL)"
                )
            )
            due = await session.execute(
                text("SELECT count(*) FROM request WHERE next_climb_at <= :now"), {"now": mishaps.bureau.clock.now()}
            )
            found = letters.scalar_one(), awake.scalar_one(), due.scalar_one()
            if found[:2] == (0, 0):
                found = found[0], await self._not_paused(mishaps), found[2]
            return found

    async def _not_paused(self, mishaps: Mishaps) -> int:
        """Live proceedings whose run Prefect shows otherwise than asleep: a sweep finds them within a quarter of a minute."""
        assert self.settings.prefect_database_url is not None
        runs = {one.id: one for one in await read_runs(self.settings.prefect_database_url.get_secret_value())}
        async with mishaps.bureau.database.transaction() as session:
            found = await session.execute(text("SELECT flow_run_id, wait_name FROM proceeding WHERE closed_at IS NULL"))
            live = [(str(row[0]), row[1]) for row in found]
        return sum(
            (run := runs.get(one)) is None or (run.state_type, run.state_name) != ("PAUSED", name) for one, name in live
        )

    async def _judged(self, county: County, people: People, mishaps: Mishaps) -> tuple[History, Judgement]:
        """What is left, and the audit of it. The records and Prefect are not read at one instant, and the county's time goes
        on: what is only under way is looked at again, some seconds later."""
        self.tell("核对", 0.98)
        for _ in range(LOOKS):
            history = await self._history(county, people, mishaps)
            judgement = audit(history)
            if not any(finding.kind in UNDER_WAY for finding in judgement.findings):
                break
            await asyncio.sleep(5.0)
        return history, judgement

    async def _history(self, county: County, people: People, mishaps: Mishaps) -> History:
        settings = self.settings
        assert settings.database_url is not None
        assert settings.prefect_database_url is not None
        rows = await read_records(settings.database_url.get_secret_value(), settings.mail_uncertain_tries)
        return History(
            **rows,
            stretches=tuple(mishaps.stretches),
            troubles=tuple(self.machine.troubles),
            promises=tuple(dict.fromkeys(people.promises)),
            accepted=tuple(mail.accepted for mail in self.mailbox.mails),
            runs=await read_runs(settings.prefect_database_url.get_secret_value()),
            hours={key: hours_of(office.hours) for key, office in county.offices.items()},
        )


def hours_of(found: object) -> Hours | None:
    """Opening hours as plain values."""
    if found.around_the_clock:
        return None
    return Hours(found.opens, found.closes)


def _until_monday(now: datetime) -> timedelta:
    """To the next Monday, half past eight: every campaign begins on the same day of a week."""
    monday = now.date() + timedelta(days=7 - now.weekday())
    return datetime.combine(monday, clock_time(8, 30), COUNTY_ZONE) - now
