"""hold · resume · holds: a step's clock stands still while it waits for an outsider."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from office import holds as holding
from office.bureau import Bureau
from office.cli.output import CountyOption, Fault, JsonOption, app, moment, out, say, show_table, with_bureau
from office.cli.people import read_moment
from rules.holds import HoldReason

_REASONS = "、".join(f"{reason.value} {reason.label}" for reason in HoldReason)
CaseArgument = Annotated[str, typer.Argument(help="案号")]
StepArgument = Annotated[str, typer.Argument(help="事项，如 file_criminal_case")]
ByOption = Annotated[str, typer.Option("--by", help="哪位协调员决定（代号）")]
SubjectOption = Annotated[str, typer.Option("--subject", help="一个事项有多项时，指明哪一项")]
NumberOption = Annotated[int | None, typer.Option("--request", help="办件号")]


@app.command()
def hold(
    case: CaseArgument,
    step: StepArgument,
    until: Annotated[str, typer.Option("--until", help="暂停到哪天为止（含当天），如 2026-05-07")],
    because: Annotated[str, typer.Option("--because", help=f"原因：{_REASONS}")],
    by: ByOption,
    subject: SubjectOption = "",
    number: NumberOption = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """暂停计时：等待外单位时，办理时限停下，到期自动恢复。紧急事项和法定时限不能暂停。"""
    if because not in set(HoldReason):
        raise Fault(f"没有名为“{because}”的原因；可写：{_REASONS}。")
    end = read_moment(until, end=True)

    async def work(bureau: Bureau) -> dict[str, Any]:
        return await holding.hold(
            bureau, case=case, step_key=step, until=end, reason=HoldReason(because), by=by, subject=subject,
            number=number,
        )  # fmt: skip

    found = with_bureau(county, work)
    if as_json:
        say(found)
        return
    already = "此前已经" if found["again"] else "已"
    out.print(
        f"{already}暂停计时至{moment(found['held_until'])}（{found['reason_label']}），"
        f"“{found['step_label']}”的办理时限为{moment(found['due'])}。",
        markup=False,
    )  # fmt: skip


@app.command()
def resume(
    case: CaseArgument,
    step: StepArgument,
    by: ByOption,
    subject: SubjectOption = "",
    number: NumberOption = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """恢复计时：不等暂停期满，从现在起继续计算余下的时限。"""

    async def work(bureau: Bureau) -> dict[str, Any]:
        return await holding.resume(bureau, case=case, step_key=step, by=by, subject=subject, number=number)

    found = with_bureau(county, work)
    if as_json:
        say(found)
        return
    out.print(f"已恢复计时，“{found['step_label']}”的办理时限为{moment(found['due'])}。", markup=False)


@app.command()
def holds(county: CountyOption = None, as_json: JsonOption = False) -> None:
    """列出正在暂停计时的事项：哪一案、哪个单位、为什么、到什么时候。"""
    found = with_bureau(county, holding.holds_now)
    if as_json:
        say(found)
        return
    if not found:
        out.print("没有暂停计时的事项。")
        return
    rows = [
        (
            one["case"], one["step_label"], str(one["request"]), one["office_name"], one["reason_label"],
            moment(one["held_until"]), moment(one["due"]),
        )
        for one in found
    ]  # fmt: skip
    show_table(("案号", "事项", "办件号", "承办单位", "原因", "暂停至", "办理时限"), rows)
