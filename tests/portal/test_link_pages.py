"""The page behind a letter's link: looking changes nothing, robots get nowhere, officers lose nothing they typed."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from office.links import Exchange, LinkStatus, clean_token
from office.refusals import Refused
from office.schemes import fields_asked
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, RequestState

SCENE = {
    "situation": "domestic_violence",
    "child_in_danger": "yes",
    "child_needs_doctor": "no",
    "child_must_leave_home": "no",
}


def who(desk: Any, **more: str) -> dict[str, str]:
    """Name, code and version as the officer sends them."""
    return {"typed_name": desk.name, "code": desk.code, "version": "3"} | more


def forms_on(html: str) -> dict[str, str]:
    """Each form of a page by its address."""
    return dict(re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', html, flags=re.DOTALL))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing_and_sets_no_cookie(browser: Any, desk: Any, method: str) -> None:
    """However often a mail scanner opens a link, nothing has happened."""
    for _ in range(5):
        answer = browser.request(method, desk.page)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert desk.answers == []
    assert desk.resent == []


def test_the_page_says_what_is_asked_and_until_when(browser: Any, desk: Any) -> None:
    """Instruction, case number, both deadlines in Beijing time, and what is left of them."""
    html = browser.get(desk.page).text
    for shown in (
        STEPS["stop_and_secure"].instruction,
        "AH-2026-0001",
        "2026年3月2日（周一）09:00",
        "还有30分钟",
        "还有3小时20分",
        "国发〔2016〕13号 四(二)",
        "顾长宁",
    ):
        assert shown in html


def test_a_limit_gone_by_is_said_in_words(browser: Any, desk: Any) -> None:
    """Late is shown as late, by how much."""
    desk.show(due=desk.now - timedelta(hours=2))
    assert "已逾期2小时" in browser.get(desk.page).text


@pytest.mark.parametrize("key", STEPS)
def test_every_step_can_be_opened_and_offers_its_own_form(browser: Any, desk: Any, bureau: Any, key: str) -> None:
    """Each field that is asked is on the page; the coordinator's own steps cannot be declined."""
    desk.show(key)
    forms = forms_on(browser.get(desk.page).text)
    done = forms[f"{desk.page}/done"]
    asked = fields_asked(bureau.county, key, "", "", desk.now.date())
    for name in STEPS[key].answer.model_fields if asked is None else asked:
        assert f'name="{name}"' in done
    assert (f"{desk.page}/declined" in forms) == (STEPS[key].mechanism is not None)


def test_facts_are_completed_by_the_parts_that_the_letter_names(browser: Any, desk: Any) -> None:
    """The page shows the mother's part and nothing of the other sixty questions; what else is sent is not taken."""
    desk.show("complete_facts", subject_label="尚缺：母亲")
    done = forms_on(browser.get(desk.page).text)[f"{desk.page}/done"]
    shown = set(re.findall(r'name="(\w+)"', done))
    assert {"mother_state", "mother_state_2", "mother_state_3", "note"} <= shown
    assert not [name for name in shown if name.startswith(("father_", "household_", "birth"))]


def test_every_form_asks_for_name_and_code_and_fills_in_neither(browser: Any, desk: Any) -> None:
    """What a robot cannot type is asked for everywhere and given away nowhere."""
    desk.show("investigate")
    html = browser.get(desk.page).text
    forms = forms_on(html)
    assert {address.rsplit("/", 1)[1] for address in forms} == {kind.value for kind in AnswerKind} | {"details"}
    for address, form in forms.items():
        assert re.search(r'name="typed_name" value=""', form)
        assert re.search(r'name="code" value=""', form)
        assert ('name="version" value="3"' in form) is not address.endswith("/details")
    assert desk.code not in html


def test_every_field_has_a_label_and_no_id_comes_twice(browser: Any, desk: Any) -> None:
    """A screen reader names each field, and a fault's link leads to one place."""
    desk.show("investigate")
    html = browser.get(desk.page).text
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for tag in re.findall(r'<(?:input type="text"|select|textarea)[^>]*>', html):
        found = re.search(r'id="([^"]+)"', tag)
        assert found is not None
        assert f'<label for="{found[1]}">' in html


