"""people · away · back · bar · unbar · bars: who acts for an office, and who has no part in a case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from office.absences import COORDINATOR, end_absence, set_absence
from office.bars import bar as bar_person
from office.bars import bars_in, lift
from office.bureau import Bureau
from office.cli.output import CountyOption, Fault, JsonOption, app, moment, out, say, show_table, with_bureau
from office.directory import POSTS, Standing, directory
from office.staffing import settle
from office.timekeeping import COUNTY_ZONE, iso
from rules.steps import STEPS
from rules.vocabulary import BarReason


def read_moment(written: str, *, end: bool = False) -> datetime:
    """A day or an instant as typed, in the county's zone; the end of a period given as a day is the end of that day."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError as fault:
        raise Fault(f"日期“{written}”写法不对；应写作 2026-05-01，或 2026-05-01T14:00。") from fault
    at = at if at.tzinfo else at.replace(tzinfo=COUNTY_ZONE)
    return at + timedelta(days=1) if end and len(written) == len("2026-05-01") else at


@app.command()
def people(
    office: Annotated[str, typer.Option("--office", help="只列这个单位（代号）")] = "",
    unconfirmed: Annotated[bool, typer.Option("--unconfirmed", help="只列邮箱未确认的")] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出各单位和人员：在岗、离岗代理、邮箱是否确认、退信、已离岗。"""
    listed = with_bureau(county, directory)
    if office and office not in {one["office"] for one in listed}:
        raise Fault(f"没有代号为“{office}”的单位。")
    chosen = [one for one in listed if not office or one["office"] == office]
    if unconfirmed:
        for one in chosen:
            one["officers"] = [row for row in one["officers"] if Standing.UNCONFIRMED.value in row["states"]]
        chosen = [one for one in chosen if one["officers"]]
    if as_json:
        say(chosen)
        return
    rows = [
        (
            one["name"], row["key"], row["name"], "共用邮箱" if row["shared"] else POSTS.get(row["post"], ""),
            "、".join(Standing(state).label for state in row["states"]),
            "\n".join(f"{a['stand_in']} {moment(a['from'])}—{moment(a['to'])}" for a in row["absences"]),
        )
        for one in chosen
        for row in one["officers"]
    ]  # fmt: skip
    show_table(("单位", "代号", "姓名", "职务", "状态", "代理"), rows)


@app.command()
def away(
    officer: Annotated[str, typer.Argument(help="离岗人员代号")],
    begins: Annotated[str, typer.Option("--from", help="从哪天起，如 2026-05-01")],
    ends: Annotated[str, typer.Option("--to", help="到哪天为止（含当天），如 2026-05-07")],
    stand_in: Annotated[str, typer.Option("--stand-in", help="代理人代号")],
    set_by: Annotated[str, typer.Option("--by", help="谁登记：本人代号，或 coordinator")] = COORDINATOR,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """登记离岗代理：这段时间的信件发给代理人，代理人可以办理。"""
    start, end = read_moment(begins), read_moment(ends, end=True)

    async def work(bureau: Bureau) -> dict[str, str]:
        row = await set_absence(
            bureau, officer=officer, begins=start, ends=end, stand_in=stand_in, set_by=set_by
        )  # fmt: skip
        await settle(bureau)
        return {
            "officer": row.officer, "stand_in": row.stand_in, "from": start.isoformat(), "to": end.isoformat(),
            "set_by": row.set_by,
        }  # fmt: skip

    told = with_bureau(county, work)
    if as_json:
        say(told)
        return
    out.print(
        f"已登记：{told['officer']} {moment(told['from'])}至{moment(told['to'])}由{told['stand_in']}代理。",
        markup=False,
    )


@app.command()
def back(
    officer: Annotated[str, typer.Argument(help="人员代号")],
    ended_by: Annotated[str, typer.Option("--by", help="谁登记：本人代号，或 coordinator")] = COORDINATOR,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """结束离岗代理：本人已回来，或者不去了。"""
    ended = with_bureau(county, lambda bureau: end_absence(bureau, officer=officer, ended_by=ended_by))
    if not ended:
        raise Fault(f"“{officer}”没有登记离岗。")
    if as_json:
        say({"officer": officer, "ended": ended})
        return
    out.print(f"已结束：{officer}的离岗代理{ended}段。", markup=False)


@app.command()
def bar(
    case: Annotated[str, typer.Argument(help="案号")],
    who: Annotated[str, typer.Argument(help="人员代号；不在名册上的写姓名")],
    because: Annotated[BarReason, typer.Option("--because", help="回避的原因")],
    set_by: Annotated[str, typer.Option("--by", help="谁登记")] = COORDINATOR,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """登记回避：此人从现在起不能收信、代理、办理或查阅本案。"""
    told = with_bureau(
        county, lambda bureau: bar_person(bureau, case=case, who=who, reason=because, set_by=set_by)
    )  # fmt: skip
    if as_json:
        say(
            {
                "case": told.case, "who": told.who, "reason": told.reason.value, "again": told.again,
                "passed_on": list(told.passed_on), "recused": list(told.recused),
            }
        )  # fmt: skip
        return
    if told.again:
        out.print(f"{told.who}在{told.case}中已经登记回避。", markup=False)
        return
    out.print(f"已登记：{told.who}回避{told.case}。", markup=False)
    for key in told.passed_on:
        out.print(f"  {STEPS[key].label}：已转给本单位其他人员", markup=False)
    for key in told.recused:
        out.print(f"  {STEPS[key].label}：本单位无人可以承办，请改派其他单位", markup=False)


@app.command()
def unbar(
    case: Annotated[str, typer.Argument(help="案号")],
    who: Annotated[str, typer.Argument(help="人员代号或姓名")],
    lifted_by: Annotated[str, typer.Option("--by", help="谁登记")] = COORDINATOR,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """解除回避；已转给他人的事项不转回。"""
    lifted = with_bureau(county, lambda bureau: lift(bureau, case=case, who=who, lifted_by=lifted_by))
    if not lifted:
        raise Fault(f"{who}在{case}中没有登记回避。")
    if as_json:
        say({"case": case, "who": who, "lifted": True})
        return
    out.print(f"已解除：{who}在{case}中的回避。", markup=False)


@app.command()
def bars(
    case: Annotated[str, typer.Argument(help="案号")],
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出本案应当回避的人。"""
    found = with_bureau(county, lambda bureau: bars_in(bureau, case))
    if as_json:
        say(
            [
                {
                    "who": one.who, "name": one.name, "reason": one.reason.value, "set_by": one.set_by,
                    "at": iso(one.at),
                }
                for one in found
            ]
        )  # fmt: skip
        return
    if not found:
        out.print(f"{case}没有登记回避。", markup=False)
    for one in found:
        at = moment(iso(one.at))
        out.print(f"{one.who} {one.name}：{one.reason.label}（{one.set_by}，{at}）", markup=False)
