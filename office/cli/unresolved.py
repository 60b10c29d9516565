"""unresolved: the steps that no ladder climbs for any more, as the joint meeting is given them."""

from __future__ import annotations

from typing import Any

from office.bureau import Bureau
from office.cli.output import CountyOption, JsonOption, app, deadline, moment, out, say, show_table, with_bureau
from office.timekeeping import iso
from office.unresolved import unresolved as used_up
from rules.steps import step


@app.command()
def unresolved(county: CountyOption = None, as_json: JsonOption = False) -> None:
    """列出未解决清单：各级都已告知、仍未答复的事项，逾期最久的在前。"""

    async def listed(bureau: Bureau) -> list[dict[str, Any]]:
        async with bureau.database.transaction() as session:
            found = await used_up(session)
        return [
            {
                "case": one.case.number, "step": one.request.step, "step_label": step(one.request.step).label,
                "request": one.request.id, "office": one.request.office,
                "office_name": bureau.county.name_of_office(one.request.office), "due": iso(one.request.due),
                "told_at": iso(one.told_at), "listed": one.listed,
            }
            for one in found
        ]  # fmt: skip

    found = with_bureau(county, listed)
    if as_json:
        say(found)
        return
    if not found:
        out.print("没有未解决的事项。")
        return
    rows = [
        (
            one["case"], one["step_label"], str(one["request"]), one["office_name"], deadline(one["due"]),
            moment(one["told_at"]), "已报告" if one["listed"] else "待报告",
        )
        for one in found
    ]  # fmt: skip
    show_table(("案号", "事项", "办件号", "承办单位", "办理时限", "最后一次告知", "报告联席会议"), rows)
