"""Every page can be read: by eye, by keyboard, by ear, by an old browser, and without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from office.links import LinkStatus
from office.portal.pages import STYLESHEET, TEMPLATES, with_plain_colours
from tests.portal.test_link_pages import who

CSS = (TEMPLATES / "static" / "portal.css").read_text(encoding="utf-8")

TEXT_ON = [
    ("ink", "paper"), ("ink", "card"), ("ink", "green-soft"), ("ink", "red-soft"), ("ink", "amber-soft"),
    ("soft", "paper"), ("soft", "card"), ("soft", "green-soft"), ("soft", "amber-soft"),
    ("green", "paper"), ("green", "card"), ("green", "green-soft"),
    ("red", "card"), ("red", "paper"), ("red", "red-soft"), ("on-green", "green"), ("card", "red"),
]  # fmt: skip
"""Every colour of letters with every ground it stands on."""


def palettes() -> dict[str, dict[str, str]]:
    """The colours by name, light and dark."""
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    found = {"light": re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light), "dark": []}
    found["dark"] = re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", dark)
    return {name: dict(pairs) for name, pairs in found.items()}


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("letters", "ground"), TEXT_ON)
def test_letters_stand_out_from_their_ground(scheme: str, letters: str, ground: str) -> None:
    """At least 4.5 to 1 (WCAG 2.1, 1.4.3), by day and by night."""
    colours = palettes()[scheme]
    assert contrast(colours[letters], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edge_of_a_field_and_the_ring_of_focus_stand_out(scheme: str) -> None:
    """At least 3 to 1 (WCAG 2.1, 1.4.11)."""
    colours = palettes()[scheme]
    for line, ground in (("soft", "card"), ("green", "card"), ("green", "paper"), ("red", "card")):
        assert contrast(colours[line], colours[ground]) >= 3


def test_every_colour_has_a_name_in_both_schemes() -> None:
    """Nothing that was not measured above is used."""
    light, dark = palettes().values()
    assert set(light) == set(dark)
    rules = re.sub(r"--[a-z-]+: #[0-9a-f]{6};", "", CSS)
    assert set(re.findall(r"#[0-9a-f]{3,6}\b", rules)) <= {"#fff", "#000"}


def test_an_old_browser_gets_every_colour_by_its_value_first() -> None:
    """A WebView that knows no names of colours drops those lines and keeps the plain ones; no layout needs a grid."""
    served = STYLESHEET.decode()
    assert served == with_plain_colours(CSS)
    for line in re.findall(r"[^;{}]*var\(--[^;{}]*;", CSS):
        name = line.split(":")[0].strip()
        assert re.search(rf"{re.escape(name)}:[^;{{}}]*#[0-9a-f]{{6}}[^;{{}}]*; {re.escape(line.strip())}", served), (
            line
        )
    assert "grid" not in CSS
    assert "gap" not in re.sub(r"/\*.*?\*/", "", CSS)
    assert ":focus {" not in re.sub(r"main:focus \{[^}]*\}", "", CSS).replace(".skip:focus {", "")


class Reader(HTMLParser):
    """Reads a page as a screen reader does."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.labels: set[str] = set()
        self.open: list[str] = []
        self.inside_label: set[str] = set()
        self.legends: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, and what it stands in."""
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "label":
            self.labels.add(given.get("for", ""))
        if tag in ("input", "select", "textarea") and "label" in self.open:
            self.inside_label.add(given.get("id", ""))
        if tag == "fieldset":
            self.legends.append(False)
        if tag == "legend":
            self.legends[-1] = True
        if tag not in ("input", "meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave it again."""
        assert self.open.pop() == tag

    def all(self, *names: str) -> list[dict[str, str]]:
        """The attributes of every tag of those names."""
        return [given for tag, given in self.tags if tag in names]


def pages(browser: Any, desk: Any) -> Iterator[tuple[str, str]]:
    """Each kind of page once, its name and its HTML."""
    for path in ("/", "/report", "/query", "/nothing", "/r/x", "/dev/mail"):
        yield path, browser.get(path).text
    for path in ("/report", "/query"):
        yield f"{path} refused", browser.post(path).text
    for status in LinkStatus:
        more = {"decided": desk.decided()} if status is LinkStatus.ANSWERED else {}
        desk.show("match_entitlements", status=status, expires_at=desk.now - timedelta(days=1), **more)
        yield status.value, browser.get(desk.page).text
        yield f"{status.value} refused", browser.post(f"{desk.page}/done", {"version": "3"}).text
        yield f"{status.value} resend", browser.post(f"{desk.page}/resend").text
    desk.show("investigate")
    for kind in ("received", "declined", "more_facts", "extension", "details"):
        yield f"{kind} refused", browser.post(f"{desk.page}/{kind}").text
    yield "given", browser.post(f"{desk.page}/received", who(desk)).text
    yield "code sent", browser.post(f"{desk.page}/details", who(desk)).text
    yield "code refused", browser.post(f"{desk.page}/details/read").text
    proof = {"typed_name": desk.name, "one_time_code": desk.one_time_code}
    yield "particulars", browser.post(f"{desk.page}/details/read", proof).text


def test_every_page_can_be_heard_and_walked_through_by_keyboard(browser: Any, desk: Any) -> None:
    """Language, title, one main heading and none left out below it, a way past the header, a name for every field, each
    fault tied to its field, nothing run and nothing loaded from elsewhere."""
    for name, html in pages(browser, desk):
        page = Reader(html)
        assert page.open == [], name
        assert page.all("html")[0]["lang"] == "zh-CN", name
        assert re.search(r"<title>[^<]*\S+[^<]* · 接力</title>", html), name
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1, name
        after = levels[levels.index(1) :]
        assert all(b - a <= 1 for a, b in pairwise(after)), name
        assert page.all("a")[0] == {"class": "skip", "href": "#content"}, name
        ids = [given["id"] for _, given in page.tags if "id" in given]
        assert len(ids) == len(set(ids)), name
        for field in page.all("input", "select", "textarea"):
            if field.get("type") != "hidden":
                assert field["id"] in page.labels | page.inside_label, (name, field)
        assert all(page.legends), name
        for _, given in page.tags:
            for target in given.get("aria-describedby", "").split():
                assert target in ids, (name, target)
            if given.get("href", "").startswith("#"):
                assert given["href"][1:] in ids, (name, given)
            assert not [one for one in given if one.startswith("on") or one == "style"], name
            for where in ("src", "href", "action"):
                assert given.get(where, "/")[:1] in ("/", "#") or given[where].startswith(("tel:", "data:,")), name
        forbidden = (
            ("script", "object", "embed", "base", "img", "video") if name == "/dev/mail" else ("script", "iframe")
        )
        assert not page.all(*forbidden), name
        assert not [one for one in page.all("meta") if one.get("http-equiv")], name


def test_a_refused_form_puts_the_focus_on_what_is_wrong(browser: Any, desk: Any) -> None:
    """The list of faults comes first, takes the focus without script, and the title says so."""
    for path in ("/report", "/query", f"{desk.page}/received", f"{desk.page}/details"):
        html = browser.post(path, {"version": "3"}).text
        assert html.count(" autofocus>") == 1
        assert re.search(r'<div class="summary" role="alert"[^>]* tabindex="-1" autofocus>', html)
    html = browser.post(f"{desk.page}/done", {"version": "3"}).text
    assert "<title>没有提交" in html
    for name in re.findall(r'<li><a href="#([^"]+)">', html):
        assert re.search(rf'aria-describedby="{name}-fault[^"]*" aria-invalid="true"', html), name
