"""Who may read what a case is about: no more than its step needs (个人信息保护法 6, 28; 未成年人网络保护条例 36)."""

from __future__ import annotations

from typing import TypeAlias

from rules.answers import Answer
from rules.steps import (
    FAILURE_TO_REPORT,
    FEEDBACK_BEFORE_PROSECUTION,
    FEEDBACK_REPORTER,
    FILE_WITH_SUPERVISOR,
    PROCURATORIAL_RECOMMENDATION,
    RECOMMENDATION_ON_FAILURE,
    REPLY_ON_FAILURE,
    REPLY_TO_RECOMMENDATION,
    Step,
)

AnyStep: TypeAlias = Step[Answer]

ONLY_FILE = frozenset(
    {
        FILE_WITH_SUPERVISOR.key,
        FAILURE_TO_REPORT.key,
        RECOMMENDATION_ON_FAILURE.key,
        REPLY_ON_FAILURE.key,
        PROCURATORIAL_RECOMMENDATION.key,
        REPLY_TO_RECOMMENDATION.key,
    }
)
"""Steps about an office's or a unit's duty, not about the child: that there was a report is enough to file it or to act
on its absence (高检发〔2020〕9号 5, 16-18), and which step stayed undone is enough for a recommendation (未成年人保护法 114)."""

TELL_THE_REPORTER = frozenset({FEEDBACK_REPORTER.key, FEEDBACK_BEFORE_PROSECUTION.key})
"""Steps that consist in telling the reporter."""


def may_read_particulars(asked: AnyStep) -> bool:
    """Whether the office asked may read what was reported about the child.

    Every step of a mechanism that works for the child needs it; so do the coordinator's own, which decide about
    another office's step and supply the facts it lacks.
    """
    return asked.key not in ONLY_FILE


def may_know_reporter(asked: AnyStep) -> bool:
    """Whether the office that the law names for this step may read the reporter's name and contact.

    Every organ keeps the reporter's data secret (高检发〔2020〕9号 13; 反家庭暴力法 14). The police alone, who must tell
    the named reporter within three days what has become of the report, and once more before prosecution
    (高检发〔2020〕9号 10), cannot do it without them.
    """
    return asked.key in TELL_THE_REPORTER
