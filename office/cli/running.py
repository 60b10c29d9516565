"""up · demo · bench: what starts things on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from config.settings import Settings
from office.cli.output import CountyOption, JsonOption, app, county_of


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
