"""The whole of Jieli as it is installed: real PostgreSQL, Prefect server, worker, portal and catcher, and people who use them.

Whatever is done here is done as people do it, through pages and letters; the records are only looked at.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from rich.console import Console
from sqlalchemy import select

from config.settings import Settings
from office.catcher import CaughtLetter, read_letters
from office.demo import Form, Forms
from office.opening import open_bureau
from office.supervisor import Supervisor
from office.tables import CaseRow, Event, Letter, Proceeding, Report, Request
from office.timekeeping import set_clock

T = TypeVar("T")

SCALE = 2.0
"""County seconds for each machine second: few rungs are reached by themselves."""

WITH_NAME = {"reporter_name": "演示报告人", "reporter_contact": "0000-0000000"}
UNFOUNDED = {"outcome": "unfounded", "child_still_needs_help": "no", "failed_duty_to_report": "no"}
SHORT_STORY: dict[str, dict[str, str]] = {
    "police_accept": {"acceptance_number": "受2026-009", "own_jurisdiction": "yes"},
    "triage": UNFOUNDED,
    "feedback_reporter": {},
}
"""The shortest way from a citizen's report to the case's end; the last step only where the reporter gave a name."""


JIELI = "from office.cli import main; main()"
"""The command `jieli`, run by the interpreter that runs the tests."""


def environment_with_free_ports() -> dict[str, str]:
    """Variables for a `jieli` of its own, beside whatever else runs on this machine."""
    names = ("JIELI_PORTAL_PORT", "JIELI_PREFECT_PORT", "JIELI_CATCHER_PORT")
    return {name: str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses at this moment."""
    with ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


def wait_until(what: str, reached: Callable[[], T], seconds: float, every: float = 0.1) -> T:
    """The first truthy value of `reached`; fails the test, naming `what`, when there is none within so many seconds."""
    end = time.monotonic() + seconds
    while True:
        found = reached()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(every)


@dataclass(frozen=True)
class Opened:
    """A letter's page as an officer has it before them."""

    letter: CaughtLetter
    forms: Forms

    def form(self, kind: str) -> Form:
        """The form of that answer; fails the test when the page has none."""
        found = self.forms.ending(f"/{kind}")
        assert found is not None, f"the page offers no {kind}"
        return found

    @property
    def code(self) -> str:
        """The code printed below the link."""
        found = re.search(r"验证码：\s*([0-9]{6})", self.letter.text)
        assert found is not None
        return found.group(1)

    @property
    def name(self) -> str:
        """Whom the letter addresses."""
        return self.letter.text.split("同志", 1)[0].strip()


