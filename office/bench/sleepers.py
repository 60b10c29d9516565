"""Sleeping proceedings for a benchmark: filed, put to sleep, woken, and waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from rich.progress import Progress
from sqlalchemy import func, select

from office.bench import Unmeasured
from office.bureau import Bureau
from office.intake import Filing, file_report
from office.requests import ask, news
from office.tables import CaseRow, Child, Letter, Proceeding
from rules.steps import POLICE_ACCEPT
from rules.vocabulary import LetterState, Mechanism, ReporterKind, ReportReason

PATIENCE = 120.0
"""Machine seconds after which one part of a measurement is given up."""
PUT_TO_SLEEP_FROM = 5000
"""Case numbers of those put to sleep, far from those of filed ones."""
TOGETHER = 4
"""Runs made at the same time."""

SHOWN = select(func.count()).select_from(Proceeding).where(Proceeding.shown < Proceeding.display)
IN_THE_POST = (
    select(func.count())
    .select_from(Letter)
    .where(Letter.state.in_([LetterState.PENDING.value, LetterState.SENDING.value]))
)


class Sleepers:
    """The proceedings of one benchmark; each waits for the police to accept a report."""

    def __init__(self, bureau: Bureau, progress: Progress) -> None:
        """`bureau` has the records that the running parts have."""
        self.bureau = bureau
        self.progress = progress
        self._filed = 0
        self._put = 0

    async def file(self, count: int, what: str = "立案", patience: float = PATIENCE) -> dict[int, str]:
        """File reports as everybody does; case number by proceeding, once each sleeps."""
        cases = await self._cases([await self._file() for _ in range(count)])
        await self.until_asleep(what, dict.fromkeys(cases, 0), patience)
        return cases

    async def file_within(self, count: int, seconds: float, what: str) -> list[int]:
        """The same, a few at a time, until there are so many or the time is over; the proceedings."""
        bar = self.progress.add_task(what, total=count)
        end = time.monotonic() + seconds
        asleep: list[int] = []
        while len(asleep) < count and time.monotonic() < end:
            cases = await self._cases([await self._file() for _ in range(min(4 * TOGETHER, count - len(asleep)))])
            await self._until_asleep(dict.fromkeys(cases, 0), what, PATIENCE, lambda _: None)
            asleep += cases
            self.progress.update(bar, completed=len(asleep))
        self.progress.update(bar, total=len(asleep))
        return asleep

    async def _file(self) -> str:
        self._filed += 1
        filing = Filing(
            form_key=f"bench-{self._filed:06d}",
            reporter_kind=ReporterKind.CITIZEN,
            reason=ReportReason.UNNATURAL_INJURY,
            danger_now=False,
            township=next(iter(self.bureau.county.townships)),
            narrative="基准测试",
        )
        return (await file_report(self.bureau, filing)).case

    async def _cases(self, numbers: Sequence[str]) -> dict[int, str]:
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(
                select(Proceeding.id, CaseRow.number)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(CaseRow.number.in_(numbers))
                .order_by(Proceeding.id)
            )
            return {row.id: row.number for row in rows}

    async def put_to_sleep(self, count: int, seconds: float = PATIENCE) -> dict[int, str]:
        """Cases that wait for the police as filed ones do, with their letters, but without the attempt that brought
        them there: their runs are made as paused ones. Case number by proceeding; as many as the time allows.
        """
        from prefect.client.orchestration import get_client

        from office.proceedings import load_flow

        bar = self.progress.add_task("放入等待的案件", total=count)
        key = Mechanism.MANDATORY_REPORT.value
        places = iter(range(self._put, self._put + count))
        end = time.monotonic() + seconds
        self._put += count
        cases: dict[int, str] = {}

        async def one_after_another() -> None:
            async with get_client() as client:
                deployment = await client.read_deployment_by_name(f"{load_flow(key).name}/{key}")
                for place in places:
                    if time.monotonic() > end:
                        return
                    number = f"{self.bureau.county.code}-{self.bureau.clock.now().year}-{PUT_TO_SLEEP_FROM + place}"
                    cases[await self._put_to_sleep(client, deployment.id, number)] = number
                    self.progress.advance(bar)

        await asyncio.gather(*(one_after_another() for _ in range(TOGETHER)))
        self.progress.update(bar, total=len(cases))
        return cases

    async def _put_to_sleep(self, client: Any, deployment: UUID, number: str) -> int:
        from office.proceedings import paused

        bureau = self.bureau
        name, message = "待办·公安", "基准测试"
        run = await client.create_flow_run_from_deployment(
            deployment, parameters={"case_number": number, "serial": 1}, name=number,
            state=paused("wait-1", name, message),
        )  # fmt: skip
        async with bureau.database.transaction() as session:
            now = bureau.clock.now()
            child = Child(number=f"{number}-ET", opened_at=now)
            session.add(child)
            await session.flush()
            case = CaseRow(
                number=number, child_id=child.id, township=next(iter(bureau.county.townships)), urgency="ordinary",
                danger_now=False, poverty_only=False, named_reporter=False, opened_at=now,
            )  # fmt: skip
            session.add(case)
            await session.flush()
            proceeding = Proceeding(
                case_id=case.id, mechanism=Mechanism.MANDATORY_REPORT.value, serial=1, opened_at=now, flow_run_id=run.id,
                asleep=True, wait_number=1, wait_name=name, wait_message=message, shown=1, display=1,
            )  # fmt: skip
            session.add(proceeding)
            await session.flush()
            office = bureau.county.office_for(POLICE_ACCEPT.office, case.township, case.village)
            await ask(session, bureau, case, proceeding.id, POLICE_ACCEPT, office)
            return proceeding.id

    async def waits(self, ids: Sequence[int]) -> dict[int, int]:
        """The wait numbers of those that sleep, whose attempt has ended."""
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(
                select(Proceeding.id, Proceeding.wait_number).where(
                    Proceeding.id.in_(ids), Proceeding.asleep.is_(True), Proceeding.lease_holder.is_(None)
                )
            )
            return {row.id: row.wait_number for row in rows}

    async def until_asleep(self, what: str, before: Mapping[int, int], patience: float = PATIENCE) -> None:
        """Until each has gone to sleep once more than `before` says. Raises `Unmeasured`."""
        bar = self.progress.add_task(what, total=len(before))
        await self._until_asleep(before, what, patience, lambda done: self.progress.update(bar, completed=done))

    async def _until_asleep(
        self, before: Mapping[int, int], what: str, patience: float, show: Callable[[int], object]
    ) -> None:
        end = time.monotonic() + patience
        while True:
            now = await self.waits(list(before))
            done = sum(now.get(number, 0) > wait for number, wait in before.items())
            show(done)
            if done == len(before):
                return
            if time.monotonic() > end:
                raise Unmeasured(f"“{what}”在{patience:.0f}秒内没有完成：{done}/{len(before)}。")
            await asyncio.sleep(0.1)

    async def round(self, what: str, ids: Sequence[int], wake: Callable[[Sequence[int]], Awaitable[None]]) -> float:
        """Machine seconds from one wake of all to the last one's next sleep."""
        before = await self.waits(ids)
        begun = time.monotonic()
        await wake(ids)
        await self.until_asleep(what, before)
        return time.monotonic() - begun

    async def wake(self, ids: Sequence[int]) -> None:
        """News for all of them, in one transaction, as an answer brings it."""
        async with self.bureau.database.transaction() as session:
            for number in ids:
                await news(session, number)

    async def quiet(self, rest: float = 1.0) -> None:
        """Until no letter waits and Prefect shows everything, and a little longer. Raises `Unmeasured`."""
        await self.until("信件全部送出", IN_THE_POST, 0)
        await self.until("Prefect 显示全部变化", SHOWN, 0)
        await asyncio.sleep(rest)

    async def until(self, what: str, question: Any, wanted: int, every: float = 0.2) -> None:
        """Until the question's answer is that number. Raises `Unmeasured`."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            async with self.bureau.database.transaction() as session:
                if (await session.execute(question)).scalar_one() == wanted:
                    return
            await asyncio.sleep(every)
        raise Unmeasured(f"{PATIENCE:.0f}秒内没有等到：{what}。")

    async def runs(self, ids: Sequence[int]) -> list[UUID]:
        """Their flow runs."""
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(select(Proceeding.flow_run_id).where(Proceeding.id.in_(ids)))
            return [run for run in rows.scalars() if run is not None]
