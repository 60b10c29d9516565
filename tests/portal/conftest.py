"""A small county and stand-ins for what is behind the portal, so that its pages are tried alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from config.entitlements import load_entitlements
from config.offices import OfficeEntry, Officer, Township, Village
from config.settings import EXAMPLE_COUNTY, Settings
from office import answering, disclosure, intake, links, proving
from office.answering import Given
from office.disclosure import Particulars, ReportRead
from office.intake import BadFiling, Filing, Receipt, ReportStatus
from office.links import Decided, LinkStatus, OpenedLink
from office.portal.app import create_app
from office.portal.pages import desk as whom_to_call
from office.refusals import Refused, UnknownLink
from office.timekeeping import COUNTY_ZONE
from rules.entitlements import EntitlementParameters
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, Channel, Office, RequestState, Urgency
from rules.workdays import OfficeHours

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=COUNTY_ZONE)
TOKEN = "zx37" + "a" * 27 + "q"
NAME, CODE, ONE_TIME_CODE = "韩岳", "048213", "K7M2Q9XB"


def _office(kind: Office, name: str, *officers: Officer) -> OfficeEntry:
    return OfficeEntry(kind.value, kind, name, kind.label, OfficeHours(), officers)


def small_county() -> SimpleNamespace:
    """Two townships, the police, the schools and a coordinator."""
    coordinator = Officer("xt_gu", "顾长宁", "xt.gu@anhe.example", "0000-555-0100", "officer", "coordinator")
    offices = [
        _office(Office.PUBLIC_SECURITY, "安和县公安局"),
        _office(Office.EDUCATION, "安和县教育局"),
        _office(Office.COORDINATOR, "安和县民政局协调岗", coordinator),
        _office(Office.LEADER, "安和县分管领导"),
    ]
    liuhe = Village("liuhe", "柳河村", "liuhe_village")
    shiqiao = Village("shiqiao", "石桥村", "shiqiao_village")
    townships = {
        "qingshi": Township("qingshi", "青石镇", "qingshi_township", {"liuhe": liuhe}),
        "baiyang": Township("baiyang", "白杨乡", "baiyang_township", {"shiqiao": shiqiao}),
    }
    return SimpleNamespace(
        name="安和县", code="AH", offices={o.key: o for o in offices}, townships=townships, entitlements=_entitlements()
    )


@lru_cache(maxsize=1)
def _entitlements() -> EntitlementParameters:
    return load_entitlements(EXAMPLE_COUNTY, [])


class Records:
    """A database that answers, or does not."""

    def __init__(self) -> None:
        """It answers at first."""
        self.away = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """A session that only knows how to say that it is there."""
        if self.away:
            raise OSError("the records are away")

        async def execute(_: object) -> None:
            return None

        yield SimpleNamespace(execute=execute)


@dataclass
class Desk:
    """Stands in for intake, links and answering, and remembers every act."""

    opened: dict[str, OpenedLink] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    filings: list[Filing] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    resent: list[str] = field(default_factory=list)
    codes_sent: list[str] = field(default_factory=list)
    reports: tuple[ReportRead, ...] = ()
    refusal: Refused | None = None
    refused_filing: list[str] = field(default_factory=list)

    now = NOW
    token = TOKEN
    name = NAME
    code = CODE
    one_time_code = ONE_TIME_CODE

    @property
    def page(self) -> str:
        """The address of the one link there is."""
        return f"/r/{TOKEN}"

    def show(self, step_key: str = "stop_and_secure", *, status: LinkStatus = LinkStatus.OPEN, **more: Any) -> None:
        """Put a link in that state behind the address."""
        self.opened[TOKEN] = link(step_key, status=status, **more)

    def decided(self, kind: AnswerKind = AnswerKind.DONE) -> Decided:
        """An answer given at twenty past eight."""
        return decided(kind)

    async def open_link(self, bureau: object, token: str) -> OpenedLink:  # noqa: ARG002
        """The link, or nobody's."""
        try:
            return self.opened[links.clean_token(token)]
        except KeyError:
            raise UnknownLink from None

    async def answer_by_link(self, bureau: object, token: str, **said: Any) -> Given:
        """Take an answer with the right code."""
        opened = await self.open_link(bureau, token)
        if self.refusal is not None:
            raise self.refusal
        if said["code"] != CODE:
            raise Refused("验证码不正确，请核对邮件中的6位数字。", "code")
        if said["version"] != opened.version:
            raise Refused("打开页面之后情况有变，请核对最新内容后重新提交。", "version")
        again = said in self.answers
        self.answers.append(said)
        return Given(said["kind"], "HF-260302-7KQ2MD", opened.case, opened.step, opened.office_name, NOW, again)

    async def send_code(self, bureau: object, token: str, *, typed_name: str, code: str) -> None:
        """A one-time code, for whoever types the printed one."""
        assert typed_name
        await self.open_link(bureau, token)
        if self.refusal is not None:
            raise self.refusal
        if code != CODE:
            raise Refused("验证码不正确，请核对邮件中的6位数字。", "code")
        self.codes_sent.append(token)

    async def read_particulars(self, bureau: object, token: str, *, typed_name: str, one_time_code: str) -> Particulars:
        """What the case is about, for whoever types the one-time code."""
        assert typed_name
        opened = await self.open_link(bureau, token)
        if self.refusal is not None:
            raise self.refusal
        if one_time_code != ONE_TIME_CODE:
            raise Refused("查阅码不正确，请核对最新一封查阅码邮件。", "one_time_code")
        return Particulars(opened, "青石镇柳河村", self.reports, opened.exchanges)

    async def resend(self, bureau: object, token: str, *, typed_name: str, code: str) -> None:  # noqa: ARG002
        """A fresh letter, for whoever types the printed code."""
        assert typed_name
        if code != CODE:
            raise Refused("验证码不正确，请核对邮件中的6位数字。", "code")
        self.resent.append(token)

    async def file_report(self, bureau: object, filing: Filing) -> Receipt:  # noqa: ARG002
        """One receipt for each form key."""
        if self.refused_filing:
            raise BadFiling(self.refused_filing)
        if filing.form_key in self.receipts:
            return replace(self.receipts[filing.form_key], again=True)
        self.filings.append(filing)
        receipt = Receipt(f"BG-2026-{len(self.filings):05d}", "K7M2Q9XB", "AH-2026-0001", again=False)
        self.receipts[filing.form_key] = receipt
        return receipt

    async def report_status(self, bureau: object, receipt: str, query_code: str) -> ReportStatus | None:  # noqa: ARG002
        """The one report it knows."""
        if (receipt, query_code) != ("BG-2026-00001", "K7M2Q9XB"):
            return None
        lines = ((NOW, "报告已收到"), (NOW + timedelta(minutes=12), "有关部门已签收"))
        return ReportStatus(receipt, NOW, lines)


