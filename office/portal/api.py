"""The programs' side: file a report and ask how it stands, described by an OpenAPI document of these addresses alone.

A receipt stands in an address here and the query code in a header only: what a log keeps opens nothing.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from config.county import County
from office import intake
from office.plain_text import harmless
from office.portal.forms import sentences
from office.portal.gate import limits_of
from office.portal.pages import bureau_of
from office.portal.reporting import NOT_FOUND, as_printed, call_instead
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import Labelled, ReporterKind, ReportReason

router = APIRouter()

VERSION = "1"
"""Of the API as others rely on it: fields are added, and none changes its meaning."""

CODE_HEADER = "X-Query-Code"
KEY_TAKEN = "这个表单编号（form_key）已经用于另一份内容不同的报告，这一份没有收下；请换一个新的表单编号重新提交。"
NOT_FILED = "系统暂时不能使用，报告没有收下，请稍后用同一个表单编号重新提交；孩子有危险的，请立即拨打110。"
NOT_NOW = "系统暂时不能使用，请稍后再查。"
CODE_MISSING = f"请在请求头 {CODE_HEADER} 里写明回执上的查询码。"
TOO_OFTEN = "查询太频繁，请{wait}秒后再查。"
SECONDS_UNTIL_BACK = 30

LONGEST_NUMBER = 40
"""Characters; no receipt and no code that was ever given is longer, however it was copied."""


class Kept(BaseModel):
    """What a program keeps of a report that was filed."""

    model_config = ConfigDict(json_schema_extra={"description": "报告已经收下。回执编号和查询码请一并保存。"})

    case: str = Field(title="案号", examples=["AH-2026-0001"])
    receipt: str = Field(title="回执编号", examples=["BG-2026-00001"])
    query_code: str = Field(title="查询码", examples=["K7M2Q9XB"])


class Line(BaseModel):
    """One thing that a reporter may know, and since when."""

    model_config = ConfigDict(json_schema_extra={"description": "进展的一步。"})

    at: datetime = Field(title="时间")
    what: str = Field(title="进展", description=f"只有这几种：{'、'.join(intake.REPORTER_MAY_KNOW.values())}。")


class Standing(BaseModel):
    """How a report stands."""

    model_config = ConfigDict(json_schema_extra={"description": "报告进行到哪一步；只说进展，不说查到的情况。"})

    receipt: str = Field(title="回执编号")
    filed_at: datetime = Field(title="报告时间")
    lines: list[Line] = Field(title="进展")


class Faults(BaseModel):
    """Why something was not taken or not found."""

    model_config = ConfigDict(json_schema_extra={"description": "每一处问题一句话，写明是哪一项、怎么改。"})

    faults: list[str] = Field(title="问题", min_length=1)


def _refusals(described: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Faults, "description": words} for status, words in described.items()}


def _refused(status: int, *faults: str, wait: int = 0) -> JSONResponse:
    headers = {"Retry-After": str(wait)} if wait else None
    return JSONResponse({"faults": list(faults)}, status_code=status, headers=headers)


def _is_away(fault: Exception) -> bool:
    """Whether the records cannot be reached, which passes, rather than refuse what was sent, which does not."""
    return not isinstance(fault, DataError | IntegrityError | ProgrammingError)


@router.post(
    "/api/reports",
    status_code=201,
    response_model=Kept,
    response_description="已经收下，是第一次提交。",
    operation_id="fileReport",
    summary="提交一份报告",
    description=(
        "情况紧急请先拨打110。同一个表单编号（form_key）重复提交只算一次，所以没有收到回答的，"
        "用同一个编号重新提交即可；另一份报告要用另一个编号。"
    ),
    responses={
        200: {"model": Kept, "description": "同一个表单编号、同样的内容先前已经收下，给出先前的回执。"},
        **_refusals(
            {
                409: "这个表单编号已经用于另一份内容不同的报告，这一份没有收下。",
                413: "内容太长，没有收下。",
                422: "填写有误，没有收下；每一项一句话。",
                429: "提交的人太多，没有收下；请按 Retry-After（秒）等候后重新提交。",
                503: "系统暂时不能使用，没有收下；请按 Retry-After（秒）等候后用同一个表单编号重新提交。",
            }
        ),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Filing"}}},
        }
    },
)
async def file_report(request: Request) -> Response:
    """File a report from another program: 201 when filed, 200 when the same was filed before under that form key."""
    wait = limits_of(request).report(request)
    if wait:
        return _refused(429, call_instead(request, wait), wait=wait)
    try:
        filing = intake.Filing.model_validate_json(await request.body())
        receipt = await intake.file_report(bureau_of(request), filing)
    except ValidationError as fault:
        return _refused(422, *sentences(intake.Filing, fault).values())
    except intake.BadFiling as refusal:
        return _refused(422, *refusal.sentences)
    except intake.KeyTaken:
        return _refused(409, KEY_TAKEN)
    except (OSError, DBAPIError, NoConnection) as fault:
        if not _is_away(fault):
            raise
        return _refused(503, NOT_FILED, wait=SECONDS_UNTIL_BACK)
    kept = Kept(case=receipt.case, receipt=receipt.receipt, query_code=receipt.query_code)
    return JSONResponse(kept.model_dump(), status_code=200 if receipt.again else 201)


@router.get(
    "/api/reports/{receipt}",
    response_model=Standing,
    response_description="查到了。",
    operation_id="reportStanding",
    summary="查询一份报告的进展",
    description="凭回执编号和查询码查询。查询码写在请求头里，不写在网址里。",
    responses=_refusals(
        {
            404: "没有查到。回执编号不存在和查询码不对，回答完全一样。",
            422: "没有写查询码。",
            429: "查询太频繁，请按 Retry-After（秒）等候。",
            503: "系统暂时不能使用，请按 Retry-After（秒）等候。",
        }
    ),
    openapi_extra={
        "parameters": [
            {
                "name": CODE_HEADER,
                "in": "header",
                "required": True,
                "description": "回执上的8位查询码",
                "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_NUMBER},
            }
        ]
    },
)
async def report_standing(request: Request, receipt: str) -> Response:
    """How a report stands, for whoever holds both numbers; no other pair learns more than that it is none."""
    wait = limits_of(request).post(request)
    if wait:
        return _refused(429, TOO_OFTEN.format(wait=wait), wait=wait)
    code = as_printed(harmless(request.headers.get(CODE_HEADER, "")))
    if not code:
        return _refused(422, CODE_MISSING)
    number = as_printed(harmless(receipt))
    found = None
    try:
        if max(len(number), len(code)) <= LONGEST_NUMBER:
            found = await intake.report_status(bureau_of(request), number, code)
    except (OSError, DBAPIError, NoConnection) as fault:
        if not _is_away(fault):
            raise
        return _refused(503, NOT_NOW, wait=SECONDS_UNTIL_BACK)
    if found is None:
        return _refused(404, NOT_FOUND)
    lines = [Line(at=at.astimezone(COUNTY_ZONE), what=line) for at, line in found.lines]
    standing = Standing(receipt=found.receipt, filed_at=found.filed_at.astimezone(COUNTY_ZONE), lines=lines)
    return JSONResponse(standing.model_dump(mode="json"))


@router.get("/api/openapi.json", include_in_schema=False)
async def description(request: Request) -> Response:
    """This API as programs read it, with the places of this county."""
    return JSONResponse(described(bureau_of(request).county))


def described(county: County) -> dict[str, Any]:
    """The OpenAPI document. The page routes are no part of it."""
    document = deepcopy(_of_any_county())
    filing = document["components"]["schemas"]["Filing"]
    places = filing["properties"]
    places["township"]["enum"] = list(county.townships)
    places["township"]["description"] = "；".join(f"{key} {one.name}" for key, one in county.townships.items())
    within = {key: ["", *one.villages] for key, one in county.townships.items()}
    # What `intake.faults_of` holds a report to: a village of the township that is named.
    filing["allOf"] = [
        {"if": {"properties": {"township": {"const": key}}}, "then": {"properties": {"village": {"enum": villages}}}}
        for key, villages in within.items()
    ]
    places["village"]["description"] = "不清楚的不写。" + "；".join(
        f"{key} {village.name}（{one.name}）"
        for one in county.townships.values()
        for key, village in one.villages.items()
    )
    return document


@lru_cache(maxsize=1)
def _of_any_county() -> dict[str, Any]:
    document = get_openapi(
        title="接力：儿童情况报告接口",
        version=VERSION,
        description="供学校、医院等单位的系统报告儿童受到伤害或者处于危险的情况，并查询报告的进展。情况紧急请先拨打110。",
        routes=router.routes,
    )
    schema = intake.Filing.model_json_schema(ref_template="#/components/schemas/{model}")
    closed_lists = schema.pop("$defs")
    words: dict[str, type[Labelled]] = {"ReporterKind": ReporterKind, "ReportReason": ReportReason}
    for name, members in words.items():
        closed_lists[name]["description"] = "；".join(f"{word.value} {word.label}" for word in members)
    schema["description"] = "一份报告。自由填写的内容依法保密，只给承办人看。"
    document["components"]["schemas"] |= {"Filing": schema, **closed_lists}
    return document
