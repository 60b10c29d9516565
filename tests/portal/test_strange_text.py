"""Whatever people or programs send, nothing breaks, nothing misleads and nothing is lost that can be kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from office.plain_text import harmless
from tests.portal.test_link_pages import who

NUL, TURNED, HALF = "\0", "\u202e", "\ud800"
FORM = {
    "form_key": "a-form-of-its-own",
    "reason": "suspected_domestic_violence",
    "place": "qingshi/liuhe",
    "reporter_kind": "school",
}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("甲\0乙", "甲乙"),
        ("甲\x07\x1b[31m乙", "甲[31m乙"),
        ("伤\u202e痕\u202c", "伤痕"),
        ("\u2066甲\u2069", "甲"),
        ("甲\ud83d乙", "甲\ufffd乙"),
        ("𠮷㐂👧🏽", "𠮷㐂👧🏽"),
        ("两\n行\t字", "两\n行\t字"),
        ("ئۇيغۇر", "ئۇيغۇر"),
        ("བོད་ཡིག", "བོད་ཡིག"),
    ],
)
def test_what_misleads_or_cannot_be_kept_is_left_out_and_all_else_stays(sent: str, kept: str) -> None:
    """Rare characters, minority scripts and faces stay; control characters and turned directions do not."""
    assert harmless(sent) == kept


def test_a_report_with_strange_characters_is_filed_and_shown_harmlessly(browser: Any, desk: Any) -> None:
    """By form and by program; a refused form comes back without them."""
    strange = f"𠮷家{NUL}孩子{TURNED}受伤<script>alert(1)</script>👧"
    refused = browser.post("/report", {"narrative": strange})
    assert refused.status_code == 422
    assert "𠮷家孩子受伤&lt;script&gt;" in refused.text
    assert TURNED not in refused.text
    assert browser.post("/report", FORM | {"narrative": strange}).status_code == 200
    program = {"form_key": f"a-program{NUL}s-own", "reporter_kind": "school", "reason": FORM["reason"]}
    body = json.dumps(program | {"township": "qingshi", "narrative": strange})
    assert browser.post("/api/reports", content=body.encode()).status_code == 201
    assert {filing.narrative for filing in desk.filings} == {"𠮷家孩子受伤<script>alert(1)</script>👧"}
    assert NUL not in desk.filings[1].form_key


@pytest.mark.parametrize(
    "body",
    [
        b"narrative=%ED%A0%80&typed_name=%FF%FE&words=%C0%80",
        b"%00=%00&=&&&=;",
        b"narrative=" + "甲".encode("gb18030"),
        b"a" * 2000,
        b"\xff\xfe\x00\x01",
        b"version=" + b"9" * 5000,
        "version=三".encode(),
    ],
)
def test_bytes_that_are_no_text_are_refused_as_a_form_is(browser: Any, desk: Any, body: bytes) -> None:
    """Never 500, in any content type."""
    desk.show("investigate")
    for kind in (
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
        "application/x-www-form-urlencoded; charset=unicode_escape", "text/plain", "nonsense",
    ):  # fmt: skip
        for path in ("/report", "/query", f"{desk.page}/more_facts", f"{desk.page}/details", f"{desk.page}/resend"):
            answer = browser.post(path, content=body, headers={"content-type": kind})
            assert answer.status_code in (200, 400, 422), (path, kind)
    assert browser.post("/api/reports", content=body).status_code == 422
    assert browser.post("/api/reports", content=b'{"narrative": "\\ud800"}').status_code == 422
    assert (desk.answers, desk.filings, desk.resent) == ([], [], [])


def test_half_a_character_from_a_program_of_many_parts_breaks_nothing(browser: Any, desk: Any) -> None:
    """A part may name a character set that makes half characters."""
    head = b'--x\r\nContent-Disposition: form-data; name="narrative"\r\n\r\n'
    body = head + b"\\ud800\r\n--x--\r\n"
    kind = {"content-type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    answer = browser.post("/report", content=body, headers=kind)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "path", ["/r/%00", "/r/%ff%fe", "/r/%ED%A0%80", "/r/" + "a" * 5000, "/r/..%2f..%2fetc", "/r/%"]
)
def test_an_address_of_strange_bytes_is_unknown(browser: Any, desk: Any, path: str) -> None:
    """404 in Chinese."""
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "链接" in answer.text


def test_an_answer_with_strange_characters_is_taken(browser: Any, desk: Any) -> None:
    """The words arrive without what the records cannot hold."""
    desk.show("investigate")
    sent = who(desk, words=f"请补{NUL}充{TURNED}门牌号 𠮷", typed_name=f"韩{NUL}岳")
    assert browser.post(f"{desk.page}/more_facts", sent).status_code == 200
    assert (desk.answers[0]["words"], desk.answers[0]["typed_name"]) == ("请补充门牌号 𠮷", "韩岳")


def test_a_day_that_no_browser_can_show_is_shown_as_it_was_typed(browser: Any, desk: Any) -> None:
    """A phone without a picker sends any text; a field for days would swallow it."""
    desk.show("match_entitlements")
    for typed, widget in (("2012-05-01", "date"), ("2012-13-45", "text"), ("去年五月", "text")):
        html = browser.post(f"{desk.page}/done", who(desk, birth=typed, code="000000")).text
        assert f'<input type="{widget}" id="done-birth" name="birth" value="{typed}"' in html
    for typed, widget in (("2026-03-01T21:40", "datetime-local"), ("昨天晚上", "text")):
        html = browser.post("/report", {"found_at": typed}).text
        assert f'<input type="{widget}" id="found_at" name="found_at" value="{typed}"' in html


def test_nothing_filled_in_is_lost_to_who_was_overtaken(browser: Any, desk: Any) -> None:
    """Every question with its answer in words, long text whole, and neither name nor code."""
    from office.links import LinkStatus
    from office.refusals import Refused

    desk.refusal = Refused("该事项已办结。")
    desk.show(status=LinkStatus.WITHDRAWN)
    text = "字" * 1000
    html = browser.post(f"{desk.page}/declined", who(desk, reason="conflict", words=text, instead="education")).text
    for shown in ("退回原因", "本单位应当回避", text, "应当由谁承办", "教育"):
        assert shown in html
    assert desk.code not in html
