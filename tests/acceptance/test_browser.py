"""The pages in a real browser: a small phone, script switched off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from tests.acceptance.stack import Stack

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


def fits(page: Page) -> None:
    """Nothing sticks out of the phone's width."""
    for element in page.locator("body *").all():
        box = element.bounding_box()
        assert box is None or box["x"] + box["width"] <= PHONE["width"] + 1, element.inner_text()[:40]


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


def test_letters_fit_a_phone(stack: Stack, phone: Page) -> None:
    """Every letter that was caught so far stays within a phone's width."""
    for letter in stack.letters()[:40]:
        phone.set_content(letter.html)
        fits(phone)
