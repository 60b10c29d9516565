"""The people of a campaign: reporters, officers who answer in time, late or never, and coordinators.

They do what people do, through pages and letters. What each of them will do is drawn from the campaign's seed and the
step alone, so that a campaign played again has the same people.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from office.bureau import Bureau
from office.demo import ANSWERS, Forms
from office.phone import answer_by_phone
from office.refusals import Refused
from office.tables import CaseRow, Link, Proceeding, Request
from rules.vocabulary import AnswerKind
from tests.chaos.history import Promise
from tests.chaos.mailbox import Mail, Mailbox

LINK = re.compile(r"https?://\S+/r/(\S+)\s+验证码：\s*([0-9]{6})")
REFERENCE = re.compile(r"HF-\d{6}-[0-9A-Z]{6}")
RECEIPT = re.compile(r"BG-\d{4}-\d{5}")
AWAY = (httpx.HTTPError, OSError, SQLAlchemyError)
"""What people see when a part is away: they try again."""

REPORTS: list[tuple[int, dict[str, Any]]] = [
    (4, {"reporter_kind": "citizen", "reason": "suspected_domestic_violence", "danger_now": "no"}),
    (3, {"reporter_kind": "citizen", "reason": "poverty_or_disability", "danger_now": "no"}),
    (2, {"reporter_kind": "school", "reason": "guardian_neglect", "danger_now": "no"}),
    (1, {"reporter_kind": "medical", "reason": "multiple_injuries_malnutrition_unconscious", "danger_now": "yes"}),
]
"""How often each kind of report comes, and what it says."""

MANNERS: list[tuple[int, str, float, float]] = [
    (30, "done", 0.1, 4),
    (12, "late", 6, 60),
    (12, "received", 0.1, 3),
    (6, "declined", 0.2, 6),
    (4, "extension", 0.2, 5),
    (3, "more_facts", 0.2, 5),
    (5, "phone", 0.5, 30),
    (28, "silent", 0, 0),
]
"""How many of a hundred behave so, and after how many hours of the county, from and to."""


@dataclass(frozen=True)
class Manner:
    """What an officer does about a step, and how long after its letter came."""

    kind: str
    after: timedelta
    then: timedelta | None
    """After 签收, 延期 or a question the step is done so much later; None: never."""


def draws_of(seed: int, *about: object) -> random.Random:
    """A generator that depends on the campaign's seed and on nothing that happens in it."""
    words = "/".join(map(str, (seed, *about)))
    return random.Random(hashlib.sha256(words.encode()).digest())  # noqa: S311 - a campaign that can be repeated


def manner_of(seed: int, case: str, step: str, subject: str, number: int, *, coordinates: bool) -> Manner:
    """How the step will be treated. Coordinators mostly decide; some of them keep silent as well."""
    draws = draws_of(seed, case, step, subject, number)
    if coordinates:
        kind = draws.choices(("done", "silent"), (75, 25))[0]
        return Manner(kind, timedelta(hours=draws.uniform(0.2, 20)), None)
    (chosen,) = draws.choices(MANNERS, [one[0] for one in MANNERS])
    then = timedelta(hours=draws.uniform(1, 70)) if draws.random() < 0.7 else None
    return Manner(chosen[1], timedelta(hours=draws.uniform(chosen[2], chosen[3])), then)


@dataclass
class _Opened:
    """A letter's link as its reader has it: to whom it was written, token and code."""

    name: str
    token: str
    code: str


@dataclass
class _Duty:
    """Something that an officer means to do."""

    at: datetime
    request: int
    step: str
    kind: str
    manner: Manner
    tries: int = 0


