"""A sheet on the wall opens the report form of its own village, and tells first to call 110."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import segno
from typer.testing import CliRunner

from config.county import County
from config.settings import Settings
from office.cli import app
from office.posters import CODE_SIDE, HEIGHT, QUIET, SVG, WIDTH, Sheet, draw, sheets
from office.refusals import Refused

PUBLIC = Settings(public_url="https://jieli.anhe.example/")
CALL_FIRST = "发现儿童受到伤害或者处于危险，请先拨打110；再扫码报告"


def modules(svg: ElementTree.Element) -> set[tuple[int, int]]:
    """Every dark module of the drawn code, as (row, column)."""
    path = svg.find(f"{{{SVG}}}path")
    assert path is not None
    return {
        (int(y), column)
        for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path.attrib["d"])
        for column in range(int(x), int(x) + int(run))
    }


def test_every_village_has_its_sheet_with_its_own_address(county: County) -> None:
    """One for each, all different, each naming township and village."""
    found = sheets(county, PUBLIC)
    assert len(found) == sum(len(one.villages) for one in county.townships.values())
    assert len({one.file for one in found}) == len({one.address for one in found}) == len(found)
    assert Sheet(
        "青石镇柳河村", "https://jieli.anhe.example/report?place=qingshi/liuhe", "qingshi-liuhe.svg"
    ) in found  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ({"township": "qingshi"}, ["青石镇柳河村", "青石镇上坪村"]),
        ({"village": "dongling"}, ["白杨乡东岭村"]),
        ({"township": "baiyang", "village": "shiqiao"}, ["白杨乡石桥村"]),
        ({"village": "liuhe", "school": "柳河小学"}, ["青石镇柳河小学"]),
        ({"township": "qingshi", "school": "青石中学"}, ["青石镇青石中学"]),
    ],
)
def test_one_place_can_be_asked_for(county: County, asked: dict[str, str], places: list[str]) -> None:
    """A township's villages, one village, or a school in either."""
    found = sheets(county, PUBLIC, **asked)
    assert [one.place for one in found] == places
    if "school" in asked:
        assert found[0].address.endswith(f"?place=qingshi/{asked.get('village', '')}")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"township": "nowhere"}, "不在本县.*青石镇（qingshi）"),
        ({"village": "nowhere"}, "没有代号为“nowhere”的村"),
        ({"township": "qingshi", "village": "dongling"}, "没有代号为“dongling”的村"),
        ({"school": "柳河小学"}, "请用 --township"),
        ({"school": "柳河小学", "township": "qingshi", "village": "dongling"}, "不属于青石镇"),
        ({"school": " ", "township": "qingshi"}, "学校的名称"),
    ],
)
def test_a_place_the_county_does_not_have_gets_no_sheet(county: County, asked: dict[str, str], sentence: str) -> None:
    """A code that leads nowhere would be found out when a child needs it."""
    with pytest.raises(Refused, match=sentence):
        sheets(county, PUBLIC, **asked)


@pytest.mark.parametrize(
    "url", [None, "http://127.0.0.1:8470", "http://localhost", "http://[::1]:80", "http://0.0.0.0"]
)
def test_an_address_that_only_this_machine_opens_is_refused_but_in_a_demonstration(
    county: County, url: str | None
) -> None:
    """A telephone would open its own machine."""
    with pytest.raises(Refused, match=r"手机扫码打不开.*JIELI_PUBLIC_URL"):
        sheets(county, Settings(public_url=url))
    assert sheets(county, Settings(public_url=url, demo=True))


def test_the_drawn_code_is_the_code_of_the_address_and_lies_on_the_page(county: County) -> None:
    """Module by module what segno makes of it, with the white around it that readers need."""
    sheet = sheets(county, PUBLIC, village="liuhe")[0]
    svg = ElementTree.fromstring(draw(sheet))  # noqa: S314 - our own document
    code = segno.make_qr("https://jieli.anhe.example/report?place=qingshi/liuhe", error="q", boost_error=False)
    assert modules(svg) == {(y, x) for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark}
    place = svg.find(f"{{{SVG}}}path").attrib["transform"]  # type: ignore[union-attr]
    left, top, scale = map(float, re.fullmatch(r"translate\((\S+) (\S+)\) scale\((\S+)\)", place).groups())  # type: ignore[union-attr]
    side = len(code.matrix) * scale
    assert abs(side + 2 * QUIET * scale - CODE_SIDE) < 0.1
    assert QUIET * scale < left < WIDTH - side - QUIET * scale
    assert top + side < HEIGHT


def test_the_sheet_tells_to_call_first_names_the_place_and_can_be_read_aloud(county: County) -> None:
    """The line, the name, the address in letters; a title for who does not see it."""
    sheet = sheets(county, PUBLIC, village="liuhe")[0]
    svg = ElementTree.fromstring(draw(sheet))  # noqa: S314 - our own document
    texts = ["".join(text.itertext()) for text in svg.iter(f"{{{SVG}}}text")]
    assert texts[0] == CALL_FIRST
    assert "青石镇柳河村" in texts
    assert sheet.address in texts
    assert svg.attrib["role"] == "img"
    named = {one.attrib.get("id"): one.text for one in svg}
    assert all(named[key] for key in svg.attrib["aria-labelledby"].split())
    assert "青石镇柳河村" in str(named["title"])


def test_a_name_with_signs_of_its_own_stays_a_name(county: County) -> None:
    """A school's name is text in the sheet, and no path in the folder."""
    sheet = sheets(county, PUBLIC, township="qingshi", school="../<柳河>&小学")[0]
    assert "/" not in sheet.file
    svg = ElementTree.fromstring(draw(sheet))  # noqa: S314 - our own document
    assert "青石镇../<柳河>&小学" in ["".join(text.itertext()) for text in svg.iter(f"{{{SVG}}}text")]


def test_a_sheet_loads_nothing(county: County) -> None:
    """No address stands in it but the namespace and the report form."""
    sheet = sheets(county, PUBLIC, village="liuhe")[0]
    assert set(re.findall(r"https?://[^\"<\s]+", draw(sheet))) == {SVG, sheet.address}


def test_the_command_writes_the_sheets_and_says_where(tmp_path: Path, monkeypatch: Any) -> None:
    """Every village of the example county, in the folder that was named."""
    monkeypatch.setenv("JIELI_PUBLIC_URL", "https://jieli.anhe.example")
    ran = CliRunner().invoke(app, ["qr", "--to", str(tmp_path / "wall"), "--json"])
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert len(said) == 4
    assert all(Path(one["file"]).read_text(encoding="utf-8").startswith("<svg") for one in said)
