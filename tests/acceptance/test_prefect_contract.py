"""What the design relies on in Prefect's state machine, asked of the real server, with no worker beside it.

A new version of Prefect that answers otherwise is found here before a case is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun, State, StateDetails, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelling, Completed, Pending, Running, Scheduled
from prefect.types._datetime import now

from office.proceedings import JOB_TEMPLATE, paused
from tests.acceptance.stack import Stack

ACCEPT, REJECT, ABORT = SetStateStatus.ACCEPT, SetStateStatus.REJECT, SetStateStatus.ABORT


class Server:
    """Runs of a deployment that nobody executes."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.client = stack.prefect
        pool = WorkPoolCreate(name="contract", type="jieli", base_job_template=JOB_TEMPLATE)
        stack.do(self.client.create_work_pool(pool))
        self.flow = stack.do(self.client.create_flow_from_name("contract"))
        self.deployment = self.deploy()

    def deploy(self) -> UUID:
        """Make the deployment, or bring it up to date."""
        return self.stack.do(self.client.create_deployment(self.flow, name="contract", work_pool_name="contract"))

    def start(self, once: str = "") -> UUID:
        """A scheduled run."""
        return self.stack.do(
            self.client.create_flow_run_from_deployment(
                self.deployment, idempotency_key=once or secrets.token_hex(8), state=Scheduled()
            )
        ).id

    def run_through(self, *states: State[Any]) -> UUID:
        """A run that was led through these states, each accepted."""
        run = self.start()
        for state in states:
            assert self.propose(run, state) is ACCEPT, state.name
        return run

    def propose(self, run: UUID, state: State[Any], *, force: bool = False) -> SetStateStatus:
        """The server's answer to a proposed state."""
        return self.stack.do(self.client.set_flow_run_state(run, state, force=force)).status

    def resume(self, run: UUID) -> SetStateStatus:
        """The server's answer to a wake."""
        return self.stack.do(self.client.resume_flow_run(run)).status

    def read(self, run: UUID) -> FlowRun:
        """The run as the server has it."""
        return self.stack.do(self.client.read_flow_run(run))

    def state(self, run: UUID) -> State[Any]:
        """The run's state."""
        state = self.read(run).state
        assert state is not None
        return state


@pytest.fixture(scope="module")
def server(stack: Stack) -> Server:
    """The server and one deployment of this module's own."""
    return Server(stack)


def wait(number: int) -> State[Any]:
    """A wait as a proceeding proposes it."""
    return paused(f"wait-{number}", "待办·公安", "公安·接受报案")


def suspended(limit: timedelta) -> State[Any]:
    """What the UI's Pause button sets: a time limit of Prefect's."""
    details = StateDetails(pause_timeout=now("UTC") + limit, pause_reschedule=True, pause_key="by-hand")
    return State(type=StateType.PAUSED, name="Suspended", state_details=details)


def test_a_running_run_may_pause_under_our_own_name(server: Server) -> None:
    """Running → Paused with a fresh key is accepted; name and message are kept as proposed."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert (server.state(run).type, server.state(run).name) == (StateType.PAUSED, "待办·公安")
    assert server.state(run).message == "公安·接受报案"


def test_a_pause_key_serves_once(server: Server) -> None:
    """Running → Paused with a used key is rejected: a stale executor cannot put a run to sleep for a wait that is over."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert server.resume(run) is ACCEPT
    assert server.propose(run, Pending()) is ACCEPT
    assert server.propose(run, Running()) is ACCEPT
    assert server.propose(run, wait(1)) is REJECT
    assert server.state(run).type is StateType.RUNNING
    assert server.propose(run, wait(2)) is ACCEPT


def test_a_sleeping_run_is_claimed_by_no_worker(server: Server) -> None:
    """Paused → Pending is rejected."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert server.propose(run, Pending()) is REJECT
    assert server.state(run).name == "待办·公安"


@pytest.mark.parametrize(
    "states",
    [
        pytest.param(lambda: (Pending(),), id="pending"),
        pytest.param(lambda: (Pending(), Running()), id="running"),
        pytest.param(lambda: (Pending(), Running(), Completed()), id="completed"),
    ],
)
def test_a_wake_that_is_not_due_changes_nothing(server: Server, states: Callable[[], tuple[State[Any], ...]]) -> None:
    """`resume` of a run that does not sleep is aborted, and the run stays as it was."""
    run = server.run_through(*states())
    before = server.state(run)
    assert server.resume(run) is ABORT
    assert server.state(run).id == before.id


def test_a_second_wake_changes_nothing(server: Server) -> None:
    """`resume` of a run that was resumed is aborted."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert server.resume(run) is ACCEPT
    assert server.state(run).name == "Resuming"
    assert server.resume(run) is ABORT


