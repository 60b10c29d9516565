"""A report arrives: receipt, child's number, case and the first mechanism, in one transaction, whether Prefect runs or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bars import bar_accused
from office.bureau import Bureau
from office.handover import open_proceeding
from office.numbers import next_in_series, readable_code
from office.plain_text import harmless
from office.tables import CaseRow, Child, Event, Report
from rules.routing import SUPERVISOR_OF, urgency_of
from rules.vocabulary import Happening, Mechanism, ReporterKind, ReportReason

SOMETHING_TO_READ = r"[^\s\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]"
"""For programs: a text of blanks and of what `harmless` takes away is empty."""

TIME_WITH_ZONE = "发现时间须带时区，例如 2026-03-02T08:30:00+08:00"


class Filing(BaseModel):
    """What a reporter files. Free text is personal and stays in the report."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    form_key: str = Field(
        min_length=8,
        max_length=80,
        title="表单编号",
        description="由报送方自定，每份报告一个，不含空白；同一个编号重复提交只算一次",
        json_schema_extra={"pattern": f"^{SOMETHING_TO_READ}+$"},
    )
    reporter_kind: ReporterKind = Field(title="报告人身份")
    reason: ReportReason = Field(title="报告事由")
    danger_now: bool | None = Field(
        None, title="儿童此刻是否有危险", description="不清楚的写 null 或者不写", strict=True
    )
    township: str = Field(title="乡镇(街道)", max_length=60)
    village: str = Field("", title="村(居)", max_length=60)
    found_at: datetime | None = Field(None, title="发现时间", description="带时区，不晚于提交的时刻")
    narrative: str = Field(
        min_length=1, max_length=5000, title="发现的情况", json_schema_extra={"pattern": SOMETHING_TO_READ}
    )
    child_description: str = Field("", max_length=1000, title="儿童情况")
    place_detail: str = Field("", max_length=1000, title="儿童现在何处")
    alleged_perpetrator: str = Field("", max_length=200, title="被指伤害儿童的人", description="姓名，或者和孩子的关系")
    reporter_name: str = Field("", max_length=80, title="报告人姓名")
    reporter_contact: str = Field("", max_length=120, title="报告人联系方式")

    @field_validator("*", mode="before")
    @classmethod
    def _harmless(cls, value: Any) -> Any:
        return harmless(value) if isinstance(value, str) else value

    @field_validator("found_at", mode="before")
    @classmethod
    def _no_bare_number(cls, value: Any) -> Any:
        # A number would be taken for seconds since 1970.
        if value is None or isinstance(value, datetime) or (isinstance(value, str) and "-" in value.strip()[1:]):
            return value
        raise ValueError(TIME_WITH_ZONE)

    @field_validator("found_at")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(TIME_WITH_ZONE)
        return value


class BadFiling(Exception):  # noqa: N818 - it is an answer, not an accident
    """A report that cannot be taken as it stands: one Chinese sentence for each fault."""

    def __init__(self, sentences: list[str]) -> None:
        """`sentences` name the place and the mend."""
        super().__init__("；".join(sentences))
        self.sentences = sentences


class KeyTaken(Exception):  # noqa: N818 - it is an answer, not an accident
    """The form key belongs to another report, which says something else: to call this one filed would lose it."""


@dataclass(frozen=True)
class Receipt:
    """What the reporter keeps. `again` is True when the same form had been filed before."""

    receipt: str
    query_code: str
    case: str
    again: bool


@dataclass(frozen=True)
class ReportStatus:
    """What a reporter may know: that the report moves, never what was found about the child."""

    receipt: str
    filed_at: datetime
    lines: tuple[tuple[datetime, str], ...]


async def file_report(bureau: Bureau, filing: Filing) -> Receipt:
    """File a report. The same form key files once. Raises `BadFiling`, and `KeyTaken` for other words under the key."""
    faults = faults_of(bureau, filing)
    if faults:
        raise BadFiling(faults)
    async with bureau.database.transaction() as session:
        # Two posts of one form wait for each other here; the second finds the first one's receipt.
        await session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 46))"), {"key": filing.form_key}
        )
        earlier = (
            await session.execute(
                select(Report, CaseRow)
                .join(CaseRow, CaseRow.id == Report.case_id)
                .where(Report.form_key == filing.form_key)
            )
        ).one_or_none()
        if earlier is not None:
            if not _says_the_same(earlier[0], filing):
                raise KeyTaken
            return Receipt(earlier[0].receipt, earlier[0].query_code, earlier[1].number, again=True)
        return await _file(session, bureau, filing)


def _says_the_same(report: Report, filing: Filing) -> bool:
    # Township and village stay out: the case may have moved since.
    said = filing.model_dump(mode="json", exclude={"form_key", "township", "village", "found_at"})
    return filing.found_at == report.found_at and all(getattr(report, name) == value for name, value in said.items())


