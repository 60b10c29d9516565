"""qr · import: how reports come in, besides the form and `jieli report`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from config.settings import Settings
from office.cli.output import (
    CountyOption,
    Fault,
    JsonOption,
    app,
    county_of,
    err,
    out,
    refusals_told,
    say,
    tell,
    with_bureau,
)

if TYPE_CHECKING:
    from office.survey import Filed, Outcome
    from office.survey_file import Column


@app.command()
def qr(
    township: Annotated[str, typer.Option("--township", help="只要这个乡镇(街道)的，代号")] = "",
    village: Annotated[str, typer.Option("--village", help="只要这个村(居)的，代号")] = "",
    school: Annotated[str, typer.Option("--school", help="学校的名称，印在地名的位置")] = "",
    to: Annotated[Path, typer.Option("--to", help="写到哪个文件夹")] = Path("qr"),
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """给每个村写一张可以打印的报告二维码（SVG，A4）：扫码打开报告表单，地点已经选好。"""
    from office import posters

    with refusals_told():
        printed = posters.sheets(county_of(county), Settings(), township=township, village=village, school=school)
    try:
        files = posters.write(to, printed)
    except OSError as fault:
        raise Fault(f"写不进文件夹 {to}：{fault.strerror}。") from fault
    if as_json:
        say(
            [
                {"place": one.place, "address": one.address, "file": str(file)}
                for one, file in zip(printed, files, strict=True)
            ]
        )
        return
    lines = [f"{one.place}　{file}" for one, file in zip(printed, files, strict=True)]
    tell([*lines, f"共{len(files)}张，用A4纸打印。改了网址的，要重新打印。"])


@app.command(name="import")
def import_survey(
    file: Annotated[
        Path | None, typer.Argument(help="排查表（.xlsx 或 .csv）", metavar="FILE", show_default=False)
    ] = None,
    trial: Annotated[bool, typer.Option("--dry-run", help="只检查，不提交")] = False,
    template: Annotated[
        Path | None, typer.Option("--template", help="写一张空白的排查表（.xlsx）", show_default=False)
    ] = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """导入排查表：一行一名儿童、一份报告；没有错误的行提交，有错误的逐行列出。重复导入不会重复提交。"""
    from office import survey

    columns = survey.columns_of(county_of(county))
    if file is not None and template is None:
        _import(file, columns, county, trial=trial, as_json=as_json)
    elif template is not None and file is None:
        _write_template(template, columns, survey.HOW_TO)
        if as_json:
            say({"template": str(template)})
        else:
            out.print(f"空白的排查表已写入 {template}。", markup=False)
    else:
        raise typer.BadParameter("请写明要导入的文件，或者用 --template 写明空白表的文件名，两者选一。")


def _import(file: Path, columns: Sequence[Column], county: Path | None, *, trial: bool, as_json: bool) -> None:
    from office import survey, survey_file

    with refusals_told():
        rows = survey_file.read_rows(file, columns)
    with Progress(console=err, transient=True, disable=as_json) as progress:
        bar = progress.add_task("检查" if trial else "导入", total=len(rows))
        outcome = with_bureau(
            county,
            lambda bureau: survey.import_rows(bureau, rows, trial=trial, after_each=lambda: progress.advance(bar)),
        )
    _tell(outcome, trial=trial, as_json=as_json)
    if outcome.faulty:
        sys.exit(1)


def _write_template(path: Path, columns: Sequence[Column], notes: Sequence[str]) -> None:
    from office.survey_file import write_template

    if path.suffix.lower() != ".xlsx":
        raise Fault(f"空白表的文件名要以 .xlsx 结尾，例如 {path.with_suffix('.xlsx')}。")
    if path.exists():
        raise Fault(f"{path} 已经有了，不覆盖；请换一个文件名。")
    try:
        write_template(path, columns, notes)
    except OSError as fault:
        raise Fault(f"写不了文件 {path}：{fault.strerror}。") from fault


def _tell(outcome: Outcome, *, trial: bool, as_json: bool) -> None:
    new = [one for one in outcome.filed if not one.receipt.again]
    again = [one for one in outcome.filed if one.receipt.again]
    if as_json:
        say(
            {
                "dry_run": trial,
                "good": outcome.good,
                "filed": [_filed(one) for one in new],
                "again": [_filed(one) for one in again],
                "faulty": [
                    {"sheet": one.row.sheet, "line": one.row.line, "faults": list(one.sentences)}
                    for one in outcome.faulty
                ],
            }
        )
        return
    for one in new:
        out.print(
            f"“{one.row.sheet}”第{one.row.line}行：已提交。案号 {one.receipt.case}，回执 {one.receipt.receipt}，"
            f"查询码 {one.receipt.query_code}",
            markup=False,
        )
    for faulty in outcome.faulty:
        for sentence in faulty.sentences:
            err.print(f"“{faulty.row.sheet}”第{faulty.row.line}行：{sentence}", markup=False)
    if trial:
        out.print(f"检查完毕，没有提交：{outcome.good}行没有错误，{len(outcome.faulty)}行有错误。", markup=False)
    else:
        out.print(
            f"提交{len(new)}行，先前已经提交过{len(again)}行，有错误没有提交{len(outcome.faulty)}行。"
            + ("改好以后把整个文件再导入一次即可，提交过的不会重复。" if outcome.faulty else ""),
            markup=False,
        )


def _filed(one: Filed) -> dict[str, str | int]:
    kept = one.receipt
    return {
        "sheet": one.row.sheet, "line": one.row.line, "case": kept.case, "receipt": kept.receipt,
        "query_code": kept.query_code,
    }  # fmt: skip
