"""The working calendar of a county: the library's record of the State Council's notices, and the county's overlays.

An overlay is `workdays_YYYY.yaml` in the county's folder. It changes days of a year, or publishes a year the library
does not know yet (`publishes_year: true`), so that a new notice needs no new release (the notice comes each autumn).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from chinese_calendar.constants import Holiday, holidays, in_lieu_days, workdays
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from config.faults import Fault
from rules.workdays import Calendar

# 国务院办公厅关于某年部分节假日安排的通知, by the year arranged.
_NOTICES = {
    2019: "国办发明电〔2018〕15号",
    2020: "国办发明电〔2019〕16号",
    2021: "国办发明电〔2020〕27号",
    2022: "国办发明电〔2021〕11号",
    2023: "国办发明电〔2022〕16号",
    2024: "国办发明电〔2023〕7号",
    2025: "国办发明电〔2024〕12号",
    2026: "国办发明电〔2025〕7号",
}
# Days that a later notice of their own arranged anew.
_LATER_NOTICES = {
    **dict.fromkeys(
        (date(2019, 4, 28), *(date(2019, 5, day) for day in range(1, 6))),
        "国办发明电〔2019〕3号",
    ),
    **dict.fromkeys((date(2020, 1, 31), date(2020, 2, 1), date(2020, 2, 2)), "国办发明电〔2020〕1号"),
}
# The library names some festivals without the word that officers and the notices use.
_FULL_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}

_FILE_NAME = re.compile(r"workdays_(?P<year>[0-9]{4})\.yaml")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEYS = ("notice", "publishes_year", "days_off", "working_days")
_ENTRY_KEYS = ("date", "why", "notice")


def load_calendar(county_dir: Path, faults: list[Fault]) -> Calendar:
    """The calendar in force for a county. Faults of its overlays are appended to `faults`, never raised.

    Entries without fault are applied even where others in the file have one; the overlay wins over the library.
    A missing folder is the county loader's fault to report, and gives the library's calendar.
    """
    known_off, known_working, known_years = _library()
    days_off, working_days, published = dict(known_off), dict(known_working), set(known_years)
    for path in sorted(county_dir.glob("workdays*.y*ml")):
        overlay = _read_overlay(path, faults)
        if overlay is None:
            continue
        for day, why in overlay.days_off.items():
            working_days.pop(day, None)
            days_off[day] = why
        for day, why in overlay.working_days.items():
            days_off.pop(day, None)
            working_days[day] = why
        if overlay.publishes_year:
            published.add(overlay.year)
    return Calendar(days_off, working_days, published)


@lru_cache(maxsize=1)
def _library() -> tuple[dict[date, str], dict[date, str], frozenset[int]]:
    """Days off, make-up working days and published years, as the installed chinesecalendar has them."""
    off = {day: _why(day, name, "调休放假" if day in in_lieu_days else "放假") for day, name in holidays.items()}
    working = {day: _why(day, name, "调休上班") for day, name in workdays.items()}
    # Days at the end of December belong to the next year's notice, so only 国庆节 proves that a year is there.
    years = frozenset(day.year for day in holidays if (day.month, day.day) == (10, 1))
    return off, working, years


def _why(day: date, english_name: str, what: str) -> str:
    name = Holiday(english_name).chinese
    # 元旦 in December is arranged by the notice of the year that is about to begin.
    year = day.year + 1 if day.month == 12 else day.year
    notice = _LATER_NOTICES.get(day) or _NOTICES.get(year) or f"国务院办公厅{year}年节假日安排通知"
    return f"{_FULL_NAMES.get(name, name)}{what}（{notice}）"


class _DatesAsWritten(RoundTripConstructor):
    """Leaves dates as text, so that 2026-02-30 is a fault with a line and not the end of the reading."""


_DatesAsWritten.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


@dataclass
class _Overlay:
    """One overlay file while it is read."""

    path: Path
    year: int
    faults: list[Fault]
    notice: str = ""
    publishes_year: bool = False
    days_off: dict[date, str] = field(default_factory=dict)
    working_days: dict[date, str] = field(default_factory=dict)
    lines: dict[date, int] = field(default_factory=dict)

    def fault(self, line: int, reason: str) -> None:
        self.faults.append(Fault(self.path, line, reason))

    def read(self, root: CommentedMap) -> None:
        self._refuse_unknown_keys(root, _KEYS)
        self.notice = self._text(root, "notice", "通知文号，如 notice: 国办发明电〔2025〕7号") or "县里的调整"
        publishes = root.get("publishes_year", False)
        if isinstance(publishes, bool):
            self.publishes_year = publishes
        else:
            self.fault(_line(root, "publishes_year"), f"publishes_year 只能写 true 或 false，现为“{publishes}”")
        for key, days in (("days_off", self.days_off), ("working_days", self.working_days)):
            for entry, line in self._entries(root, key):
                self._read_entry(entry, line, days)
        if self.publishes_year and not self.days_off:
            self.fault(
                _line(root, "publishes_year"),
                f"publishes_year 为 true，但 days_off 没有列出 {self.year} 年的放假日；请照通知逐日列出",
            )

    def _entries(self, root: CommentedMap, key: str) -> Iterator[tuple[Any, int]]:
        listed = root.get(key)
        if listed is None:
            return
        if not isinstance(listed, CommentedSeq):
            self.fault(_line(root, key), f"{key} 应为列表，每项写 date 和 why")
            return
        for index, entry in enumerate(listed):
            yield entry, listed.lc.item(index)[0] + 1

    def _read_entry(self, entry: Any, line: int, days: dict[date, str]) -> None:
        if not isinstance(entry, CommentedMap):
            self.fault(line, f"“{entry}”写法不对；每项应为 {{date: {self.year}-01-02, why: 元旦放假}}")
            return
        self._refuse_unknown_keys(entry, _ENTRY_KEYS)
        why = self._text(entry, "why", "事由，如 why: 国庆节放假", line)
        notice = self._text(entry, "notice", "通知文号", line) if "notice" in entry else self.notice
        day = self._date(entry, line)
        if day is None:
            return
        line = _line(entry, "date")
        if day in self.lines:
            elsewhere = "重复" if day in days else "既列为放假又列为上班"
            self.fault(line, f"{day} {elsewhere}（另见第 {self.lines[day]} 行）；请只留一处")
            return
        self.lines[day] = line
        if why:
            days[day] = f"{why}（{notice or self.notice}）"

    def _date(self, entry: CommentedMap, line: int) -> date | None:
        written = entry.get("date")
        if written is None:
            self.fault(line, f"缺少 date；请写日期，如 date: {self.year}-01-02")
            return None
        line = _line(entry, "date")
        day = None
        if _DATE.fullmatch(str(written)):
            try:
                day = date.fromisoformat(str(written))
            except ValueError:
                day = None
        if day is None:
            self.fault(line, f"日期“{written}”不存在或写法不对；应写作 {self.year}-01-02")
        elif day.year != self.year:
            self.fault(line, f"日期 {day} 不在 {self.year} 年内；请写入 workdays_{day.year:04d}.yaml")
            return None
        return day

    def _text(self, mapping: CommentedMap, key: str, what: str, line: int = 1) -> str | None:
        written = mapping.get(key)
        if isinstance(written, str) and written.strip():
            return written.strip()
        line = _line(mapping, key) if key in mapping else line
        self.fault(line, f"缺少 {key}；请写{what}" if written in (None, "") else f"{key} 应为文字，现为“{written}”")
        return None

    def _refuse_unknown_keys(self, mapping: CommentedMap, allowed: tuple[str, ...]) -> None:
        for key in mapping:
            if key not in allowed:
                self.fault(_line(mapping, key), f"不认识的项“{key}”；这里可写：{'、'.join(allowed)}")


def _line(mapping: CommentedMap, key: str) -> int:
    # A key merged in from an anchor has no place of its own; the mapping's will do.
    places = mapping.lc.data or {}
    return int(places[key][0] if key in places else mapping.lc.line) + 1


def _read_overlay(path: Path, faults: list[Fault]) -> _Overlay | None:
    name = _FILE_NAME.fullmatch(path.name)
    if name is None:
        faults.append(Fault(path, 1, f"文件名“{path.name}”不对；应为 workdays_年份.yaml，如 workdays_2026.yaml"))
        return None
    root = _parse(path, faults)
    if root is None:
        return None
    overlay = _Overlay(path, int(name["year"]), faults)
    overlay.read(root)
    return overlay


def _parse(path: Path, faults: list[Fault]) -> CommentedMap | None:
    yaml = YAML()
    yaml.Constructor = _DatesAsWritten
    try:
        root = yaml.load(path.read_text(encoding="utf-8-sig"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.append(Fault(path, mark.line + 1 if mark else 1, f"不是合格的 YAML：{error.problem}；请检查缩进和标点"))
    except (YAMLError, UnicodeDecodeError):
        faults.append(Fault(path, 1, "文件不是 UTF-8 编码的 YAML 文本；请另存为 UTF-8"))
    except OSError as error:
        faults.append(Fault(path, 1, f"读不了这个文件：{error.strerror}"))
    else:
        if isinstance(root, CommentedMap):
            return root
        faults.append(Fault(path, 1, f"文件应含 {'、'.join(_KEYS)} 各项；至少写明 notice"))
    return None
