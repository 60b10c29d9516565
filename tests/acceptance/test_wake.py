"""From an officer's answer to the next office's step: the whole way through portal, records, courier, Prefect and worker."""

from __future__ import annotations

import time

from tests.acceptance.stack import SHORT_STORY, WITH_NAME, Stack

WAKES = 6
AT_MOST = 24
"""Wakes after which a busy machine is no excuse any more."""


def test_an_answer_becomes_the_next_step_within_two_seconds(stack: Stack) -> None:
    """From the portal's answer to the next request in the records: the best wake takes under two seconds, and none is lost."""
    taken: list[float] = []
    cases: list[str] = []
    while len(taken) < WAKES or (min(taken) >= 2.0 and len(taken) < AT_MOST):
        cases.append(stack.report(**WITH_NAME))
        for step, following in (("police_accept", "triage"), ("triage", "feedback_reporter")):
            stack.asked(cases[-1], step)
            opened = stack.open(cases[-1], step)
            stack.at_rest(cases[-1])
            time.sleep(1.0)
            assert stack.send(opened, "done", **SHORT_STORY[step]).is_success
            began = time.monotonic()
            stack.asked(cases[-1], following, every=0.02)
            taken.append(time.monotonic() - began)
    print("wakes, in seconds:", [round(one, 2) for one in taken])  # noqa: T201 - shown by `pytest -s`
    assert min(taken) < 2.0
    stack.play(cases)
    stack.nothing_lost_nothing_doubled(cases)
