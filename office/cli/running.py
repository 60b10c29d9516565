"""up · demo · bench: what starts things on this machine."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from config.settings import Settings
from office.bench import NAMES, UnknownBenchmark, Unmeasured, chosen, label_of, run
from office.cli.output import CountyOption, Fault, JsonOption, app, county_of, err, out, progress_told


def _settings(county: CountyOption) -> Settings:
    """The settings with the option's county, which must be without fault before anything is started."""
    chosen = Settings()
    if county is not None:
        chosen = chosen.model_copy(update={"county": county.absolute()})
    county_of(chosen.county)
    return chosen


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="演示：虚构的县，信件留在本机，数据单独存放")] = False,
    scale: Annotated[float, typer.Option("--scale", min=0.001, help="时间加快的倍数；600 即每秒过十分钟")] = 1.0,
    county: CountyOption = None,
) -> None:
    """启动本机的全部部件：数据库、Prefect、办理进程、门户；没有配置邮件服务器时信件留在本机。Ctrl-C 停止。"""
    from office.supervisor import Supervisor

    sys.exit(Supervisor(_settings(county), demo=demo, scale=scale, revive=3).run())


@app.command()
def demo(
    fast: Annotated[bool, typer.Option("--fast", help="不停顿，演完即止")] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """启动全部部件，在真实的数据库、Prefect、邮件和网页上演完一个虚构的案件；每件应当发生的事都发生了才算成功。"""
    from office.telling import tell_the_story

    sys.exit(tell_the_story(_settings(county), fast=fast, as_json=as_json))


@app.command()
def bench(
    name: Annotated[str | None, typer.Argument(help=f"基准测试的名称：{'、'.join(NAMES)}；不写则全部")] = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """在临时文件夹里启动全部部件并测量；要比较的在同一次运行中测出。JSON 每项测试一行。"""
    from rich.table import Table

    try:
        names = chosen(name)
    except UnknownBenchmark as unknown:
        err.print(str(unknown), markup=False)
        sys.exit(2)
    settings = _settings(county)
    for each in names:
        try:
            with progress_told(as_json) as progress:
                result = run(each, settings, progress)
        except Unmeasured as unmeasured:
            raise Fault(f"基准测试 {each} 没有测完：{unmeasured}") from unmeasured
        if as_json:
            sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
            continue
        machine = result["machine"]
        table = Table(title=f"{each}（{machine['cpus']} 核，{machine['memory_gib']} GiB，Python {machine['python']}）")
        table.add_column("项目", overflow="fold")
        table.add_column("数值", justify="right")
        for figure, value in result["figures"].items():
            table.add_row(label_of(each, figure), f"{value:g}")
        out.print(table)
