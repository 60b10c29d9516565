"""letters · addresses: what became of a case's letters, and the addresses that letters came back from."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from office import addresses as marks
from office.cli.output import CountyOption, Fault, JsonOption, app, moment, out, say, with_bureau
from office.ledger import ledger
from office.views import NoSuchCase
from rules.steps import STEPS
from rules.vocabulary import LetterState

addresses_app = typer.Typer(help="被退信的收件地址：不再发信，直到恢复使用。", invoke_without_command=True)
app.add_typer(addresses_app, name="addresses")


@app.command()
def letters(
    case: Annotated[str, typer.Argument(help="案号")], county: CountyOption = None, as_json: JsonOption = False
) -> None:
    """一个案件的信件台账：每个人的信待发、送出、不明、失败、被退、已答复；送出且未被退回的才算已通知。"""
    try:
        view = with_bureau(county, lambda bureau: ledger(bureau, case))
    except NoSuchCase as fault:
        raise Fault(str(fault)) from fault
    if as_json:
        say(view)
        return
    if not view["people"]:
        out.print(f"{view['case']} 还没有信件。", markup=False)
        return
    for person in view["people"]:
        told = "已通知" if person["notified"] else "未通知"
        answered = f"，已答复{person['answered']}次" if person["answered"] else ""
        out.print(f"{person['office_name']} {person['name']}：{told}{answered}", markup=False)
        for letter in person["letters"]:
            step = STEPS[letter["step"]].label if letter["step"] in STEPS else ""
            when = moment(letter["handed_over_at"] or letter["put_at"])
            why = f"（{letter['fault'].rstrip('。')}）" if letter["fault"] else ""
            parts = [when, letter["label"], step, LetterState(letter["state"]).label + why]
            out.print("  " + "  ".join(part for part in parts if part), markup=False)
        for answer in person["answers"]:
            out.print(f"  {moment(answer['at'])}  答复：{STEPS[answer['step']].label} {answer['label']}", markup=False)
    for marked in view["marked_addresses"]:
        out.print(f"{marked['address']} 被退信（{marked['reason_label']}），暂不再用。", markup=False)


@addresses_app.callback()
def listed(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="也列出已恢复使用的")] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出被退信的收件地址：谁的、何时、什么原因。发给这些地址的信改发本单位的下一位联系人。"""
    if context.invoked_subcommand is not None:
        return
    view = with_bureau(county, lambda bureau: marks.listing(bureau, everything=everything))
    if as_json:
        say(view)
        return
    if not view["addresses"]:
        out.print("没有被退信的收件地址。", markup=False)
    else:
        table = Table()
        for heading in ("地址", "单位", "人员", "退信时间", "原因", "案号", "状态"):
            # An address is copied from here into `jieli addresses clear`: it is never cut in two.
            table.add_column(heading, overflow="fold", no_wrap=heading == "地址")
        for row in view["addresses"]:
            unused = "名册已不用此地址" if not row["in_use_by"] else "暂停发信"
            state = f"{moment(row['cleared_at'])}恢复（{row['cleared_by']}）" if row["cleared_at"] else unused
            reason = f"{row['reason_label']} {row['status']}".strip()
            table.add_row(
                row["address"], row["office"], row["officer"], moment(row["since"]), reason, row["case"], state
            )
        out.print(table)
    if view["read"]["faulty"]:
        out.print(
            f"另有{view['read']['faulty']}封来信无法识读，已加标记或移入 faulty 文件夹，请人工查看。", markup=False
        )


@addresses_app.command("clear")
def clear(
    address: Annotated[str, typer.Argument(help="要恢复使用的收件地址")],
    by: Annotated[str, typer.Option("--by", help="谁决定恢复")] = "coordinator",
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """恢复一个收件地址：核实邮箱可用之后，以后的信件重新发往该地址。"""
    try:
        cleared = with_bureau(county, lambda bureau: marks.clear(bureau, address, by))
    except marks.NotMarked as fault:
        raise Fault(str(fault)) from fault
    if as_json:
        say(cleared)
        return
    out.print(f"{cleared[0]['address']} 已恢复使用，以后的信件重新发往该地址。", markup=False)
