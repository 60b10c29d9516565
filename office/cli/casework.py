"""report · cases · show · explain · answer: what a reporter and a coordinator do without a browser."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from office.cli.output import CountyOption, Fault, JsonOption, app, deadline, moment, out, say, show_table, with_bureau
from office.intake import BadFiling, Filing, KeyTaken, file_report
from office.phone import answer_by_phone
from office.views import NoSuchCase, explain_case, list_cases, show_case
from rules.steps import STEPS
from rules.vocabulary import AnswerKind, AppointmentKind, Happening, LetterState, Level, Mechanism, Office, RequestState


def read_json(path: Path) -> dict[str, Any]:
    """An object from a JSON file, or from standard input for "-". Raises `Fault`."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        value = json.loads(text)
    except OSError as fault:
        raise Fault(f"读不到文件 {path}：{fault.strerror}。") from fault
    except UnicodeDecodeError as fault:
        raise Fault(f"{path} 不是 UTF-8 编码的文本。") from fault
    except json.JSONDecodeError as fault:
        raise Fault(f"{path} 第{fault.lineno}行不是正确的 JSON：{fault.msg}。") from fault
    if not isinstance(value, dict):
        raise Fault(f"{path} 应当是一个 JSON 对象。")
    return value


def faults_of(fault: ValidationError, model: type[Any]) -> list[str]:
    """Each fault of a form as one Chinese sentence that names the field."""
    sentences = []
    for error in fault.errors():
        name = str(error["loc"][0]) if error["loc"] else ""
        field = model.model_fields.get(name)
        title = field.title if field is not None and field.title else name
        match error["type"]:
            case "missing":
                sentences.append(f"缺少“{title}”（{name}）。")
            case "extra_forbidden":
                sentences.append(f"不认识的项目“{name}”；可以写：{'、'.join(model.model_fields)}。")
            case "enum":
                sentences.append(f"“{title}”（{name}）不在可选范围内：{error.get('ctx', {}).get('expected', '')}。")
            case _:
                sentences.append(f"“{title}”（{name}）不正确：{error['msg']}。")
    return sentences


