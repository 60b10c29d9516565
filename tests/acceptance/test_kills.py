"""Kill any part at any moment: nothing is lost, nothing is sent or asked twice, the case moves on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from datetime import timedelta

import httpx
from sqlalchemy import select

from office.phone import answer_by_phone
from office.tables import AnswerRow, Letter, Proceeding, Request, Rung
from rules.vocabulary import AnswerKind
from tests.acceptance.stack import SHORT_STORY, WITH_NAME, Stack, wait_until


def test_an_answer_is_carried_on_though_the_portal_died_after_taking_it(stack: Stack) -> None:
    """The portal is gone, the answer is in the records: the next step is asked, and pressing the button again answers nothing anew."""
    case = stack.report()
    opened = stack.open(case, "police_accept")
    stack.at_rest(case)
    stack.supervisor.kill("portal")
    officer = stack.outbox([case])[0].to_officer
    given = stack.do(
        answer_by_phone(
            stack.bureau, case=case, step_key="police_accept", kind=AnswerKind.DONE, said_by=officer,
            entered_by="coordinator", payload={"own_jurisdiction": True},
        )
    )  # fmt: skip
    stack.asked(case, "triage")
    stack.supervisor.restart("portal")
    again = stack.send(opened, "done", **SHORT_STORY["police_accept"])
    assert again.status_code in (httpx.codes.OK, httpx.codes.CONFLICT)
    assert given.reference in again.text
    stack.play([case])
    answers = select(AnswerRow).join(Request, Request.id == AnswerRow.request_id)
    of_step = answers.where(Request.id == stack.requests(case)[0].id, AnswerRow.kind == "done")
    assert len(stack.rows(of_step)) == 1
    stack.nothing_lost_nothing_doubled([case])


def test_attempts_killed_in_the_middle_are_taken_up_again(stack: Stack) -> None:
    """Four cases; three times the worker is killed while an attempt holds a lease. Each case comes to its end."""
    cases = [stack.report(**WITH_NAME) for _ in range(4)]
    held = select(Proceeding.id).where(Proceeding.lease_holder.is_not(None), Proceeding.closed_at.is_(None))
    for _ in range(3):
        wait_until("an attempt in hand", lambda: stack.rows(held), 60, every=0.01)
        stack.supervisor.kill("worker")
        for case in cases:
            # Whatever the offices were asked by then, they answer while nobody is there to hear it.
            for step in stack.waiting(case):
                sent = {letter.request_id for letter in stack.outbox([case]) if letter.state == "handed_over"}
                if next(r.id for r in stack.requests(case) if r.step == step) in sent:
                    stack.answer(case, step, **SHORT_STORY[step])
        stack.supervisor.restart("worker")
    stack.play(cases, seconds=150)
    stack.nothing_lost_nothing_doubled(cases)
    mended = [len(stack.happened(case, "proceeding_repaired")) for case in cases]
    assert sum(mended) >= 1, "no attempt was in the middle of anything, so that nothing is proved"


def test_a_letter_that_left_as_the_worker_died_keeps_its_message_id(stack: Stack) -> None:
    """The letter is taken by the mail server, the worker dies before it can write so: it leaves again under the same Message-ID."""
    catcher = stack.supervisor.pids["catcher"]
    os.kill(catcher, signal.SIGSTOP)
    try:
        case = stack.report()

        def under_way() -> list[int]:
            return [letter.id for letter in stack.outbox([case]) if letter.state == "sending"]

        sending = wait_until("letters under way", under_way, 60, every=0.02)
        # Past its last look at the records, which takes milliseconds, the post now waits for the mail server.
        time.sleep(1.0)
        before = Counter(one.message_id for one in stack.letters())
        stack.do(_catch_while_held(stack, sending, catcher))
    finally:
        os.kill(catcher, signal.SIGCONT)
    left = Counter(one.message_id for one in stack.letters()) - before
    assert left, "no letter left while its row was held"
    assert {letter.state for letter in stack.outbox([case]) if letter.message_id in left} == {"sending"}
    stack.supervisor.restart("worker")
    again = wait_until(
        "the letter is handed over at last",
        lambda: [o for o in stack.outbox([case]) if o.message_id in left and o.state == "handed_over"],
        60,
    )
    copies = Counter(one.message_id for one in stack.letters())
    assert {copies[letter.message_id] for letter in again} == {2}
    stack.play([case])
    stack.nothing_lost_nothing_doubled([case], sent_again=sum(left.values()))


async def _catch_while_held(stack: Stack, letters: list[int], catcher: int) -> None:
    """Keep the letters' rows to ourselves, let the catcher take one, and kill the worker before it can write that down."""
    async with stack.bureau.database.transaction() as session:
        await session.execute(select(Letter.id).where(Letter.id.in_(letters)).with_for_update())
        known = len(stack.letters())
        os.kill(catcher, signal.SIGCONT)
        for _ in range(300):
            if len(stack.letters()) > known:
                break
            await asyncio.sleep(0.05)
        stack.supervisor.kill("worker")


