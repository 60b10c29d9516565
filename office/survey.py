"""A survey (排查): each row of a sheet is one child and one report, filed by itself, and never twice.

The key of a row is made of the sheet's name and of what says which child it is; so the same sheet can be imported again
after a fault was mended, after a power cut, or by a colleague who did not know.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import ValidationError

from config.county import County
from office import intake
from office.bureau import Bureau
from office.people import plain_name
from office.survey_file import Column, Row
from office.timekeeping import when
from rules.vocabulary import Labelled, ReporterKind, ReportReason

NUMBER, NAME, SEX, BORN = "编号", "儿童姓名", "性别", "出生年月"
TOWNSHIP, VILLAGE = "乡镇(街道)", "村(居)"
REASON, DANGER, FOUND_AT, NARRATIVE = "报告事由", "此刻是否有危险", "发现时间", "发现的情况"
CHILD, WHEREABOUTS, ACCUSED = "儿童情况", "儿童现在何处", "被指伤害儿童的人"
KIND, REPORTER, CONTACT = "报告人身份", "报告人姓名", "报告人联系方式"

REQUIRED = (NAME, TOWNSHIP, REASON, NARRATIVE, KIND)

DANGERS: dict[str, bool | None] = {
    "有": True, "有危险": True, "是": True, "没有": False, "没有危险": False, "无": False, "否": False, "说不准": None,
    "不清楚": None, "": None,
}  # fmt: skip

_HEADING_OF = {
    "reporter_kind": KIND, "reason": REASON, "danger_now": DANGER, "township": TOWNSHIP, "village": VILLAGE,
    "found_at": FOUND_AT, "narrative": NARRATIVE, "child_description": CHILD, "place_detail": WHEREABOUTS,
    "alleged_perpetrator": ACCUSED, "reporter_name": REPORTER, "reporter_contact": CONTACT,
}  # fmt: skip

HOW_TO = (
    "",
    "一行填一名儿童；有星号的必填。填好后用 jieli import 导入。",
    "同一个工作表里，编号、儿童姓名、出生年月、乡镇、村都相同的，是同一名儿童，重复导入只算一次；确是两名儿童的，填不同的编号。",
    "下一次排查请换一个工作表名称（例如：2027年春季排查），或者换编号。",
    "儿童现在有危险的，不要等着填表，请立即拨打110。",
)


def columns_of(county: County) -> tuple[Column, ...]:
    """The columns of a survey, with the words of this county to choose from."""
    townships = county.townships.values()
    villages = tuple(dict.fromkeys(village.name for one in townships for village in one.villages.values()))
    columns = (
        Column(NUMBER, note="本村的顺序号，例如 2026-001；用来区分同名的儿童"),
        Column(NAME, note="姓名或者小名"),
        Column(SEX, choices=("男", "女"), width=8),
        Column(BORN, note="例如 2018-03"),
        Column(TOWNSHIP, choices=tuple(one.name for one in townships)),
        Column(VILLAGE, choices=villages, note="不清楚的不填"),
        Column(
            REASON, choices=tuple(one.label for one in ReportReason), width=30,
            note="只是生活困难、患病、残疾的，选最后一项，直接转评估帮扶",
        ),
        Column(DANGER, choices=("有", "没有", "说不准"), note="不填的按说不准对待"),
        Column(FOUND_AT, note="例如 2026-03-02 08:30"),
        Column(NARRATIVE, width=50, note="什么时候、在哪里、谁、怎么样"),
        Column(CHILD, width=30, note="和谁一起住、上什么学、身体怎么样"),
        Column(WHEREABOUTS, width=30),
        Column(ACCUSED, width=20, note="姓名，或者和儿童的关系，例如父亲"),
        Column(KIND, choices=tuple(one.label for one in ReporterKind), width=24),
        Column(REPORTER),
        Column(CONTACT),
    )  # fmt: skip
    return tuple(replace(column, required=column.heading in REQUIRED) for column in columns)


@dataclass(frozen=True)
class Filed:
    """A row that is in the records. `again` is True where it had been before."""

    row: Row
    receipt: intake.Receipt


@dataclass(frozen=True)
class Faulty:
    """A row that is not: what is wrong, and how to mend it, one Chinese sentence each."""

    row: Row
    sentences: tuple[str, ...]


@dataclass
class Outcome:
    """What became of every row. After a trial run `filed` is empty and `good` counts the rows without fault."""

    filed: list[Filed] = field(default_factory=list)
    faulty: list[Faulty] = field(default_factory=list)
    good: int = 0


async def import_rows(
    bureau: Bureau, rows: Sequence[Row], *, trial: bool = False, after_each: Callable[[], None] = lambda: None
) -> Outcome:
    """File every row without fault, each in a transaction of its own; the others are listed. A trial files nothing."""
    outcome = Outcome()
    first: dict[str, Row] = {}
    for row in rows:
        filing, faults = filing_of(bureau.county, row)
        if filing is not None:
            same = first.setdefault(filing.form_key, row)
            faults += intake.faults_of(bureau, filing)
            if same is not row:
                faults.append(
                    f"和第{same.line}行是同一名儿童，请删去一行；确是两名儿童的，请在“{NUMBER}”栏填不同的编号。"
                )
        if filing is None or faults:
            outcome.faulty.append(Faulty(row, tuple(faults)))
        elif trial:
            outcome.good += 1
        else:
            try:
                outcome.filed.append(Filed(row, await intake.file_report(bureau, filing)))
                outcome.good += 1
            except intake.KeyTaken:
                outcome.faulty.append(
                    Faulty(
                        row,
                        (
                            "这名儿童先前已经导入，现在内容和那时不同，先前的报告不变；"
                            f"新的情况请告知协调员，要另报一次的请在“{NUMBER}”栏换一个编号。",
                        ),
                    )
                )
        after_each()
    return outcome


def filing_of(county: County, row: Row) -> tuple[intake.Filing | None, list[str]]:
    """The report that a row makes, and what is wrong with the row; no report where it cannot be made."""
    values, faults = row.values, list(row.faults)
    faults += [f"请填写“{heading}”。" for heading in REQUIRED if not values[heading]]
    township = _key(values[TOWNSHIP], {key: one.name for key, one in county.townships.items()}, TOWNSHIP, faults)
    within = {key: one.name for key, one in county.townships[township].villages.items()} if township else {}
    village = _key(values[VILLAGE], within, VILLAGE, faults) if township else ""
    reason, kind = _word(ReportReason, values, REASON, faults), _word(ReporterKind, values, KIND, faults)
    if values[DANGER] not in DANGERS:
        faults.append(f"“{DANGER}”请填：有、没有或者说不准。")
    found_at: datetime | None = None
    try:
        found_at = when(values[FOUND_AT])
    except (ValueError, OverflowError):
        faults.append(f"“{FOUND_AT}”看不明白，请写成 2026-03-02 08:30 这样，或者不填。")
    if faults:
        # One sentence for each column: what the cell is comes before what it should say.
        return None, list({re.split("[“”]", fault)[1]: fault for fault in reversed(faults)}.values())[::-1]
    try:
        filing = intake.Filing(
            form_key=form_key(row.sheet, values, township, village),
            reporter_kind=ReporterKind(kind),
            reason=ReportReason(reason),
            danger_now=DANGERS[values[DANGER]],
            township=township,
            village=village,
            found_at=found_at,
            narrative=values[NARRATIVE],
            child_description=_child(values),
            place_detail=values[WHEREABOUTS],
            alleged_perpetrator=values[ACCUSED],
            reporter_name=values[REPORTER],
            reporter_contact=values[CONTACT],
        )
    except ValidationError as fault:
        return None, [_sentence(error["loc"], error["type"], error.get("ctx", {})) for error in fault.errors()]
    return filing, []


def form_key(sheet: str, values: Mapping[str, str], township: str, village: str) -> str:
    """The key of a row: the same child in the same sheet has the same one, however the columns are ordered."""
    born = "-".join(part.lstrip("0") for part in re.findall(r"\d+", values[BORN]))
    who = (sheet.strip(), plain_name(values[NUMBER]), plain_name(values[NAME]), born, township, village)
    return "survey-" + hashlib.sha256("\x1f".join(who).encode()).hexdigest()[:48]


def _child(values: Mapping[str, str]) -> str:
    known = [f"{heading}：{values[heading]}" for heading in (NUMBER, NAME, SEX, BORN) if values[heading]]
    return "\n".join(filter(None, ("；".join(known), values[CHILD])))


def _key(written: str, known: Mapping[str, str], heading: str, faults: list[str]) -> str:
    """The key of what was written as key or name; "" for nothing, and a fault for what is neither."""
    found = next((key for key, name in known.items() if written in (key, name)), "")
    if written and not found:
        faults.append(f"“{heading}”里的“{written[:20]}”不在可选范围，请填：{'、'.join(known.values())}。")
    return found


def _word(words: type[Labelled], values: Mapping[str, str], heading: str, faults: list[str]) -> str:
    return _key(values[heading], {word.value: word.label for word in words}, heading, faults)


def _sentence(location: tuple[int | str, ...], kind: str, context: Mapping[str, object]) -> str:
    heading = _HEADING_OF.get(str(location[0]) if location else "", "")
    if kind == "string_too_long":
        return f"“{heading}”最多{context['max_length']}个字，请缩短。"
    if kind == "string_too_short":
        return f"请填写“{heading}”。"
    return f"“{heading}”填写不正确，请核对。"
