"""post: what lies in the outbox, and the word that lets it leave again after a backup was restored."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from office.bureau import Bureau
from office.cli.output import CountyOption, JsonOption, app, moment, say, tell, with_bureau
from office.post.watch import Waiting, seen, waiting
from rules.vocabulary import LetterState


@app.command()
def post(
    release: Annotated[
        bool, typer.Option("--release", help="确认数据无误：恢复备份后停住的信件重新核对并发送")
    ] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """查看待发信件：各有多少、最早的等了多久、有无超时；信件因恢复备份而停住，或者有信件超时，则以1退出。"""

    async def look(bureau: Bureau) -> Waiting:
        async with bureau.database.transaction() as session:
            if release:
                await seen(session, bureau, confirmed=True)
            return await waiting(session, bureau)

    found = with_bureau(county, look)
    if as_json:
        oldest = None if found.oldest is None else found.oldest.isoformat()
        say({"states": found.states, "oldest": oldest, "late": found.late, "resting": found.resting})
    else:
        tell(_sentences(found))
    sys.exit(1 if found.resting or found.late else 0)


def _sentences(found: Waiting) -> list[str]:
    lines = [f"{LetterState(state).label}：{count}封" for state, count in sorted(found.states.items())]
    lines = lines or ["没有待发的信件。"]
    if found.oldest is not None:
        lines.append(f"最早一封于{moment(found.oldest.isoformat())}交付发送。")
    if found.late:
        lines.append(f"有{found.late}封等候过久，请检查邮件服务器。")
    if found.resting:
        lines.append("数据已久未使用，可能来自备份，信件全部停发。核对无误后运行 jieli post --release。")
    return lines
