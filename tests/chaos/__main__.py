"""`make chaos`: a campaign of random mishaps on real parts, and an audit of what is left.

The seed is printed first, with the command that plays the same campaign again. Exit code 1 with one line for each finding.
"""

from __future__ import annotations

import argparse
import pickle
import secrets
import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos.auditor import audit
from tests.chaos.campaign import Campaign, Outcome, run

SILENCE = 20.0
"""Seconds between two words where nobody sees a bar."""
SHOWN = 100
"""Findings that are printed; the others are counted."""


def main() -> int:
    """Play, audit, and tell."""
    chosen = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    if chosen.again is not None:
        judgement = audit(pickle.loads(chosen.again.read_bytes()))  # noqa: S301 - a file of our own
        for finding in judgement.findings:
            console.print(str(finding), markup=False)
        console.print(str(judgement.figures), markup=False)
        return 1 if judgement.findings else 0
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    console.print(
        f"种子 {seed}。再演一遍：make chaos SEED={seed} CASES={chosen.cases} SECONDS={chosen.seconds:g}", markup=False
    )
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=1.0)
        said = time.monotonic()

        def tell(words: str, share: float) -> None:
            nonlocal said
            progress.update(bar, description=words, completed=share)
            if not console.is_terminal and time.monotonic() - said > SILENCE:
                said = time.monotonic()
                console.print(f"{share:.0%} {words}", markup=False)

        campaign = Campaign(seed, cases=chosen.cases, seconds=chosen.seconds, keep_logs=chosen.logs)
        outcome = run(campaign, tell)
    _tell(console, outcome)
    if chosen.keep is not None:
        chosen.keep.write_bytes(pickle.dumps(outcome.history))
    if not outcome.settled:
        console.print("没有完全平静下来：核对结果见下。", markup=False)
    found = outcome.judgement.findings
    for finding in found[:SHOWN]:
        console.print(str(finding), markup=False)
    if found:
        counted = Counter(finding.kind for finding in found)
        kinds = "，".join(f"{kind} {count}" for kind, count in counted.most_common())
        console.print(f"发现{len(found)}处问题（{kinds}）。种子 {seed}。", markup=False)
        return 1
    console.print("核对完毕：没有漏发，没有重发，没有早发。", markup=False)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="the campaign to repeat; without it, a new one")
    parser.add_argument("--cases", type=int, default=200, help="how many cases are reported")
    parser.add_argument("--seconds", type=float, default=240.0, help="machine seconds of trouble")
    parser.add_argument("--keep", type=Path, help="a file for what was left, to be audited again")
    parser.add_argument("--logs", type=Path, help="a folder for the logs of all parts")
    parser.add_argument("--again", type=Path, help="audit such a file and play nothing")
    return parser.parse_args()


def _tell(console: Console, outcome: Outcome) -> None:
    figures = outcome.judgement.figures
    console.print(
        f"{outcome.seconds:.0f} 秒："
        + "，".join(f"{name} {figures[name]}" for name in figures)
        + f"；县里过了 {_span(outcome)} 天。",
        markup=False,
    )
    for title, counted in (
        ("故障", outcome.mishaps), ("邮件服务器", outcome.mail_faults), ("人员", outcome.deeds),
    ):  # fmt: skip
        console.print(
            f"{title}：" + "，".join(f"{name} {count}" for name, count in sorted(counted.items())), markup=False
        )


def _span(outcome: Outcome) -> int:
    stretches = outcome.history.stretches
    return (stretches[-1].county - stretches[0].county).days


if __name__ == "__main__":
    sys.exit(main())
