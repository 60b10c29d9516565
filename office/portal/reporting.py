"""The reporter's side: file a report, keep its receipt, ask later how it stands.

Receipt and query code never stand in a page's address, which is kept in histories: both travel in a body only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import ValidationError

from config.county import County
from office import intake
from office.plain_text import harmless
from office.portal.forms import BETWEEN, NO, YES, Choice, FormFaults, FormField, Widget, read, sentences, tidy
from office.portal.gate import limits_of
from office.portal.pages import bureau_of, desk, page
from office.timekeeping import when
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
ACCUSED = FormField(
    "alleged_perpetrator",
    "您认为是谁伤害了孩子",
    Widget.TEXT,
    required=False,
    limit=200,
    hint="写姓名，或者和孩子的关系，例如父亲、邻居。写到姓名的人在有关单位工作的，系统不让其接触本案。",
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

FILED_BEFORE = (
    "这张表单先前已经提交过，内容和这次不同；先前的报告不变。要再报一次的（补充情况，或者另一个孩子），请再点一次提交。"
)
NOT_FOUND = "没有查到。请对照回执，核对回执编号和查询码。"
"""For a wrong number and a wrong code alike: nobody learns which receipts exist."""

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
async def report_form(request: Request, township: str = "", village: str = "", place: str = "") -> Response:
    """An empty form. A poster in a village carries an address that names the place already, as `jieli qr` writes it.

    A place that the county does not have opens the plain form: a poster may be older than the county's file.
    """
    if any(choice.value == place for choice in _place(bureau_of(request).county, "").choices):
        township, _, village = place.partition("/")
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
        answer = _form(request, form, {"fault0": call_instead(request, wait)}, township, status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer
    try:
        filing = _filing(form, _place(county, ""))
        receipt = await intake.file_report(bureau_of(request), filing)
    except FormFaults as faults:
        return _form(request, form, faults.faults, township, status=422)
    except intake.BadFiling as refusal:
        return _form(request, form, _by_field(refusal.sentences), township, status=422)
    except intake.KeyTaken:
        # Somebody went back and wrote something else: under a key of its own the next press files it.
        return _form(request, form | {"form_key": ""}, {"fault0": FILED_BEFORE}, township, status=409)
    return page(request, "receipt.html", receipt=receipt, danger=filing.danger_now is not False, filing=filing)


def call_instead(request: Request, wait: int) -> str:
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
        accused=ACCUSED,
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
    fields = (DANGER, REASON, NARRATIVE, ACCUSED, FOUND_AT, place, PLACE_DETAIL, CHILD, KIND, NAME, CONTACT)
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
            alleged_perpetrator=values["alleged_perpetrator"],
            child_description=values["child_description"],
            place_detail=values["place_detail"],
            reporter_name=values["reporter_name"],
            reporter_contact=values["reporter_contact"],
        )
    except ValidationError as fault:
        raise FormFaults(sentences(intake.Filing, fault)) from None


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
        found = await intake.report_status(
            bureau_of(request), as_printed(values["receipt"]), as_printed(values["code"])
        )
        if found is not None:
            return page(request, "status.html", report=found)
        faults, status = {"receipt": NOT_FOUND}, 404
    except FormFaults as refusal:
        faults = refusal.faults
    return page(request, "query.html", status=status, fields=(RECEIPT, CODE), values=form, faults=faults, labels=labels)


def as_printed(copied: str) -> str:
    """A number copied by hand, as it was printed: full-width letters and long dashes are the same number."""
    table = {ord("－"): "-", ord("—"): "-", ord("–"): "-", ord("　"): None, ord(" "): None}
    table |= {0xFF01 + offset: chr(0x21 + offset) for offset in range(94) if 0xFF01 + offset != ord("－")}
    return copied.translate(table).upper()


async def typed(request: Request) -> dict[str, str]:
    """The text fields of a form, without files; several values of one name stand one to a line."""
    values: dict[str, str] = {}
    async with request.form(max_files=0, max_fields=200) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                value = harmless(value)  # noqa: PLW2901 - what is shown again is harmless too
                values[name] = f"{values[name]}{BETWEEN}{value}" if name in values else value
    return values
