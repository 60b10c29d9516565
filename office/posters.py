"""A sheet for the wall: a code that opens the report form with the place filled in, and what to do before that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import segno

from config.county import County
from config.settings import Settings
from office.reachable import opens_here_only
from office.refusals import Refused

CALL_FIRST = ("发现儿童受到伤害或者处于危险，", "请先拨打110；再扫码报告")
"""The two lines of the sheet, whole together."""

SVG = "http://www.w3.org/2000/svg"
WIDTH, HEIGHT = 210, 297
"""Millimetres: A4, upright."""

CODE_SIDE = 110
QUIET = 4
"""Modules of white around the code, as ISO/IEC 18004 asks for."""

FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',SimHei,sans-serif"


@dataclass(frozen=True)
class Sheet:
    """One sheet: the place as people read it, the address behind the code, and a name for its file."""

    place: str
    address: str
    file: str


def sheets(
    county: County, settings: Settings, *, township: str = "", village: str = "", school: str = ""
) -> tuple[Sheet, ...]:
    """The sheet of every village, of one township's, or of the one that is asked for; keys of the county.

    A school's sheet names the school and leads to its village, or to its township where no village is given. Raises
    `Refused` for a place that the county does not have, and for an address that a telephone cannot open.
    """
    _require_an_address_others_can_open(settings)
    if school:
        return (_of_school(county, settings, township, village, school),)
    if township and township not in county.townships:
        raise Refused(_unknown_township(county, township))
    found = [
        _sheet(settings, (one.name, place.name), key, place_key)
        for key, one in county.townships.items()
        for place_key, place in one.villages.items()
        if township in ("", key) and village in ("", place_key)
    ]
    if not found:
        raise Refused(f"没有代号为“{village or township}”的村(居)，请对照本县的 county.yaml。")
    return tuple(found)


def _of_school(county: County, settings: Settings, township: str, village: str, school: str) -> Sheet:
    if not school.strip() or not school.isprintable():
        raise Refused("请写明学校的名称。")
    within = [key for key, one in county.townships.items() if village and village in one.villages]
    key = township or (within[0] if len(within) == 1 else "")
    if not key:
        raise Refused("请用 --township 写明学校在哪个乡镇。")
    if key not in county.townships:
        raise Refused(_unknown_township(county, key))
    if village and village not in county.townships[key].villages:
        raise Refused(f"村(居)“{village}”不属于{county.townships[key].name}，请对照本县的 county.yaml。")
    return _sheet(settings, (county.townships[key].name, school.strip()), key, village, school.strip())


def _unknown_township(county: County, key: str) -> str:
    known = "、".join(f"{one.name}（{known}）" for known, one in county.townships.items())
    return f"乡镇(街道)“{key}”不在本县，请从下列选择：{known}。"


def _sheet(settings: Settings, names: tuple[str, str], township: str, village: str, school: str = "") -> Sheet:
    address = f"{settings.portal_url}/report?place={quote(f'{township}/{village}', safe='/')}"
    # A name goes into a file's name as it is, but for what folders and disks do not take.
    parts = [township, village, "".join("_" if one in '/\\:*?"<>|.' else one for one in school)]
    return Sheet("".join(names), address, "-".join(part for part in parts if part) + ".svg")


def _require_an_address_others_can_open(settings: Settings) -> None:
    if opens_here_only(settings.portal_url) and not settings.demo:
        raise Refused(
            f"{settings.portal_url} 只有本机能打开，手机扫码打不开；"
            "请先把 JIELI_PUBLIC_URL 设为各村能打开的地址，例如 https://jieli.anhe.example。"
        )


def code_of(address: str) -> segno.QRCode:
    """The code of an address. A quarter of it may be torn, dirty or faded, and it still opens."""
    return segno.make_qr(address, error="q", boost_error=False)


def _rows(code: segno.QRCode) -> Iterator[str]:
    """The dark modules as strokes of a path, each as long as the modules that touch."""
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            run = next((n for n, module in enumerate(row[x:]) if not module), len(row) - x)
            if run:
                yield f"M{x} {y}h{run}v1h-{run}z"
            x += run or 1


def draw(sheet: Sheet) -> str:
    """The sheet as an SVG document, to be printed on A4. It loads nothing from anywhere."""
    page = ElementTree.Element(
        "svg",
        {
            "xmlns": SVG, "width": f"{WIDTH}mm", "height": f"{HEIGHT}mm", "viewBox": f"0 0 {WIDTH} {HEIGHT}",
            "role": "img", "lang": "zh-CN", "aria-labelledby": "title what",
        },
    )  # fmt: skip
    _put(page, "title", {"id": "title"}, f"{sheet.place}：扫码报告儿童受到伤害或者处于危险")
    _put(page, "desc", {"id": "what"}, f"{''.join(CALL_FIRST)}。二维码的网址：{sheet.address}")
    _put(page, "rect", {"width": str(WIDTH), "height": str(HEIGHT), "fill": "#fff"})
    middle = {"x": str(WIDTH / 2), "text-anchor": "middle", "font-family": FONTS, "fill": "#000"}
    words = _put(page, "text", middle | {"y": "45", "font-size": "12", "font-weight": "bold"})
    _put(words, "tspan", {"x": middle["x"]}, CALL_FIRST[0])
    _put(words, "tspan", {"x": middle["x"], "dy": "19"}, CALL_FIRST[1])
    code = code_of(sheet.address)
    module = CODE_SIDE / (len(code.matrix) + 2 * QUIET)
    left = (WIDTH - CODE_SIDE) / 2 + QUIET * module
    place = f"translate({left:.3f} {85 + QUIET * module:.3f}) scale({module:.4f})"
    _put(page, "path", {"id": "code", "transform": place, "fill": "#000", "d": "".join(_rows(code))})
    # The longest names still fit between the margins.
    size = min(14.0, (WIDTH - 20) / len(sheet.place))
    _put(page, "text", middle | {"y": "222", "font-size": f"{size:.2f}", "font-weight": "bold"}, sheet.place)
    _put(page, "text", middle | {"y": "242", "font-size": "6"}, "报告人的信息依法保密，可以不留姓名")
    _put(
        page, "text", middle | {"y": "258", "font-size": f"{min(5.0, 300 / len(sheet.address)):.2f}"}, sheet.address
    )  # fmt: skip
    return ElementTree.tostring(page, encoding="unicode", xml_declaration=False) + "\n"


def _put(into: ElementTree.Element, name: str, attributes: dict[str, str], text: str = "") -> ElementTree.Element:
    element = ElementTree.SubElement(into, name, attributes)
    element.text = text or None
    return element


def write(folder: Path, printed: tuple[Sheet, ...]) -> list[Path]:
    """Write each sheet into the folder, which is made where it is missing; one that is there is written anew."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for sheet in printed:
        files.append(folder / sheet.file)
        files[-1].write_text(draw(sheet), encoding="utf-8")
    return files
