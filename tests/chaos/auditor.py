"""Judges what a campaign left behind: was everything sent that should have been, nothing twice, and nothing early?

Works on a `History` alone. It believes neither the clock (`next_climb_at` is not even read) nor the outbox: what was
sent is what the mail server took, what was due is reckoned anew from the terms kept with each step.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.chaos.findings import Finding, Findings, Steps
from tests.chaos.history import Event, History, Request, Rung, Times
from tests.chaos.letters import Letters
from tests.chaos.reckoning import REMINDER, Days, Deadlines, LadderOf, deadlines

PATIENCE = timedelta(seconds=20)
"""Undisturbed machine time within which the clock must have done what was due: it turns once a second."""
EVENT_OF_ANSWER = {
    "received": "request_acknowledged",
    "done": "request_done",
    "declined": "request_declined",
    "more_facts": "facts_requested",
    "extension": "extension_requested",
}
ENDS = ("request_done", "request_declined", "request_withdrawn")
MOVES_DEADLINES = ("request_held", "request_resumed", "deadline_reckoned_anew")


@dataclass(frozen=True)
class Judgement:
    """The findings, and how much was judged."""

    findings: tuple[Finding, ...]
    figures: dict[str, int]


# --- the log -----------------------------------------------------------------------------------------------------


def log_and_rows(history: History, steps: Steps) -> Findings:
    """No log row, no act; and the other way round. Rounds and serial numbers without gaps."""
    for request in history.requests:
        happened = Counter(event.event for event in steps.events[request.id])
        if happened["request_asked"] != 1:
            yield Finding("log", f"request {request.id}", f"asked {happened['request_asked']} times in the log")
        ended = sum(happened[kind] for kind in ENDS)
        if ended != (0 if request.is_open else 1):
            yield Finding("log", f"request {request.id}", f"is {request.state} and ended {ended} times in the log")
        given = Counter(EVENT_OF_ANSWER[one.kind] for one in steps.answers[request.id])
        for kind in EVENT_OF_ANSWER.values():
            if happened[kind] != given[kind]:
                yield Finding(
                    "answer", f"request {request.id}", f"{kind}: {given[kind]} answers, {happened[kind]} log rows"
                )
    yield from _in_a_row("round", [((r.proceeding_id, r.step, r.subject), r.round) for r in history.requests])
    yield from _in_a_row("serial", [((p.case_id, p.mechanism), p.serial) for p in history.proceedings])
    closed = Counter(one.case_id for one in history.events if one.event == "case_closed")
    opened = Counter(one.case_id for one in history.events if one.event in ("case_opened", "case_reopened"))
    for case in history.cases:
        if closed[case.id] != opened[case.id] - (case.closed_at is None):
            yield Finding(
                "log", case.number, f"opened {opened[case.id]} times and closed {closed[case.id]} times in the log"
            )
    ends = Counter(one.proceeding_id for one in history.events if one.event == "proceeding_closed")
    for proceeding in history.proceedings:
        if ends[proceeding.id] != (0 if proceeding.closed_at is None else 1):
            yield Finding("log", f"proceeding {proceeding.id}", f"closed {ends[proceeding.id]} times in the log")


def _in_a_row(what: str, found: Sequence[tuple[object, int]]) -> Findings:
    numbers: dict[object, list[int]] = defaultdict(list)
    for key, number in found:
        numbers[key].append(number)
    for key, these in numbers.items():
        if sorted(these) != list(range(1, len(these) + 1)):
            yield Finding("gap", str(key), f"{what}s {sorted(these)} are not one after the other")


def promises(history: History) -> Findings:
    """What a page has told a person is in the records, once."""
    known = {"receipt": Counter(history.receipts), "answer": Counter(one.reference for one in history.answers)}
    for promise in history.promises:
        count = known[promise.kind][promise.reference]
        if count != 1:
            yield Finding("promise", promise.reference, f"a page gave this {promise.kind}; the records have {count}")


# --- ladders -----------------------------------------------------------------------------------------------------


class Ladders:
    """Every rung of every step, reckoned anew."""

    def __init__(self, history: History, steps: Steps, times: Times) -> None:
        """Looks at all steps when `judge` is called."""
        self.history, self.steps, self.times = history, steps, times
        self.days = Days(history)
        self.judged = 0
        self.passed_over = 0

    def judge(self) -> Findings:
        """What is missing, double, early, late, or told of a step that had ended."""
        for request in self.history.requests:
            yield from self._step(request)

    def _step(self, request: Request) -> Findings:
        events, rungs = self.steps.events[request.id], self.steps.rungs[request.id]
        logged = [one for one in events if one.event == "rung_reached"]
        about = f"request {request.id} ({request.step})"
        if [(one.level, one.at) for one in logged] != [(one.level, one.reached_at) for one in rungs]:
            yield Finding("rung", about, f"{len(rungs)} rungs and {len(logged)} rows of the log do not agree")
            # Without the log nobody can say what came first.
            ids = [one.id for one in logged] + [events[-1].id] * len(rungs) if events else [0] * len(rungs)
        else:
            ids = [one.id for one in logged]
        numbered = list(zip(ids, rungs, strict=False))
        counted = Counter((one.clock, one.level, one.repeat) for one in rungs)
        for (clock, level, repeat), count in counted.items():
            if count > 1:
                yield Finding("double_rung", about, f"{clock} {level} {repeat} is there {count} times")
        if any(one.event in MOVES_DEADLINES for one in events):
            self.passed_over += 1
            return
        self.judged += 1
        end = self.steps.first(request.id, ENDS)
        for number, rung in numbered:
            if end is not None and number > end.id:
                yield Finding("rung_after_end", about, f"{rung.clock} {rung.level} {rung.repeat} after {end.event}")
        final = self._deadlines(request, 10**18)
        if final is not None and final.due != request.due:
            yield Finding("deadline", about, f"is due {request.due}, and must be {final.due}")
        answered = self.steps.first(request.id, list(EVENT_OF_ANSWER.values()))
        if final is not None and answered is None and final.acknowledge_by != request.acknowledge_by:
            yield Finding("deadline", about, f"acknowledge by {request.acknowledge_by}, must be {final.acknowledge_by}")
        for clock in ("acknowledge", "answer"):
            stop = end if clock == "answer" else (answered if answered is not None else end)
            yield from self._clock(
                request, clock, [pair for pair in numbered if pair[1].clock == clock], numbered, stop
            )

    def _deadlines(self, request: Request, before: int) -> Deadlines | None:
        """The deadlines that were in force at that place in the log."""
        granted = [one for one in self.steps.events[request.id] if one.event == "extension_granted"]
        later = sum(one.id > before for one in granted)
        return deadlines(request, self.days, request.extensions - later)

    def _deadline(self, request: Request, clock: str, before: int) -> datetime:
        found = self._deadlines(request, before) if clock == "answer" else None
        return request.acknowledge_by if clock == "acknowledge" else request.due if found is None else found.due

    def _clock(
        self,
        request: Request,
        clock: str,
        own: Sequence[tuple[int, Rung]],
        all_rungs: Sequence[tuple[int, Rung]],
        stop: Event | None,
    ) -> Findings:
        ladder = LadderOf(request, clock, self.days, self.history.hours.get(request.office))
        about = f"request {request.id} ({request.step}, {clock})"
        over = self.history.machine if stop is None else self.times.machine(stop.at)
        place, below = 0, None
        since = request.asked_at
        seen: set[tuple[str, int]] = set()
        for number, rung in own:
            if (rung.level, rung.repeat) in seen:
                continue
            seen.add((rung.level, rung.repeat))
            deadline = self._deadline(request, clock, number)
            if stop is not None and number > stop.id and clock == "acknowledge":
                yield Finding("rung_after_end", about, f"{rung.level} {rung.repeat} after {stop.event}")
            if rung.level == REMINDER:
                yield from self._reminder(ladder, about, number, rung, deadline, all_rungs, clock)
                continue
            if (rung.level, rung.repeat) not in ladder.places[place:]:
                yield Finding("rung_of_no_ladder", about, f"{rung.level} {rung.repeat} stands on no ladder here")
                continue
            left_out = ladder.places[place : ladder.places.index((rung.level, rung.repeat))]
            for level, repeat in left_out:
                yield Finding("missing_rung", about, f"{level} {repeat} was left out")
            place += len(left_out)
            expected = ladder.after(place, below, deadline)
            if expected is None or left_out:
                # Counted from a rung that is not there, nobody can say when it was due.
                place, below = place + 1, rung.reached_at
                continue
            if rung.reached_at < expected.at:
                yield Finding(
                    "early_rung", about, f"{rung.level} {rung.repeat} at {rung.reached_at}, due {expected.at}"
                )
            elif rung.due_at != expected.at:
                yield Finding("rung", about, f"{rung.level} {rung.repeat} was due {expected.at}, not {rung.due_at}")
            reached = self.times.machine(rung.reached_at)
            if self.times.calm(self._from(expected.at, since, below), reached) > PATIENCE:
                yield Finding("late_rung", about, f"{rung.level} {rung.repeat} at {rung.reached_at}, due {expected.at}")
            place, below = place + 1, rung.reached_at
        yield from self._missing_reminder(request, ladder, about, clock, seen, all_rungs, stop)
        expected = ladder.after(place, below, self._deadline(request, clock, 10**18 if stop is None else stop.id))
        if expected is not None and self.times.calm(self._from(expected.at, since, below), over) > PATIENCE:
            yield Finding(
                "missing_rung", about, f"{expected.level} {expected.repeat} was due {expected.at} and is not there"
            )

    def _from(self, due: datetime, asked_at: datetime, below: datetime | None) -> datetime:
        """Since when, by the machine's time, a rung could be reached: a deadline can be over before a step is asked."""
        return max(self.times.machine(due), self.times.machine(asked_at if below is None else below))

    def _reminder(
        self,
        ladder: LadderOf,
        about: str,
        number: int,
        rung: Rung,
        deadline: datetime,
        all_rungs: Sequence[tuple[int, Rung]],
        clock: str,
    ) -> Findings:
        at = ladder.reminder(deadline)
        if at is None:
            yield Finding("rung_of_no_ladder", about, "a reminder where none can be")
        elif rung.reached_at < at:
            yield Finding("early_rung", about, f"reminder at {rung.reached_at}, due {at}")
        elif rung.reached_at >= deadline:
            yield Finding("rung", about, f"reminder at {rung.reached_at}, when the deadline {deadline} was over")
        above = [
            one
            for before, one in all_rungs
            if before < number and one.level != REMINDER and (clock in ("answer", one.clock))
        ]
        if above:
            yield Finding("rung", about, "a reminder after somebody above was told")

    def _missing_reminder(
        self,
        request: Request,
        ladder: LadderOf,
        about: str,
        clock: str,
        seen: set[tuple[str, int]],
        all_rungs: Sequence[tuple[int, Rung]],
        stop: Event | None,
    ) -> Findings:
        deadline = self._deadline(request, clock, 10**18 if stop is None else stop.id)
        at = ladder.reminder(deadline)
        if at is None or (REMINDER, 0) in seen:
            return
        overtaken = [
            one.reached_at for _, one in all_rungs if one.level != REMINDER and (clock in ("answer", one.clock))
        ]
        ends = [deadline, *overtaken, *([stop.at] if stop is not None else [])]
        until = min([*map(self.times.machine, ends), self.history.machine])
        if self.times.calm(self._from(at, request.asked_at, None), until) > PATIENCE:
            yield Finding("missing_rung", about, f"the reminder was due {at} and is not there")


