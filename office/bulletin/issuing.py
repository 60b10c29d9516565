"""A month's bulletin is made and laid into a folder: document, workbook, chart and text files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.county import County
from office.bulletin.accountability import accountability
from office.bulletin.chart import Bar, bars
from office.bulletin.document import accountability_list, document, title_of
from office.bulletin.figures import Figures, figures
from office.bulletin.months import Month
from office.bulletin.persons import persons
from office.bulletin.tables import ACCOUNTABILITY, Share, Table, tables
from office.bulletin.text_files import text_file
from office.bulletin.workbook import workbook
from office.bureau import Bureau
from office.refusals import Refused
from office.timekeeping import iso


@dataclass(frozen=True)
class Bulletin:
    """A month's bulletin: its files by name, empty where the month has nothing, and what is in it for programs."""

    month: Month
    files: dict[str, bytes]
    contents: dict[str, Any]


async def bulletin(bureau: Bureau, written: str | None) -> Bulletin:
    """The bulletin of a month written as 2026-03; None for the month that ended last. Raises `Refused`.

    Everything in it is as of one instant of the records.
    """
    now = bureau.clock.now()
    month = Month.of(now).before if written is None else Month.parse(written)
    if month.start > now:
        raise Refused(f"{month.label}还没有到，不能通报。")
    async with bureau.database.transaction() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        found = await figures(session, month, now)
        before = await figures(session, month.before, now)
        steps = await accountability(session, month, found.as_of)
    if found.is_empty:
        return Bulletin(month, {}, {"month": str(month), "as_of": iso(found.as_of), "empty": True, "tables": {}})
    printed = persons(found, bureau.county.townships)
    made = tables(bureau.county, found, before, printed, steps)
    # What names cases goes to the joint meeting alone, in files of its own.
    (own,) = [table for table in made if table.key == ACCOUNTABILITY]
    for_all = [table for table in made if table is not own]
    name, list_name = f"通报-{month}", f"问责清单-{month}"
    files = {
        f"{name}.docx": document(bureau.county, found, before, printed, steps, for_all, now),
        f"{name}.xlsx": workbook(title_of(found), for_all),
        f"{name}-各单位按时率.svg": _chart(bureau.county, found).encode(),
        **{f"{name}-{table.title}.csv": text_file(table) for table in for_all},
        f"{list_name}.docx": accountability_list(bureau.county, month, own, now),
        f"{list_name}.xlsx": workbook(f"{month.label}{own.title}", [own]),
    }
    return Bulletin(month, files, _contents(found, made))


def lay_into(made: Bulletin, folder: Path) -> list[Path]:
    """Write every file; nothing is written over, because an officer may have filled in the number. Raises `Refused`."""
    paths = [folder / name for name in made.files]
    there = [path.name for path in paths if path.exists()]
    if there:
        raise Refused(f"{folder} 里已有 {there[0]}；可能有人改过，请先移走，或者用 --to 另指一个文件夹。")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, contents in zip(paths, made.files.values(), strict=True):
            path.write_bytes(contents)
    except OSError as fault:
        raise Refused(f"写不进文件夹 {folder}：{fault.strerror}。") from fault
    return paths


def _chart(county: County, found: Figures) -> str:
    rated = sorted(
        ((tally.rate, key, tally) for key, tally in found.offices.items() if tally.rate is not None),
        key=lambda one: (one[0], one[1]),
    )
    shown = [
        Bar(county.name_of_office(key), rate, f"{Share(rate)}（{tally.on_time}/{tally.measured}）")
        for rate, key, tally in rated
    ]
    said = "；".join(f"{bar.name}{bar.said}" for bar in shown) or "没有可计算的数据"
    title = f"{found.month.label}各单位按时率"
    return bars(title, f"{title}：{said}。", shown, "括号内为按时办结件数／应办结件数，应办结含期末已逾期的。")


def _contents(found: Figures, made: list[Table]) -> dict[str, Any]:
    """The same numbers as are printed: small ones stay withheld."""
    plain = [
        {
            "key": table.key, "title": table.title, "headings": list(table.headings),
            "rows": [[round(c.value, 4) if isinstance(c, Share) else c for c in row] for row in table.rows],
        }
        for table in made
    ]  # fmt: skip
    return {
        "month": str(found.month), "as_of": iso(found.as_of), "empty": False,
        "tables": {str(one["key"]): one for one in plain},
    }  # fmt: skip