@pytest.mark.parametrize("kind", [kind.value for kind in AnswerKind])
def test_a_robot_that_presses_every_button_is_refused(browser: Any, desk: Any, kind: str) -> None:
    """Empty forms, with or without the hidden version, act on nothing."""
    desk.show("investigate")
    for fields in ({}, {"version": "3"}):
        answer = browser.post(f"{desk.page}/{kind}", fields)
        assert answer.status_code == 422
        assert "请填写“您的姓名”。" in answer.text
        assert "请填写“验证码”。" in answer.text
    assert desk.answers == []


def test_receiving_is_confirmed_with_its_reference_and_what_comes_next(browser: Any, desk: Any) -> None:
    """The officer sees that it counted and until when the matter must be done."""
    answer = browser.post(f"{desk.page}/received", who(desk))
    assert answer.status_code == 200
    assert "HF-260302-7KQ2MD" in answer.text
    assert "2026年3月2日（周一）11:50" in answer.text
    assert [said["kind"] for said in desk.answers] == [AnswerKind.RECEIVED]


def test_the_same_answer_again_is_shown_as_the_same(browser: Any, desk: Any) -> None:
    """A second press shows the first one's reference."""
    browser.post(f"{desk.page}/received", who(desk))
    assert "这次没有重复记录" in browser.post(f"{desk.page}/received", who(desk)).text


def test_done_carries_the_steps_own_answer(browser: Any, desk: Any) -> None:
    """The form becomes the answer that the flow will read."""
    answer = browser.post(f"{desk.page}/done", who(desk, **SCENE, note="已到场"))
    assert answer.status_code == 200
    said = desk.answers[0]
    assert said["payload"] == STEPS["stop_and_secure"].answer.model_validate(
        {"situation": "domestic_violence", "child_in_danger": True, "child_needs_doctor": False}
        | {"child_must_leave_home": False, "note": "已到场"}
    )
    assert (said["typed_name"], said["code"], said["version"]) == (desk.name, desk.code, 3)


def test_boxes_ticked_in_a_browser_arrive_together_and_stay_ticked(browser: Any, desk: Any) -> None:
    """A browser sends one name several times; a refused form shows all of them again."""
    desk.show("match_entitlements")
    ticked = re.findall(r'type="checkbox" name="entitlements" value="(\w+)"', browser.get(desk.page).text)[:2]
    sent: dict[str, Any] = {"entitlements": ticked, "version": "3"}
    refused = browser.post(f"{desk.page}/done", sent)
    assert refused.status_code == 422
    assert re.findall(r'type="checkbox"[^>]* value="(\w+)" id="[^"]+" checked', refused.text) == ticked
    assert browser.post(f"{desk.page}/done", who(desk) | sent).status_code == 200
    assert list(desk.answers[0]["payload"].entitlements) == ticked


def test_declining_needs_reason_words_and_who_instead(browser: Any, desk: Any) -> None:
    """Nothing is returned without saying why and to whom; all of it reaches the coordinator."""
    bare = browser.post(f"{desk.page}/declined", who(desk))
    assert bare.status_code == 422
    for label in ("退回原因", "具体说明", "应当由谁承办"):
        assert f"“{label}”" in bare.text
    full = who(desk, reason="not_our_area", words="户籍在邻县", instead="education")
    assert browser.post(f"{desk.page}/declined", full).status_code == 200
    assert (desk.answers[0]["words"], desk.answers[0]["instead"]) == ("不属于本单位管辖地域：户籍在邻县", "education")


def test_a_step_is_offered_to_no_office_the_county_lacks_and_to_nobody_above(browser: Any, desk: Any) -> None:
    """A choice that cannot be carried out is not offered."""
    form = forms_on(browser.get(desk.page).text)[f"{desk.page}/declined"]
    offered = re.findall(r'<option value="([a-z_]+)"', form)
    assert offered == ["coordinator", "education", "public_security"]


def test_an_extension_is_offered_only_while_it_may_be_asked(browser: Any, desk: Any) -> None:
    """No button leads to a certain refusal."""
    desk.show("investigate", may_extend=False, extension="pending")
    html = browser.get(desk.page).text
    assert f"{desk.page}/extension" not in forms_on(html)
    assert "延期申请正等待协调员决定" in html


