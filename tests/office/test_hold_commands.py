"""hold · resume · holds, as they are typed."""

from __future__ import annotations

from office.cli.output import Fault
from tests.office.test_people_commands import Run, case, run

__all__ = ["case", "run"]


def test_without_holds_the_list_says_so(run: Run, case: str) -> None:
    """For people a sentence, for programs an empty list."""
    assert case
    assert run("holds") == []
    assert "没有暂停计时的事项。" in run("holds", as_json=False)


def test_what_cannot_be_held_is_refused_with_the_reason(run: Run, case: str) -> None:
    """An unknown reason names those there are; a step that may not be held says why; a clock that runs is not resumed."""
    words = ("hold", case, "police_accept", "--until", "2099-01-01", "--by", "xt_wen")
    wrong = run(*words, "--because", "holiday")
    assert isinstance(wrong, Fault)
    assert "expert_opinion 等待鉴定、检验" in str(wrong)
    refused = run(*words, "--because", "papers")
    assert isinstance(refused, Fault)
    assert "法规政策规定的，本县不能暂停计时" in str(refused) or "紧急事项不能暂停计时" in str(refused)
    assert "没有在暂停计时" in str(run("resume", case, "police_accept", "--by", "xt_wen"))
    assert "由协调员决定" in str(run("resume", case, "police_accept", "--by", "ps_zhou"))
    assert "没有交办过" in str(run("resume", case, "investigate", "--by", "xt_wen"))
