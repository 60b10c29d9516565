"""A reporter's report is kept whole, receipted once, and can be asked after with both numbers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from office import intake
from office.intake import KeyTaken
from office.portal.reporting import REASON_GROUPS
from office.timekeeping import COUNTY_ZONE, when
from rules.vocabulary import ReporterKind, ReportReason

FORM = {
    "form_key": "a-form-of-its-own",
    "danger_now": "unknown",
    "reason": "suspected_domestic_violence",
    "narrative": "夜里听到孩子哭喊\r\n脸上有伤",
    "found_at": "2026-03-01T21:40",
    "place": "qingshi/liuhe",
    "place_detail": "村委会东边第二户",
    "alleged_perpetrator": "父亲",
    "child_description": "七八岁的男孩",
    "reporter_kind": "school",
    "reporter_name": "",
    "reporter_contact": "",
}

JSON = {
    "form_key": "a-program-of-its-own",
    "reporter_kind": "school",
    "reason": "suspected_domestic_violence",
    "township": "qingshi",
    "narrative": "脸上有伤",
}


def test_every_reason_can_be_chosen_exactly_once() -> None:
    """The groups on the page together are the legal list."""
    shown = [reason for _, reasons in REASON_GROUPS for reason in reasons]
    assert sorted(shown) == sorted(ReportReason)


@pytest.mark.parametrize("path", ["/", "/report"])
def test_the_emergency_numbers_come_before_anything_else(browser: Any, path: str) -> None:
    """Who is in a hurry calls first."""
    html = browser.get(path).text
    assert html.index("tel:110") < html.index("<h1>")


def test_the_form_offers_every_village_and_every_kind_of_reporter(browser: Any) -> None:
    """Nobody is left without a place or a word for themselves."""
    html = browser.get("/report").text
    for value in ("qingshi/liuhe", "qingshi/", "baiyang/shiqiao", "baiyang/", *ReporterKind, *ReportReason):
        assert f'value="{value}"' in html


def test_a_posters_address_fills_in_the_place(browser: Any) -> None:
    """One township, its village chosen already, and a way to the others."""
    html = browser.get("/report?township=qingshi&village=liuhe").text
    assert '<option value="qingshi/liuhe" selected>' in html
    assert "baiyang/" not in html
    assert 'href="/report"' in html


def test_a_printed_code_fills_in_the_place(browser: Any) -> None:
    """What `jieli qr` writes: township and village in one word, or the township alone."""
    html = browser.get("/report?place=qingshi/liuhe").text
    assert '<option value="qingshi/liuhe" selected>' in html
    assert "baiyang/" not in html
    assert '<option value="qingshi/" selected>' in browser.get("/report?place=qingshi/").text


@pytest.mark.parametrize(
    "place", ["nowhere/liuhe", "qingshi/shiqiao", "qingshi", "/", "", "qingshi/liuhe/x", '"><script>', "%00"]
)
def test_a_place_the_county_does_not_have_opens_the_plain_form(browser: Any, place: str) -> None:
    """An old poster still leads to a form that can be filled in, and what was asked for is not repeated."""
    answer = browser.get("/report", params={"place": place})
    assert answer.status_code == 200
    assert " selected" not in answer.text.split('id="place"')[1].split("</select>")[0]
    assert 'value="baiyang/shiqiao"' in answer.text
    assert "<script" not in answer.text


def test_each_form_has_a_key_of_its_own(browser: Any) -> None:
    """Two people who open the form file two reports."""
    keys = {re.search(r'name="form_key" value="([^"]+)"', browser.get("/report").text)[1] for _ in range(3)}  # type: ignore[index]
    assert len(keys) == 3
    assert min(map(len, keys)) >= 20


def test_a_report_is_filed_as_it_was_typed(browser: Any, desk: Any) -> None:
    """Unknown danger stays unknown, times are Beijing's, line ends are of one kind."""
    answer = browser.post("/report", FORM)
    assert answer.status_code == 200
    filing = desk.filings[0]
    assert filing.danger_now is None
    assert (filing.township, filing.village) == ("qingshi", "liuhe")
    assert filing.found_at == datetime(2026, 3, 1, 21, 40, tzinfo=COUNTY_ZONE)
    assert filing.narrative == "夜里听到孩子哭喊\n脸上有伤"
    assert filing.alleged_perpetrator == "父亲"