def test_faults_keep_everything_that_was_typed_and_point_to_the_field(browser: Any, desk: Any) -> None:
    """The note, the choice and the name stand as they were; the first line of the page leads to the fault."""
    sent = who(desk, situation="missing", note="写了很久<b>的</b>说明", typed_name="韩 岳")
    answer = browser.post(f"{desk.page}/done", sent)
    assert answer.status_code == 422
    form = forms_on(answer.text)[f"{desk.page}/done"]
    assert "写了很久&lt;b&gt;的&lt;/b&gt;说明</textarea>" in form
    assert '<option value="missing" selected>' in form
    assert 'value="韩 岳"' in form
    assert 'href="#done-child_in_danger"' in answer.text
    assert 'id="done-child_in_danger"' in form
    # Only the form that was sent is open, and only it holds what was typed.
    assert re.findall(r'<details class="act" name="act" id="(\w+)" open', answer.text) == ["done"]
    assert "韩 岳" not in forms_on(answer.text)[f"{desk.page}/received"]


def test_a_wrong_code_is_said_at_the_code(browser: Any, desk: Any) -> None:
    """The answer is refused, and what was typed is kept."""
    answer = browser.post(f"{desk.page}/done", who(desk, **SCENE, code="000000", note="已到场"))
    assert answer.status_code == 422
    assert 'href="#done-code"' in answer.text
    assert "已到场" in answer.text
    assert desk.answers == []


def test_a_page_opened_before_the_matter_changed_is_shown_anew(browser: Any, desk: Any) -> None:
    """The answer to an old version is refused; the page now carries the new version and the officer's words."""
    answer = browser.post(f"{desk.page}/done", who(desk, **SCENE, version="2", note="已到场"))
    assert answer.status_code == 409
    form = forms_on(answer.text)[f"{desk.page}/done"]
    assert 'name="version" value="3"' in form
    assert "已到场" in form


def test_who_was_overtaken_by_a_colleague_sees_the_decision_and_keeps_the_words(browser: Any, desk: Any) -> None:
    """The page shows how things stand now and gives back what was not sent."""
    desk.show(status=LinkStatus.ANSWERED, state=RequestState.DONE, decided=desk.decided())
    desk.refusal = Refused("该事项已由安和县公安局韩岳办结。")
    answer = browser.post(f"{desk.page}/done", who(desk, **SCENE, note="我的说明"))
    assert answer.status_code == 409
    assert "刚才的内容没有提交" in answer.text
    assert "我的说明" in answer.text
    assert forms_on(answer.text) == {}


@pytest.mark.parametrize(
    ("status", "more", "shown"),
    [
        (LinkStatus.ANSWERED, {"state": RequestState.DONE}, "HF-260302-4TR8WN"),
        (LinkStatus.ANSWERED, {"state": RequestState.DECLINED}, "已退回"),
        (LinkStatus.WITHDRAWN, {"state": RequestState.WITHDRAWN}, "这件事已撤回"),
        (LinkStatus.MOVED, {}, "这件事已不由这个链接办理"),
    ],
)
def test_a_dead_link_has_a_page_of_its_own_and_no_second_action(
    browser: Any, desk: Any, status: LinkStatus, more: dict[str, Any], shown: str
) -> None:
    """Each end is told apart, answers 200 and offers nothing to press."""
    decided = desk.decided() if status is LinkStatus.ANSWERED else None
    desk.show(status=status, decided=decided, **more)
    answer = browser.get(desk.page)
    assert answer.status_code == 200
    assert shown in answer.text
    assert "<form" not in answer.text
    assert "<button" not in answer.text


def test_an_answered_page_says_who_when_and_through_what(browser: Any, desk: Any) -> None:
    """The record is shown as it stands."""
    desk.show(status=LinkStatus.ANSWERED, state=RequestState.DONE, decided=desk.decided())
    text = re.sub(r"<[^>]+>", "", browser.get(desk.page).text)
    assert (
        "已由安和县公安局韩岳于2026年3月2日（周一）08:20办结（通过发给韩岳的邮件链接），编号 HF-260302-4TR8WN。" in text
    )


