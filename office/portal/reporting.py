"""The reporter's side: file a report, keep its receipt, ask later how it stands.

Receipt and query code never stand in an address, which is kept in histories and logs: both travel in a body only.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from config.county import County
from office import intake
from office.plain_text import harmless
from office.portal.forms import BETWEEN, NO, YES, Choice, FormFaults, FormField, Widget, read, sentences, tidy
from office.portal.gate import limits_of
from office.portal.pages import bureau_of, desk, page
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import ReporterKind, ReportReason

router = APIRouter()

REASON_GROUPS: tuple[tuple[str, tuple[ReportReason, ...]], ...] = (
    (
        "受到伤害",
        (
            ReportReason.DOMESTIC_VIOLENCE,
            ReportReason.MULTIPLE_INJURIES,
            ReportReason.UNNATURAL_INJURY,
            ReportReason.ACCIDENT_OR_HARM,
            ReportReason.UNDER14_SEXUAL_ABUSE,
            ReportReason.OVER14_ABUSE,
            ReportReason.GENITAL_INJURY,
        ),
    ),
    (
        "没有人照料",
        (
            ReportReason.ABANDONED,
            ReportReason.ALONE_LIVING,
            ReportReason.GUARDIAN_NEGLECT,
            ReportReason.GUARDIAN_INCAPABLE,
        ),
    ),
    ("失踪、来历不明、被人利用", (ReportReason.UNKNOWN_ORIGIN, ReportReason.ORGANIZED_BEGGING)),
    ("其他", (ReportReason.OTHER_SERIOUS, ReportReason.POVERTY_OR_DISABILITY)),
)
"""The reasons in the order in which a reporter looks for them; every one stands in exactly one group."""

DANGER = FormField(
    "danger_now",
    "孩子现在有没有危险",
    Widget.RADIOS,
    required=False,
    choices=(Choice(YES, "有危险"), Choice(NO, "没有"), Choice("unknown", "说不准")),
    hint="说不准的，一律按有危险对待。",
)
REASON = FormField(
    "reason",
    "发生了什么",
    Widget.RADIOS,
    required=True,
    choices=tuple(Choice(reason.value, reason.label) for _, reasons in REASON_GROUPS for reason in reasons),
    hint="选最接近的一项。",
)
NARRATIVE = FormField(
    "narrative",
    "您看到、听到的情况",
    Widget.TEXTAREA,
    required=True,
    limit=5000,
    hint="什么时候、在哪里、谁、怎么样。不用查证，知道多少写多少。",
)
FOUND_AT = FormField("found_at", "什么时候发现的", Widget.TEXT, required=False, limit=40)
PLACE_DETAIL = FormField(
    "place_detail",
    "孩子现在在哪里",
    Widget.TEXTAREA,
    required=False,
    limit=1000,
    hint="例如门牌、学校、邻居家、附近明显的地方。",
)
CHILD = FormField(
    "child_description",
    "孩子的情况",
    Widget.TEXTAREA,
    required=False,
    limit=1000,
    hint="知道的话写：姓名或小名、年龄、男女、和谁一起住。",
)
KIND = FormField(
    "reporter_kind",
    "您的身份",
    Widget.SELECT,
    required=True,
    choices=tuple(Choice(kind.value, kind.label) for kind in reversed(ReporterKind)),
)
NAME = FormField("reporter_name", "您的姓名", Widget.TEXT, required=False, limit=80, autocomplete="name")
CONTACT = FormField(
    "reporter_contact", "您的电话", Widget.TEXT, required=False, limit=120, autocomplete="tel",
    hint="姓名和电话都留下的，有关部门会把处理情况反馈给您。",
)  # fmt: skip

RECEIPT = FormField("receipt", "回执编号", Widget.TEXT, required=True, limit=30, hint="例如 BG-2026-00001")
CODE = FormField("code", "查询码", Widget.TEXT, required=True, limit=20, hint="回执上的8位字母和数字")


def _place(county: County, township: str) -> FormField:
    """Where the child is: one list, so that a village can never be of another township."""
    shown = {township: county.townships[township]} if township in county.townships else county.townships
    choices = []
    for key, one in shown.items():
        choices += [Choice(f"{key}/{village.key}", f"{one.name}{village.name}") for village in one.villages.values()]
        choices.append(Choice(f"{key}/", f"{one.name}（其他村、说不准）"))
    return FormField("place", "在哪个乡镇、哪个村", Widget.SELECT, required=True, choices=tuple(choices))


def _groups(county: County, field: FormField) -> list[tuple[str, list[Choice]]]:
    grouped: dict[str, list[Choice]] = {}
    for choice in field.choices:
        grouped.setdefault(county.townships[choice.value.split("/")[0]].name, []).append(choice)
    return list(grouped.items())


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request) -> Response:
    """What this is, and the two things anybody can do here."""
    return page(request, "home.html")


@router.api_route("/report", methods=["GET", "HEAD"])
async def report_form(request: Request, township: str = "", village: str = "") -> Response:
    """An empty form. A poster in a village may carry an address that names the place already."""
    values = {"form_key": secrets.token_urlsafe(18), "place": f"{township}/{village}"}
    return _form(request, values, {}, township)


@router.post("/report")
async def report(request: Request) -> Response:
    """File the report; the receipt is the answer itself. The same form sent twice is filed once."""
    form = await typed(request)
    county = bureau_of(request).county
    # A poster's township is kept while the form is mended; any other value opens the whole list.
    township = form.get("township", "")
    wait = limits_of(request).report(request)
    if wait:
        answer = _form(request, form, {"fault0": _call_instead(request, wait)}, township, status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    try:
        filing = _filing(form, _place(county, ""))
        receipt = await intake.file_report(bureau_of(request), filing)
    except FormFaults as faults:
        return _form(request, form, faults.faults, township, status=422)
    except intake.BadFiling as refusal:
        return _form(request, form, _by_field(refusal.sentences), township, status=422)
    return page(request, "receipt.html", receipt=receipt, danger=filing.danger_now is not False, filing=filing)


def _call_instead(request: Request, wait: int) -> str:
    """No report is lost: it waits on the page for some seconds, and a call can be made now."""
    county = bureau_of(request).county
    calls = "、".join(f"{name} {phone}" for name, phone in desk(county))
    by_phone = f"，也可以打电话报告：{calls}" if calls else ""
    return f"现在提交的人太多，您填写的内容还在，请{wait}秒后再点一次提交。孩子有危险的，请立即拨打110{by_phone}。"


def _form(
    request: Request, values: Mapping[str, str], faults: Mapping[str, str], township: str, *, status: int = 200
) -> Response:
    county = bureau_of(request).county
    place = _place(county, township)
    labels = {field.name: field.label for field in (REASON, NARRATIVE, place, KIND)}
    kept = dict(values)
    if len(kept.get("form_key", "")) < 8:
        kept["form_key"] = secrets.token_urlsafe(18)
    return page(
        request,
        "report.html",
        status=status,
        values=kept,
        faults=faults,
        labels=labels,
        danger=DANGER,
        reason=REASON,
        reason_groups=REASON_GROUPS,
        narrative=NARRATIVE,
        found_at=FOUND_AT,
        place=place,
        place_groups=_groups(county, place),
        township=township if township in county.townships else "",
        place_detail=PLACE_DETAIL,
        child=CHILD,
        kind=KIND,
        name=NAME,
        contact=CONTACT,
    )


def _filing(form: Mapping[str, str], place: FormField) -> intake.Filing:
    faults: dict[str, str] = {}
    fields = (DANGER, REASON, NARRATIVE, FOUND_AT, place, PLACE_DETAIL, CHILD, KIND, NAME, CONTACT)
    found_at: datetime | None = None
    values: dict[str, str] = {}
    try:
        values = read(fields, form)
    except FormFaults as refusal:
        faults |= refusal.faults
    try:
        found_at = when(tidy(form.get("found_at", "")))
    except (ValueError, OverflowError):
        faults["found_at"] = "“什么时候发现的”看不明白，请写成 2026-03-02 08:30 这样，或者不填。"
    if len(form.get("form_key", "")) < 8:
        faults["form_key"] = "这张表单已经失效，请再点一次提交。"
    if faults:
        raise FormFaults({field.name: faults[field.name] for field in fields if field.name in faults} | faults)
    township, _, village = values["place"].partition("/")
    try:
        return intake.Filing(
            form_key=form["form_key"],
            reporter_kind=ReporterKind(values["reporter_kind"]),
            reason=ReportReason(values["reason"]),
            danger_now={YES: True, NO: False}.get(values["danger_now"]),
            township=township,
            village=village,
            found_at=found_at,
            narrative=values["narrative"],
            child_description=values["child_description"],
            place_detail=values["place_detail"],
            reporter_name=values["reporter_name"],
            reporter_contact=values["reporter_contact"],
        )
    except ValidationError as fault:
        raise FormFaults(sentences(intake.Filing, fault)) from None


def when(typed_instant: str) -> datetime | None:
    """An instant as a browser or a person writes it, in Beijing time; None for nothing. Raises ValueError."""
    if not typed_instant:
        return None
    parts = [int(part) for part in re.findall(r"\d+", typed_instant)]
    if not 3 <= len(parts) <= 6:
        raise ValueError("neither a day nor an instant")
    return datetime(*parts, tzinfo=COUNTY_ZONE)  # type: ignore[misc,arg-type]


def _by_field(refusals: list[str]) -> dict[str, str]:
    """Each sentence at the field it speaks of."""
    starts = {"发现时间": "found_at", "乡镇": "place", "村": "place"}
    found: dict[str, str] = {}
    for number, sentence in enumerate(refusals):
        name = next((field for start, field in starts.items() if sentence.startswith(start)), f"fault{number}")
        found[name] = sentence
    return found


@router.api_route("/query", methods=["GET", "HEAD"])
async def query_form(request: Request) -> Response:
    """Ask for the two numbers of a receipt."""
    return page(request, "query.html", fields=(RECEIPT, CODE), values={}, faults={}, labels={})


@router.post("/query")
async def query(request: Request) -> Response:
    """How a report stands, for whoever holds both numbers."""
    wait = limits_of(request).post(request)
    if wait:
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait)})
    form = await typed(request)
    labels = {field.name: field.label for field in (RECEIPT, CODE)}
    faults: dict[str, str] = {}
    status = 422
    try:
        values = read((RECEIPT, CODE), form)
        found = await intake.report_status(bureau_of(request), _plain(values["receipt"]), _plain(values["code"]))
        if found is not None:
            return page(request, "status.html", report=found)
        # One sentence for a wrong number and a wrong code: nobody learns which receipts exist.
        faults, status = {"receipt": "没有查到。请对照回执，核对回执编号和查询码。"}, 404
    except FormFaults as refusal:
        faults = refusal.faults
    return page(request, "query.html", status=status, fields=(RECEIPT, CODE), values=form, faults=faults, labels=labels)


def _plain(copied: str) -> str:
    """A number copied by hand: full-width letters and long dashes are the same number."""
    table = {ord("－"): "-", ord("—"): "-", ord("–"): "-", ord("　"): None, ord(" "): None}
    table |= {0xFF01 + offset: chr(0x21 + offset) for offset in range(94) if 0xFF01 + offset != ord("－")}
    return copied.translate(table).upper()


@router.post("/api/reports")
async def api_report(request: Request) -> Response:
    """File a report from another program: 201 when filed, 200 when that form key was filed before."""
    wait = limits_of(request).report(request)
    if wait:
        faults = [_call_instead(request, wait)]
        return JSONResponse({"faults": faults}, status_code=429, headers={"Retry-After": str(wait)})
    try:
        filing = intake.Filing.model_validate_json(await request.body())
        receipt = await intake.file_report(bureau_of(request), filing)
    except ValidationError as fault:
        return JSONResponse({"faults": list(sentences(intake.Filing, fault).values())}, status_code=422)
    except intake.BadFiling as refusal:
        return JSONResponse({"faults": refusal.sentences}, status_code=422)
    kept = {"case": receipt.case, "receipt": receipt.receipt, "query_code": receipt.query_code}
    return JSONResponse(kept, status_code=200 if receipt.again else 201)


async def typed(request: Request) -> dict[str, str]:
    """The text fields of a form, without files; several values of one name stand one to a line."""
    values: dict[str, str] = {}
    async with request.form(max_files=0, max_fields=200) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                value = harmless(value)  # noqa: PLW2901 - what is shown again is harmless too
                values[name] = f"{values[name]}{BETWEEN}{value}" if name in values else value
    return values
