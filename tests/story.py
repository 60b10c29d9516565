"""A story: a case is reported, offices answer or keep silent, the clock moves, letters are expected.

The same flows, verbs and records as in service, on a real PostgreSQL; only the engine is left out: a proceeding that
sleeps raises, and after each event every proceeding that was woken begins again from its first line, as Prefect does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from config.county import County
from config.settings import Settings
from office import links, outbox, port
from office.answering import Given, answer_by_link
from office.attempt import Attempt, new_holder
from office.bureau import Bureau
from office.clock import Clock as Ticker
from office.clock import Turn
from office.database import Database
from office.intake import Filing, Receipt, file_report
from office.phone import answer_by_phone
from office.proceedings import load_flow
from office.tables import AnswerRow, CaseRow, Event, Letter, Proceeding, Request, Rung
from rules.vocabulary import AnswerKind, Happening, Mechanism, ReporterKind, ReportReason, RequestState
from tests.conftest import FixedClock


class Asleep(BaseException):
    """The flow waits."""


async def _asleep(*_: str) -> None:
    raise Asleep


class StoryAttempt(Attempt):
    """An attempt without the engine: acts are done at once, sleeping ends the attempt."""

    def __init__(self, bureau: Bureau) -> None:
        super().__init__(bureau, new_holder(), None, _asleep)

    async def perform(self, task: Any, name: str, *arguments: Any) -> None:
        """Do the act itself."""
        assert name
        await task.fn(*arguments)


@dataclass(frozen=True)
class Opener:
    """An officer with a letter before them: the link's token and the code printed below it."""

    story: Story
    token: str
    code: str

    async def look(self) -> links.OpenedLink:
        """Open the page."""
        return await links.open_link(self.story.bureau, self.token)

    async def say(self, kind: AnswerKind, *, version: int | None = None, **more: Any) -> Given:
        """Answer through the form as it stands now, or stood at `version`; nobody is woken yet."""
        fields: dict[str, Any] = {"typed_name": "经办人", "code": self.code} | more
        seen = (await self.look()).version if version is None else version
        return await answer_by_link(self.story.bureau, self.token, version=seen, kind=kind, **fields)


