"""bulletin: the month's bulletin (通报) and statistics, as files that can be sent upward."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from office.bureau import Bureau
from office.cli.output import CountyOption, JsonOption, app, out, say, tell, with_bureau


@app.command()
def bulletin(
    month: Annotated[
        str | None, typer.Option("--month", help="哪个月，如 2026-03；不写为上个月", show_default=False)
    ] = None,
    to: Annotated[Path, typer.Option("--to", help="写到哪个文件夹；不写为当前文件夹", show_default=False)] = Path(),
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """月度通报和统计：公文（docx）、表格（xlsx、csv）、按时率图（svg）和问责清单，不含个人信息。"""
    from office.bulletin.issuing import Bulletin, lay_into
    from office.bulletin.issuing import bulletin as of_month

    async def issued(bureau: Bureau) -> tuple[Bulletin, list[Path]]:
        made = await of_month(bureau, month)
        return made, lay_into(made, to) if made.files else []

    made, paths = with_bureau(county, issued)
    if as_json:
        contents: dict[str, Any] = made.contents | {"files": [str(path) for path in paths]}
        say(contents)
        return
    if not paths:
        out.print(f"{made.month.label}没有任何记录：没有案件、报告，也没有交办事项；没有写文件。")
        return
    tell([*map(str, paths), "发文字号、主送机关、成文日期请印发单位核对填写。"])
