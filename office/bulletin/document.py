"""The bulletin as an official document: what is said in it, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from config.county import County
from office.bulletin.accountability import Answerable
from office.bulletin.figures import Figures, Tally
from office.bulletin.layout import OfficialDocument, table_width
from office.bulletin.months import Month
from office.bulletin.persons import COUNTY, Persons
from office.bulletin.tables import Cell, Share, Table
from office.timekeeping import COUNTY_ZONE
from rules.vocabulary import Level, ReporterKind

NUMBER_PLACEHOLDER = "【发文字号由印发单位填写】〔{year}〕　号"
"""Jieli gives no document numbers: whoever issues the bulletin keeps the register."""
NAMED = 10
"""So many offices and steps at most are named in the text; the attachments name all."""
_WIDE = 7
"""A table of more columns lies on its side."""


def document(
    county: County,
    found: Figures,
    before: Figures,
    printed: Persons,
    steps: Sequence[Answerable],
    tables: Sequence[Table],
    now: datetime,
) -> bytes:
    """The file's bytes."""
    made = _begun(county, title_of(found), "各乡镇人民政府（街道办事处），县直有关单位：", now)
    made.paragraph(_opening(found))
    made.heading("一、总体情况")
    for sentence in (_overall(found.county), _beside(found.county, before), _persons(printed)):
        made.paragraph(sentence)
    made.heading("二、各单位办理情况")
    for sentence in _offices(county, found):
        made.paragraph(sentence)
    made.heading("三、案件和报告情况")
    for sentence in _reported(printed):
        made.paragraph(sentence)
    made.heading("四、提请联席会议问责的事项")
    for sentence in _answerable(steps):
        made.paragraph(sentence)
    made.heading("五、工作要求")
    made.paragraph(
        "各单位要对照附件逐项核对，逾期事项立即办理并答复；确有困难的，在期满前申请延期，或者说明理由退回。"
        "对工作不力导致重大失误、发生恶性事件的单位和人员，按照晋政发〔2017〕46号七（一）和有关法律法规追究责任。"
    )
    return _ended(made, county, found.month, tables, now)


def title_of(found: Figures) -> str:
    """The bulletin's title; one of a month that still runs says so."""
    until = "" if found.as_of == found.month.end else f"（截至{_day(found.as_of)}）"
    return f"关于{found.month.label}困境儿童保障工作办理情况的通报{until}"


def written(cell: Cell) -> str:
    """A cell as it is printed."""
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)


def _issuer(county: County) -> str:
    return county.name_of_office(Level.JOINT_MEETING.value)


def _day(at: datetime) -> str:
    local = at.astimezone(COUNTY_ZONE)
    return f"{local.year}年{local.month}月{local.day}日"


def _opening(found: Figures) -> str:
    return (
        "根据晋政发〔2017〕46号七（一）关于加强督导检查、对落实不到位的单位进行通报的要求，"
        f"现将{found.month.label}各单位办理困境儿童事项的情况通报如下。本通报由办理记录统计，"
        "不含儿童和报告人的个人信息。"
    )


def _overall(tally: Tally) -> str:
    return (
        f"上月结转{tally.carried}件，本月交办{tally.asked}件（其中改派转入{tally.rerouted}件）；"
        f"按时办结{tally.on_time}件，逾期办结{tally.late}件，退回{tally.declined}件，撤回{tally.withdrawn}件；"
        f"期末在办{tally.open}件，其中已逾期{tally.overdue}件、暂停计时{tally.held}件。{_rate(tally, '全县')}"
    )


def _rate(tally: Tally, whose: str) -> str:
    return "" if tally.rate is None else f"{whose}按时率为{Share(tally.rate)}。"


def _beside(tally: Tally, before: Figures) -> str:
    then = before.county
    if tally.rate is None or then.rate is None:
        return (
            f"上月（{before.month.label}）交办{then.asked}件，没有可以对比的按时率。"
            if then.asked
            else (f"上月（{before.month.label}）没有可以对比的记录。")
        )
    points = round(100 * tally.rate, 1) - round(100 * then.rate, 1)
    change = (
        "与上月持平" if abs(points) < 0.05 else f"比上月{'提高' if points > 0 else '下降'}{abs(points):.1f}个百分点"
    )
    return (
        f"上月（{before.month.label}）交办{then.asked}件，期末已逾期{then.overdue}件，按时率为{Share(then.rate)}；"
        f"本月按时率{change}。"
    )


