"""What the tests of letters share: a case with one step asked, in real records, and a mailer that follows a script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from config.county import County
from config.settings import Settings
from office import outbox
from office.bureau import Bureau
from office.database import Database
from office.requests import facts_of
from office.tables import CaseRow, Child, Event, Letter, Link, Proceeding, Request
from office.timekeeping import Clock
from rules.vocabulary import Level


@dataclass
class Desk:
    """A bureau with one open step of one case."""

    bureau: Bureau
    case: CaseRow
    request: Request

    async def put(self, kind: str = "asked", officer: str = "", **more: Any) -> bool:
        """Put a letter of that kind about the step; `facts` are added to the step's own."""
        office = more.pop("office", self.request.office)
        to = officer or self.bureau.county.office(office).contacts[0].key
        key = more.pop("key", f"{kind}/{self.request.id}/{to}")
        facts = more.pop("facts", {})
        more.setdefault("acts", kind in ("asked", "reminder", "question_answered", "extension_decided"))
        async with self.bureau.database.transaction() as session:
            request = (await session.execute(select(Request).where(Request.id == self.request.id))).scalar_one()
            return await outbox.put(
                session, self.bureau, key=key, kind=kind, case=(self.case.id, self.case.number), to_office=office,
                to_officer=to, request=request, facts=facts_of(self.bureau, self.case, request) | facts, **more,
            )  # fmt: skip

    async def beside(self, number: int, *, minutes: int = 0, case: int = 1) -> Desk:
        """Another ordinary step of the same office, in this case or another, due so many minutes later."""
        async with self.bureau.database.transaction() as session:
            row, proceeding_id = self.case, self.request.proceeding_id
            if case != 1:
                row = CaseRow(
                    number=f"AH-2026-{case:04d}", child_id=self.case.child_id, township="qingshi", urgency="ordinary",
                    danger_now=False, poverty_only=False, named_reporter=True, opened_at=self.case.opened_at,
                )  # fmt: skip
                session.add(row)
                await session.flush()
                proceeding = Proceeding(
                    case_id=row.id, mechanism="emergency_handling", serial=1, opened_at=row.opened_at
                )
                session.add(proceeding)
                await session.flush()
                proceeding_id = proceeding.id
            later = timedelta(minutes=minutes)
            request = Request(
                proceeding_id=proceeding_id, step=self.request.step, subject=str(number), round=1,
                office=self.request.office, state="asked", terms=self.request.terms, asked_at=self.request.asked_at,
                acknowledge_by=self.request.acknowledge_by + later, due=self.request.due + later, urgent=False,
            )  # fmt: skip
            session.add(request)
        return Desk(self.bureau, row, request)

    async def receipt(self, number: int, officer: str = "", *, office: str = "", **facts: Any) -> bool:
        """Put a letter that stays true whatever comes after it: the receipt of an answer."""
        office = office or self.request.office
        told = {
            "kind_label": "签收", "reference": f"HF-260302-{number:06d}", "answered_at": self.bureau.clock.now().isoformat(),
        }  # fmt: skip
        return await self.put(
            "confirmation", officer, key=f"receipt/{number}", acts=False, office=office, facts=told | facts
        )

    async def rung(
        self, level: Level, officer: str = "", *, clock: str = "answer", repeat: int = 0, **more: Any
    ) -> bool:
        """Put the reminder or escalation of that level."""
        reminder = level is Level.REMINDER
        deadline = self.request.acknowledge_by if clock == "acknowledge" else self.request.due
        facts: dict[str, Any] = {
            "clock": clock,
            "clock_label": "签收时限" if clock == "acknowledge" else "办理时限",
            "deadline": deadline.isoformat(),
            "level": level.value,
            "level_label": level.label,
            "repeat": repeat,
            "state_label": "待签收",
            "now": self.bureau.clock.now().isoformat(),
        }
        if not reminder:
            facts["told"] = []
        people = self.bureau.county.officer_at_level(level, self.request.office)
        to = people[0]
        more.setdefault("key", f"rung/{clock}/{level.value}/{repeat}/{officer or to.key}")
        return await self.put(
            "reminder" if reminder else "escalation", officer or to.key, office=to.office, level=level,
            facts=facts, **more,
        )  # fmt: skip

    async def change(self, **values: Any) -> None:
        """Change the step, as an answer would."""
        async with self.bureau.database.transaction() as session:
            request = (await session.execute(select(Request).where(Request.id == self.request.id))).scalar_one()
            for name, value in values.items():
                setattr(request, name, value)

    async def letters(self) -> list[Letter]:
        """Every letter, in the order of putting."""
        async with self.bureau.database.transaction() as session:
            return list((await session.execute(select(Letter).order_by(Letter.id))).scalars())

    async def links(self) -> list[Link]:
        """Every link."""
        async with self.bureau.database.transaction() as session:
            return list((await session.execute(select(Link).order_by(Link.id))).scalars())

    async def happenings(self) -> list[tuple[str, str, str]]:
        """The log: event, office, level."""
        async with self.bureau.database.transaction() as session:
            rows = (await session.execute(select(Event).order_by(Event.id))).scalars()
            return [(row.event, row.office, row.level) for row in rows]

    async def state_of(self, state: str, *, holds: bool = False) -> None:
        """Let the first letter be in that state, held by another post when it `holds` it."""
        async with self.bureau.database.transaction() as session:
            letter = (await session.execute(select(Letter).order_by(Letter.id).limit(1))).scalar_one()
            letter.state = state
            if holds:
                letter.next_try += timedelta(minutes=5)

    async def hurry(self) -> None:
        """Let every waiting letter's time come."""
        async with self.bureau.database.transaction() as session:
            for letter in (await session.execute(select(Letter))).scalars():
                letter.next_try = datetime(2020, 1, 1, tzinfo=letter.next_try.tzinfo)