def test_a_sleeping_run_can_be_renamed_and_still_wakes(server: Server) -> None:
    """A forced Paused → Paused gives another name and message; `resume` works afterwards."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert server.propose(run, paused("wait-1-7", "逾期·公安", "已升级"), force=True) is ACCEPT
    assert (server.state(run).name, server.state(run).message) == ("逾期·公安", "已升级")
    assert server.propose(run, paused("wait-1-8", "督办·公安", "已升级"), force=True) is ACCEPT
    assert server.resume(run) is ACCEPT
    assert server.propose(run, Pending()) is ACCEPT
    assert server.propose(run, Running()) is ACCEPT
    assert server.propose(run, wait(2)) is ACCEPT


def test_our_pause_put_over_a_pause_by_hand_has_no_time_limit(server: Server) -> None:
    """A run paused with a limit, renamed by us and woken after that limit goes on, and does not fail."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert server.propose(run, suspended(timedelta(seconds=-5)), force=True) is ACCEPT
    assert server.propose(run, paused("wait-1-9", "待办·公安", ""), force=True) is ACCEPT
    assert server.resume(run) is ACCEPT


def test_a_pause_by_hand_that_ran_out_can_be_put_back_on_its_way(server: Server) -> None:
    """Prefect fails such a run when it is woken; the repair schedules it anew."""
    run = server.run_through(Pending(), Running(), wait(1))
    assert server.propose(run, suspended(timedelta(seconds=-5)), force=True) is ACCEPT
    assert server.resume(run) is REJECT
    assert server.state(run).type is StateType.FAILED
    assert server.propose(run, Scheduled(), force=True) is ACCEPT
    assert server.propose(run, Pending()) is ACCEPT


@pytest.mark.parametrize(
    "states",
    [pytest.param((Pending,), id="pending"), pytest.param((Pending, Running), id="running")],
)
def test_a_run_whose_worker_died_can_be_put_back_on_its_way(
    server: Server, states: tuple[Callable[[], State[Any]], ...]
) -> None:
    """Pending → Scheduled and Running → Scheduled are accepted under force; the run can be claimed and sleep again."""
    run = server.run_through(*(state() for state in states))
    assert server.propose(run, Scheduled(), force=True) is ACCEPT
    assert server.propose(run, Pending()) is ACCEPT
    assert server.propose(run, Running()) is ACCEPT
    assert server.propose(run, wait(5)) is ACCEPT


def test_a_sleeping_run_is_cancelled_at_once_and_can_be_put_back(server: Server) -> None:
    """The UI's Cancel on a waiting case makes it Cancelled without a worker; the repair schedules it anew."""
    run = server.run_through(Pending(), Running(), wait(1))
    server.propose(run, Cancelling())
    assert server.state(run).type is StateType.CANCELLED
    assert server.propose(run, Scheduled(), force=True) is ACCEPT
    assert server.propose(run, Pending()) is ACCEPT


def test_a_run_counts_its_wakes_as_one_run(server: Server) -> None:
    """`run_count` does not grow with `resume`."""
    run = server.run_through(Pending(), Running(), wait(1))
    for number in (2, 3):
        assert server.resume(run) is ACCEPT
        assert server.propose(run, Pending()) is ACCEPT
        assert server.propose(run, Running()) is ACCEPT
        assert server.propose(run, wait(number)) is ACCEPT
    assert server.read(run).run_count == 1


def test_a_run_is_claimed_once(server: Server) -> None:
    """Pending → Pending is aborted: two workers cannot both take a run."""
    run = server.run_through(Pending())
    assert server.propose(run, Pending()) is ABORT


def test_the_same_key_gives_the_same_run(server: Server) -> None:
    """A courier that starts a run a second time under one idempotency key gets the first one."""
    assert server.start("proceeding-1-0") == server.start("proceeding-1-0")
    assert server.start("proceeding-1-0") != server.start("proceeding-1-1")


def test_a_new_release_updates_a_deployment_and_deletes_nothing(server: Server) -> None:
    """Deploying again under the same name keeps the deployment's id and its runs, sleeping or not yet begun."""
    sleeping, fresh = server.run_through(Pending(), Running(), wait(1)), server.start()
    assert server.deploy() == server.deployment
    assert server.state(sleeping).name == "待办·公安"
    assert server.state(fresh).type is StateType.SCHEDULED
    assert server.resume(sleeping) is ACCEPT
