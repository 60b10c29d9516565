"""What is left of a campaign: the rows of the records and of Prefect, what the mail server took, and what was done to both.

Read with words of its own to PostgreSQL, as plain values. Nothing here, and nothing that judges it, is the program's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg


@dataclass(frozen=True)
class Accepted:
    """A mail that the mail server took. `at` is the machine's time; `confirmed` says that the sender was told so."""

    message_id: str
    recipient: str
    at: datetime
    confirmed: bool


@dataclass(frozen=True)
class Stretch:
    """County time between two movements of the clock: since `machine` it is `county`, and runs `scale` times as fast."""

    machine: datetime
    county: datetime
    scale: float


@dataclass(frozen=True)
class Trouble:
    """Something that was done to the machine, in machine time. `stops_clock` says that nothing may climb meanwhile."""

    kind: str
    since: datetime
    until: datetime
    stops_clock: bool


@dataclass(frozen=True)
class Promise:
    """What a person was told by a page: the receipt of a report, or the reference of an answer."""

    kind: str
    reference: str


@dataclass(frozen=True)
class Case:
    """A row of `case`."""

    id: int
    number: str
    closed_at: datetime | None


@dataclass(frozen=True)
class Proceeding:
    """A row of `proceeding`."""

    id: int
    case_id: int
    mechanism: str
    serial: int
    closed_at: datetime | None
    flow_run_id: str | None
    asleep: bool
    awake: bool
    wait_name: str


@dataclass(frozen=True)
class Request:
    """A row of `request`. The terms are those kept with the step."""

    id: int
    proceeding_id: int
    step: str
    subject: str
    round: int
    office: str
    state: str
    terms: Mapping[str, Any]
    asked_at: datetime
    acknowledge_by: datetime
    due: datetime
    urgent: bool
    reckoned_from: datetime | None
    extensions: int
    holds: Sequence[Any]
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the office still owes an answer."""
        return self.state in ("asked", "acknowledged")


@dataclass(frozen=True)
class Answer:
    """A row of `answer`."""

    id: int
    request_id: int
    reference: str
    kind: str
    channel: str
    officer: str
    at: datetime


@dataclass(frozen=True)
class Rung:
    """A row of `rung`."""

    id: int
    request_id: int
    clock: str
    level: str
    repeat: int
    due_at: datetime
    reached_at: datetime


@dataclass(frozen=True)
class Event:
    """A row of the log."""

    id: int
    at: datetime
    event: str
    case_id: int | None
    proceeding_id: int | None
    request_id: int | None
    level: str


@dataclass(frozen=True)
class Letter:
    """A row of `letter`. `put` is the machine's time; `mails` are the Message-IDs it was ever given under."""

    id: int
    key: str
    message_id: str
    kind: str
    case_id: int | None
    request_id: int | None
    level: str | None
    clock: str | None
    to_officer: str
    address: str | None
    state: str
    fault: str
    carried_by: str | None
    given_up: bool
    put: datetime
    handed_over_at: datetime | None
    mails: frozenset[str]


@dataclass(frozen=True)
class Run:
    """A flow run of Prefect's."""

    id: str
    flow: str
    name: str
    state_type: str
    state_name: str


@dataclass(frozen=True)
class Hours:
    """When an office is open, on working days; None: around the clock."""

    opens: time
    closes: time


