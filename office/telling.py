"""`jieli demo`: starts everything in a folder of its own, tells the story, says what happened, and stops everything."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from config.settings import Settings
from office.data_folder import StartFault
from office.demo import Demonstration, Disappointed
from office.embedded import EmbeddedPostgres
from office.opening import open_bureau
from office.supervisor import Supervisor
from rules.steps import STEPS
from rules.vocabulary import Happening, Level, Mechanism

SCALE = 60.0
"""County seconds for each machine second while the offices act; in the silence the clock is moved on."""

LETTERS_OF_THE_STORY = 1000
"""Letters about its one case in an hour, before the post would call a person."""


def tell_the_story(settings: Settings, *, fast: bool, as_json: bool) -> int:
    """Play the demonstration. Gives 0 when everything expected happened, else 1."""
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    # A program reads the events and needs no addresses; the login that goes with them belongs in no log.
    quiet = Console(quiet=True) if as_json else console
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="jieli-demo-") as folder:
        # Months pass in minutes: so many letters about one case would be a storm in a county, and are the story here.
        chosen = settings.model_copy(
            update={"data_dir": Path(folder), "demo": True, "mail_ceiling_case": LETTERS_OF_THE_STORY}
        )
        fault = ""
        try:
            with Supervisor(chosen, demo=True, scale=SCALE, console=quiet) as supervisor:
                fault = asyncio.run(_play(supervisor.settings, console, as_json=as_json))
                if not fault and not as_json and not fast:
                    _last_words(console, supervisor.settings)
        except StartFault as broken:
            fault = str(broken)
        except KeyboardInterrupt:
            fault = "演示被中止。"
        finally:
            EmbeddedPostgres(chosen.data_dir / "demo").destroy()
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        sys.stdout.write(json.dumps({"event": "demo_finished", "ok": not fault, "seconds": seconds}) + "\n")
    if fault:
        console.print(f"演示没有成功：{fault}", markup=False)
    elif not as_json:
        console.print(f"演示完成，用时 {seconds} 秒：每件应当发生的事都发生了。", markup=False)
    return 1 if fault else 0


async def _play(settings: Settings, console: Console, *, as_json: bool) -> str:
    bureau = await open_bureau(settings)
    try:
        await Demonstration(bureau, _as_line if as_json else lambda told: _as_sentence(console, told)).play()
    except Disappointed as disappointment:
        return str(disappointment)
    finally:
        await bureau.database.close()
    return ""


def _as_line(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()


QUIET = {Happening.LETTER_HANDED_OVER.value, Happening.LETTER_STALE.value}
"""Too many to read one by one; the caught letters show them."""


def _as_sentence(console: Console, told: dict[str, Any]) -> None:
    if told["event"] in QUIET:
        return
    step = STEPS[told["step"]].label if told["step"] else ""
    level = f"→ {Level(told['level']).label}" if told["level"] else ""
    mechanism = Mechanism(told["mechanism"]).label if told["mechanism"] else "　　　　"
    words = [Happening(told["event"]).label, told["office"], step, level, "" if step else told["detail"]]
    at = datetime.fromisoformat(told["at"])
    console.print(f"{at:%m-%d %H:%M}  {mechanism}  {'  '.join(w for w in words if w)}", markup=False)


def _last_words(console: Console, settings: Settings) -> None:
    console.print("\n想自己看一看：jieli up --demo 启动后全部部件会一直运行，然后打开", markup=False)
    console.print(f"  报告表单  {settings.portal_url}/report", markup=False)
    console.print(f"  收信箱    {settings.portal_url}/dev/mail", markup=False)
    console.print(f"  Prefect   http://127.0.0.1:{settings.prefect_port}", markup=False)