class Stack:
    """One running installation."""

    def __init__(self, folder: Path) -> None:
        portal, prefect, catcher = free_ports(3)
        # Each step in a letter of its own, so that letters can be counted; the demonstration has several in one.
        chosen = Settings(
            data_dir=folder, portal_port=portal, prefect_port=prefect, catcher_port=catcher, mail_digest_at_most=1
        )
        self.supervisor = Supervisor(chosen, demo=True, scale=SCALE, console=Console(quiet=True))
        self.supervisor.start()
        self.settings = self.supervisor.settings
        self.web = httpx.Client(base_url=self.settings.portal_url, timeout=30, trust_env=False)
        self._hand = ThreadPoolExecutor(max_workers=1)  # a browser test keeps this thread's own loop busy
        self._loop = asyncio.Runner()
        self.bureau = self.do(open_bureau(self.settings))
        auth = self.settings.prefect_auth
        assert auth is not None
        self.prefect = PrefectClient(str(self.settings.prefect_api_url), auth_string=auth.get_secret_value())
        self.do(self.prefect.__aenter__())

    def close(self) -> None:
        """Stop everything."""
        try:
            self.do(self.prefect.__aexit__(None, None, None))
            self.do(self.bureau.database.close())
            self._hand.submit(self._loop.close).result()
            self.web.close()
        finally:
            self.supervisor.stop()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Carry out something asynchronous."""
        return self._hand.submit(self._loop.run, work).result()

    # --- people ----------------------------------------------------------------------------------------------------

    def report(self, **more: str) -> str:
        """A citizen fills in the form, naming nobody unless `more` does; gives the number of the case."""
        form = Forms(self.web.get("/report").text).ending("/report")
        assert form is not None
        township, place = next(iter(self.bureau.county.townships.items()))
        fields = form.fields | {
            "danger_now": "no",
            "reason": "suspected_domestic_violence",
            "reporter_kind": "citizen",
            "narrative": "邻居家传来哭声。",
            "place": f"{township}/{next(iter(place.villages))}",
        }
        answer = self.web.post("/report", data=fields | more)
        receipt = re.search(r"BG-\d{4}-\d{5}", answer.text)
        assert answer.status_code == httpx.codes.OK, answer.text
        assert receipt is not None
        statement = select(CaseRow.number).join(Report, Report.case_id == CaseRow.id)
        return str(self.rows(statement.where(Report.receipt == receipt.group(0)))[0][0])

    def letter(self, case: str, step: str, *, kind: str = "asked", seconds: float = 60) -> CaughtLetter:
        """The newest caught letter of that kind about the step."""
        statement = (
            select(Letter.message_id)
            .join(CaseRow, CaseRow.id == Letter.case_id)
            .join(Request, Request.id == Letter.request_id)
            .where(CaseRow.number == case, Request.step == step, Letter.kind == kind)
            .order_by(Request.id.desc(), Letter.id)
            .limit(1)
        )

        def found() -> CaughtLetter | None:
            wanted = {row[0] for row in self.rows(statement)}
            return next((one for one in reversed(self.letters()) if one.message_id in wanted), None)

        letter = wait_until(f"a letter about {step} of {case}", found, seconds)
        assert letter is not None
        return letter

    def open(self, case: str, step: str, *, kind: str = "asked", seconds: float = 60) -> Opened:
        """An officer opens the link of the letter about the step."""
        letter = self.letter(case, step, kind=kind, seconds=seconds)
        return Opened(letter, Forms(self.web.get(httpx.URL(letter.links[0]).path).text))

    def send(self, opened: Opened, kind: str, **fields: Any) -> httpx.Response:
        """The officer types name and code, fills in the form of that answer and sends it."""
        form = opened.form(kind)
        typed = {"typed_name": opened.name, "code": opened.code}
        return self.web.post(form.action, data=form.fields | typed | fields)

    def answer(self, case: str, step: str, kind: str = "done", *, of_letter: str = "asked", **fields: Any) -> None:
        """The office that was asked answers through its letter; fails the test when the answer is not taken."""
        taken = self.send(self.open(case, step, kind=of_letter), kind, **fields)
        assert taken.status_code == httpx.codes.OK, f"{step}: {taken.status_code} {taken.text}"

    def play(self, cases: Sequence[str], seconds: float = 90) -> None:
        """Answer whatever is asked of these cases, as the short story has it, until all are closed."""
        end = time.monotonic() + seconds
        while not all(self.closed(case) for case in cases):
            assert time.monotonic() < end, f"not closed: {[(c, self.waiting(c)) for c in cases if not self.closed(c)]}"
            for case in cases:
                for step in self.waiting(case):
                    self.answer(case, step, **SHORT_STORY[step])
            time.sleep(0.1)

    # --- what the records say --------------------------------------------------------------------------------------

    def rows(self, statement: Any) -> list[Any]:
        """Ask our database."""

        async def ask() -> list[Any]:
            async with self.bureau.database.transaction() as session:
                return list((await session.execute(statement)).all())

        return self.do(ask())

    def closed(self, case: str) -> bool:
        """Whether the case has come to its end."""
        return bool(self.rows(select(CaseRow.closed_at).where(CaseRow.number == case))[0][0])

    def requests(self, case: str) -> list[Request]:
        """Every step that was put to an office, oldest first."""
        statement = (
            select(Request)
            .join(Proceeding, Proceeding.id == Request.proceeding_id)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(CaseRow.number == case)
            .order_by(Request.id)
        )
        return [row[0] for row in self.rows(statement)]

    def waiting(self, case: str) -> list[str]:
        """The steps that an office owes an answer to."""
        return [request.step for request in self.requests(case) if request.ended_at is None]

    def asked(self, case: str, step: str, seconds: float = 60, every: float = 0.1) -> None:
        """Wait until the step has been put to an office."""
        wait_until(f"{step} asked in {case}", lambda: step in {r.step for r in self.requests(case)}, seconds, every)

    def proceeding(self, case: str, mechanism: str = "mandatory_report") -> Proceeding:
        """The latest proceeding of a mechanism."""
        statement = (
            select(Proceeding)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(CaseRow.number == case, Proceeding.mechanism == mechanism)
            .order_by(Proceeding.id.desc())
        )
        found: Proceeding = self.rows(statement)[0][0]
        return found

    def run(self, case: str, mechanism: str = "mandatory_report") -> UUID | None:
        """The flow run of the latest proceeding of a mechanism; None before the courier has started it."""
        found: UUID | None = self.proceeding(case, mechanism).flow_run_id
        return found

    def at_rest(self, case: str, seconds: float = 60) -> Proceeding:
        """Wait until the case sleeps: in our records, and paused under our own name in Prefect, shown to the last change."""

        def sleeping() -> Proceeding | None:
            found = self.proceeding(case)
            awake = not found.asleep or found.woken_at or found.lease_holder or found.shown < found.display
            if awake or found.flow_run_id is None:
                return None
            state = self.state(case)
            return found if state is not None and state.name == found.wait_name and state.is_paused() else None

        found = wait_until(f"{case} at rest", sleeping, seconds)
        assert found is not None
        return found

    def shown(self, case: str, seconds: float = 60) -> None:
        """Wait until Prefect shows the last change of the case."""

        def last_shown() -> bool:
            found = self.proceeding(case)
            return found.flow_run_id is not None and found.shown >= found.display

        wait_until(f"{case} shown in Prefect", last_shown, seconds)

    def outbox(self, cases: Sequence[str]) -> list[Letter]:
        """The letters of these cases, oldest first."""
        statement = (
            select(Letter)
            .join(CaseRow, CaseRow.id == Letter.case_id)
            .where(CaseRow.number.in_(cases))
            .order_by(Letter.id)
        )
        return [row[0] for row in self.rows(statement)]

    def happened(self, case: str, event: str) -> list[Event]:
        """The log's rows of that kind."""
        statement = (
            select(Event)
            .join(CaseRow, CaseRow.id == Event.case_id)
            .where(CaseRow.number == case, Event.event == event)
            .order_by(Event.id)
        )
        return [row[0] for row in self.rows(statement)]

    def letters(self) -> list[CaughtLetter]:
        """Every caught letter, newest last."""
        return read_letters(self.settings.data_dir)

    def move_clock(self, at: datetime) -> None:
        """County time passes at once."""
        self.do(set_clock(self.bureau.database, scale=SCALE, at=at))

    # --- what Prefect says -----------------------------------------------------------------------------------------

    def run_state(self, run: UUID) -> State[Any] | None:
        """The state of a flow run; None when the run is gone."""
        try:
            return self.do(self.prefect.read_flow_run(run)).state
        except ObjectNotFound:
            return None

    def state(self, case: str, mechanism: str = "mandatory_report") -> State[Any] | None:
        """What Prefect shows of a case in a mechanism."""
        run = self.run(case, mechanism)
        return None if run is None else self.run_state(run)

    def prefect_rows(self, statement: str, *arguments: Any) -> list[Any]:
        """Ask Prefect's database."""
        address = self.settings.prefect_database_url
        assert address is not None

        async def ask() -> list[Any]:
            connection = await asyncpg.connect(address.get_secret_value().replace("+asyncpg", "", 1))
            try:
                return list(await connection.fetch(statement, *arguments))
            finally:
                await connection.close()

        return self.do(ask())

    # --- what must hold whatever was killed ------------------------------------------------------------------------

    def nothing_lost_nothing_doubled(self, cases: Sequence[str], *, sent_again: int = 0) -> None:
        """Every letter left or became untrue, none was caught twice, no step was asked twice.

        `sent_again` is how many letters may have been caught a second time, and then under the same Message-ID.
        """
        wait_until("every letter has left", lambda: self._unsent(cases) == [], 90)
        outbox = self.outbox(cases)
        assert {letter.state for letter in outbox} <= {"handed_over", "stale"}
        assert len({letter.key for letter in outbox}) == len({letter.message_id for letter in outbox}) == len(outbox)
        caught = self.letters()
        copies = Counter(one.message_id for one in caught)
        known = {row[0] for row in self.rows(select(Letter.message_id))}
        assert set(copies) <= known, "a letter was caught that the outbox does not know"
        for letter in outbox:
            if letter.state == "handed_over":
                assert copies[letter.message_id] >= 1, f"{letter.key} was never caught"
        doubled = sum(copies[letter.message_id] - 1 for letter in outbox if copies[letter.message_id] > 1)
        assert doubled <= sent_again
        for case in cases:
            of_case = {one.message_id: one for one in caught if case in one.subject}
            links = Counter(one.links[0] for one in of_case.values() if "/r/" in "".join(one.links))
            assert not [link for link, count in links.items() if count > 1], "one link in two different letters"
            asked = Counter((r.proceeding_id, r.step, r.subject, r.round) for r in self.requests(case))
            logged = Counter(
                (e.proceeding_id, e.step, e.subject, e.request_id) for e in self.happened(case, "request_asked")
            )
            assert set(asked.values()) == set(logged.values()) == {1}
            assert len(logged) == len(asked)
            moved = len(self.happened(case, "request_rerouted")) + len(self.happened(case, "request_reopened"))
            assert len({key[:3] for key in asked}) == len(asked) - moved, "a step was asked in a round nobody ordered"

    def _unsent(self, cases: Sequence[str]) -> list[str]:
        return [letter.key for letter in self.outbox(cases) if letter.state in ("pending", "sending")]
