"""How commands speak: Chinese for people, JSON for programs, one plain sentence for a fault."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from config.county import County, CountyFault, load_county
from config.settings import Settings
from office.backup.archive import BackupFault
from office.bureau import Bureau
from office.data_folder import StartFault
from office.installation import running_environment
from office.opening import NotReady, open_bureau
from office.refusals import Refused
from rules.entitlements.faults import fault_sentence
from rules.wording import short_deadline

T = TypeVar("T")

app = typer.Typer(
    help="接力：把困境儿童的案件从一个单位交到下一个单位，不掉棒。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

CountyOption = Annotated[
    Path | None,
    typer.Option("--county", help="本县的文件夹；不写则用 JIELI_COUNTY，再不写则用示例县", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取")]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Fault(Exception):  # noqa: N818 - it is an answer, not an accident
    """A command cannot do what was asked: sentences for the person who typed it."""


def fail(*sentences: str) -> NoReturn:
    """End the command with exit code 1."""
    for sentence in sentences:
        err.print(sentence, markup=False)
    sys.exit(1)


@contextmanager
def fail_plainly() -> Iterator[None]:
    """Known faults become sentences; none shows a stack."""
    try:
        yield
    except CountyFault as fault:
        fail(*[str(each) for each in fault.faults], f"共{len(fault.faults)}处错误。")
    except (BackupFault, Fault, NotReady, StartFault) as fault:
        fail(str(fault))
    except ValidationError as fault:
        # Of all a command reads by itself, only the settings can be at fault here.
        fail(*[f"{_setting(each['loc'])}：{fault_sentence(each)}。" for each in fault.errors(include_url=False)])
    except ConnectionError as fault:
        fail(f"连接不上数据库或服务：{type(fault).__name__}。请确认 jieli up 正在运行。")


@contextmanager
def refusals_told() -> Iterator[None]:
    """What the office refuses in the block is a `Fault` of the command."""
    try:
        yield
    except Refused as refusal:
        raise Fault(refusal.sentence) from refusal


def _setting(location: tuple[int | str, ...]) -> str:
    return f"JIELI_{str(location[0]).upper()}" if location else "设置"


def say(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def tell(sentences: Iterable[str]) -> None:
    """A line each, as it stands: what people wrote may hold brackets."""
    for sentence in sentences:
        out.print(sentence, markup=False)


def show_table(headings: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """A table on stdout; nothing is cut off."""
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table)


@contextmanager
def progress_told(as_json: bool) -> Iterator[Progress]:
    """Bars on stderr for long work, gone afterwards where a program reads along."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=as_json) as progress:
        yield progress


def county_of(folder: Path | None) -> County:
    """The county of the option, or of the settings. Raises `CountyFault`."""
    return load_county(folder or Settings().county)


def with_bureau(county: Path | None, work: Callable[[Bureau], Awaitable[T]]) -> T:
    """Do some work with the records of the `up` that runs, or of JIELI_DATABASE_URL. What is refused is a `Fault`."""
    chosen = Settings()
    if chosen.database_url is None:
        os.environ.update(running_environment(chosen))
        chosen = Settings()
    if county is not None:
        chosen = chosen.model_copy(update={"county": county})

    async def run() -> T:
        bureau = await open_bureau(chosen)
        try:
            return await work(bureau)
        finally:
            await bureau.database.close()

    with refusals_told():
        return asyncio.run(run())


def moment(text: str | None) -> str:
    """An ISO instant as people read it, in the county's zone."""
    if not text:
        return "—"
    return f"{datetime.fromisoformat(text):%m-%d %H:%M}"


def deadline(text: str | None) -> str:
    """An ISO instant that is a deadline, as people read it: midnight is 24:00 of the day that ends."""
    return short_deadline(datetime.fromisoformat(text)) if text else "—"
