"""show_round: what climbed in one turn of the clock, for coordinators to see in the Prefect UI."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from office.port import current


@task(name="列出本轮升级", persist_result=False, cache_policy=NO_CACHE)
async def list_climbs(round_number: int) -> None:
    """Lay the round's table as an artifact."""
    sheet = await current.get().round_sheet(round_number)
    await acreate_markdown_artifact(
        sheet, key=f"escalation-round-{round_number}", description=f"督办 第{round_number}轮"
    )


async def show_round(round_number: int) -> str:
    """Show the round once."""
    await current.get().perform(list_climbs, f"列出第{round_number}轮升级", round_number)
    return f"第{round_number}轮"