class Story:
    """One county, one database, one clock."""

    def __init__(self, url: str, county: County, clock: FixedClock, installation: Settings) -> None:
        self.database = Database(url)
        # A story's PostgreSQL does not go away between two acts: it is not asked before each whether it is there.
        self.database.engine = create_async_engine(url, hide_parameters=True, pool_size=10, max_overflow=10)
        self.clock = clock
        self.bureau = Bureau(self.database, county, clock, installation, b"a key for stories")
        self.ticker = Ticker(self.bureau)
        self.case = ""
        self.attempts = 0
        self._forms = 0

    async def report(self, **more: Any) -> Receipt:
        """A teacher reports, unless `more` says otherwise; then every proceeding runs to its first sleep."""
        receipt = await self.file_only(**more)
        self.case = receipt.case
        await self.run()
        return receipt

    async def file_only(self, **more: Any) -> Receipt:
        """The report alone; no proceeding runs yet."""
        self._forms += 1
        fields: dict[str, Any] = {
            "form_key": f"form-{self._forms:06d}",
            "reporter_kind": ReporterKind.SCHOOL,
            "reason": ReportReason.DOMESTIC_VIOLENCE,
            "danger_now": False,
            "township": next(iter(self.bureau.county.townships)),
            "narrative": "学生身上有新伤",
            "reporter_name": "报告人甲",
            "reporter_contact": "0000-0000000",
        }
        township = self.bureau.county.townships[fields["township"]]
        fields["village"] = next(iter(township.villages))
        return await file_report(self.bureau, Filing(**(fields | more)))

    async def run(self) -> None:
        """Every proceeding that is new or woken makes its attempts until all sleep or have ended."""
        for _ in range(100):
            async with self.database.transaction() as session:
                rows = (
                    await session.execute(
                        select(Proceeding, CaseRow)
                        .join(CaseRow, CaseRow.id == Proceeding.case_id)
                        .where(Proceeding.closed_at.is_(None))
                        .order_by(Proceeding.id)
                    )
                ).all()
            ready = [(p, c) for p, c in rows if not p.asleep or p.woken_at is not None]
            if not ready:
                return
            for proceeding, case in ready:
                await self.attempt(Mechanism(proceeding.mechanism), case.number, proceeding.serial)
        raise AssertionError("the proceedings never come to rest")

    async def attempt(self, mechanism: Mechanism, case: str, serial: int = 1) -> None:
        """One attempt, from the flow's first line to its next sleep or end."""
        self.attempts += 1
        attempt = StoryAttempt(self.bureau)
        token = port.current.set(attempt)
        try:
            await load_flow(mechanism.value).fn(case, serial)
        except Asleep:
            pass
        finally:
            port.current.reset(token)
            await attempt.let_go()

    async def answer(
        self, step: str, *, subject: str = "", number: int | None = None, said_by: str = "", **payload: Any
    ) -> Given:
        """The office reports the step done."""
        return await self.say(AnswerKind.DONE, step, subject=subject, number=number, said_by=said_by, payload=payload)

    async def say(self, kind: AnswerKind, step: str, *, subject: str = "", said_by: str = "", **more: Any) -> Given:
        """Any answer of the office that was asked, by phone; then whoever was woken runs."""
        given = await self.say_only(kind, step, subject=subject, said_by=said_by, **more)
        await self.run()
        return given

    async def answer_only(self, step: str, *, subject: str = "", said_by: str = "", **payload: Any) -> Given:
        """The office reports the step done, and nobody who was woken runs yet."""
        return await self.say_only(AnswerKind.DONE, step, subject=subject, said_by=said_by, payload=payload)

    async def say_only(
        self, kind: AnswerKind, step: str, *, subject: str = "", said_by: str = "", **more: Any
    ) -> Given:
        """Any answer by phone, and nobody who was woken runs yet."""
        request = await self.request(step, subject)
        contact = self.bureau.county.office(request.office).contacts[0].key
        return await answer_by_phone(
            self.bureau, case=self.case, step_key=step, kind=kind, said_by=said_by or contact,
            entered_by="coordinator", subject=subject, **more,
        )  # fmt: skip

    async def fast_forward(self, **by: float) -> Turn:
        """Move the clock and let it turn."""
        self.clock.move(timedelta(**by))
        turn = await self.ticker.turn()
        await self.run()
        return turn

    async def move_to(self, at: datetime) -> Turn:
        """Move the clock to an instant and let it turn."""
        self.clock.move_to(at)
        return await self.ticker.turn()

    async def deliver(self) -> int:
        """The post: every letter that is still true is handed over, the others are set aside. Gives how many left."""
        left = 0
        while True:
            async with self.database.transaction() as session:
                claims = await outbox.claim(session, self.bureau, 500, 30)
                for held in claims:
                    letter = await outbox.claimed_letter(session, held)
                    assert letter is not None
                    seen, _ = await outbox.look_again(session, letter)
                    reason = outbox.stale_because(seen)
                    if reason:
                        await outbox.mark_stale(session, self.bureau, held, reason)
                    else:
                        if letter.acts:
                            await links.mint(session, self.bureau, letter)
                        await outbox.mark_handed_over(session, self.bureau, held, "officer@anhe.example")
                        left += 1
            if not claims:
                return left

    async def link(self, step: str, officer: str = "", *, subject: str = "", kind: str = "asked") -> Opener:
        """The link in the newest letter of that kind to an officer; to the office's first contact when none is named."""
        request = await self.request(step, subject)
        officer = officer or self.bureau.county.office(request.office).contacts[0].key
        letter = (await self.letters(kind, request_id=request.id, to_officer=officer))[-1]
        async with self.database.transaction() as session:
            minted = await links.mint(session, self.bureau, letter)
        return Opener(self, minted.url.rsplit("/", 1)[1], minted.code)

    async def requests(self, *, open_only: bool = False) -> list[Request]:
        """Every request of the case, oldest first."""
        async with self.database.transaction() as session:
            rows = (
                await session.execute(
                    select(Request)
                    .join(Proceeding, Proceeding.id == Request.proceeding_id)
                    .join(CaseRow, CaseRow.id == Proceeding.case_id)
                    .where(CaseRow.number == self.case)
                    .order_by(Request.id)
                )
            ).scalars()
            return [row for row in rows if not open_only or RequestState(row.state).is_open]

    async def request(self, step: str, subject: str = "") -> Request:
        """The latest request of a step; fails the story when there is none."""
        found = [r for r in await self.requests() if r.step == step and (not subject or r.subject == subject)]
        waiting = [r for r in found if RequestState(r.state).is_open]
        assert found, f"{step} was never asked; asked: {[r.step for r in await self.requests()]}"
        return (waiting or found)[-1]

    async def waiting(self) -> set[str]:
        """The steps that an office owes an answer to."""
        return {row.step for row in await self.requests(open_only=True)}

    async def live(self) -> set[str]:
        """The mechanisms that are live."""
        async with self.database.transaction() as session:
            rows = await session.execute(
                select(Proceeding.mechanism)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(CaseRow.number == self.case, Proceeding.closed_at.is_(None))
            )
            return set(rows.scalars())

    async def outcome(self, mechanism: Mechanism) -> str | None:
        """The ground on which the mechanism's latest proceeding closed."""
        async with self.database.transaction() as session:
            return (
                await session.execute(
                    select(Proceeding.outcome)
                    .join(CaseRow, CaseRow.id == Proceeding.case_id)
                    .where(CaseRow.number == self.case, Proceeding.mechanism == mechanism.value)
                    .order_by(Proceeding.id.desc())
                    .limit(1)
                )
            ).scalar_one()

    async def letters(self, kind: str | None = None, **is_: Any) -> list[Letter]:
        """Letters in the outbox, by kind and any column."""
        async with self.database.transaction() as session:
            rows = (await session.execute(select(Letter).order_by(Letter.id))).scalars()
            return [
                row
                for row in rows
                if (kind is None or row.kind == kind) and all(getattr(row, k) == v for k, v in is_.items())
            ]

    async def rungs(self, step: str) -> list[Rung]:
        """The rungs reached by a step, in order."""
        async with self.database.transaction() as session:
            rows = await session.execute(
                select(Rung).join(Request, Request.id == Rung.request_id).where(Request.step == step).order_by(Rung.id)
            )
            return list(rows.scalars())

    async def happened(self, event: Happening) -> list[Event]:
        """Log rows of that kind, oldest first."""
        async with self.database.transaction() as session:
            rows = await session.execute(select(Event).where(Event.event == event.value).order_by(Event.id))
            return list(rows.scalars())

    async def answers(self) -> list[AnswerRow]:
        """Every answer in the records."""
        async with self.database.transaction() as session:
            return list((await session.execute(select(AnswerRow).order_by(AnswerRow.id))).scalars())
