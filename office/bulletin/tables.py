"""The bulletin's tables as plain rows: the one source of the document, the workbook, the text files and the JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.county import County
from office.bulletin.accountability import Answerable, Told
from office.bulletin.figures import Delay, Figures, Tally
from office.bulletin.persons import COUNTY, DUTIES, Persons
from office.bulletin.small_numbers import SMALLEST_SHOWN, WITHHELD
from office.timekeeping import COUNTY_ZONE
from rules.steps import STEPS, step
from rules.vocabulary import Mechanism, ReporterKind
from rules.wording import short_deadline

NONE = "—"
"""What stands where there is nothing to say."""


ACCOUNTABILITY = "accountability"
"""The key of the only table that names cases."""


@dataclass(frozen=True)
class Share:
    """A share from 0 to 1, printed in per cent."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:.1%}"


Cell = str | int | float | Share


@dataclass(frozen=True)
class Table:
    """One table. `key` names its file; `notes` stand below it."""

    key: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


_TALLY = (
    "上月结转", "本月交办", "其中改派转入", "按时办结", "逾期办结", "退回", "其中逾期退回", "撤回", "期末在办",
    "其中已逾期", "其中暂停计时", "按时率", "用时中位数（小时）", "最长用时（小时）",
)  # fmt: skip
_TALLY_NOTES = (
    "上月结转＋本月交办＝按时办结＋逾期办结＋退回＋撤回＋期末在办。",
    "按时以现行办理时限为准，同意的延期和暂停计时均已计入。",
    "按时率＝按时办结÷（按时办结＋逾期办结＋逾期退回＋期末已逾期）。",
    "用时自交办至办结，按自然时间计，扣除暂停计时；办结不足3件的不列。",
)
_WITHHELD_NOTE = (
    f"不足{SMALLEST_SHOWN}的人数（案件数、报告数）写作“＜{SMALLEST_SHOWN}”；可以据此推算的，写作“{WITHHELD}”。"
    "这一界限由本县自定，没有文件规定。"
)


def tables(
    county: County, found: Figures, before: Figures, printed: Persons, steps: Sequence[Answerable]
) -> list[Table]:
    """Every table, in the order of the attachments."""
    return [
        _compared(found, before),
        _tallied("offices", "各单位办理情况", "单位", found.offices, county.name_of_office, _order(county.offices)),
        _tallied("mechanisms", "各机制办理情况", "机制", found.mechanisms, _mechanism, _order(map(str, Mechanism))),
        _by_step(found),
        _by_township(county, printed),
        _cases(county, printed),
        _reports(found, printed),
        answerable_table(county, steps),
    ]


def hours(time: timedelta | None) -> Cell:
    """A length of time in hours, to one decimal."""
    return NONE if time is None else round(time / timedelta(hours=1), 1)


def share(tally: Tally) -> Cell:
    """The rate on time."""
    return NONE if tally.rate is None else Share(tally.rate)


def how_late(time: timedelta) -> str:
    """A delay in whole days and hours, as it is said."""
    days, rest = divmod(time, timedelta(days=1))
    whole = rest // timedelta(hours=1)
    if not days and not whole:
        return "不足1小时" if time else "未逾期"
    return f"{days}天{whole}小时" if days and whole else f"{days}天" if days else f"{whole}小时"


def dated_deadline(at: datetime) -> str:
    """A deadline with its year: the lists are kept for years."""
    return short_deadline(at, beside=at + timedelta(days=732))


def _row(tally: Tally) -> tuple[Cell, ...]:
    return (
        tally.carried, tally.asked, tally.rerouted, tally.on_time, tally.late, tally.declined, tally.declined_late,
        tally.withdrawn, tally.open, tally.overdue, tally.held, share(tally), hours(tally.middle), hours(tally.longest),
    )  # fmt: skip


def _compared(found: Figures, before: Figures) -> Table:
    now, then = _row(found.county), _row(before.county)
    rows = tuple((name, a, b) for name, a, b in zip(_TALLY, now, then, strict=True))
    return Table(
        "county", "全县办理情况（与上月对比）", ("指标", found.month.label, before.month.label), rows, _TALLY_NOTES
    )