def test_a_changed_matter_is_shown_as_changed_with_its_new_version(browser: Any, desk: Any) -> None:
    """An old letter's link asks to read again before acting."""
    desk.show(status=LinkStatus.CHANGED)
    html = browser.get(desk.page).text
    assert "来信之后情况有变" in html
    assert 'name="version" value="3"' in html
    unread = browser.post(f"{desk.page}/received", who(desk))
    assert unread.status_code == 422
    assert "请选择“来信之后情况有变”。" in unread.text
    assert desk.answers == []
    assert browser.post(f"{desk.page}/received", who(desk, reread="yes")).status_code == 200


def test_an_expired_link_offers_a_fresh_letter_and_nothing_else(browser: Any, desk: Any) -> None:
    """Looking sends nothing; pressing sends one letter to the registered address."""
    desk.show(status=LinkStatus.EXPIRED, expires_at=desk.now - timedelta(days=1))
    html = browser.get(desk.page).text
    assert list(forms_on(html)) == [f"{desk.page}/resend"]
    assert desk.resent == []
    for robot in ({}, {"typed_name": "x"}, {"typed_name": "x", "code": "111111"}):
        assert browser.post(f"{desk.page}/resend", robot).status_code == 422
    assert desk.resent == []
    answer = browser.post(f"{desk.page}/resend", who(desk))
    assert "登记的邮箱" in answer.text
    assert "@" not in answer.text
    assert desk.resent == [desk.token]


def test_no_letter_is_sent_again_for_a_link_that_still_works(browser: Any, desk: Any) -> None:
    """A stray press on an old page shows the matter."""
    assert browser.post(f"{desk.page}/resend", who(desk)).status_code == 200
    assert desk.resent == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_an_unknown_link_is_not_found(browser: Any, desk: Any, method: str) -> None:
    """A guessed or broken link says how to find the right one."""
    path = f"/r/{'b' * 27}" + ("/received" if method == "POST" else "")
    answer = browser.request(method, path, data=who(desk) if method == "POST" else None)
    assert answer.status_code == 404
    if method != "HEAD":
        assert "这个链接打不开" in answer.text
    assert desk.answers == []


def test_an_answer_of_no_kind_is_not_found(browser: Any, desk: Any) -> None:
    """The address names one of five answers."""
    assert browser.post(f"{desk.page}/burn", who(desk)).status_code == 404
    assert desk.answers == []


def test_a_forms_address_opened_by_hand_leads_to_the_page(browser: Any, desk: Any) -> None:
    """Reloading after an answer does not end at a dead address."""
    answer = browser.get(f"{desk.page}/done")
    assert (answer.status_code, answer.headers["location"]) == (303, desk.page)


@pytest.mark.parametrize(
    "mangled",
    ["{}.", "{},", "{};", "{})", "{}%3E", "{}。", "{}%20", "{}&amp;utm=1", "{}%0D%0A", "{}%EF%BC%89", "%7A{rest}"],
)
def test_a_link_survives_what_mail_programs_do_to_it(browser: Any, desk: Any, mangled: str) -> None:
    """Punctuation, encoding, entities and line ends around the token do not lose the link (F16)."""
    token = desk.token
    assert browser.get("/r/" + mangled.format(token, rest=token[1:])).status_code == 200


def test_a_folded_link_is_put_together_again(browser: Any, desk: Any) -> None:
    """Line folding at 76 columns may fall within the token."""
    folded = f"{desk.token[:10]}%0D%0A%20{desk.token[10:]}"
    assert clean_token(f"{desk.token[:10]}=\r\n{desk.token[10:]}") == desk.token
    assert browser.get(f"/r/{folded}").status_code == 200


def test_a_coordinators_own_step_opens_at_the_decision(browser: Any, desk: Any) -> None:
    """Who must decide sees the decision's form first; the words of the office that asked are not on the open page."""
    desk.show("decide_extension", exchanges=(Exchange("家长外出，下周返回", "", desk.now),))
    html = browser.get(desk.page).text
    assert re.findall(r'id="(\w+)" open', html) == ["done"]
    assert "家长外出" not in html


def test_pages_load_nothing_from_elsewhere_and_run_nothing(browser: Any, desk: Any) -> None:
    """No script, no third party, no inline style."""
    html = unescape(browser.get(desk.page).text)
    assert "<script" not in html
    assert "style=" not in html
    assert re.findall(r'(?:src|href)="(https?:[^"]*)"', html) == []