# --- Prefect -----------------------------------------------------------------------------------------------------

ENDED = ("COMPLETED", "CANCELLED", "CRASHED", "FAILED")


def runs(history: History) -> Findings:
    """Each live proceeding sleeps in one run of its own; what has closed runs no more, and no run is left over."""
    if history.runs is None:
        return
    known = {one.id: one for one in history.runs}
    ours = {one.flow_run_id for one in history.proceedings}
    numbers = {one.id: one.number for one in history.cases}
    for proceeding in history.proceedings:
        about = f"{numbers[proceeding.case_id]} {proceeding.mechanism}"
        run = known.get(proceeding.flow_run_id or "")
        state = "no run" if run is None else f"{run.state_type} {run.state_name}"
        if proceeding.closed_at is not None:
            if run is not None and run.state_type not in ENDED:
                yield Finding("run", about, f"has closed, and its run is {state}")
        elif run is None or run.state_type != "PAUSED" or not proceeding.asleep or proceeding.awake:
            yield Finding("run", about, f"is live and does not sleep: {state}")
        elif run.state_name != proceeding.wait_name:
            yield Finding("run", about, f"Prefect shows {run.state_name}, and it waits for {proceeding.wait_name}")
    for run in history.runs:
        if run.id not in ours and run.flow != "督办" and run.state_type not in ENDED and "轮" not in run.name:
            yield Finding("run", run.name, f"a run that belongs to no proceeding is {run.state_type}")
    for case in history.cases:
        live = [one for one in history.proceedings if one.case_id == case.id and one.closed_at is None]
        if case.closed_at is None and not live:
            yield Finding("case", case.number, "is open, and no mechanism is live")


def audit(history: History) -> Judgement:
    """Everything."""
    steps, times = Steps(history), Times(history)
    ladders, letters = Ladders(history, steps, times), Letters(history, steps, times)
    parts: list[Callable[[], Findings]] = [
        lambda: log_and_rows(history, steps),
        lambda: promises(history),
        ladders.judge,
        letters.judge,
        lambda: runs(history),
    ]
    findings = tuple(dict.fromkeys(found for part in parts for found in part()))
    figures = {
        "cases": len(history.cases),
        "proceedings": len(history.proceedings),
        "requests": len(history.requests),
        "answers": len(history.answers),
        "rungs": len(history.rungs),
        "letters": len(history.letters),
        "mails": len(history.accepted),
        "sent_again": letters.sent_again,
        "regrouped": letters.regrouped,
        "steps_judged": ladders.judged,
        "steps_passed_over": ladders.passed_over,
    }
    return Judgement(findings, figures)
