"""The pages in a real browser: a small phone, script switched off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Locator, Page, sync_playwright
from sqlalchemy import select, update

from office.catcher import CaughtLetter
from office.demo import Forms
from office.tables import AnswerRow, CaseRow, Letter, Link, Proceeding, Request
from tests.acceptance.stack import SHORT_STORY, UNFOUNDED, WITH_NAME, Opened, Stack, wait_until

pytestmark = pytest.mark.chromium

PHONE = {"width": 320, "height": 640}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def phone(stack: Stack) -> Iterator[Page]:
    """A page on a 320-pixel phone without script, that may reach this machine only."""
    path = shutil.which("chromium")
    assert path, "chromium is missing; .ci/run installs it"
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="zh-CN")
        strangers: list[str] = []
        context.on(
            "request",
            lambda r: None if r.url.startswith((stack.settings.portal_url, "data:")) else strangers.append(r.url),
        )
        yield context.new_page()
        assert strangers == []
        browser.close()


STICKS_OUT = """width => [...document.querySelectorAll("body *")]
    .filter(one => one.getClientRects().length && one.getBoundingClientRect().right > width + 1)
    .map(one => one.textContent.trim().slice(0, 40))"""


def fits(page: Page) -> None:
    """Nothing sticks out of the phone's width, and nothing is to be moved sideways."""
    assert page.evaluate(STICKS_OUT, PHONE["width"]) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def goto(stack: Stack, phone: Page, letter: CaughtLetter) -> None:
    """Open the letter's link."""
    phone.goto(f"{stack.settings.portal_url}{httpx.URL(letter.links[0]).path}")
    fits(phone)


def proven(opened: Opened, form: Locator) -> None:
    """Type what every answer needs, and press."""
    form.locator("[name=typed_name]").fill(opened.name)
    form.locator("[name=code]").fill(opened.code)
    form.get_by_role("button").click()


def answered(stack: Stack, case: str, step: str) -> list[str]:
    """The answers in the records, by kind."""
    statement = (
        select(AnswerRow.kind)
        .join(Request, Request.id == AnswerRow.request_id)
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .join(CaseRow, CaseRow.id == Proceeding.case_id)
        .where(CaseRow.number == case, Request.step == step)
        .order_by(AnswerRow.id)
    )
    return [row[0] for row in stack.rows(statement)]


def test_a_report_is_filed_on_a_small_phone_without_script(stack: Stack, phone: Page) -> None:
    """The form can be filled in and sent by touch alone; a forgotten field is named and nothing typed is lost."""
    phone.goto(f"{stack.settings.portal_url}/report")
    fits(phone)
    phone.get_by_label("没有", exact=True).check()
    phone.get_by_label("疑似遭受家庭暴力").check()
    phone.locator("[name=narrative]").fill("邻居家传来哭声。")
    phone.get_by_role("button", name="提交报告").click()
    assert phone.locator("[name=narrative]").input_value().strip() == "邻居家传来哭声。"
    fits(phone)
    township, place = next(iter(stack.bureau.county.townships.items()))
    phone.locator("[name=place]").select_option(f"{township}/{next(iter(place.villages))}")
    phone.locator("[name=reporter_kind]").select_option("citizen")
    phone.get_by_role("button", name="提交报告").click()
    assert "BG-" in phone.locator("main").inner_text()
    fits(phone)


