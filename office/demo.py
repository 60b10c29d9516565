"""The demonstration: an invented child's case, carried through real parts from the first report to the end.

It acts as people do: it fills in the report form, opens the letters that were caught, follows their links, types name
and code, and sends the forms. It looks at the records only to see what happened and how late it is.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
from sqlalchemy import select

from office.bureau import Bureau
from office.tables import CaseRow, Event, Proceeding, Request
from office.timekeeping import ScaledClock, iso, set_clock
from rules.steps import STEPS
from rules.vocabulary import Happening

PATIENCE = 120.0
"""Machine seconds after which the demonstration gives up waiting for one thing."""
POLL = 0.35


class Disappointed(Exception):  # noqa: N818 - what the demonstration exists to find
    """Something that must happen did not."""


@dataclass
class Form:
    """A form of a page: where it goes and what it carries already."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """Reads the forms of a page, as a browser would send them untouched."""

    def __init__(self, page: str) -> None:
        """`page` is HTML."""
        super().__init__()
        self.forms: list[Form] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms and their hidden fields."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "input" and self.forms and given.get("type") == "hidden":
            self.forms[-1].fields[given.get("name", "")] = given.get("value", "")

    def ending(self, end: str) -> Form | None:
        """The form whose address ends so."""
        return next((form for form in self.forms if form.action.endswith(end)), None)


ANSWERS: dict[str, dict[str, Any]] = {
    "police_accept": {"acceptance_number": "受2026-001", "own_jurisdiction": "yes"},
    "triage": {"outcome": "emergency", "child_still_needs_help": "yes", "failed_duty_to_report": "no"},
    "dispatch": {"child_found": "yes"},
    "stop_and_secure": {
        "situation": "domestic_violence",
        "child_in_danger": "yes",
        "child_needs_doctor": "yes",
        "child_must_leave_home": "yes",
        "guardian_failed_after_education": "no",
        "protection_order_needed": "yes",
        "urgent_protection_order": "yes",
    },
    "secure_evidence": {"child_settled": "yes"},
    "warning_decision": {"issued": "yes"},
    "handover_given": {"document_number": "交接2026-001"},
    "handover_taken": {"document_number": "交接2026-001"},
    "village_emergency_care": {"then": "shelter"},
    "temporary_placement": {"result": "temporary_guardianship"},
    "urgent_protection_order": {"granted": "yes"},
    "order_follow_up": {"finding": "stable"},
    "decide_order_extension": {"applied": "no"},
    "warned_family_record": {"finding": "stable"},
    "warned_family_visit": {"finding": "stable"},
    "warned_family_revisit": {"finding": "stable"},
    "open_intervention": {
        "cause": "violence",
        "severity": "unattended",
        "ground": "severe_harm_or_threat",
        "guardian_untraced": "no",
    },
    "temporary_guardianship": {"place": "minor_protection_center"},
    "assess_guardian": {"capability": "capable_with_help"},
    "case_conference": {"outcome": "safe"},
    "return_child": {"document_number": "交接2026-002"},
    "handover_witnessed": {"document_number": "交接2026-002"},
    "return_follow_up": {"finding": "stable"},
    "open_case_file": {"file_number": "档2026-001", "joins_existing_file": "no"},
    "investigate": {"result": "needs_help", "guardian_doubtful": "yes", "services_needed": "yes"},
    "guardianship_capability_assessment": {"capability": "capable_with_help"},
    "match_entitlements": {"entitlements": ["E10", "E17", "E19"]},
    "scheme_check": {"meets": "yes"},
    "public_notice": {"objection": "no"},
    "scheme_decision": {"granted": "yes"},
    "arrange_services": {"services": ["legal_aid", "psychological_support"]},
    "follow_up_visit": {"finding": "stable"},
    "closing_review": {"may_close": "yes"},
    "reroute": {"office": "township"},
}
"""What each office answers; a step that is not here is simply done."""

REFUSED_SCHEME = "基础教育保障"
DECLINED_STEP = "school_help"
SILENT_STEP = "open_case_file"

MUST_HAPPEN: list[tuple[str, str, str]] = [
    ("report_filed", "", ""),
    ("case_opened", "", ""),
    ("request_acknowledged", "police_accept", ""),
    ("request_done", "police_accept", ""),
    ("request_done", "handover_given", ""),
    ("request_done", "handover_taken", ""),
    ("request_done", "urgent_protection_order", ""),
    ("rung_reached", SILENT_STEP, "office_head"),
    ("rung_reached", SILENT_STEP, "coordinator"),
    ("rung_reached", SILENT_STEP, "leader"),
    ("request_done", SILENT_STEP, ""),
    ("request_declined", DECLINED_STEP, ""),
    ("request_rerouted", DECLINED_STEP, ""),
    ("request_done", DECLINED_STEP, ""),
    ("request_done", "scheme_decision", ""),
    ("request_done", "enrol_and_pay", ""),
    ("request_done", "case_conference", ""),
    ("request_done", "return_child", ""),
    ("request_done", "closing_review", ""),
    ("office_informed", "", ""),
    ("handed_over", "", ""),
    ("proceeding_closed", "", ""),
    ("letter_handed_over", "", ""),
    ("case_closed", "", ""),
]
"""What the demonstration promises: event, step, level; "" stands for any."""


class Demonstration:
    """One telling of the story."""

    def __init__(self, bureau: Bureau, tell: Callable[[dict[str, Any]], None]) -> None:
        """`tell` is called with each event as it happens."""
        if not isinstance(bureau.clock, ScaledClock):
            raise TypeError("a demonstration lives by a scaled clock")
        self.bureau = bureau
        self.clock = bureau.clock
        self.tell = tell
        self.web = httpx.AsyncClient(base_url=bureau.settings.portal_url, timeout=30, trust_env=False)
        self.case = ""
        self.silent = {SILENT_STEP}
        self.told: list[dict[str, Any]] = []
        self._read: set[str] = set()
        self._last_event = 0

    async def play(self) -> None:
        """The whole story. Raises `Disappointed`."""
        try:
            await self._report()
            await self._until("everyone but the silent township has answered", self._only_silence_left)
            for level in ("office_head", "coordinator", "leader"):
                await self._let_time_pass_until(level)
            self.silent.clear()
            self._read.clear()
            await self._until("the case is closed", self._closed)
            await self._until("every letter has left", self._letters_left)
        finally:
            await self.web.aclose()
        missing = [wanted for wanted in MUST_HAPPEN if not self._happened(*wanted)]
        if missing:
            raise Disappointed(f"没有发生：{missing}")

    def _happened(self, event: str, step: str, level: str) -> bool:
        return any(e["event"] == event and step in ("", e["step"]) and level in ("", e["level"]) for e in self.told)

    async def _report(self) -> None:
        """A teacher fills in the real form."""
        page = await self.web.get("/report")
        form = Forms(page.text).ending("/report")
        if form is None:
            raise Disappointed("报告页面上没有表单")
        township, place = next(iter(self.bureau.county.townships.items()))
        village = next(iter(place.villages))
        fields = form.fields | {
            "danger_now": "yes",
            "reason": "suspected_domestic_violence",
            "reporter_kind": "school",
            "narrative": "演示：学生身上有新伤，说不敢回家。",
            "place": f"{township}/{village}",
            "place_detail": "演示：学校医务室",
            "child_description": "演示：五年级学生",
            "reporter_name": "演示报告人",
            "reporter_contact": "0000-0000000",
        }
        answer = await self.web.post("/report", data=fields)
        if answer.status_code != httpx.codes.OK or "BG-" not in answer.text:
            raise Disappointed(f"报告没有被接受：{answer.status_code}")
        async with self.bureau.database.transaction() as session:
            self.case = (
                await session.execute(select(CaseRow.number).order_by(CaseRow.id.desc()).limit(1))
            ).scalar_one()

    async def _until(self, what: str, reached: Callable[[], Any]) -> None:
        """Answer letters until something is so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            await self._tell_news()
            if await reached():
                await self._tell_news()
                return
            answered = await self._answer_letters()
            if not answered:
                await asyncio.sleep(POLL)
        raise Disappointed(f"{PATIENCE:.0f} 秒内没有等到：{what}；还在等：{await self._waiting()}")

    async def _tell_news(self) -> None:
        async with self.bureau.database.transaction() as session:
            rows = (
                await session.execute(
                    select(Event, CaseRow.number, Proceeding.mechanism)
                    .join(CaseRow, CaseRow.id == Event.case_id)
                    .outerjoin(Proceeding, Proceeding.id == Event.proceeding_id)
                    .where(Event.id > self._last_event, CaseRow.number == self.case)
                    .order_by(Event.id)
                )
            ).all()
        for event, number, mechanism in rows:
            self._last_event = event.id
            told = {
                "event": event.event,
                "case": number,
                "mechanism": mechanism,
                "step": event.step,
                "office": event.office,
                "level": event.level,
                "at": iso(event.at),
                "detail": event.detail,
            }
            self.told.append(told)
            self.tell(told)

    async def _requests(self) -> list[Request]:
        async with self.bureau.database.transaction() as session:
            rows = await session.execute(
                select(Request)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .join(CaseRow, CaseRow.id == Proceeding.case_id)
                .where(CaseRow.number == self.case, Request.state.in_(["asked", "acknowledged"]))
            )
            return list(rows.scalars())

    async def _waiting(self) -> list[str]:
        return sorted({request.step for request in await self._requests()})

    async def _only_silence_left(self) -> bool:
        async with self.bureau.database.transaction() as session:
            live = set(
                (
                    await session.execute(
                        select(Proceeding.mechanism)
                        .join(CaseRow, CaseRow.id == Proceeding.case_id)
                        .where(CaseRow.number == self.case, Proceeding.closed_at.is_(None))
                    )
                ).scalars()
            )
        # The emergency may still rest for the last day of the protection order.
        return live - {"emergency_handling"} == {"assessment_and_assistance"} and await self._waiting() == [SILENT_STEP]

    async def _let_time_pass_until(self, level: str) -> None:
        """The township keeps silent: time passes until that level is told."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            await self._tell_news()
            if self._happened("rung_reached", SILENT_STEP, level):
                return
            silent = [request for request in await self._requests() if request.step == SILENT_STEP]
            if not silent:
                raise Disappointed("沉默的事项不见了")
            climb = silent[0].next_climb_at
            if climb is not None and climb > self.clock.now():
                at = climb + timedelta(seconds=1)
                await set_clock(self.bureau.database, scale=self.clock.scale, at=at)
                await self.clock.refresh(self.bureau.database)
            await asyncio.sleep(0.2)
        raise Disappointed(f"没有升级到 {level}")

    async def _closed(self) -> bool:
        return any(event["event"] == Happening.CASE_CLOSED.value for event in self.told)

    async def _letters_left(self) -> bool:
        from office.tables import Letter

        async with self.bureau.database.transaction() as session:
            rows = await session.execute(select(Letter.id).where(Letter.state.in_(["pending", "sending"])).limit(1))
            return rows.scalar_one_or_none() is None

    async def _answer_letters(self) -> bool:
        """Open every new link and answer it; True when one was answered."""
        letters = (await self.web.get("/dev/mail.json")).json()
        answered = False
        for letter in letters:
            for words, text in self._asked_in(letter):
                link = re.search(r"https?://\S+/r/\S+", text)
                step = self._step_named(words)
                if link is None or step is None or step in self.silent or link.group() in self._read:
                    continue
                self._read.add(link.group())
                answered |= await self._answer(letter, step, words, link.group(), text)
        return answered

    def _asked_in(self, letter: dict[str, Any]) -> list[tuple[str, str]]:
        """What a letter asks, in words, and the text with its link and code: one step, or each step of several."""
        told = re.split(r"=+ 第\d+件（共\d+件）=+", letter["text"])[1:]
        if not told:
            return [(letter["subject"].partition(self.case)[2], letter["text"])]
        return [(text.partition("事　　项：")[2].partition("\n")[0], text) for text in told if self.case in text]

    def _step_named(self, words: str) -> str | None:
        # The step's own label comes first; a label in brackets after it is what the step is about.
        found = [(words.index(each.label), -len(each.label), key) for key, each in STEPS.items() if each.label in words]
        return min(found)[2] if found else None

    async def _answer(self, letter: dict[str, Any], step: str, words: str, link: str, text: str) -> bool:
        page = await self.web.get(httpx.URL(link).path)
        forms = Forms(page.text)
        done = forms.ending("/done")
        if done is None:
            return False
        code = re.search(r"验证码：\s*([0-9]{6})", text)
        if code is None:
            raise Disappointed("信里没有验证码")
        name = letter["text"].split("同志", 1)[0].strip()
        proof = {"typed_name": name, "code": code.group(1)}
        receipt = forms.ending("/received")
        if receipt is not None:
            await self._post(receipt, proof, step)
        if step == DECLINED_STEP and "education" in letter["to"] + await self._office_of(step):
            declined = forms.ending("/declined")
            if declined is None:
                raise Disappointed("不能退回")
            more = {"reason": "not_our_duty", "words": "演示：该儿童未在本县学校就读。", "instead": "township"}
            await self._post(declined, proof | more, step)
            return True
        fields = dict(ANSWERS.get(step, {}))
        if step == "scheme_decision" and REFUSED_SCHEME in words:
            fields = {"granted": "no", "reasons": "演示：不符合当地条件。"}
        if step == "urgent_protection_order":
            # A short order, so that the story sees its end.
            fields["valid_until"] = (self.clock.now() + timedelta(days=1)).date().isoformat()
        await self._post(done, proof | fields, step)
        return True

    async def _office_of(self, step: str) -> str:
        return next((request.office for request in await self._requests() if request.step == step), "")

    async def _post(self, form: Form, fields: dict[str, Any], step: str) -> None:
        answer = await self.web.post(form.action, data=form.fields | fields)
        if answer.status_code not in (httpx.codes.OK, httpx.codes.CONFLICT):
            raise Disappointed(f"{step}：{form.action.rsplit('/', 1)[-1]} 没有被接受（{answer.status_code}）")