def faults_of(bureau: Bureau, filing: Filing) -> list[str]:
    """What this county cannot take of a report, one Chinese sentence each; empty when it can be filed."""
    faults = []
    township = bureau.county.townships.get(filing.township)
    if township is None:
        known = "、".join(f"{t.name}（{key}）" for key, t in bureau.county.townships.items())
        faults.append(f"乡镇(街道)“{filing.township}”不在本县，请从下列选择：{known}。")
    elif filing.village and filing.village not in township.villages:
        known = "、".join(f"{v.name}（{key}）" for key, v in township.villages.items())
        faults.append(f"村(居)“{filing.village}”不属于{township.name}，请从下列选择：{known}。")
    if filing.found_at is not None and filing.found_at > bureau.clock.now():
        faults.append("发现时间晚于现在，请核对。")
    return faults


def danger_class(filing: Filing) -> bool:
    """Whether the emergency begins at once. A danger that nobody ruled out counts as danger, unless it is a matter of need only."""
    return filing.danger_now is True or (filing.danger_now is None and filing.reason.needs_police)


async def _file(session: AsyncSession, bureau: Bureau, filing: Filing) -> Receipt:
    now = bureau.clock.now()
    code = bureau.county.code
    child_number = await next_in_series(session, "child", now.year)
    child = Child(number=f"{code}-ET-{now.year}-{child_number:05d}", opened_at=now)
    session.add(child)
    await session.flush()
    case_number = await next_in_series(session, "case", now.year)
    case = CaseRow(
        number=f"{code}-{now.year}-{case_number:04d}",
        child_id=child.id,
        township=filing.township,
        village=filing.village,
        urgency=urgency_of(filing.reason, danger_now=filing.danger_now).value,
        danger_now=danger_class(filing),
        poverty_only=not filing.reason.needs_police and filing.danger_now is not True,
        named_reporter=bool(filing.reporter_name and filing.reporter_contact),
        supervisor=_supervisor(filing.reporter_kind),
        opened_at=now,
    )
    session.add(case)
    await session.flush()
    receipt_number = await next_in_series(session, "receipt", now.year)
    report = Report(
        receipt=f"BG-{now.year}-{receipt_number:05d}",
        query_code=readable_code(8),
        form_key=filing.form_key,
        case_id=case.id,
        reporter_kind=filing.reporter_kind.value,
        reason=filing.reason.value,
        danger_now=filing.danger_now,
        found_at=filing.found_at,
        filed_at=now,
        narrative=filing.narrative,
        child_description=filing.child_description,
        place_detail=filing.place_detail,
        alleged_perpetrator=filing.alleged_perpetrator,
        reporter_name=filing.reporter_name,
        reporter_contact=filing.reporter_contact,
    )
    session.add(report)
    log.write(session, Happening.REPORT_FILED, at=now, case_id=case.id, detail=filing.reporter_kind.label)
    log.write(session, Happening.CASE_OPENED, at=now, case_id=case.id)
    await open_proceeding(session, bureau, case, Mechanism.MANDATORY_REPORT)
    # In the same transaction: no letter of the case can be written before whoever is accused is barred from it.
    await bar_accused(session, bureau, case, filing.alleged_perpetrator, set_by=report.receipt)
    return Receipt(report.receipt, report.query_code, case.number, again=False)


def _supervisor(kind: ReporterKind) -> str:
    office = SUPERVISOR_OF.get(kind)
    return "" if office is None else office.value


REPORTER_MAY_KNOW = {
    Happening.REPORT_FILED: "报告已收到",
    Happening.REQUEST_ACKNOWLEDGED: "有关部门已签收",
    Happening.CASE_CLOSED: "已办结",
}
"""What is told to a reporter, by happening; once each."""


async def report_status(bureau: Bureau, receipt: str, query_code: str) -> ReportStatus | None:
    """How a report stands, for whoever holds both numbers of its receipt; None for any other pair."""
    async with bureau.database.transaction() as session:
        report = (
            await session.execute(
                select(Report).where(
                    Report.receipt == receipt.strip().upper(), Report.query_code == query_code.strip().upper()
                )
            )
        ).scalar_one_or_none()
        if report is None:
            return None
        events = (
            (await session.execute(select(Event).where(Event.case_id == report.case_id).order_by(Event.id)))
            .scalars()
            .all()
        )
    lines: dict[str, datetime] = {}
    for event in events:
        line = REPORTER_MAY_KNOW.get(Happening(event.event))
        if line is not None:
            lines.setdefault(line, event.at)
    return ReportStatus(report.receipt, report.filed_at, tuple((at, line) for line, at in lines.items()))
