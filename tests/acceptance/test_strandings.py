"""Runs stopped, paused or deleted behind our back, or stranded by a dead worker: noticed, and put back on their way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelled, Pending
from prefect.types._datetime import now

from tests.acceptance.stack import SHORT_STORY, Stack, wait_until

MINUTE = 75.0
"""A minute, and some grace for a busy machine."""


@pytest.fixture(scope="module")
def stranded(stack: Stack) -> dict[str, str]:
    """Cases by what happened to their sleeping runs, all at once so that one wait serves them all."""
    fates = ("cancelled", "suspended", "deleted", "claimed")
    cases = dict(zip(fates, [stack.report() for _ in fates], strict=True))
    runs: dict[str, UUID] = {}
    for fate, case in cases.items():
        run = stack.at_rest(case).flow_run_id
        assert run is not None
        runs[fate] = run
    opened = stack.open(cases["claimed"], "police_accept")

    def propose(fate: str, state: State[Any], *, force: bool = False) -> None:
        result = stack.do(stack.prefect.set_flow_run_state(runs[fate], state, force=force))
        assert result.status is SetStateStatus.ACCEPT, fate

    # The worker claims a run that was woken, and dies before it begins.
    stack.supervisor.kill("worker")
    assert stack.send(opened, "done", **SHORT_STORY["police_accept"]).is_success
    assert stack.do(stack.prefect.resume_flow_run(runs["claimed"])).status is SetStateStatus.ACCEPT
    propose("claimed", Pending())
    stack.supervisor.restart("worker")

    propose("cancelled", Cancelled(message="误点"), force=True)
    details = StateDetails(pause_timeout=now("UTC") + timedelta(seconds=5), pause_reschedule=True, pause_key="by-hand")
    propose("suspended", State(type=StateType.PAUSED, name="Suspended", state_details=details), force=True)
    stack.do(stack.prefect.delete_flow_run(runs["deleted"]))
    return cases


@pytest.mark.parametrize("fate", ["cancelled", "suspended", "deleted"])
def test_a_sleeping_run_that_a_person_meddled_with_sleeps_again(
    stack: Stack, stranded: dict[str, str], fate: str
) -> None:
    """Within a minute the case is asleep again under our own name, in Prefect as in the records."""
    stack.at_rest(stranded[fate], seconds=MINUTE)
    assert stack.waiting(stranded[fate]) == ["police_accept"]


def test_a_claimed_run_whose_worker_died_is_put_back(stack: Stack, stranded: dict[str, str]) -> None:
    """A run left in PENDING is noticed, logged as repaired, and asks the next step."""
    case = stranded["claimed"]
    stack.asked(case, "triage", seconds=MINUTE)
    assert stack.happened(case, "proceeding_repaired")


def test_a_repair_is_logged(stack: Stack, stranded: dict[str, str]) -> None:
    """Whoever reads the case's log sees that its run was put back."""
    for fate in ("cancelled", "deleted"):
        assert len(stack.happened(stranded[fate], "proceeding_repaired")) == 1, fate


def test_a_deleted_run_is_replaced_by_one_other(stack: Stack, stranded: dict[str, str]) -> None:
    """Exactly one run of the case is left in Prefect, and it is the one in our records."""
    case = stranded["deleted"]
    runs = stack.prefect_rows("SELECT id FROM flow_run WHERE name LIKE $1", f"{case}%")
    assert [row[0] for row in runs] == [stack.proceeding(case).flow_run_id]


def test_stranded_cases_come_to_their_end(stack: Stack, stranded: dict[str, str]) -> None:
    """Each case is answered to its close; nothing was asked or sent twice on the way."""
    cases = list(stranded.values())
    stack.play(cases)
    stack.nothing_lost_nothing_doubled(cases)


def test_a_run_paused_by_hand_in_the_middle_of_an_attempt_goes_on(stack: Stack) -> None:
    """The UI's Pause button on a running case: its attempt ends, and the case is asleep under our own name within a minute."""
    case = stack.report()
    details = StateDetails(
        pause_timeout=now("UTC") + timedelta(seconds=300), pause_reschedule=True, pause_key="by-hand"
    )
    suspended: State[Any] = State(type=StateType.PAUSED, name="Suspended", state_details=details)

    def running() -> UUID | None:
        run = stack.run(case)
        state = None if run is None else stack.run_state(run)
        return run if state is not None and state.is_running() else None

    run = wait_until("an attempt", running, 60, every=0.01)
    assert run is not None
    stack.do(stack.prefect.set_flow_run_state(run, suspended, force=True))
    stack.asked(case, "police_accept", seconds=MINUTE)
    stack.at_rest(case, seconds=MINUTE)
    stack.play([case])
    stack.nothing_lost_nothing_doubled([case])


def test_deleted_deployments_are_made_anew_and_their_runs_go_on(stack: Stack) -> None:
    """Whoever clears up in Prefect stops nobody: a new case starts, and a sleeping one wakes, also at another worker (F90)."""
    before = stack.report()
    stack.at_rest(before)
    for deployment in stack.do(stack.prefect.read_deployments()):
        stack.do(stack.prefect.delete_deployment(deployment.id))
    after = stack.report()
    stack.asked(after, "police_accept", MINUTE)
    stack.supervisor.kill("worker")
    stack.supervisor.restart("worker")
    stack.play([before, after])
    stack.nothing_lost_nothing_doubled([before, after])
