"""doctor: what the watchdog sees now, and the mend for each."""

from __future__ import annotations

import sys

from sqlalchemy.exc import SQLAlchemyError

from office.bureau import Bureau
from office.cli.output import CountyOption, JsonOption, app, say, tell, with_bureau
from office.watchdog import Finding, Health, look
from office.watchdog.looking import away


@app.command()
def doctor(county: CountyOption = None, as_json: JsonOption = False) -> None:
    """检查这套系统：数据库、督办时钟、漏掉的升级、逾期、信件、邮件服务器、日历、人员，逐项写明怎么办；有异常的以1退出。"""

    async def examine(bureau: Bureau) -> list[Finding]:
        return await look(bureau, bureau.clock.now())

    try:
        found = with_bureau(county, examine)
    except (OSError, SQLAlchemyError):
        # The fault's own text may hold the database's address and password.
        found = [away()]
    if as_json:
        say([_record(one) for one in found])
    else:
        for one in found:
            tell(_lines(one))
    sys.exit(1 if any(one.state is Health.BAD for one in found) else 0)


def _record(one: Finding) -> dict[str, object]:
    return {
        "check": one.check.value, "label": one.check.label, "state": one.state.value, "sentence": one.sentence,
        "mend": "" if one.state is Health.OK else one.mend, "cases": list(one.cases), "figures": dict(one.figures),
    }  # fmt: skip


def _lines(one: Finding) -> list[str]:
    lines = [f"{one.state.label}　{one.check.label}：{one.sentence}"]
    if one.state is not Health.OK and one.mend:
        lines.append(f"　　　怎么办：{one.mend}")
    if one.cases:
        lines.append(f"　　　案件：{'、'.join(one.cases)}")
    return lines
