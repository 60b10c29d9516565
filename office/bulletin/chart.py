"""A chart of horizontal bars as SVG: scales to any size, readable in black and white, told in words to a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

FONTS = (
    "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','SimHei','WenQuanYi Micro Hei',sans-serif"
)
_WIDTH, _NAMES, _BAR, _STEP, _TOP, _BELOW = 900, 300, 440, 34, 92, 56
_LONGEST_NAME = 17


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its share from 0 to 1, and what is written at its end."""

    name: str
    share: float
    said: str


def bars(title: str, description: str, found: Sequence[Bar], note: str) -> str:
    """The picture, from 0 to 100 per cent. `description` says in words what it shows; `note` stands below it."""
    height = _TOP + _STEP * max(1, len(found)) + _BELOW
    bottom = height - _BELOW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="title desc" font-family="{FONTS}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(description)}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_WIDTH / 2:g}" y="36" font-size="22" font-weight="bold" text-anchor="middle">{escape(title)}</text>',
    ]
    for percent in (0, 25, 50, 75, 100):
        x = _NAMES + _BAR * percent / 100
        parts.append(f'<line x1="{x:g}" y1="{_TOP - 8}" x2="{x:g}" y2="{bottom}" stroke="#bbbbbb" stroke-width="1"/>')
        parts.append(f'<text x="{x:g}" y="{_TOP - 14}" font-size="14" text-anchor="middle">{percent}%</text>')
    for number, bar in enumerate(found):
        y = _TOP + _STEP * number
        width = _BAR * min(1.0, max(0.0, bar.share))
        name = bar.name if len(bar.name) <= _LONGEST_NAME else f"{bar.name[: _LONGEST_NAME - 1]}…"
        parts += [
            f'<text x="{_NAMES - 10}" y="{y + 19}" font-size="16" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_NAMES}" y="{y + 3}" width="{width:.1f}" height="22" fill="#4a6fa5" stroke="#1d3557"/>',
            f'<text x="{_NAMES + width + 8:.1f}" y="{y + 19}" font-size="15" paint-order="stroke" stroke="#ffffff" '
            f'stroke-width="4">{escape(bar.said)}</text>',
        ]
    if not found:
        parts.append(
            f'<text x="{_WIDTH / 2:g}" y="{_TOP + 22}" font-size="16" text-anchor="middle">本月没有可计算的数据</text>'
        )
    parts.append(f'<text x="20" y="{height - 20}" font-size="14">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])