def test_reports_and_answers_wait_for_prefect(stack: Stack) -> None:
    """Prefect's server is killed: letters still leave, reports and answers are taken, and all of it is carried on when it is back."""
    answered = stack.report()
    opened = stack.open(answered, "police_accept")
    stack.at_rest(answered)
    stack.supervisor.kill("prefect")
    assert stack.send(opened, "done", **SHORT_STORY["police_accept"]).is_success
    filed = stack.report()
    wait_until(
        "the letters of the answer have left without Prefect",
        lambda: {letter.state for letter in stack.outbox([answered])} <= {"handed_over", "stale"},
        30,
    )
    time.sleep(3)
    assert "triage" not in stack.waiting(answered)
    assert stack.requests(filed) == []
    worker = stack.supervisor.pids["worker"]
    stack.supervisor.restart("prefect")
    stack.play([answered, filed], seconds=120)
    assert stack.supervisor.pids["worker"] == worker, "the worker did not outlive Prefect's absence"
    stack.nothing_lost_nothing_doubled([answered, filed])


def test_every_part_outlives_a_killed_postgresql(stack: Stack) -> None:
    """PostgreSQL is killed and started again: portal, courier, post and clock recover by themselves, in the same processes."""
    case = stack.report(**WITH_NAME)
    stack.asked(case, "police_accept")
    stack.at_rest(case)
    others = {name: pid for name, pid in stack.supervisor.pids.items() if name != "postgres"}
    stack.supervisor.kill("postgres")
    time.sleep(2)
    assert stack.web.get("/healthz").status_code == httpx.codes.SERVICE_UNAVAILABLE
    stack.supervisor.restart("postgres")
    wait_until("the portal answers", lambda: stack.web.get("/healthz").is_success, 30)
    stack.answer(case, "police_accept", **SHORT_STORY["police_accept"])
    stack.asked(case, "triage", seconds=90)
    # The clock: an ordinary step's office keeps silent until its ladder climbs, and the letter leaves.
    stack.answer(case, "triage", **SHORT_STORY["triage"])
    stack.asked(case, "feedback_reporter", seconds=90)
    silent = next(r for r in stack.requests(case) if r.step == "feedback_reporter")
    assert silent.next_climb_at is not None
    stack.move_clock(silent.next_climb_at + timedelta(seconds=1))
    rungs = wait_until("a rung", lambda: stack.rows(select(Rung).where(Rung.request_id == silent.id)), 30)
    assert len(rungs) == 1
    stack.letter(case, "feedback_reporter", kind="reminder")
    stack.play([case])
    stack.nothing_lost_nothing_doubled([case])
    assert {name: pid for name, pid in stack.supervisor.pids.items() if name != "postgres"} == others


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_in_hand(stack: Stack) -> None:
    """SIGTERM while attempts are in hand: no run is left pending or running, no lease is left held, and the next worker goes on."""
    cases = [stack.report() for _ in range(3)]
    held = select(Proceeding.id).where(Proceeding.lease_holder.is_not(None), Proceeding.closed_at.is_(None))
    wait_until("an attempt in hand", lambda: stack.rows(held), 60, every=0.01)
    began = time.monotonic()
    os.kill(stack.supervisor.pids["worker"], signal.SIGTERM)
    wait_until("the worker has ended", lambda: "worker" not in stack.supervisor.pids, 20)
    assert time.monotonic() - began < 18
    runs = stack.prefect_rows("SELECT name, state_type FROM flow_run")
    of_cases = {row[0]: row[1] for row in runs if any(case in row[0] for case in cases)}
    assert set(of_cases.values()) <= {"PAUSED", "SCHEDULED"}, of_cases
    assert stack.rows(held) == []
    stack.supervisor.restart("worker")
    stack.play(cases, seconds=120)
    stack.nothing_lost_nothing_doubled(cases)
    assert [len(stack.happened(case, "proceeding_repaired")) for case in cases] == [0, 0, 0]


def test_all_parts_run_in_the_end(stack: Stack) -> None:
    """Nothing died unnoticed during the campaign."""
    assert set(stack.supervisor.pids) == {"postgres", "prefect", "catcher", "portal", "worker"}
