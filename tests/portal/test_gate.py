"""Who may send a form, and how often: robots are slowed down, officers are not locked out, reports are not turned away."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.requests import Request

from config.settings import Settings
from office.portal import gate
from office.portal.app import create_app
from office.portal.gate import WRONG_CODES_BEFORE_PAUSE, Limits
from tests.portal.conftest import Browser

REPORT = {
    "form_key": "a-form-of-its-own",
    "reason": "suspected_domestic_violence",
    "narrative": "脸上有伤",
    "place": "qingshi/liuhe",
    "reporter_kind": "school",
}


def asked_by(peer: str, *forwarded: str) -> Request:
    """A request from that peer, with what proxies wrote into it."""
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers, "client": (peer, 1)})


class Ticks:
    """Machine seconds as a test lets them pass."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds since the test began."""
        return self.now


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ("", "203.0.113.9", (), "203.0.113.9"),
        ("", "203.0.113.9", ("198.51.100.1",), "203.0.113.9"),
        ("127.0.0.1", "127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", "127.0.0.1", ("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", "127.0.0.1", ("6.6.6.6", "198.51.100.1"), "198.51.100.1"),
        ("127.0.0.1, 10.0.0.0/8", "127.0.0.1", ("6.6.6.6, 198.51.100.1, 10.2.3.4",), "198.51.100.1"),
        ("127.0.0.1", "127.0.0.1", (), ""),
        ("127.0.0.1", "127.0.0.1", ("unknown",), "unknown"),
        ("::1", "::1", ("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
    ],
)
def test_the_address_that_counts_is_the_peers_or_whom_our_own_proxy_names(
    trusted: str, peer: str, forwarded: tuple[str, ...], address: str
) -> None:
    """A stranger's header is believed only as far as a proxy of ours wrote it."""
    limits = Limits(Settings(trusted_proxies=trusted))
    assert limits.address_of(asked_by(peer, *forwarded)) == address


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    """The sentence names the setting and what is wrong."""
    with pytest.raises(ValidationError, match="JIELI_TRUSTED_PROXIES"):
        Settings(trusted_proxies="127.0.0.1, proxy.local")


def test_a_count_comes_back_with_time() -> None:
    """So many at once, then one for each share of a minute; another address is not concerned."""
    ticks = Ticks()
    limits = Limits(Settings(posts_per_minute=6), ticks)
    here, there = asked_by("203.0.113.1"), asked_by("203.0.113.2")
    assert [limits.post(here) for _ in range(7)] == [0] * 6 + [10]
    assert limits.post(there) == 0
    ticks.now += 10
    assert [limits.post(here), limits.post(here)] == [0, 10]


def test_pauses_after_wrong_codes_are_short_and_grow() -> None:
    """Ten seconds after the fifth, twice as long each time, never above a minute; the right code begins anew."""
    ticks = Ticks()
    limits, here = Limits(Settings(), ticks), asked_by("203.0.113.1")
    pauses = []
    for _ in range(10):
        limits.wrong_code(here, "a")
        pauses.append(limits.pause(here, "a"))
        ticks.now += pauses[-1]
    assert pauses == [0] * (WRONG_CODES_BEFORE_PAUSE - 1) + [10, 20, 40, 60, 60, 60]
    limits.right_code(here, "a")
    limits.wrong_code(here, "a")
    assert limits.pause(here, "a") == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood from ever new addresses forgets the oldest count and keeps no more."""
    monkeypatch.setattr(gate, "MOST_REMEMBERED", 10)
    limits = Limits(Settings())
    for number in range(50):
        limits.post(asked_by(f"203.0.113.{number}"))
        limits.wrong_code(asked_by(f"203.0.113.{number}"), "a")
    assert (len(limits._left), len(limits._wrong)) == (10, 10)


def test_a_guessing_robot_rests_and_the_officer_elsewhere_is_not_stopped(desk: Any, bureau: SimpleNamespace) -> None:
    """The robot's address waits for this link, even with the right code; the officer's own address answers at once."""
    bureau.settings = Settings(trusted_proxies="127.0.0.1")
    browser = Browser(create_app(bureau))
    robot, officer = {"x-forwarded-for": "203.0.113.66"}, {"x-forwarded-for": "198.51.100.7"}
    guess = {"typed_name": "x", "code": "000000", "version": "3"}
    for _ in range(WRONG_CODES_BEFORE_PAUSE):
        assert browser.post(f"{desk.page}/received", guess, headers=robot).status_code == 422
    for ending in ("received", "details"):
        held = browser.post(f"{desk.page}/{ending}", guess | {"code": desk.code}, headers=robot)
        assert held.status_code == 429
        assert "秒后再试" in held.text
    assert desk.answers == []
    right = guess | {"code": desk.code, "typed_name": desk.name}
    assert browser.post(f"{desk.page}/received", right, headers=officer).status_code == 200


def test_an_officer_who_sends_too_often_waits_some_seconds_and_loses_nothing(
    desk: Any, bureau: SimpleNamespace
) -> None:
    """The form comes back filled in, with how long to wait."""
    bureau.settings = Settings(link_posts_per_minute=1)
    browser = Browser(create_app(bureau))
    who = {"typed_name": desk.name, "code": desk.code, "version": "3"}
    browser.post(f"{desk.page}/received", who)
    held = browser.post(f"{desk.page}/more_facts", who | {"words": "请补充门牌号"})
    assert held.status_code == 429
    assert "请60秒后再试" in held.text
    assert "请补充门牌号</textarea>" in held.text
    assert browser.get(desk.page).status_code == 200


def test_a_flood_of_forms_gets_a_page_that_says_whom_to_call(desk: Any, bureau: SimpleNamespace) -> None:
    """429 in Chinese with Retry-After; looking goes on."""
    bureau.settings = Settings(posts_per_minute=2)
    browser = Browser(create_app(bureau))
    for path in (f"{desk.page}/received", "/query"):
        browser.post(path)
    for path in (f"{desk.page}/received", f"{desk.page}/details", f"{desk.page}/resend", "/query"):
        held = browser.post(path)
        assert held.status_code == 429
        assert "110" in held.text
        assert int(held.headers["retry-after"]) > 0
    assert browser.get(desk.page).status_code == 200


def test_too_many_reports_wait_on_the_page_and_are_told_to_call(desk: Any, bureau: SimpleNamespace) -> None:
    """Reports have a count of their own; what was typed stays, 110 and the coordinator's number are named."""
    bureau.settings = Settings(reports_per_minute=1, posts_per_minute=1)
    browser = Browser(create_app(bureau))
    browser.post(f"{desk.page}/received")
    assert browser.post("/report", REPORT).status_code == 200
    held = browser.post("/report", REPORT | {"form_key": "another-form"})
    assert held.status_code == 429
    for shown in ("立即拨打110", "0000-555-0100", "脸上有伤</textarea>", 'value="another-form"'):
        assert shown in held.text
    program = browser.post("/api/reports")
    assert program.status_code == 429
    assert "110" in program.json()["faults"][0]
    assert program.headers["retry-after"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "null"}, 200),
        ({"origin": "http://portal.example"}, 200),
        ({"origin": "http://127.0.0.1:8470"}, 200),
        ({"origin": "https://mail.example"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site", "origin": "null"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_a_form_of_another_site_acts_on_nothing(browser: Any, desk: Any, headers: dict[str, str], status: int) -> None:
    """What the browser says of the form decides; a browser that says nothing is believed, and no cookie is needed (F22)."""
    who = {"typed_name": desk.name, "code": desk.code, "version": "3"}
    answer = browser.post(f"{desk.page}/received", who, headers=headers)
    assert answer.status_code == status
    assert len(desk.answers) == (status == 200)
    if status == 403:
        assert "重新打开邮件中的链接" in answer.text
        assert browser.post(f"{desk.page}/details", who, headers=headers).status_code == 403


def test_a_link_in_webmail_opens_from_another_site_without_a_cookie(browser: Any, desk: Any) -> None:
    """The first click comes from a third-party page (F22)."""
    from_webmail = {"sec-fetch-site": "cross-site", "referer": "https://mail.example/"}
    answer = browser.get(desk.page, headers=from_webmail)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
