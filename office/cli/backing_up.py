"""backup · restore: the whole installation into one file, and back on an empty machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from office import backup as backups
from office.cli.output import CountyOption, JsonOption, app, progress_told, say, tell
from office.timekeeping import COUNTY_ZONE, iso


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="备份写到哪个文件夹；没有则建立")],
    keys_to: Annotated[
        Path | None, typer.Option("--keys-to", help="密钥文件写到哪个文件夹；请与备份分开存放", show_default=False)
    ] = None,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """备份：两个数据库和本县的文件写成一个文件，读回核对无误才算数。运行中、停着都可以备份。"""
    with progress_told(as_json) as progress:
        made = asyncio.run(backups.make(_settings(county), folder, keys_to, progress))
    if as_json:
        say(
            {
                "archive": str(made.archive), "keys": made.keys and str(made.keys), "made_at": iso(made.manifest.made_at),
                "bytes": made.bytes, "rows": made.manifest.rows, "databases": sorted(made.manifest.databases),
            }
        )  # fmt: skip
        return
    tell(_made(made))


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="jieli backup 写出的 .tar 文件")],
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="密钥文件；不写则用备份旁边的，或者 JIELI_SECRET_KEY", show_default=False),
    ] = None,
    without_keys: Annotated[bool, typer.Option("--without-keys", help="密钥已丢失：已发信件里的链接全部失效")] = False,
    letters_leave: Annotated[
        bool, typer.Option("--letters-leave", help="备份之后没有发过信（例如换机器），信件照常发出")
    ] = False,
    county: CountyOption = None,
    as_json: JsonOption = False,
) -> None:
    """恢复备份到空的数据文件夹（或空的数据库），核对无误后即可 jieli up。已有的数据不会被覆盖。"""
    settings = _settings(county)
    with progress_told(as_json) as progress:
        done = asyncio.run(
            backups.restore(
                settings, archive.expanduser().absolute(), keys and keys.expanduser().absolute(), progress,
                without_keys=without_keys, letters_leave=letters_leave,
            )
        )  # fmt: skip
    if as_json:
        say(
            {
                "made_at": iso(done.manifest.made_at), "rows": done.manifest.rows, "open_cases": done.open_cases,
                "open_proceedings": done.open_proceedings, "county": str(done.county), "letters_rest": done.letters_rest,
            }
        )  # fmt: skip
        return
    tell(_restored(done, settings))


def _made(made: backups.Made) -> list[str]:
    sentences = [f"备份完成并已读回核对：{made.archive}（{_size(made.bytes)}，{made.manifest.rows}行）。"]
    if "prefect" not in made.manifest.databases:
        sentences.append("Prefect 服务由别处管理，没有备份它的数据库；恢复后各案件的流程会重新启动。")
    if made.keys is None:
        sentences.append("链接的密钥来自 JIELI_SECRET_KEY，不在备份里，请另行保管。")
    else:
        sentences.append(f"链接的密钥：{made.keys}。恢复时需要它；谁同时拿到两个文件，谁就能打开每一个链接。")
        if made.keys.parent == made.archive.parent:
            sentences.append("请把密钥文件移到别处保管，或用 --keys-to 直接写到别处。")
    return sentences


def _restored(done: backups.Restored, settings: Settings) -> list[str]:
    county = f"本县的文件：{done.county}"
    if settings.county.expanduser().absolute() != done.county:
        county += "。与现用的县文件夹不同，请核对后选定一个，写进 JIELI_COUNTY。"
    made_at = done.manifest.made_at.astimezone(COUNTY_ZONE)
    sentences = [
        f"已恢复{made_at:%Y年%m月%d日 %H:%M}的备份并核对无误：未办结案件{done.open_cases}件，"
        f"办理中的流程{done.open_proceedings}个。",
        county,
        "备份之后收到的报告、答复不在其中，请对照纸质记录补录；新的案号已跳过一段，不会与备份之后发出的案号重复。",
        "现在可以运行 jieli up。",
    ]
    if done.letters_rest:
        sentences.append("信件暂停发出：核对案件后运行 jieli post --release，才会重新核对并发送。")
    return sentences


def _settings(county: Path | None) -> Settings:
    chosen = Settings()
    return chosen if county is None else chosen.model_copy(update={"county": county.expanduser().absolute()})


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.0f} kB"