def test_an_officer_answers_on_a_small_phone_without_script(stack: Stack, phone: Page) -> None:
    """Open, acknowledge, answer; back and a second press change nothing."""
    case = stack.report()
    letter = stack.letter(case, "police_accept")
    opened = stack.open(case, "police_accept")
    phone.goto(f"{stack.settings.portal_url}{httpx.URL(letter.links[0]).path}")
    fits(phone)
    assert case in phone.locator("main").inner_text()
    received = phone.locator("#received")
    received.locator("[name=typed_name]").fill(opened.name)
    received.locator("[name=code]").fill("000000" if opened.code != "000000" else "111111")
    received.get_by_role("button").click()
    assert "验证码不正确" in phone.locator("main").inner_text()
    phone.locator("#received [name=code]").fill(opened.code)
    phone.locator("#received").get_by_role("button").click()
    assert "HF-" in phone.locator("main").inner_text()
    fits(phone)
    phone.goto(f"{stack.settings.portal_url}{httpx.URL(letter.links[0]).path}")
    done = phone.locator("#done")
    done.locator("[name=own_jurisdiction][value=yes]").check()
    done.locator("[name=typed_name]").fill(opened.name)
    done.locator("[name=code]").fill(opened.code)
    done.get_by_role("button").click()
    first = phone.locator("main").inner_text()
    assert "HF-" in first
    phone.go_back()
    phone.goto(f"{stack.settings.portal_url}{httpx.URL(letter.links[0]).path}")
    assert phone.locator("form").count() == 0, "an answered step offers no second action"
    stack.answer(case, "triage", outcome="unfounded", child_still_needs_help="no", failed_duty_to_report="no")


def test_every_kind_of_answer_is_given_on_a_small_phone_without_script(stack: Stack, phone: Page) -> None:
    """A question, its answer, an extension, its grant, a return: each by touch alone, each confirmed with a reference."""
    case = stack.report(**WITH_NAME)
    opened = stack.open(case, "police_accept")
    goto(stack, phone, opened.letter)
    phone.locator("#more_facts > summary").click()
    phone.locator("#more_facts [name=words]").fill("请补充门牌号。")
    proven(opened, phone.locator("#more_facts"))
    assert "“需要补充材料”已记录" in phone.locator("h1").inner_text()
    fits(phone)

    asked = stack.open(case, "supply_facts")
    goto(stack, phone, asked.letter)
    phone.locator("#done [name=facts]").fill("见附件。")
    proven(asked, phone.locator("#done"))
    assert "HF-" in phone.locator("main").inner_text()

    # The first letter is now older than the facts: nothing is taken before the new ones were read.
    stack.letter(case, "police_accept", kind="question_answered")
    goto(stack, phone, opened.letter)
    assert "来信之后情况有变" in phone.locator("main").inner_text()
    phone.locator("#done > summary").click()
    phone.locator("#done [name=own_jurisdiction][value=yes]").check()
    proven(opened, phone.locator("#done"))
    assert phone.locator(".summary:focus").count() == 1, "the focus is on what is wrong, without script"
    assert phone.locator("#done [name=own_jurisdiction][value=yes]").is_checked()
    assert phone.locator("#done [name=code]").input_value() == opened.code
    fits(phone)
    phone.locator("#done [name=reread]").check()
    phone.locator("#done").get_by_role("button").click()
    assert "“办结”已记录" in phone.locator("h1").inner_text()

    stack.answer(case, "triage", **UNFOUNDED)
    feedback = stack.open(case, "feedback_reporter")
    goto(stack, phone, feedback.letter)
    phone.locator("#extension > summary").click()
    phone.locator("#extension [name=words]").fill("报告人外出。")
    proven(feedback, phone.locator("#extension"))
    assert "“申请延期”已记录" in phone.locator("h1").inner_text()
    grant = stack.open(case, "decide_extension")
    goto(stack, phone, grant.letter)
    phone.locator("#done [name=granted][value=yes]").check()
    proven(grant, phone.locator("#done"))

    longer = stack.open(case, "feedback_reporter", kind="extension_decided")
    goto(stack, phone, longer.letter)
    phone.locator("#declined > summary").click()
    phone.locator("#declined [name=reason][value=not_our_duty]").check()
    phone.locator("#declined [name=words]").fill("应当由民政局反馈。")
    phone.locator("#declined [name=instead]").select_option("civil_affairs")
    proven(longer, phone.locator("#declined"))
    assert "“退回”已记录" in phone.locator("h1").inner_text()
    fits(phone)
    stack.answer(case, "reroute", office="civil_affairs")
    assert answered(stack, case, "feedback_reporter") == ["extension", "declined"]
    stack.play([case])