class People:
    """All of them, in one event loop. `promises` is what pages have told them."""

    def __init__(self, bureau: Bureau, mailbox: Mailbox, portal: str, seed: int, now: Callable[[], datetime]) -> None:
        """`now` is the county's time; `portal` the portal's address on this machine."""
        self.bureau, self.mailbox, self.seed, self.now = bureau, mailbox, seed, now
        self.web = httpx.AsyncClient(base_url=portal, timeout=20, trust_env=False)
        self.promises: list[Promise] = []
        self.done: Counter[str] = Counter()
        self.filed = 0
        self._read = 0
        self._links: dict[int, _Opened] = {}
        self._duties: list[_Duty] = []

    async def close(self) -> None:
        """Go home."""
        await self.web.aclose()

    # --- reporters ---------------------------------------------------------------------------------------------------

    async def file(self, count: int, seconds: float) -> None:
        """So many reports within so many machine seconds; each is sent until its receipt has come."""
        draws = draws_of(self.seed, "reports")
        places = [(key, village) for key, one in self.bureau.county.townships.items() for village in one.villages]
        for number in range(count):
            township, village = draws.choice(places)
            report = draws.choices([one[1] for one in REPORTS], [one[0] for one in REPORTS])[0]
            named = draws.random() < 0.5
            fields = report | {
                "form_key": f"chaos-{self.seed}-{number:06d}",
                "narrative": f"演示：第{number}件。",
                "place": f"{township}/{village}",
            }
            if named:
                fields |= {"reporter_name": f"演示报告人{number}", "reporter_contact": "0000-0000000"}
            await self._until_filed(fields)
            await asyncio.sleep(draws.expovariate(count / seconds))

    async def _until_filed(self, fields: dict[str, Any]) -> None:
        for _ in range(240):
            try:
                answer = await self.web.post("/report", data=fields)
            except AWAY:
                await asyncio.sleep(0.5)
                continue
            found = RECEIPT.search(answer.text)
            if answer.status_code == httpx.codes.OK and found is not None:
                self.promises.append(Promise("receipt", found.group(0)))
                self.filed += 1
                return
            await asyncio.sleep(0.5)
        raise AssertionError("a report could not be filed in two minutes")

    # --- officers ----------------------------------------------------------------------------------------------------

    async def live(self, stop: asyncio.Event) -> None:
        """Read letters and answer them until told to stop."""
        while not stop.is_set():
            try:
                await self._read_letters()
                await self._do_duties()
            except AWAY:
                self.done["away"] += 1
            await asyncio.sleep(0.2)

    async def _read_letters(self) -> None:
        fresh = self.mailbox.mails[self._read :]
        if not fresh:
            return
        opened = {_hash(one.token): one for mail in fresh for one in _opened(mail)}
        async with self.bureau.database.transaction() as session:
            found = (
                await session.execute(
                    select(
                        Link.token_hash, Request.id, Request.step, Request.subject, Request.round, Request.office,
                        CaseRow.number,
                    )
                    .join(Request, Request.id == Link.request_id)
                    .join(Proceeding, Proceeding.id == Request.proceeding_id)
                    .join(CaseRow, CaseRow.id == Proceeding.case_id)
                    .where(Link.token_hash.in_(list(opened)))
                )
            ).all()  # fmt: skip
        self._read += len(fresh)
        for token_hash, request, step, subject, number, office, case in found:
            known = request in self._links
            self._links[request] = opened[token_hash]
            if known:
                continue
            manner = manner_of(self.seed, case, step, subject, number, coordinates=office == "coordinator")
            if manner.kind != "silent":
                self._duties.append(_Duty(self.now() + manner.after, request, step, manner.kind, manner))
            self.done[f"manner_{manner.kind}"] += 1

    async def _do_duties(self) -> None:
        now = self.now()
        due = [one for one in self._duties if one.at <= now][:40]
        results = await asyncio.gather(*(self._do(duty) for duty in due), return_exceptions=True)
        for duty, result in zip(due, results, strict=True):
            if isinstance(result, AWAY) and duty.tries < 60:
                duty.tries += 1
            elif isinstance(result, BaseException):
                self.done[f"fault_{type(result).__name__}"] += 1
                self._duties.remove(duty)
                if not isinstance(result, AWAY):
                    raise result
            else:
                self._duties.remove(duty)

    async def _do(self, duty: _Duty) -> None:
        kind = "done" if duty.kind == "late" else duty.kind
        if kind == "phone":
            await self._call(duty)
            return
        opened = self._links[duty.request]
        page = await self.web.get(f"/r/{opened.token}")
        form = Forms(page.text).ending(f"/{kind}")
        if page.status_code >= 500:
            raise httpx.HTTPError("the portal is ill")
        if form is None:
            self.done["page_without_form"] += 1
            return
        fields = {"typed_name": opened.name, "code": opened.code} | self._words(duty, kind)
        answer = await self.web.post(form.action, data=form.fields | fields)
        if answer.status_code >= 500:
            raise httpx.HTTPError("the portal is ill")
        reference = REFERENCE.search(answer.text)
        if answer.status_code == httpx.codes.OK and reference is not None:
            self.promises.append(Promise("answer", reference.group(0)))
            self.done[kind] += 1
            if kind in ("received", "extension", "more_facts") and duty.manner.then is not None:
                self._duties.append(_Duty(self.now() + duty.manner.then, duty.request, duty.step, "done", duty.manner))
        else:
            self.done[f"{kind}_refused_{answer.status_code}"] += 1

    def _words(self, duty: _Duty, kind: str) -> dict[str, Any]:
        if kind == "declined":
            return {"reason": "not_our_duty", "words": "演示", "instead": "coordinator"}
        if kind in ("extension", "more_facts"):
            return {"words": "演示"}
        if kind == "done":
            return dict(OWN_ANSWERS.get(duty.step) or ANSWERS.get(duty.step, {}))
        return {}

    async def _call(self, duty: _Duty) -> None:
        """The officer rings up, and a coordinator enters that it was received."""
        async with self.bureau.database.transaction() as session:
            request, case = (
                await session.execute(
                    select(Request, CaseRow.number)
                    .join(Proceeding, Proceeding.id == Request.proceeding_id)
                    .join(CaseRow, CaseRow.id == Proceeding.case_id)
                    .where(Request.id == duty.request)
                )
            ).one()
        try:
            given = await answer_by_phone(
                self.bureau, case=case, step_key=request.step, kind=AnswerKind.RECEIVED, number=request.id,
                said_by=self.bureau.county.office(request.office).contacts[0].key, entered_by="xt_wen",
            )  # fmt: skip
        except Refused:
            self.done["phone_refused"] += 1
            return
        self.promises.append(Promise("answer", given.reference))
        self.done["phone"] += 1
        if duty.manner.then is not None:
            self._duties.append(_Duty(self.now() + duty.manner.then, duty.request, duty.step, "done", duty.manner))


OWN_ANSWERS: dict[str, dict[str, Any]] = {
    "triage": {"outcome": "unfounded", "child_still_needs_help": "no", "failed_duty_to_report": "no"},
    "reroute": {"office": "township"},
    "decide_extension": {"granted": "yes"},
    "supply_facts": {"facts": "演示", "words": "演示"},
    "seek_procuratorial_supervision": {"seek": "no"},
}
"""What is answered otherwise than in the demonstration, so that many cases come to an end."""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _opened(mail: Mail) -> list[_Opened]:
    name = mail.text.split("同志", 1)[0].strip()
    return [_Opened(name, token, code) for token, code in LINK.findall(mail.text)]
