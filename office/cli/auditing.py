"""audit: whether the log is what was written down."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from office.bureau import Bureau
from office.cli.output import CountyOption, Fault, JsonOption, app, say, tell, with_bureau
from office.sealing import Verified, verify


@app.command()
def audit(
    what: Annotated[str, typer.Argument(help="verify：逐次核对封存")],
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """核对日志的封存：记录有没有被改动、删去、插入；对不上的以1退出。"""
    if what != "verify":
        raise Fault("能做的是 jieli audit verify：逐次核对日志的封存。")

    async def look(bureau: Bureau) -> Verified:
        return await verify(bureau)

    found = with_bureau(county, look)
    broken = found.broken
    if as_json:
        say(
            {
                "seals": found.seals, "rows": found.rows, "unsealed": found.unsealed, "head": found.head,
                "broken": None if broken is None else {
                    "seal": broken.seal, "first_event": broken.first_event, "last_event": broken.last_event,
                    "why": broken.why,
                },
            }
        )  # fmt: skip
    else:
        tell(_sentences(found))
    sys.exit(0 if broken is None else 1)


def _sentences(found: Verified) -> list[str]:
    lines = [f"核对了{found.seals}次封存、{found.rows}条记录，没有改动。"]
    if found.unsealed and found.broken is None:
        lines.append(f"另有{found.unsealed}条刚写下，一分钟内封存。")
    if found.broken is not None:
        lines.append(
            f"第{found.broken.seal}次封存（第{found.broken.first_event}至{found.broken.last_event}条）对不上："
            f"{found.broken.why}。请不要再改动数据库，保全现场并报告；用备份对照这一段记录。"
        )
    elif found.seals:
        lines.append(f"最后一次封存：{found.head}。抄在别处，可以证明以后没有整段删去。")
    return lines