def test_a_double_click_and_the_back_button_make_one_answer(stack: Stack, phone: Page) -> None:
    """Two clicks at once, then back and the same form again: one answer, and its reference each time."""
    case = stack.report()
    opened = stack.open(case, "police_accept")
    goto(stack, phone, opened.letter)
    form = phone.locator("#received")
    form.locator("[name=typed_name]").fill(opened.name)
    form.locator("[name=code]").fill(opened.code)
    form.get_by_role("button").dblclick()
    phone.wait_for_url("**/received")
    reference = phone.locator(".big .number").inner_text()
    phone.go_back()
    if phone.locator("#received").count():
        proven(opened, phone.locator("#received"))
        assert phone.locator(".big .number").inner_text() == reference
    assert answered(stack, case, "police_accept") == ["received"]
    # A page that stayed open in another tab since before.
    again = stack.send(opened, "received")
    assert "这次没有重复记录" in again.text
    assert reference in again.text
    assert answered(stack, case, "police_accept") == ["received"]
    stack.play([case])


def test_an_expired_link_leads_to_a_fresh_one_in_the_registered_mailbox(stack: Stack, phone: Page) -> None:
    """Pressing without the printed code sends nothing; with it a letter with another link comes, and that one works."""
    case = stack.report()
    opened = stack.open(case, "police_accept")

    async def expire() -> None:
        async with stack.bureau.database.transaction() as session:
            asked = select(Request.id).where(Request.id == Link.request_id, Request.step == "police_accept")
            of_case = Letter.case_id.in_(select(CaseRow.id).where(CaseRow.number == case))
            letters = select(Letter.id).where(of_case)
            past = stack.bureau.clock.now() - timedelta(minutes=1)
            change = update(Link).where(Link.letter_id.in_(letters), asked.exists()).values(expires_at=past)
            await session.execute(change)

    stack.do(expire())
    goto(stack, phone, opened.letter)
    assert "这个链接已过期" in phone.locator("h1").inner_text()
    phone.get_by_role("button", name="重新发一封邮件").click()
    assert "请填写“验证码”。" in phone.locator(".summary").inner_text()
    fits(phone)
    proven(opened, phone.locator("main"))
    assert "登记的邮箱" in phone.locator("h1").inner_text()

    def fresh() -> CaughtLetter | None:
        to = [one for one in stack.letters() if one.to == opened.letter.to and case in one.subject and one.links]
        return to[-1] if to and to[-1].links != opened.letter.links else None

    letter = wait_until("a letter with a fresh link", fresh, 60)
    assert letter is not None
    goto(stack, phone, letter)
    proven(Opened(letter, opened.forms), phone.locator("#received"))
    assert "HF-" in phone.locator("main").inner_text()
    goto(stack, phone, opened.letter)
    assert phone.locator("#received").count() == 0, "the old link stays dead"
    now = Forms(stack.web.get(httpx.URL(letter.links[0]).path).text)
    assert stack.send(Opened(letter, now), "done", **SHORT_STORY["police_accept"]).is_success
    stack.play([case])


def test_an_officer_answers_with_the_keyboard_alone(stack: Stack, phone: Page) -> None:
    """Past the header, into the open form, through name and code, Enter; each place shows that it has the focus."""
    case = stack.report()
    opened = stack.open(case, "police_accept")
    goto(stack, phone, opened.letter)
    phone.keyboard.press("Tab")
    assert phone.locator(":focus").inner_text() == "跳到正文"
    box = phone.locator(":focus").bounding_box()
    assert box is not None
    assert box["x"] >= 0, "the way past the header is seen when it has the focus"
    phone.keyboard.press("Enter")
    for _ in range(20):
        phone.keyboard.press("Tab")
        outline = phone.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle")
        assert outline != "none"
        if phone.locator("#received [name=typed_name]:focus").count():
            break
    phone.keyboard.type(opened.name)
    phone.keyboard.press("Tab")
    phone.keyboard.type(opened.code)
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/received")
    assert "“签收”已记录" in phone.locator("h1").inner_text()
    stack.play([case])


def test_letters_fit_a_phone(stack: Stack, phone: Page) -> None:
    """Every letter that was caught so far stays within a phone's width."""
    for letter in stack.letters()[:40]:
        phone.set_content(letter.html)
        fits(phone)