def _tallied(
    key: str, title: str, heading: str, found: Mapping[str, Tally], name: Callable[[str], str],
    order: Callable[[str], int],
) -> Table:  # fmt: skip
    rows = tuple((name(one), *_row(found[one])) for one in sorted(found, key=lambda one: (order(one), one)))
    return Table(key, title, (heading, *_TALLY), rows, _TALLY_NOTES)


def _by_step(found: Figures) -> Table:
    order = _order(STEPS)
    rows = tuple(
        (_mechanism(str(step(key).mechanism or "")), step(key).label, *_row(found.steps[key]))
        for key in sorted(found.steps, key=order)
    )
    return Table("steps", "各事项办理情况", ("机制", "事项", *_TALLY), rows, _TALLY_NOTES)


def _by_township(county: County, printed: Persons) -> Table:
    rows = tuple(
        (_township(county, place), *(printed.duties[place, figure] for figure in DUTIES))
        for place in dict.fromkeys(place for place, _ in printed.duties)
    )
    headings = ("乡镇（街道）", "本月交办", "按时办结", "逾期办结", "期末在办", "其中已逾期")
    return Table("townships", "各乡镇（街道）儿童的事项办理情况", headings, rows, (_WITHHELD_NOTE,))


def _cases(county: County, printed: Persons) -> Table:
    places = dict.fromkeys(place for place, _ in printed.cases)
    rows: list[tuple[Cell, ...]] = [
        (_township(county, place), *(printed.cases[place, figure] for figure in ("new", "closed", "open")))
        for place in places
    ]
    rows += [(f"结案原因：{label}", NONE, number, NONE) for label, number in printed.grounds.items()]
    return Table("cases", "案件情况", ("范围", "本月新立案", "本月结案", "期末在办"), tuple(rows), (_WITHHELD_NOTE,))


def _reports(found: Figures, printed: Persons) -> Table:
    rows: list[tuple[Cell, ...]] = [("合计", printed.reports[""])]
    rows += [(kind.label, printed.reports[kind.value]) for kind in ReporterKind if kind.value in printed.reports]
    rows += [*_delay("发现到报告", found.to_report), *_delay("报告到首次签收", found.to_receipt)]
    few = f"不足{SMALLEST_SHOWN}份报告的，不列用时。"
    return Table("reports", "报告情况", ("报告人类别、用时", "本月"), tuple(rows), (_WITHHELD_NOTE, few))


def _delay(what: str, delay: Delay) -> Iterable[tuple[Cell, ...]]:
    enough = delay.number >= SMALLEST_SHOWN
    yield f"{what}用时中位数（小时）", hours(delay.middle if enough else None)
    yield f"{what}最长用时（小时）", hours(delay.longest if enough else None)


def answerable_table(county: County, steps: Sequence[Answerable]) -> Table:
    """The accountability list."""
    rows = tuple(
        (
            one.case, step(one.step).label, one.request, county.name_of_office(one.office),
            dated_deadline(one.due), how_late(one.late),
            "仍未办结" if one.ended_at is None else f"{_day(one.ended_at)}已答复",
            "；".join(_told(told) for told in one.told), "已列入未解决清单" if one.listed else NONE,
        )
        for one in steps
    )  # fmt: skip
    headings = ("案号", "事项", "办件号", "承办单位", "办理时限", "逾期", "现状", "已告知", "未解决清单")
    notes = ("告知日期为该级首次告知之日；注明“信件未送出”的，不算已告知。",)
    return Table(ACCOUNTABILITY, "问责清单（提请联席会议）", headings, rows, notes)


def _told(told: Told) -> str:
    times = f"，共{told.times}次" if told.times > 1 else ""
    lost = "" if told.letter_left else "（信件未送出）"
    return f"{told.level.label}{_day(told.first)}{times}{lost}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(COUNTY_ZONE):%Y-%m-%d}"


def _mechanism(key: str) -> str:
    return Mechanism(key).label if key else "协调事项"


def _township(county: County, key: str) -> str:
    if key == COUNTY:
        return "全县"
    place = county.townships.get(key)
    return key if place is None else place.name


def _order(keys: Iterable[str]) -> Callable[[str], int]:
    """The county's own order; what it has no more comes last."""
    places = {key: number for number, key in enumerate(keys)}
    return lambda key: places.get(key, len(places))