def test_the_receipt_shows_both_numbers_and_no_address_does(browser: Any) -> None:
    """The query code travels in the page alone."""
    answer = browser.post("/report", FORM)
    assert "BG-2026-00001" in answer.text
    assert "K7M2Q9XB" in answer.text
    assert "tel:110" in answer.text
    assert "location" not in answer.headers
    assert all("K7M2Q9XB" not in address for address in re.findall(r'href="([^"]+)"', answer.text))


def test_the_receipt_says_what_comes_next_and_whom_to_call(browser: Any) -> None:
    """At any hour: who has the report now, that offices have limits, how to ask after it, 110 for new danger (F165)."""
    html = browser.post("/report", FORM).text
    coming = html.split("接下来")[1]
    for told in ("报告现在就转给", "每个单位都有办理时限", "查询进展", "请直接拨打110"):
        assert told in coming


def test_the_receipt_repeats_nothing_of_the_child(browser: Any) -> None:
    """A phone left on the table shows numbers only."""
    html = browser.post("/report", FORM).text
    for personal in ("哭喊", "七八岁", "第二户", "父亲"):
        assert personal not in html


def test_the_same_form_sent_twice_is_filed_once(browser: Any, desk: Any) -> None:
    """A nervous second press shows the same receipt."""
    browser.post("/report", FORM)
    again = browser.post("/report", FORM)
    assert "先前已经收到" in again.text
    assert "BG-2026-00001" in again.text
    assert len(desk.filings) == 1


def test_other_words_under_the_same_key_are_not_lost(browser: Any, desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who went back and wrote about another child keeps the words, and the next press files them under a new key."""

    async def taken(*_: object) -> None:
        raise KeyTaken

    with monkeypatch.context() as patch:
        patch.setattr(intake, "file_report", taken)
        answer = browser.post("/report", FORM)
    assert answer.status_code == 409
    assert "请再点一次提交" in answer.text
    assert "脸上有伤" in answer.text
    key = re.search(r'name="form_key" value="([^"]{20,})"', answer.text)
    assert key is not None
    assert browser.post("/report", FORM | {"form_key": key[1]}).status_code == 200
    assert len(desk.filings) == 1


def test_an_incomplete_report_keeps_what_was_typed_and_its_key(browser: Any, desk: Any) -> None:
    """Each fault leads to its field; nothing has to be typed again."""
    answer = browser.post("/report", FORM | {"reason": "", "place": "", "reporter_name": "甲<i>"})
    assert answer.status_code == 422
    assert "脸上有伤" in answer.text
    assert 'value="甲&lt;i&gt;"' in answer.text
    assert 'value="2026-03-01T21:40"' in answer.text
    assert 'value="a-form-of-its-own"' in answer.text
    for name in ("reason", "place"):
        assert f'href="#{name}"' in answer.text
        assert f'id="{name}"' in answer.text
    assert desk.filings == []


def test_an_empty_report_is_refused(browser: Any, desk: Any) -> None:
    """A robot's bare press files nothing and gets a fresh key."""
    answer = browser.post("/report")
    assert answer.status_code == 422
    assert re.search(r'name="form_key" value="[^"]{20,}"', answer.text)
    assert desk.filings == []


def test_what_intake_refuses_is_said_at_its_field(browser: Any, desk: Any) -> None:
    """The county's own check speaks on the same page."""
    desk.refused_filing = ["发现时间晚于现在，请核对。", "别的问题。"]
    answer = browser.post("/report", FORM)
    assert answer.status_code == 422
    assert '<a href="#found_at">发现时间晚于现在，请核对。</a>' in answer.text
    assert "别的问题。" in answer.text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-03-01T21:40", (2026, 3, 1, 21, 40)),
        ("2026年3月1日 21点40分", (2026, 3, 1, 21, 40)),
        ("2026.3.1", (2026, 3, 1)),
    ],
)
def test_an_instant_is_understood_as_a_browser_or_a_person_writes_it(typed: str, meant: tuple[int, ...]) -> None:
    """Old phones have no picker of dates."""
    assert when(typed) == datetime(*meant, tzinfo=COUNTY_ZONE)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("typed", ["昨天晚上", "2026-02-30", "3月1日", "99999999999999999999-1-1"])
