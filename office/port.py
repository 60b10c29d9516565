"""The one port through which the verbs of `tasks` reach the machinery.

Two things stand behind it: an attempt of a real flow run (`office.attempt`), and a story, which runs the same flows
without the engine. What the verbs need and nothing else is here.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import date, datetime
from typing import Any, Protocol

from rules.answers import Answer
from rules.case import Case, Noted
from rules.entitlement_facts_form import EntitlementFacts
from rules.entitlements import Decision
from rules.entitlements.parameters import SchemeVersion
from rules.scheme_stages import StageAsked
from rules.standing import Standing
from rules.steps import Step
from rules.vocabulary import AppointmentKind, ClosingGround, Mechanism, Office


class Port(Protocol):
    """What the machinery does for a mechanism. Each act is idempotent under its own key."""

    async def case(self, number: str, mechanism: Mechanism, serial: int = 1) -> Case:
        """The case in its proceeding of that mechanism; `serial` counts how often the mechanism has begun for it."""
        ...

    async def is_asked(self, proceeding: int, step: str, subject: str) -> bool:
        """Whether the step has been put to an office."""
        ...

    async def ask(self, case: Case, step: Step[Answer], office: Office, subject: str, about: str = "") -> None:
        """Put the step to the office. `about` stands beside its label in letters: nothing of the child."""
        ...

    async def answer(self, proceeding: int, step: str, subject: str) -> tuple[dict[str, Any], datetime] | None:
        """The step's final answer and its instant, through all rounds; None while there is none."""
        ...

    async def is_open(self, proceeding: int, step: str, subject: str) -> bool:
        """Whether an office still owes an answer to the step."""
        ...

    async def withdraw(self, step: str, subject: str) -> None:
        """Take an open step back."""
        ...

    async def is_informed(self, proceeding: int, matter: str, office: str) -> bool:
        """Whether the office was told of the matter."""
        ...

    async def inform(self, case: Case, office: Office, matter: str) -> None:
        """Tell an office something it need not answer."""
        ...

    async def is_handed_over(self, proceeding: int, to: Mechanism, occasion: str) -> bool:
        """Whether the case was passed on to that mechanism, on that occasion."""
        ...

    async def hand_over(self, to: Mechanism, occasion: str) -> None:
        """Pass the case on to that mechanism."""
        ...

    async def take_leave(self, ground: ClosingGround) -> None:
        """Say that the mechanism looks at the child no more and only waits for answers owed to it."""
        ...

    def last_day(self, step: str, begun: date) -> date:
        """The last day of the county's limit for the step, were it asked on that day."""
        ...

    def day_to_ask(self, step: str, end: date) -> date:
        """The day on which the step is asked so that its limit has run out by that end."""
        ...

    async def wait_for(self, key: str, day: date) -> tuple[date, bool]:
        """The day that the proceeding rests for, and whether it has begun; the first call for a key writes the day down."""
        ...

    async def wait_no_more(self, key: str) -> None:
        """Cross a day out that there is no reason any more to rest for."""
        ...

    async def note_in_file(self, kind: AppointmentKind, subject: str, day: date) -> None:
        """Note a day in the child's file."""
        ...

    async def noted(self, proceeding: int) -> tuple[Noted, ...]:
        """The noted days that have come and were given to this proceeding, in the order in which they came."""
        ...

    async def keep(self, noted: Noted) -> None:
        """Say that a noted day has been dealt with."""
        ...

    async def close(self, ground: ClosingGround) -> bool:
        """Close the proceeding; False while a step of it is open."""
        ...

    async def sleep(self) -> None:
        """Wait for news of this proceeding.

        Returns at once when news has arrived since the attempt began; otherwise the attempt ends here, and the flow
        begins again from its first line at the next wake.
        """
        ...

    async def round_sheet(self, number: int) -> str:
        """What climbed in one turn of the clock, as Markdown."""
        ...

    async def perform(self, task: Any, name: str, *arguments: Any) -> None:
        """Do an act as one task run of that name, so that the run's graph shows it once."""
        ...

    def judge(self, first: EntitlementFacts, more: EntitlementFacts | None, on: date) -> Decision | None:
        """What the rules find for a child's facts on the day they were given; None for facts that exclude each other."""
        ...

    async def standing(self, at: datetime | None = None, *, besides: str | None = None) -> Standing:
        """What the child has been granted, and what is being decided, as it stood at an instant; None for now.

        `besides` is the mark of what this proceeding has asked for because of that instant.
        """
        ...

    def scheme_on(self, subject: str, on: date) -> SchemeVersion | None:
        """How an entitlement's scheme decides, is reviewed and ends on a day; None for an unknown one."""
        ...

    def scheme_stages(self, subject: str, on: date) -> tuple[StageAsked, ...]:
        """The offices that check, publish and decide one application, in their order, by the law of the day."""
        ...

    def opens_on(self, step: Step[Answer], since: date) -> date:
        """The first day on which a step that opens later may be asked, counted from `since` by the county's number."""
        ...

    def office_key(self, case: Case, office: Office) -> str:
        """The county's key of that office for that case."""
        ...

    def office_name(self, case: Case, office: Office) -> str:
        """The short Chinese name of that office for that case."""
        ...


current: ContextVar[Port] = ContextVar("port")
"""The port of the running attempt or story."""