@dataclass(frozen=True)
class History:
    """All of it. `hours` are those of each office; `machine` is the moment at which the records were read."""

    machine: datetime
    stretches: tuple[Stretch, ...]
    troubles: tuple[Trouble, ...] = ()
    promises: tuple[Promise, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    cases: tuple[Case, ...] = ()
    proceedings: tuple[Proceeding, ...] = ()
    requests: tuple[Request, ...] = ()
    answers: tuple[Answer, ...] = ()
    rungs: tuple[Rung, ...] = ()
    events: tuple[Event, ...] = ()
    letters: tuple[Letter, ...] = ()
    receipts: tuple[str, ...] = ()
    runs: tuple[Run, ...] | None = None
    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    published_years: frozenset[int] = frozenset()
    hours: Mapping[str, Hours | None] = field(default_factory=dict)


CARRIED = """
CREATE SCHEMA IF NOT EXISTS chaos;
CREATE TABLE IF NOT EXISTS chaos.carried (letter_id bigint NOT NULL, message_id text NOT NULL, at timestamptz NOT NULL);
CREATE OR REPLACE FUNCTION chaos.note_carrier() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.carried_by IS NOT NULL THEN
        INSERT INTO chaos.carried VALUES (NEW.id, NEW.carried_by, clock_timestamp());
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS chaos_note_carrier ON letter;
CREATE TRIGGER chaos_note_carrier AFTER UPDATE OF carried_by ON letter FOR EACH ROW EXECUTE FUNCTION chaos.note_carrier();
"""
"""An instrument: the row of a letter keeps only the last mail that it was given in, and the auditor wants to know all."""


def plain_address(url: str) -> str:
    """The address of a database as asyncpg reads it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


async def fit_instrument(url: str) -> None:
    """Note from now on in which mails each letter was given."""
    connection = await asyncpg.connect(plain_address(url))
    try:
        await connection.execute(CARRIED)
    finally:
        await connection.close()


async def read_records(url: str, uncertain_tries: int) -> dict[str, Any]:
    """The records at one moment, as fields of a `History`."""
    connection = await asyncpg.connect(plain_address(url))
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _records(connection, uncertain_tries)
    finally:
        await connection.close()


async def _records(connection: Any, uncertain_tries: int) -> dict[str, Any]:
    async def rows(statement: str) -> list[Any]:
        return list(await connection.fetch(statement))

    mails: dict[int, set[str]] = {}
    for row in await rows("SELECT letter_id, message_id FROM chaos.carried"):
        mails.setdefault(row[0], set()).add(row[1])
    calendar = await rows("SELECT days FROM calendar_state")
    days = json.loads(calendar[0][0]) if calendar else {"days_off": {}, "working_days": {}, "published_years": []}
    return {
        "machine": (await rows("SELECT clock_timestamp()"))[0][0],
        "cases": tuple(Case(*row) for row in await rows('SELECT id, number, closed_at FROM "case" ORDER BY id')),
        "proceedings": tuple(
            Proceeding(*row[:5], None if row[5] is None else str(row[5]), *row[6:])
            for row in await rows(
                "SELECT id, case_id, mechanism, serial, closed_at, flow_run_id, asleep,"
                " woken_at IS NOT NULL OR coalesce(lease_until > clock_timestamp(), false), wait_name FROM proceeding ORDER BY id"
            )
        ),
        "requests": tuple(
            Request(*row[:7], json.loads(row[7]), *row[8:14], json.loads(row[14]), row[15])
            for row in await rows(
                "SELECT id, proceeding_id, step, subject, round, office, state, terms, asked_at, acknowledge_by, due, urgent,"
                " reckoned_from, extensions, holds, ended_at FROM request ORDER BY id"
            )
        ),
        "answers": tuple(
            Answer(*row)
            for row in await rows(
                "SELECT id, request_id, reference, kind, channel, officer, answered_at FROM answer ORDER BY id"
            )
        ),
        "rungs": tuple(
            Rung(*row)
            for row in await rows(
                "SELECT id, request_id, clock, level, repeat, due_at, reached_at FROM rung ORDER BY id"
            )
        ),
        "events": tuple(
            Event(*row)
            for row in await rows(
                "SELECT id, at, event, case_id, proceeding_id, request_id, level FROM event ORDER BY id"
            )
        ),
        "letters": tuple(
            Letter(
                *row[:13],
                given_up=row["state"] == "uncertain" and row["unknown_results"] >= uncertain_tries,
                put=row["waits_since"],
                handed_over_at=row["handed_over_at"],
                mails=frozenset(mails.get(row["id"], ())),
            )
            for row in await rows(
                "SELECT id, key, message_id, kind, case_id, request_id, level, facts->>'clock', to_officer, address, state,"
                " fault, carried_by, unknown_results, waits_since, handed_over_at FROM letter ORDER BY id"
            )
        ),
        "receipts": tuple(row[0] for row in await rows("SELECT receipt FROM report ORDER BY id")),
        "days_off": frozenset(map(date.fromisoformat, days["days_off"])),
        "working_days": frozenset(map(date.fromisoformat, days["working_days"])),
        "published_years": frozenset(days["published_years"]),
    }


async def read_runs(url: str) -> tuple[Run, ...]:
    """Prefect's flow runs."""
    connection = await asyncpg.connect(plain_address(url))
    try:
        found = await connection.fetch(
            "SELECT r.id, f.name, r.name, r.state_type, r.state_name FROM flow_run r JOIN flow f ON f.id = r.flow_id"
        )
    finally:
        await connection.close()
    return tuple(Run(str(row[0]), row[1], row[2], row[3] or "", row[4] or "") for row in found)


class Times:
    """The machine's time of an instant of the county's, and whether the clock could do its work meanwhile."""

    def __init__(self, history: History) -> None:
        """`history` gives the movements of the clock and the troubles."""
        self._stretches = history.stretches
        self._end = history.machine
        # Troubles that overlap are one.
        self._stops: list[tuple[datetime, datetime]] = []
        for one in sorted(history.troubles, key=lambda one: one.since):
            if one.stops_clock and self._stops and one.since <= self._stops[-1][1]:
                self._stops[-1] = (self._stops[-1][0], max(self._stops[-1][1], one.until))
            elif one.stops_clock:
                self._stops.append((one.since, one.until))

    def machine(self, county: datetime) -> datetime:
        """When, by the machine's time, it was that instant in the county; a jump over it counts as its moment."""
        last = self._stretches[0]
        for number, one in enumerate(self._stretches):
            if county < one.county:
                return one.machine if number else one.machine - (one.county - county) / one.scale
            last = one
            after = self._stretches[number + 1].machine if number + 1 < len(self._stretches) else None
            passed = one.machine + (county - one.county) / one.scale
            if after is None or passed <= after:
                return passed
        return last.machine

    def calm(self, since: datetime, until: datetime) -> timedelta:
        """The longest time between two moments (of the machine) in which nothing kept the clock from its work."""
        until = min(until, self._end)
        longest, free = timedelta(0), since
        for start, end in self._stops:
            if start >= until:
                break
            longest = max(longest, min(start, until) - free)
            free = max(free, end)
        return max(longest, until - free)

    def disturbed(self, since: datetime, until: datetime, troubles: Sequence[Trouble]) -> bool:
        """Whether one of those troubles falls between two moments."""
        return any(one.since <= until and one.until >= since for one in troubles)