def test_an_instant_nobody_understands_is_asked_again(browser: Any, desk: Any, typed: str) -> None:
    """The reporter is told how to write it, and that it may be left out."""
    answer = browser.post("/report", FORM | {"found_at": typed})
    assert answer.status_code == 422
    assert "或者不填" in answer.text


@pytest.mark.parametrize(
    ("receipt", "code"),
    [("BG-2026-00001", "K7M2Q9XB"), ("bg-2026-00001", "k7m2q9xb"), (" ＢＧ－２０２６－００００１", "K7M2 Q9XB")],
)
def test_a_report_is_found_with_both_numbers_however_they_were_copied(browser: Any, receipt: str, code: str) -> None:
    """Small letters, full-width letters and blanks are the same number."""
    answer = browser.post("/query", {"receipt": receipt, "code": code})
    assert answer.status_code == 200
    assert "有关部门已签收" in answer.text
    assert "2026年3月2日（周一）08:42" in answer.text


@pytest.mark.parametrize(("receipt", "code"), [("BG-2026-00001", "AAAAAAAA"), ("BG-2026-00002", "K7M2Q9XB")])
def test_a_wrong_number_and_a_wrong_code_are_told_in_the_same_words(browser: Any, receipt: str, code: str) -> None:
    """Nobody learns which receipts exist."""
    answer = browser.post("/query", {"receipt": receipt, "code": code})
    assert answer.status_code == 404
    assert "没有查到。请对照回执，核对回执编号和查询码。" in answer.text
    assert f'value="{receipt}"' in answer.text


def test_a_query_without_numbers_is_asked_again(browser: Any) -> None:
    """Both numbers are needed."""
    answer = browser.post("/query")
    assert answer.status_code == 422
    assert "请填写“查询码”。" in answer.text


def test_a_program_files_a_report_once(browser: Any, desk: Any) -> None:
    """201 for a new report, 200 for the same form key again, the same numbers both times."""
    first = browser.post("/api/reports", json=JSON)
    second = browser.post("/api/reports", json=JSON)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == {"case": "AH-2026-0001", "receipt": "BG-2026-00001", "query_code": "K7M2Q9XB"}
    assert second.json() == first.json()
    assert len(desk.filings) == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"narrative": ""}, "请填写“发现的情况”。"),
        ({"surprise": 1}, "没有名为“surprise”的项目，请删去。"),
        ({"found_at": "2026-03-01T21:40"}, "发现时间须带时区，例如 2026-03-02T08:30:00+08:00"),
        ({"narrative": "字" * 5001}, "“发现的情况”最多5000个字，请缩短。"),
        ({"alleged_perpetrator": "字" * 201}, "“被指伤害儿童的人”最多200个字，请缩短。"),
    ],
)
def test_a_program_is_told_every_fault_in_chinese(browser: Any, change: dict[str, Any], fault: str) -> None:
    """The sentence names the place and the mend."""
    answer = browser.post("/api/reports", json=JSON | change)
    assert answer.status_code == 422
    assert answer.json() == {"faults": [fault]}


def test_a_wrong_word_names_the_right_ones(browser: Any) -> None:
    """A program's author sees the closed list."""
    fault = browser.post("/api/reports", json=JSON | {"reason": "x"}).json()["faults"][0]
    assert "疑似遭受家庭暴力（suspected_domestic_violence）" in fault


@pytest.mark.parametrize("body", ["", "{", "[]", "null"])
def test_a_body_that_is_no_report_is_refused(browser: Any, body: str) -> None:
    """One sentence, and no trace of a parser."""
    answer = browser.request("POST", "/api/reports", content=body)
    assert answer.status_code == 422
    assert re.search(r"JSON", answer.json()["faults"][0])


def test_a_program_gets_the_countys_refusals_too(browser: Any, desk: Any) -> None:
    """The API and the page are held to the same county."""
    desk.refused_filing = ["乡镇(街道)“x”不在本县。"]
    answer = browser.post("/api/reports", json=JSON)
    assert (answer.status_code, answer.json()) == (422, {"faults": ["乡镇(街道)“x”不在本县。"]})
