"""From a template to a response: one environment for every page, strict about what a template names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.county import County
from office.bureau import Bureau
from office.portal import words
from office.portal.forms import is_day, is_minute
from rules.vocabulary import Office

TEMPLATES = Path(__file__).parents[2] / "templates" / "portal"


def with_plain_colours(css: str) -> str:
    """Each declaration that names a colour is said twice, first with the colour itself: a browser that does not know
    names of colours (those before 2016) drops the second."""
    named = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6})", css.split("@media", 1)[0]))
    declaration = re.compile(r"(?<=[{;\s])([a-z-]+:[^;{}]*var\(--[^;{}]*);")
    return declaration.sub(lambda m: re.sub(r"var\((--[a-z-]+)\)", lambda v: named[v[1]], m[1]) + "; " + m[0], css)


STYLESHEET = with_plain_colours((TEMPLATES / "static" / "portal.css").read_text(encoding="utf-8")).encode()
STYLESHEET_VERSION = hashlib.sha256(STYLESHEET).hexdigest()[:12]

NOTICES: dict[int, tuple[str, str]] = {
    400: ("无法读取提交的内容", "请返回上一页，刷新后重新填写。"),
    403: ("这次提交不是从本系统的页面发出的", "请重新打开邮件中的链接，在打开的页面上填写。"),
    404: ("没有找到这个页面", "请核对网址是否完整；从邮件打开的，请重新点击邮件中的链接。"),
    405: ("不能这样打开这个页面", "请从首页或邮件中的链接进入。"),
    413: ("提交的内容太长", "请返回上一页，缩短文字后重新提交。附件请另行报送。"),
    422: ("提交的内容有误", "请返回上一页核对后重新提交。"),
    429: ("操作太频繁", "请等一分钟再试；情况紧急的请直接打电话：110报警，120急救，或者拨打邮件里协调员的电话。"),
    500: ("系统暂时出了问题", "您的内容可能没有提交成功，请稍后再试；情况紧急的请直接打电话。"),
    503: ("系统暂时不能使用", "请稍后再试；情况紧急的请直接打电话。"),
}


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates. Everything is escaped, and a name nobody gave is a fault rather than a blank."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["moment"] = words.moment
    made.tests["day"] = is_day
    made.tests["minute"] = is_minute
    made.filters["day"] = words.day
    made.filters["deadline"] = words.deadline
    made.globals["remaining"] = words.remaining
    made.globals["stylesheet"] = f"/static/portal.css?v={STYLESHEET_VERSION}"
    return made


def text_of(template: str, county: str, context: Mapping[str, Any]) -> str:
    """The page's HTML. `county` is the county's name, "" where it is not known."""
    return environment().get_template(template).render(county=county, **context)


def page(request: Request, template: str, *, status: int = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    """A page of this county's portal."""
    return HTMLResponse(text_of(template, bureau_of(request).county.name, context), status_code=status)


def notice(status: int) -> HTMLResponse:
    """The page that says, without any detail, that something did not work and what to do now."""
    heading, advice = NOTICES.get(status, NOTICES[500 if status >= 500 else 400])
    html = text_of("notice.html", "", {"heading": heading, "advice": advice})
    return HTMLResponse(html, status_code=status)


def refusal(path: str, status: int) -> Response:
    """The same in the form that whoever asks reads: a page for people, JSON for programs."""
    if not path.startswith("/api/"):
        return notice(status)
    said = NOTICES.get(status, NOTICES[500 if status >= 500 else 400])
    return JSONResponse({"faults": ["：".join(said)]}, status_code=status)


def desk(county: County) -> list[tuple[str, str]]:
    """Whom to call: name and telephone of the county's coordinators. Empty where the county names none."""
    coordinator = county.offices.get(Office.COORDINATOR.value)
    if coordinator is None:
        return []
    return [(officer.name, officer.phone) for officer in coordinator.contacts if officer.phone]


def bureau_of(request: Request) -> Bureau:
    """The bureau this portal belongs to."""
    bureau: Bureau = request.app.state.bureau
    return bureau