def link(step_key: str = "stop_and_secure", *, status: LinkStatus = LinkStatus.OPEN, **more: Any) -> OpenedLink:
    """A link as its page finds it: asked at eight, to be acknowledged by nine, due at noon."""
    asked = STEPS[step_key]
    values: dict[str, Any] = {
        "status": status,
        "token": TOKEN,
        "link_id": 1,
        "version": 3,
        "case": "AH-2026-0001",
        "step": asked,
        "subject": "",
        "subject_label": "",
        "office_name": "安和县公安局",
        "officer_name": NAME,
        "state": RequestState.ASKED,
        "asked_at": NOW - timedelta(minutes=30),
        "acknowledge_by": NOW + timedelta(minutes=30),
        "due": NOW + timedelta(hours=3, minutes=20),
        "expires_at": NOW + timedelta(days=14),
        "urgent": asked.urgency is Urgency.EMERGENCY,
        "basis": "国发〔2016〕13号 四(二)",
        "decided": None,
        "acknowledged": None,
        "exchanges": (),
        "extension": "",
        "desk": tuple(whom_to_call(small_county())),
        "may_extend": asked.urgency is Urgency.ORDINARY and asked.mechanism is not None,
    }
    return OpenedLink(**(values | more))


def decided(kind: AnswerKind = AnswerKind.DONE) -> Decided:
    """An answer given at twenty past eight."""
    at = NOW - timedelta(minutes=10)
    return Decided(kind, NAME, "安和县公安局", at, "HF-260302-4TR8WN", Channel.LINK)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The stand-in, put where the portal looks."""
    made = Desk(opened={TOKEN: link()})
    monkeypatch.setattr(links, "open_link", made.open_link)
    monkeypatch.setattr(answering, "answer_by_link", made.answer_by_link)
    monkeypatch.setattr(proving, "resend", made.resend)
    monkeypatch.setattr(disclosure, "send_code", made.send_code)
    monkeypatch.setattr(disclosure, "read_particulars", made.read_particulars)
    monkeypatch.setattr(intake, "file_report", made.file_report)
    monkeypatch.setattr(intake, "report_status", made.report_status)
    return made


@pytest.fixture
def bureau(tmp_path: Path) -> SimpleNamespace:
    """What the portal reads of a bureau."""
    return SimpleNamespace(
        database=Records(),
        county=small_county(),
        clock=SimpleNamespace(now=lambda: NOW),
        settings=Settings(data_dir=tmp_path),
        secret=b"k" * 32,
    )


class Browser:
    """A browser without script that keeps no cookie and follows no redirect unasked."""

    def __init__(self, app: Any) -> None:
        """`app` is the portal."""
        self._app = app

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask for one page."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://portal.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Look."""
        return self.request("GET", path, **more)

    def post(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Send a form."""
        return self.request("POST", path, data=fields, **more)


@pytest.fixture
def browser(desk: Desk, bureau: SimpleNamespace) -> Browser:
    """A browser before the portal, with the desk's stand-ins behind it."""
    return Browser(create_app(bureau))