def _persons(printed: Persons) -> str:
    new, closed, open_ = (printed.cases[COUNTY, figure] for figure in ("new", "closed", "open"))
    return f"本月收到报告{printed.reports['']}份，新立案{new}件，结案{closed}件，期末在办案件{open_}件。"


def _offices(county: County, found: Figures) -> Iterable[str]:
    name = county.name_of_office
    late = sorted(
        ((key, t) for key, t in found.offices.items() if t.overdue + t.late + t.declined_late),
        key=lambda one: (-one[1].overdue, -one[1].late - one[1].declined_late, one[0]),
    )
    clean = [key for key, t in found.offices.items() if t.measured and t.rate == 1]
    if clean:
        yield f"全部按时办结的单位{len(clean)}个：{'、'.join(name(key) for key in clean[:NAMED])}{_more(len(clean))}。"
    if not late:
        yield "本月没有单位逾期。"
    for number, (key, tally) in enumerate(late[:NAMED], start=1):
        said = [
            f"{what}{count}件"
            for what, count in (
                ("逾期未办结", tally.overdue),
                ("逾期办结", tally.late),
                ("逾期退回", tally.declined_late),
            )
            if count
        ]
        yield f"{number}. {name(key)}：{'，'.join(said)}。{_rate(tally, '')}"
    if len(late) > NAMED:
        yield f"另有{len(late) - NAMED}个单位有逾期，见附件。"


def _more(count: int) -> str:
    return "等" if count > NAMED else ""


def _reported(printed: Persons) -> Iterable[str]:
    kinds = [
        f"{kind.label}{number}份" for kind in ReporterKind if (number := printed.reports.get(kind.value)) is not None
    ]
    yield f"报告来源：{'，'.join(kinds)}。" if kinds else "本月没有收到报告。"
    grounds = [f"{label}{number}件" for label, number in printed.grounds.items()]
    yield f"结案原因：{'，'.join(grounds)}。" if grounds else "本月没有结案。"


def _answerable(steps: Sequence[Answerable]) -> Iterable[str]:
    """Only how many: a case's number beside a village would tell every unit in which village there is a case."""
    if not steps:
        yield "本月没有已经告知联席会议或者列入未解决清单的事项。"
        return
    open_ = [one for one in steps if one.ended_at is None]
    yield (
        f"已经告知联席会议或者列入未解决清单的事项共{len(steps)}件，其中期末仍未办结{len(open_)}件，"
        "问责清单另送联席会议组成人员，不随本通报印发。"
    )


def accountability_list(county: County, month: Month, table: Table, now: datetime) -> bytes:
    """The accountability list as a document of its own, for the joint meeting alone."""
    made = _begun(county, f"{month.label}{table.title}", "联席会议各组成人员：", now)
    made.paragraph(
        "下列事项已经逐级告知，仍未办结或者办结严重逾期，由办理记录整理，提请联席会议研究。"
        "本清单含案件编号，只供联席会议使用，不得转发；案件中应当回避的人员不得查阅。"
    )
    return _ended(made, county, month, [table], now)


def _begun(county: County, title: str, to: str, now: datetime) -> OfficialDocument:
    made = OfficialDocument(title)
    made.head(_issuer(county), NUMBER_PLACEHOLDER.format(year=now.astimezone(COUNTY_ZONE).year))
    made.title(title)
    made.addressed(to)
    return made


def _ended(made: OfficialDocument, county: County, month: Month, tables: Sequence[Table], now: datetime) -> bytes:
    """Signature, day, and each table as an attachment; the file's bytes."""
    made.attachments([table.title for table in tables])
    made.signed(_issuer(county), _day(now))
    for number, table in enumerate(tables, start=1):
        wide = len(table.headings) > _WIDE
        made.attachment(number, f"{month.label}{table.title}", wide=wide)
        if table.rows:
            rows = [[written(cell) for cell in row] for row in table.rows]
            made.table(table.headings, rows, width=table_width(wide=wide))
        else:
            made.paragraph("本月没有。")
        for note in table.notes:
            made.note(f"注：{note}")
    return made.saved()
