"""What holds for every page: headers, limits, silence about what went wrong inside."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from config.settings import Settings
from office import catcher, links
from office.catcher import CaughtLetter
from office.portal.shield import BODY_LIMIT
from office.timekeeping import COUNTY_ZONE

MARKER = "赵钱孙李的秘密"


def test_every_answer_carries_the_headers(browser: Any, desk: Any) -> None:
    """Pages, faults, redirects, JSON and the stylesheet alike."""
    answers = [
        browser.get(path)
        for path in (
            "/",
            "/report",
            "/query",
            desk.page,
            f"{desk.page}/done",
            "/r/x",
            "/healthz",
            "/dev/mail",
            "/nothing",
        )
    ]
    answers += [browser.post(path) for path in ("/", "/report", "/query", "/api/reports", f"{desk.page}/done")]
    answers += [browser.request("HEAD", "/"), browser.get("/static/portal.css"), browser.request("PUT", "/report")]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "set-cookie" not in answer.headers
        if "/static/" not in str(answer.url):
            assert answer.headers["cache-control"] == "no-store"


def test_the_stylesheet_is_served_and_loads_nothing(browser: Any) -> None:
    """One file, under the address that the pages name."""
    address = re.search(r'rel="stylesheet" href="([^"]+)"', browser.get("/").text)
    assert address is not None
    answer = browser.get(address[1])
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text
    assert "@import" not in answer.text
    assert "prefers-color-scheme: dark" in answer.text


def test_pages_that_do_not_exist_say_so_in_chinese(browser: Any) -> None:
    """Not found, and not allowed, each with a way home."""
    missing, wrong = browser.get("/nothing"), browser.request("PUT", "/report")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert "没有找到这个页面" in missing.text
    assert "不能这样打开这个页面" in wrong.text
    assert wrong.headers["allow"]


def test_a_program_gets_its_faults_as_json(browser: Any) -> None:
    """The API never answers with a page."""
    answer = browser.get("/api/reports")
    assert answer.status_code == 405
    assert answer.json()["faults"]


def test_an_accident_inside_shows_and_logs_nothing_that_was_typed(
    browser: Any, desk: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page is calm; the log has the kind of fault and its place, and neither its words nor the link."""

    async def fail(*_: object) -> None:
        raise ValueError(MARKER)

    monkeypatch.setattr(links, "open_link", fail)
    with caplog.at_level(logging.DEBUG):
        answer = browser.post(f"{desk.page}/done", {"note": MARKER})
    assert answer.status_code == 500
    assert "系统暂时出了问题" in answer.text
    # The browser of this test logs the address it asks for; the portal must not.
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    said = "".join(record.getMessage() for record in ours) + answer.text
    assert MARKER not in said
    assert desk.token not in said
    assert "ValueError at test_app.py" in said
    assert all(record.exc_info is None for record in ours)


@pytest.mark.parametrize("path", ["/report", "/api/reports", "/query"])
def test_a_body_beyond_all_forms_is_refused(browser: Any, desk: Any, path: str) -> None:
    """Nothing is read to its end that no form can hold."""
    answer = browser.request("POST", path, content=b"narrative=" + b"a" * BODY_LIMIT)
    assert answer.status_code in (413, 422)
    assert desk.filings == []
    form = {"content-type": "application/x-www-form-urlencoded"}
    if path != "/api/reports":
        assert browser.request("POST", path, content=b"a=" + b"a" * BODY_LIMIT, headers=form).status_code == 413


def test_the_longest_honest_report_fits(browser: Any, desk: Any) -> None:
    """Every field at its limit, each character sent as nine bytes."""
    form = {
        "form_key": "a-form-of-its-own",
        "reason": "other_serious_or_imminent",
        "narrative": "字" * 5000,
        "place": "qingshi/",
        "place_detail": "字" * 1000,
        "child_description": "字" * 1000,
        "reporter_kind": "citizen",
        "reporter_name": "字" * 80,
        "reporter_contact": "字" * 120,
    }
    assert browser.post("/report", form).status_code == 200
    assert len(desk.filings[0].narrative) == 5000


def test_a_file_is_not_taken(browser: Any, desk: Any) -> None:
    """Attachments have another way."""
    answer = browser.post("/report", {"narrative": "见附件"}, files={"photo": ("a.jpg", b"x")})
    assert answer.status_code == 400
    assert "无法读取提交的内容" in answer.text


def letters() -> list[CaughtLetter]:
    """Two caught letters, newest last."""
    made = []
    for number, html in ((1, ""), (2, '<p style="color:red">您好</p><script>1</script>')):
        at = datetime(2026, 3, 2, 8, number, tzinfo=COUNTY_ZONE)
        address = f"http://127.0.0.1:8470/r/{number}"
        made.append(CaughtLetter(str(number), "a@anhe.example", f"第{number}封", "正文", html, [address], "<m>", at))
    return made


def test_caught_letters_are_shown_newest_first_to_people_and_newest_last_to_programs(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same letters, each way round; their markup stays inside a frame that runs nothing."""
    monkeypatch.setattr(catcher, "read_letters", lambda _: letters())
    html = browser.get("/dev/mail").text
    assert html.index("第2封") < html.index("第1封")
    frame = re.search(r"<iframe[^>]*>", html)
    assert frame is not None
    assert "allow-scripts" not in frame[0]
    assert "&lt;script&gt;" in frame[0]
    assert "<script" not in html
    assert 'href="http://127.0.0.1:8470/r/2"' in html
    listed = browser.get("/dev/mail.json").json()
    assert [letter["subject"] for letter in listed] == ["第1封", "第2封"]
    assert set(listed[0]) == {"id", "to", "subject", "text", "html", "links"}
    assert listed[0]["links"] == ["http://127.0.0.1:8470/r/1"]


@pytest.mark.parametrize("path", ["/dev/mail", "/dev/mail.json"])
def test_there_is_no_mailbox_once_a_mail_server_is_configured(
    browser: Any, bureau: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A real installation never shows a letter."""
    monkeypatch.setattr(catcher, "read_letters", lambda _: letters())
    bureau.settings = Settings(smtp_host="mail.anhe.example")
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "第1封" not in answer.text