@app.command()
def report(
    file: Annotated[Path, typer.Argument(help="报告文件（JSON），“-”为标准输入", metavar="FILE.json")],
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """提交一份报告，给出回执和案号。情况紧急请先拨打110。"""
    fields = read_json(file)
    fields.setdefault("form_key", f"cli-{uuid.uuid4()}")
    try:
        filing = Filing.model_validate(fields)
    except ValidationError as fault:
        raise Fault("\n".join(faults_of(fault, Filing))) from fault
    try:
        receipt = with_bureau(county, lambda bureau: file_report(bureau, filing))
    except BadFiling as fault:
        raise Fault("\n".join(fault.sentences)) from fault
    except KeyTaken as fault:
        raise Fault(
            "这个表单编号（form_key）已经用于另一份内容不同的报告，这一份没有收下；请换一个新的编号。"
        ) from fault
    if as_json:
        say(
            {"case": receipt.case, "receipt": receipt.receipt, "query_code": receipt.query_code, "again": receipt.again}
        )
        return
    out.print(f"报告已收到。回执：{receipt.receipt}，查询码：{receipt.query_code}，案号：{receipt.case}", markup=False)


@app.command()
def cases(
    overdue: Annotated[bool, typer.Option("--overdue", help="只列有逾期的")] = False,
    live: Annotated[bool, typer.Option("--live", help="只列未结案的")] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出案件：在哪个机制、等谁、是否逾期、升级到哪一级。"""
    rows = with_bureau(county, lambda bureau: list_cases(bureau, overdue=overdue, everything=not live))
    if as_json:
        say(rows)
        return
    if not rows:
        out.print("没有逾期的案件。" if overdue else "还没有案件。", markup=False)
        return
    show_table(("案号", "机制", "等待", "逾期", "升级至"), [_row(row) for row in rows])


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    waiting = "\n".join(
        f"{w['office']} {STEPS[w['step']].label} {deadline(w['due'])}{' 逾期' if w['overdue'] else ''}"
        for w in row["waiting_for"]
    )
    mechanisms = "、".join(Mechanism(m).label for m in row["mechanisms"]) or "已结案"
    level = Level(row["level"]).label if row["level"] else ""
    return row["case"], mechanisms, waiting or "—", "是" if row["overdue"] else "", level


def _known(work: Any, county: Path | None) -> Any:
    try:
        return with_bureau(county, work)
    except NoSuchCase as fault:
        raise Fault(str(fault)) from fault


@app.command()
def show(
    case: Annotated[str, typer.Argument(help="案号")], county: CountyOption = None, as_json: JsonOption = False
) -> None:
    """一个案件的全部经过：机制、交办、答复、升级、信件。"""
    view = _known(lambda bureau: show_case(bureau, case), county)
    if as_json:
        say(view)
        return
    out.print(f"{view['case']}  {'已结案' if view['closed_at'] else '办理中'}", markup=False)
    for event in view["events"]:
        step = STEPS[event["step"]].label if event["step"] else ""
        level = Level(event["level"]).label if event["level"] else ""
        told = event["detail"] if not step or event["event"] == Happening.DEADLINE_RECKONED_ANEW else ""
        parts = [Happening(event["event"]).label, event["office"] or "", step, level, told]
        out.print(f"  {moment(event['at'])}  {' '.join(p for p in parts if p)}", markup=False)
    out.print("交办：", markup=False)
    for request in view["requests"]:
        level = f"，已升级至{Level(request['level']).label}" if request["level"] else ""
        out.print(
            f"  {request['office']} {STEPS[request['step']].label}（{request['step']}）第{request['round']}轮 "
            f"{RequestState(request['state']).label}，办理时限{deadline(request['due'])}{level}",
            markup=False,
        )
    counts: dict[str, int] = {}
    for letter in view["letters"]:
        counts[letter["state"]] = counts.get(letter["state"], 0) + 1
    out.print("信件：" + ("，".join(f"{LetterState(k).label}{n}封" for k, n in counts.items()) or "无"), markup=False)
    _say_what_came_back(view)


def _say_what_came_back(view: dict[str, Any]) -> None:
    for marked in view["marked_addresses"]:
        out.print(
            f"  {marked['office']} {marked['officer']} 的收件地址被退信：{marked['reason_label']}，"
            f"核实后可用 jieli addresses clear {marked['address']} 恢复。",
            markup=False,
        )
    if view["mail_received"]:
        out.print(f"  发信信箱收到与本案有关的来信{view['mail_received']}封，请查看；来信不作为答复。", markup=False)


@app.command()
def explain(
    case: Annotated[str, typer.Argument(help="案号")], county: CountyOption = None, as_json: JsonOption = False
) -> None:
    """说明案件为什么停在这里：等谁、到何时、依据什么、下一步升级到谁。"""
    view = _known(lambda bureau: explain_case(bureau, case), county)
    if as_json:
        say(view)
        return
    if view["closed"]:
        out.print(f"{view['case']} 已结案：{view['ground']}。", markup=False)
        _print_noted(view["noted"])
        return
    out.print(
        f"{view['case']} 现在{moment(view['now'])}，机制：{'、'.join(m['label'] for m in view['mechanisms'])}",
        markup=False,
    )
    if not view["waiting"]:
        rests = any(noted["kind"] == AppointmentKind.WAIT.value for noted in view["noted"])
        out.print(f"没有单位欠答复，{'等待规定的日期' if rests else '系统正在推进'}。", markup=False)
    for waiting in view["waiting"]:
        subject = f"（{waiting['subject']}）" if waiting["subject"] else ""
        out.print(
            f"\n等待 {waiting['office']}：{waiting['code']} {waiting['label']}{subject}，{waiting['state']}，办件{waiting['request']}",
            markup=False,
        )
        out.print(
            f"  自{moment(waiting['since'])}交办；{deadline(waiting['acknowledge_by'])}前签收，{deadline(waiting['due'])}前办结",
            markup=False,
        )
        out.print(f"  期限{waiting['limit']}：{waiting['basis']}（{waiting['provenance_label']}）", markup=False)
        out.print(f"  接下来：办结——{waiting['next']['done']}", markup=False)
        out.print(f"          {waiting['next']['otherwise']}", markup=False)
        if waiting["provisional"]:
            out.print("  暂定：有关年份的放假安排尚未公布。", markup=False)
        if waiting["held"] is not None:
            held = waiting["held"]
            out.print(f"  暂停计时至{moment(held['until'])}：{held['reason_label']}。", markup=False)
        for anew in waiting["reckoned_anew"]:
            out.print(f"  {moment(anew['at'])}重新计算：{anew['detail']}", markup=False)
        for lost in waiting["undelivered"]:
            out.print(
                f"  信件未送达 {lost['to']}：{LetterState(lost['state']).label}（{lost['fault'].rstrip('。')}）",
                markup=False,
            )
        if waiting["next_level_at"]:
            out.print(
                f"  再不答复，{deadline(waiting['next_level_at'])}告知{waiting['next_level_label']}", markup=False
            )
        elif waiting["used_up"]:
            out.print("  各级都已告知，列在未解决清单上，定期报告联席会议；请研究改派或者督办。", markup=False)
    _print_noted(view["noted"])
    _say_what_came_back(view)


def _print_noted(noted: list[dict[str, str]]) -> None:
    if noted:
        out.print("\n记在档案里、到期办理的日子：", markup=False)
    for day in noted:
        about = f"：{day['about']}" if day["about"] else ""
        out.print(f"  {day['on']}　{day['label']}{about}", markup=False)


@app.command()
def answer(
    case: Annotated[str, typer.Argument(help="案号")],
    step: Annotated[str, typer.Argument(help="事项代号，见 jieli show")],
    kind: Annotated[AnswerKind, typer.Option("--as", help="答复：签收、办结、退回、补充材料、延期")],
    said_by: Annotated[str, typer.Option("--said-by", help="谁在电话里答复：人员代号或姓名")],
    entered_by: Annotated[str, typer.Option("--entered-by", help="谁录入")] = "coordinator",
    subject: Annotated[str, typer.Option("--subject", help="同一事项有多项时指明其中一项")] = "",
    number: Annotated[int | None, typer.Option("--request", help="同一事项先后交办多次时指明办件号")] = None,
    values: Annotated[list[str] | None, typer.Option("--set", help="办结内容，字段=值，可多次")] = None,
    words: Annotated[str, typer.Option("--words", help="理由、需要补充的内容")] = "",
    instead: Annotated[Office | None, typer.Option("--instead", help="退回时：应由哪个单位承办")] = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """协调员录入电话答复：写明谁答复、谁录入，与邮件答复同等有效。"""
    if step not in STEPS:
        raise Fault(f"没有代号为“{step}”的事项。可用 jieli steps 查看全部事项。")
    payload = _payload(values or [])
    given = with_bureau(
        county,
        lambda bureau: answer_by_phone(
            bureau, case=case, step_key=step, kind=kind, said_by=said_by, entered_by=entered_by, subject=subject,
            number=number, payload=payload, words=words, instead="" if instead is None else instead.value,
        ),
    )  # fmt: skip
    if as_json:
        say(
            {
                "reference": given.reference,
                "case": given.case,
                "step": given.step.key,
                "kind": given.kind,
                "again": given.again,
            }
        )
        return
    out.print(f"已登记：{given.office_name} {given.step.label} {given.kind.label}，编号{given.reference}", markup=False)


def _payload(values: list[str]) -> dict[str, Any]:
    payload: dict[str, Any] = {}
    for value in values:
        name, sign, text = value.partition("=")
        if not sign:
            raise Fault(f"“{value}”应写成 字段=值 的形式，例如 own_jurisdiction=true。")
        several = name.strip() in ("entitlements", "services")
        payload[name.strip()] = [part for part in text.split(",") if part] if several else text
    return payload