@asynccontextmanager
async def open_desk(
    url: str,
    county: County,
    clock: Clock,
    settings: Settings,
    step_key: str = "dispatch",
    office: str = "public_security",
) -> AsyncIterator[Desk]:
    """A desk in an empty database."""
    database = Database(url, pool_size=5)
    bureau = Bureau(database, county, clock, settings, b"key of the tests")
    now = clock.now()
    async with database.transaction() as session:
        child = Child(number="AH-ET-2026-00001", opened_at=now)
        session.add(child)
        await session.flush()
        case = CaseRow(
            number="AH-2026-0001", child_id=child.id, township="qingshi", urgency="emergency", danger_now=True,
            poverty_only=False, named_reporter=True, opened_at=now,
        )  # fmt: skip
        session.add(case)
        await session.flush()
        proceeding = Proceeding(case_id=case.id, mechanism="emergency_handling", serial=1, opened_at=now)
        session.add(proceeding)
        await session.flush()
        request = Request(
            proceeding_id=proceeding.id, step=step_key, round=1, office=office, state="asked",
            terms=county.terms(step_key, now.date()).as_json(), asked_at=now,
            acknowledge_by=now + timedelta(minutes=30), due=now + timedelta(hours=2), urgent=True,
        )  # fmt: skip
        session.add(request)
    try:
        yield Desk(bureau, case, request)
    finally:
        await database.close()


def without(county: County, officer: str) -> County:
    """The same county after that officer has left."""
    return _with_officers(county, lambda one: None if one.key == officer else one)


def without_address(county: County, officer: str) -> County:
    """The same county, where that officer has no address."""
    return _with_officers(county, lambda one: replace(one, email="") if one.key == officer else one)


def _with_officers(county: County, change: Callable[[Any], Any]) -> County:
    offices = {
        key: replace(office, officers=tuple(new for one in office.officers if (new := change(one)) is not None))
        for key, office in county.offices.items()
    }
    return replace(county, offices=MappingProxyType(offices))


@dataclass
class ScriptedMailer:
    """Takes letters, or raises what stands next in the script."""

    script: list[Exception | None] = field(default_factory=list)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """Follow the script; an empty one takes everything."""
        fault = self.script.pop(0) if self.script else None
        if fault is not None:
            raise fault
        self.taken.append((recipient, message))


Play = Callable[[Callable[[Desk], Awaitable[None]]], None]
"""Runs a story at a desk."""
