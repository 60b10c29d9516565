"""What a case is about on a page: against a one-time code, escaped, and never for whoever only opens an address."""

from __future__ import annotations

from typing import Any

import pytest

from office.disclosure import Reporter, ReportRead
from office.links import Exchange, LinkStatus
from office.refusals import Refused

SECRET = "柳河小学<script>alert(1)</script>"


def report(desk: Any, **more: Any) -> ReportRead:
    """A report whose text tries to be a page."""
    values: dict[str, Any] = {
        "reason": "疑似遭受家庭暴力",
        "danger": True,
        "found_at": desk.now,
        "filed_at": desk.now,
        "narrative": f"{SECRET}有新伤\n不敢回家",
        "child": "男，九岁",
        "whereabouts": "",
        "reporter": None,
        "accused": "邻居<b>",
    }
    return ReportRead(**(values | more))


@pytest.fixture
def told(desk: Any) -> Any:
    """A desk with a report and an exchange behind its link."""
    desk.show("investigate", exchanges=(Exchange("在哪所学校？", SECRET, desk.now), Exchange("电话？", "", desk.now)))
    desk.reports = (report(desk),)
    return desk


def proof(desk: Any) -> dict[str, str]:
    """What the letter's reader types."""
    return {"typed_name": desk.name, "code": desk.code}


def reading(desk: Any) -> dict[str, str]:
    """What the reader of the second letter types."""
    return {"typed_name": desk.name, "one_time_code": desk.one_time_code}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("end", ["/details", "/details/read"])
def test_opening_an_address_only_leads_back_to_the_link(browser: Any, told: Any, method: str, end: str) -> None:
    """Scanners, previews and reloads see a redirect and move nothing (F1, F2)."""
    for _ in range(5):
        answer = browser.request(method, told.page + end)
        assert (answer.status_code, answer.headers["location"], answer.text) == (303, told.page, "")
        assert answer.headers["cache-control"] == "no-store"
    assert told.codes_sent == []


@pytest.mark.parametrize("typed", [{}, {"typed_name": "某人"}, {"typed_name": "某人", "code": "000000"}])
def test_a_robot_that_presses_the_button_gets_no_code_sent(browser: Any, told: Any, typed: dict[str, str]) -> None:
    """The form needs a name and the code printed in the letter; it comes back open, with the sentence."""
    answer = browser.post(f"{told.page}/details", typed)
    assert answer.status_code == 422
    assert 'id="details" open' in answer.text
    assert told.codes_sent == []
    assert "柳河小学" not in answer.text


@pytest.mark.parametrize("typed", [{}, {"typed_name": "某人"}, {"typed_name": "某人", "one_time_code": "22222222"}])
def test_a_robot_that_sends_the_second_form_reads_nothing(browser: Any, told: Any, typed: dict[str, str]) -> None:
    """Neither an empty form nor a wrong code shows a word, of the report or of the exchanges."""
    answer = browser.post(f"{told.page}/details/read", typed)
    assert answer.status_code == 422
    for word in ("柳河小学", "有新伤", "九岁", "在哪所学校"):
        assert word not in answer.text
    assert "one_time_code" in answer.text


def test_the_code_is_sent_and_then_the_case_is_read(browser: Any, told: Any) -> None:
    """From the open page over the code to the particulars: text escaped, secrecy first, nothing cached."""
    opened = browser.get(told.page).text
    assert "查看案情和补充材料" in opened
    assert "柳河小学" not in opened
    sent = browser.post(f"{told.page}/details", proof(told))
    assert sent.status_code == 200
    assert "登记的邮箱" in sent.text
    assert "@" not in sent.text
    assert told.code not in sent.text
    assert "柳河小学" not in sent.text
    assert told.codes_sent == [told.token]
    shown = browser.post(f"{told.page}/details/read", reading(told))
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert "柳河小学&lt;script&gt;alert(1)&lt;/script&gt;有新伤" in shown.text
    assert "<script" not in shown.text
    assert "邻居&lt;b&gt;" in shown.text
    for words in (
        "请保密",
        "青石镇柳河村",
        "男，九岁",
        "报告时儿童正有危险",
        "报告人没有填写",
        "协调员尚未补充",
        "本次查阅已记录",
    ):
        assert words in shown.text
    assert "联系方式" not in shown.text


def test_the_reporter_is_shown_only_where_the_records_give_one(browser: Any, told: Any) -> None:
    """The police who must give feedback see name and contact, and are told what they are for."""
    told.show("feedback_reporter")
    told.reports = (report(told, reporter=Reporter("<b>报告人</b>", "")),)
    shown = browser.post(f"{told.page}/details/read", reading(told)).text
    assert "&lt;b&gt;报告人&lt;/b&gt;" in shown
    assert "没有留下联系方式" in shown
    assert "只用于反馈，依法保密" in shown


def test_a_coordinator_reads_the_words_of_the_office_that_asked(browser: Any, told: Any) -> None:
    """A decision is made on the office's own words."""
    told.show("decide_extension", exchanges=(Exchange("家长外出，下周返回", "", told.now),))
    assert "查看案情和承办单位的说明" in browser.get(told.page).text
    shown = browser.post(f"{told.page}/details/read", reading(told)).text
    assert "家长外出，下周返回" in shown
    assert "尚未补充" not in shown


def test_a_step_that_only_files_offers_no_particulars(browser: Any, told: Any) -> None:
    """报告备案 has nothing to read, unless the coordinator has answered a question."""
    told.show("file_with_supervisor")
    assert 'id="details"' not in browser.get(told.page).text
    told.show("file_with_supervisor", exchanges=(Exchange("哪个单位？", "见附件", told.now),))
    html = browser.get(told.page).text
    assert "查看补充材料" in html
    assert "查看案情" not in html


@pytest.mark.parametrize("end", ["/details", "/details/read"])
def test_what_is_refused_is_said_without_a_word_of_the_case(browser: Any, told: Any, end: str) -> None:
    """Too many codes, an officer who has moved: the link's own page with one sentence."""
    told.refusal = Refused("查阅码刚刚发过，请2分钟后再申请。")
    answer = browser.post(told.page + end, proof(told) | reading(told))
    assert answer.status_code == 409
    assert "请2分钟后再申请" in answer.text
    assert "柳河小学" not in answer.text


@pytest.mark.parametrize("status", [LinkStatus.ANSWERED, LinkStatus.EXPIRED, LinkStatus.WITHDRAWN, LinkStatus.MOVED])
@pytest.mark.parametrize("end", ["/details", "/details/read"])
def test_a_link_that_no_longer_acts_asks_for_no_code(browser: Any, told: Any, status: LinkStatus, end: str) -> None:
    """The page says what has become of the step, also to an incomplete form."""
    told.show("investigate", status=status, decided=told.decided())
    told.refusal = Refused(f"{status.label}，不能再通过此链接查阅案情。")
    assert "one_time_code" not in browser.get(told.page).text
    for typed in ({}, proof(told) | reading(told)):
        answer = browser.post(told.page + end, typed)
        assert answer.status_code in (409, 422)
        assert "one_time_code" not in answer.text
        assert "柳河小学" not in answer.text


def test_an_unknown_link_knows_no_case(browser: Any, told: Any) -> None:
    """404, as for any other form."""
    for end in ("/details", "/details/read"):
        assert browser.post(f"/r/{'b' * 27}{end}", proof(told) | reading(told)).status_code == 404
