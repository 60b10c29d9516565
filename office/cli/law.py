"""check · due · entitle · steps: what the law and the county's file say; needs nothing running."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from config.county import check_county, county_warnings
from config.faults import Fault as FolderFault
from config.settings import Settings
from config.steps_table import steps_table
from office.cli.output import CountyOption, Fault, JsonOption, app, county_of, err, out, say, show_table
from office.timekeeping import COUNTY_ZONE
from rules.entitlements import Facts, ImpossibleFactsError, decide, facts_faults, facts_schema
from rules.limits import Limit
from rules.steps import STEPS
from rules.wording import deadline
from rules.workdays import reckon


@app.command()
def check(county: CountyOption = None, as_json: JsonOption = False) -> None:
    """检查一个县的文件夹：一次列出全部错误，写明文件、行号和原因；与法定时限不符的另作提醒。"""
    folder = county or Settings().county
    faults, warnings = check_county(folder), county_warnings(folder)
    if as_json:
        say(
            {
                "county": str(folder),
                "faults": [_as_json(fault) for fault in faults],
                "warnings": [_as_json(warning) for warning in warnings],
            }
        )
    else:
        for warning in warnings:
            err.print(f"提醒：{warning}", markup=False)
        for fault in faults:
            err.print(str(fault), markup=False)
        if faults:
            err.print(f"共{len(faults)}处错误，请逐一改正后再检查。", markup=False)
        else:
            out.print(f"{folder}：没有错误。", markup=False)
    if faults:
        raise typer.Exit(1)


def _as_json(found: FolderFault) -> dict[str, object]:
    return {"file": str(found.file), "line": found.line, "reason": found.reason}


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(COUNTY_ZONE).date()
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise Fault(f"日期“{text}”不正确，请写成 2026-03-02 这样的形式。") from fault


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as fault:
        raise Fault(f"起算时间“{text}”不正确，请写成 2026-03-02T09:00:00+08:00 这样的形式。") from fault
    return at.replace(tzinfo=COUNTY_ZONE) if at.tzinfo is None else at


@app.command()
def due(
    since: Annotated[str, typer.Option("--from", help="起算时间，ISO 格式；不带时区的按北京时间")],
    step: Annotated[str | None, typer.Option(help="事项代号，见 jieli steps")] = None,
    limit: Annotated[str | None, typer.Option(help="期限，例如“15 working_days”“24 hours”“6 months”")] = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """计算期限何时届满，并逐日列出怎样计算、依据哪个放假通知。"""
    if (step is None) == (limit is None):
        raise typer.BadParameter("请在 --step 和 --limit 中写一个。")
    at = _instant(since)
    facts = county_of(county)
    rolls = True
    if step is not None:
        if step not in STEPS:
            raise Fault(f"没有代号为“{step}”的事项。可用 jieli steps 查看全部事项。")
        try:
            terms = facts.terms(step, at.astimezone(COUNTY_ZONE).date()).answer
        except LookupError as fault:
            raise Fault(str(fault.args[0])) from fault
        chosen, rolls = terms.limit, terms.end_rolls
    else:
        try:
            chosen = Limit.parse(limit or "")
        except ValueError as fault:
            raise Fault(str(fault)) from fault
    reckoning = reckon(at, chosen, facts.calendar, end_rolls=rolls)
    if as_json:
        say(reckoning.as_json())
        return
    out.print(f"自{at.astimezone(COUNTY_ZONE):%Y年%m月%d日 %H:%M}起，{chosen.label}：", markup=False)
    for day in reckoning.days:
        out.print(f"  {day.date:%Y-%m-%d} {'计入' if day.counts else '不计'}  {day.why}", markup=False)
    out.print(
        f"届满：{deadline(reckoning.due)}{'（暂定：有关年份的放假安排尚未公布）' if reckoning.provisional else ''}",
        markup=False,
    )


@app.command()
def entitle(
    facts_file: Annotated[Path | None, typer.Argument(help="事实文件（JSON）", metavar="FACTS.json")] = None,
    on: Annotated[str | None, typer.Option("--on", help="按哪一天的规定判断，例如 2026-03-02；不写则为今天")] = None,
    schema: Annotated[bool, typer.Option("--schema", help="输出事实文件的 JSON Schema")] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """逐项判断儿童可以享受哪些保障，还缺哪些事实。"""
    if schema:
        say(facts_schema())
        return
    if facts_file is None:
        raise typer.BadParameter("请写明事实文件，或者用 --schema 查看它的格式。")
    day = _day(on)
    try:
        raw = json.loads(facts_file.read_text(encoding="utf-8"))
        facts = Facts.model_validate(raw)
    except OSError as fault:
        raise Fault(f"读不到文件 {facts_file}：{fault.strerror}。") from fault
    except UnicodeDecodeError as fault:
        raise Fault(f"{facts_file} 不是 UTF-8 编码的文本。") from fault
    except json.JSONDecodeError as fault:
        raise Fault(f"{facts_file} 第{fault.lineno}行不是正确的 JSON：{fault.msg}。") from fault
    except ValidationError as fault:
        raise Fault("\n".join(facts_faults(fault))) from fault
    try:
        decision = decide(facts, day, county_of(county).entitlements)
    except ImpossibleFactsError as fault:
        raise Fault("\n".join(fault.sentences)) from fault
    if as_json:
        say(decision.as_json())
        return
    out.print(f"按{day:%Y年%m月%d日}的规定：", markup=False)
    for title, findings in (
        ("可以享受", decision.entitled), ("还不能判断", decision.cannot_say), ("不符合", decision.not_entitled),
    ):  # fmt: skip
        out.print(f"\n{title}（{len(findings)}项）", markup=False)
        for finding in findings:
            missing = f" 还缺：{'、'.join(finding.missing)}" if finding.missing else ""
            out.print(f"  {finding.id} {finding.name}：{'；'.join(finding.reasons)}{missing}", markup=False)


@app.command()
def steps(county: CountyOption = None, as_json: JsonOption = False) -> None:
    """列出四个机制的全部事项：单位、期限、来源、依据和逾期升级。"""
    rows = steps_table(county_of(county), datetime.now(COUNTY_ZONE).date())
    if as_json:
        say(rows)
        return
    headings = ("编号", "代号", "事项", "单位", "签收", "办理", "来源", "依据")
    show_table(headings, [[str(cell) for cell in _cells(row)] for row in rows], title="事项一览")


def _cells(row: dict[str, object]) -> list[object]:
    acknowledge, answer = row["acknowledge"], row["answer"]
    if not isinstance(acknowledge, dict) or not isinstance(answer, dict):
        raise TypeError("steps_table gives limits as mappings")
    return [
        row["code"], row["key"], row["label"], row["office"], acknowledge["limit"], answer["limit"],
        answer["provenance"], answer["basis"],
    ]  # fmt: skip
