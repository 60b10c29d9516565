"""Does the auditor see? One of every fault is planted in a recorded history, and just that is found.

The history is recorded from the program itself: two steps, one answered after its silence was told up to the joint
meeting, one never; its post gives letters to a mail server that writes down what it took.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import text

from config.county import County, load_county
from config.settings import EXAMPLE_COUNTY, Settings
from office.post import Post
from office.recalendar import recompute_open_deadlines
from rules.vocabulary import AnswerKind, ReporterKind
from tests.chaos.auditor import audit
from tests.chaos.campaign import hours_of
from tests.chaos.history import (
    Accepted,
    Event,
    History,
    Promise,
    Run,
    Stretch,
    Times,
    Trouble,
    fit_instrument,
    read_records,
)
from tests.conftest import FixedClock
from tests.emptied import EmptiedDatabases
from tests.story import Story

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Recorder:
    """A story told slowly: a minute of the machine passes between two moments of the county."""

    story: Story
    machine: datetime = BEGAN
    accepted: list[Accepted] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)

    async def send(self, message: EmailMessage, recipient: str) -> None:
        """The mail server takes everything."""
        self.accepted.append(Accepted(str(message["Message-ID"]), recipient, self.machine, confirmed=True))

    async def work(self) -> None:
        """The clock turns, and every letter leaves."""
        await self.story.ticker.turn()
        await Post(self.story.bureau, self).send_due()

    async def move_to(self, at: datetime) -> None:
        """County time jumps, and there is time for all that is due."""
        self.machine += MINUTE
        self.story.clock.move_to(at)
        self.stretches.append(Stretch(self.machine, at, 1.0))
        await self.work()

    async def climb(self, step: str) -> None:
        """To the next rung of a step."""
        request = await self.story.request(step)
        assert request.next_climb_at is not None
        await self.move_to(max(request.next_climb_at, self.story.clock.now()))

    async def left(self, url: str) -> History:
        """What is left of it."""
        rows = await read_records(url, self.story.bureau.settings.mail_uncertain_tries)
        async with self.story.database.transaction() as session:
            put = {row[0]: row[1] for row in await session.execute(text("SELECT id, put_at FROM letter"))}
        # A story's database lives in today, and its county in the spring.
        found = History(**(rows | {"machine": self.machine + MINUTE}), stretches=tuple(self.stretches))
        times = Times(found)
        proceedings = tuple(
            replace(one, flow_run_id=f"run-{one.id}", wait_name="待办", asleep=True) for one in found.proceedings
        )
        return replace(
            found,
            letters=tuple(replace(one, put=times.machine(put[one.id])) for one in found.letters),
            accepted=tuple(self.accepted),
            promises=tuple(Promise("answer", one.reference) for one in found.answers)
            + tuple(Promise("receipt", one) for one in found.receipts),
            proceedings=proceedings,
            runs=tuple(
                Run(str(one.flow_run_id), "强制报告", "", *(("COMPLETED", "") if one.closed_at else ("PAUSED", "待办")))
                for one in proceedings
            ),
            hours={key: hours_of(one.hours) for key, one in self.story.bureau.county.offices.items()},
        )


async def _record(url: str, county: County, installation: Settings) -> History:
    clock = FixedClock(BEGAN)
    story = Story(url, county, clock, installation)
    try:
        recorder = Recorder(story)
        recorder.stretches.append(Stretch(BEGAN, clock.now(), 1.0))
        await fit_instrument(url)
        await recompute_open_deadlines(story.bureau)
        await story.report(reporter_kind=ReporterKind.CITIZEN)
        await recorder.work()
        for _ in range(12):
            await recorder.climb("police_accept")
        await story.say(AnswerKind.RECEIVED, "police_accept")
        await story.say(
            AnswerKind.DONE, "police_accept", payload={"acceptance_number": "受2026-009", "own_jurisdiction": True}
        )
        await recorder.work()
        for _ in range(6):
            await recorder.climb("triage")
        await story.say(
            AnswerKind.DONE,
            "triage",
            payload={"outcome": "unfounded", "child_still_needs_help": False, "failed_duty_to_report": False},
        )
        await recorder.work()
        await story.say(AnswerKind.RECEIVED, "feedback_reporter")
        await recorder.work()
        for _ in range(4):
            await recorder.climb("feedback_reporter")
        return await recorder.left(url)
    finally:
        await story.database.close()


@pytest.fixture(scope="module")
def history(emptied: EmptiedDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """A history in which all is well."""
    installation = Settings(data_dir=tmp_path_factory.mktemp("chaos"), demo=True, mail_digest_seconds=0.0)
    with emptied.one() as url:
        try:
            yield asyncio.run(_record(url, load_county(EXAMPLE_COUNTY), installation))
        finally:
            asyncio.run(_take_instrument_out(url))


async def _take_instrument_out(url: str) -> None:
    from office.database import Database

    database = Database(url)
    async with database.transaction() as session:
        await session.execute(text("DROP TRIGGER chaos_note_carrier ON letter"))
        await session.execute(text("DROP SCHEMA chaos CASCADE"))
    await database.close()


def kinds(history: History) -> set[str]:
    """The kinds of what is found."""
    return {finding.kind for finding in audit(history).findings}


def test_nothing_is_found_where_all_is_well(history: History) -> None:
    """The recorded history is clean, and it is worth looking at."""
    judged = audit(history)
    assert judged.findings == ()
    assert judged.figures["rungs"] >= 15
    assert judged.figures["mails"] >= 25
    assert judged.figures["steps_judged"] >= 3
    assert judged.figures["steps_passed_over"] == 0


def test_the_auditor_shares_no_code_with_what_it_judges() -> None:
    """Nothing of the program is imported where it is judged, not even its rules: a fault of theirs would hide itself."""
    here = Path(__file__).parent
    for name in ("auditor", "letters", "findings", "reckoning", "history"):
        source = ast.parse((here / f"{name}.py").read_text(encoding="utf-8"))
        imported = {one.name for node in ast.walk(source) if isinstance(node, ast.Import) for one in node.names}
        imported |= {str(node.module) for node in ast.walk(source) if isinstance(node, ast.ImportFrom)}
        assert not {one.split(".")[0] for one in imported} & {"flows", "tasks", "office", "config", "rules"}, name


# --- what is planted ---------------------------------------------------------------------------------------------


def _request(history: History, step: str) -> int:
    return next(one.id for one in history.requests if one.step == step)


def _without_rung(history: History, step: str, place: int) -> History:
    """The rung, its row of the log, its letters and the mails: as if the clock had never seen it."""
    request = _request(history, step)
    rung = [one for one in history.rungs if one.request_id == request and one.clock == "answer"][place]
    logged = next(
        one
        for one in history.events
        if (one.event, one.request_id, one.level, one.at) == ("rung_reached", request, rung.level, rung.reached_at)
    )
    key = f"rung/{request}/{rung.clock}/{rung.level}/{rung.repeat}/"
    letters = [one for one in history.letters if one.key.startswith(key)]
    gone = {one.message_id for one in letters}
    sent = sum(one.handed_over_at is not None for one in letters)
    told = [one for one in history.events if one.event == "letter_handed_over" and one.request_id == request][:sent]
    return replace(
        history,
        rungs=tuple(one for one in history.rungs if one != rung),
        events=tuple(one for one in history.events if one not in (logged, *told)),
        letters=tuple(one for one in history.letters if one not in letters),
        accepted=tuple(one for one in history.accepted if one.message_id not in gone),
    )


def _last_rung_missing(history: History) -> History:
    return _without_rung(history, "feedback_reporter", -1)


def _middle_rung_missing(history: History) -> History:
    return _without_rung(history, "feedback_reporter", 1)


def _reminder_missing(history: History) -> History:
    return _without_rung(history, "feedback_reporter", 0)


def _rung_twice(history: History) -> History:
    rung = history.rungs[-1]
    logged = next(
        one for one in reversed(history.events) if one.event == "rung_reached" and one.request_id == rung.request_id
    )
    last = max(one.id for one in history.events)
    return replace(
        history,
        rungs=(*history.rungs, replace(rung, id=rung.id + 1)),
        events=(*history.events, replace(logged, id=last + 1)),
    )


def _move_rung(history: History, by: timedelta) -> History:
    """The last rung of the open step is reached at another time, in all that is written of it."""
    rung = history.rungs[-1]
    moved = replace(rung, reached_at=rung.reached_at + by)
    events = tuple(
        replace(one, at=moved.reached_at)
        if (one.event, one.request_id, one.at) == ("rung_reached", rung.request_id, rung.reached_at)
        else one
        for one in history.events
    )
    return replace(history, rungs=(*history.rungs[:-1], moved), events=events)


def _rung_too_early(history: History) -> History:
    return _move_rung(history, timedelta(minutes=-1))


def _rung_of_another_deadline(history: History) -> History:
    rung = history.rungs[-1]
    return replace(history, rungs=(*history.rungs[:-1], replace(rung, due_at=rung.due_at - timedelta(hours=1))))


def _rung_too_late(history: History) -> History:
    """The clock had half a minute of its own before the last rung."""
    return _move_rung(history, timedelta(seconds=30))


def _rung_not_in_the_log(history: History) -> History:
    logged = [one for one in history.events if one.event == "rung_reached"][-1]
    return replace(history, events=tuple(one for one in history.events if one != logged))


def _rung_after_the_end(history: History) -> History:
    request = _request(history, "triage")
    last = [one for one in history.events if one.request_id == request and one.event == "rung_reached"][-1]
    end = next(one for one in history.events if one.request_id == request and one.event == "request_done")
    events = tuple(replace(one, id=end.id * 1000) if one == last else one for one in history.events)
    return replace(history, events=events)


def _asked_letter(history: History) -> int:
    return next(n for n, one in enumerate(history.letters) if one.kind == "asked")


def _mail_of(history: History, letter: int) -> Accepted:
    return next(one for one in history.accepted if one.message_id == history.letters[letter].message_id)


def _mail_never_taken(history: History) -> History:
    mail = _mail_of(history, _asked_letter(history))
    return replace(history, accepted=tuple(one for one in history.accepted if one != mail))


def _again(history: History, **more: object) -> History:
    mail = _mail_of(history, _asked_letter(history))
    return replace(history, accepted=(*history.accepted, replace(mail, **more)))  # type: ignore[arg-type]


def _mail_taken_twice(history: History) -> History:
    return _again(history)


def _mail_taken_after_its_record(history: History) -> History:
    mail = _mail_of(history, _asked_letter(history))
    unconfirmed = tuple(replace(one, confirmed=False) if one == mail else one for one in history.accepted)
    return _again(replace(history, accepted=unconfirmed), at=mail.at + timedelta(seconds=5))


def _mail_before_its_letter(history: History) -> History:
    mail = _mail_of(history, _asked_letter(history))
    earlier = replace(mail, at=mail.at - timedelta(seconds=5))
    return replace(history, accepted=tuple(earlier if one == mail else one for one in history.accepted))


def _mail_of_nobody(history: History) -> History:
    return replace(
        history,
        accepted=(*history.accepted, Accepted("<nobody@anhe.example>", "x@anhe.example", BEGAN, confirmed=True)),
    )


def _mail_to_another(history: History) -> History:
    mail = _mail_of(history, _asked_letter(history))
    other = replace(mail, recipient="somebody.else@anhe.example")
    return replace(history, accepted=tuple(other if one == mail else one for one in history.accepted))


def _letter(history: History, kind: str, **more: object) -> History:
    """The last letter of that kind, changed."""
    place = max(n for n, one in enumerate(history.letters) if one.kind == kind)
    changed = replace(history.letters[place], **more)  # type: ignore[arg-type]
    return replace(history, letters=(*history.letters[:place], changed, *history.letters[place + 1 :]))


def _letter_forgotten(history: History) -> History:
    return _letter(history, "confirmation", state="pending")


def _letter_sent_though_stale(history: History) -> History:
    return _letter(history, "confirmation", state="stale")


def _letter_not_in_the_log(history: History) -> History:
    logged = [one for one in history.events if one.event == "letter_handed_over"][-1]
    return replace(history, events=tuple(one for one in history.events if one != logged))


def _unsent(history: History, number: int, **more: object) -> History:
    """That letter never left, in all that is written of it."""
    place = next(n for n, one in enumerate(history.letters) if one.id == number)
    letter = history.letters[place]
    told = next(
        one
        for one in reversed(history.events)
        if (one.event, one.request_id, one.at) == ("letter_handed_over", letter.request_id, letter.handed_over_at)
    )
    unsent = replace(letter, handed_over_at=None, **more)  # type: ignore[arg-type]
    return replace(
        history,
        accepted=tuple(one for one in history.accepted if one.message_id != letter.message_id),
        events=tuple(one for one in history.events if one != told),
        letters=(*history.letters[:place], unsent, *history.letters[place + 1 :]),
    )


def _nobody_asked(history: History) -> History:
    request = _request(history, "feedback_reporter")
    for letter in history.letters:
        if (letter.request_id, letter.kind) == (request, "asked"):
            history = _unsent(history, letter.id, state="failed", fault="拒收")
    return history


def _rung_told_to_nobody(history: History) -> History:
    rung = history.rungs[-1]
    key = f"rung/{rung.request_id}/{rung.clock}/{rung.level}/{rung.repeat}/"
    letters = tuple(replace(one, key=str(one.id)) if one.key.startswith(key) else one for one in history.letters)
    return replace(history, letters=letters)


def _no_closing_notice(history: History) -> History:
    notices = [one.id for one in history.letters if one.kind == "closing_notice"]
    return _unsent(history, notices[-1], state="stale")


def _closing_notice_to_a_stranger(history: History) -> History:
    return _letter(history, "closing_notice", to_officer="mz_shen")


def _older_rung_told_later(history: History) -> History:
    """The letter of a rung leaves once the same person has been told of the next one."""
    request = _request(history, "police_accept")
    told = [one for one in history.letters if one.request_id == request and one.kind == "escalation"]
    older, newer = next(
        (a, b) for a in told for b in told if a.id < b.id and (a.to_officer, a.clock) == (b.to_officer, b.clock)
    )
    mail = next(one for one in history.accepted if one.message_id == older.message_id)
    later = replace(mail, at=newer.put + timedelta(seconds=40))
    return replace(history, accepted=tuple(later if one == mail else one for one in history.accepted))


def _event(history: History, kind: str) -> Event:
    return next(one for one in history.events if one.event == kind)


def _answer_twice_in_the_log(history: History) -> History:
    done = _event(history, "request_acknowledged")
    return replace(history, events=(*history.events, replace(done, id=history.events[-1].id + 1)))


def _answer_not_confirmed(history: History) -> History:
    confirmation = next(one for one in history.letters if one.kind == "confirmation")
    return replace(
        _unsent(history, confirmation.id),
        letters=tuple(one for one in history.letters if one != confirmation),
    )


def _answer_lost(history: History) -> History:
    return replace(history, promises=(*history.promises, Promise("answer", "HF-260302-LOST22")))


def _report_lost(history: History) -> History:
    return replace(history, receipts=history.receipts[1:])


def _asked_without_the_log(history: History) -> History:
    asked = [one for one in history.events if one.event == "request_asked"][-1]
    return replace(history, events=tuple(one for one in history.events if one != asked))


def _round_left_out(history: History) -> History:
    return replace(history, requests=(*history.requests[:-1], replace(history.requests[-1], round=2)))


def _deadline_moved(history: History) -> History:
    done = _request(history, "police_accept")
    requests = tuple(
        replace(one, due=one.due + timedelta(minutes=5)) if one.id == done else one for one in history.requests
    )
    # Only the deadline: what was climbed was climbed by the right one.
    return replace(history, requests=requests)


def _run(history: History, **more: object) -> History:
    assert history.runs is not None
    live = {one.flow_run_id for one in history.proceedings if one.closed_at is None}
    return replace(history, runs=tuple(replace(one, **more) if one.id in live else one for one in history.runs))  # type: ignore[arg-type]


def _run_cancelled(history: History) -> History:
    return _run(history, state_type="CANCELLED")


def _run_shows_something_else(history: History) -> History:
    return _run(history, state_name="逾期")


def _run_gone(history: History) -> History:
    return replace(history, runs=())


def _run_left_over(history: History) -> History:
    assert history.runs is not None
    return replace(history, runs=(*history.runs, Run("another", "强制报告", "", "PAUSED", "待办")))


PLANTED: list[tuple[Callable[[History], History], str]] = [
    (_last_rung_missing, "missing_rung"),
    (_middle_rung_missing, "missing_rung"),
    (_reminder_missing, "missing_rung"),
    (_rung_twice, "double_rung"),
    (_rung_too_early, "early_rung"),
    (_rung_too_late, "late_rung"),
    (_rung_of_another_deadline, "rung"),
    (_rung_not_in_the_log, "rung"),
    (_rung_after_the_end, "rung_after_end"),
    (_rung_told_to_nobody, "untold_rung"),
    (_mail_never_taken, "not_accepted"),
    (_mail_to_another, "not_accepted"),
    (_mail_taken_twice, "double_letter"),
    (_mail_taken_after_its_record, "double_letter"),
    (_mail_before_its_letter, "early_letter"),
    (_mail_of_nobody, "stranger"),
    (_letter_forgotten, "letter_without_end"),
    (_letter_sent_though_stale, "sent_after_all"),
    (_letter_not_in_the_log, "log"),
    (_nobody_asked, "nobody_asked"),
    (_no_closing_notice, "closing"),
    (_closing_notice_to_a_stranger, "closing"),
    (_older_rung_told_later, "overtaken"),
    (_answer_twice_in_the_log, "answer"),
    (_answer_not_confirmed, "confirmation"),
    (_answer_lost, "promise"),
    (_report_lost, "promise"),
    (_asked_without_the_log, "log"),
    (_round_left_out, "gap"),
    (_deadline_moved, "deadline"),
    (_run_cancelled, "run"),
    (_run_shows_something_else, "run"),
    (_run_gone, "run"),
    (_run_left_over, "run"),
]


@pytest.mark.parametrize(("plant", "kind"), PLANTED, ids=lambda one: getattr(one, "__name__", "").strip("_"))
def test_what_is_planted_is_found(history: History, plant: Callable[[History], History], kind: str) -> None:
    """Just that, and nothing else."""
    assert kinds(plant(history)) == {kind}


def test_a_mail_may_come_again_when_nobody_told_the_sender_that_it_was_taken(history: History) -> None:
    """A connection that broke after the letter was taken, or a post that was killed before it could write it down."""
    place = _asked_letter(history)
    mail = _mail_of(history, place)
    first = replace(mail, at=mail.at - timedelta(seconds=5), confirmed=False)
    put = replace(history.letters[place], put=first.at)
    letters = (*history.letters[:place], put, *history.letters[place + 1 :])
    broken = replace(history, letters=letters, accepted=(first, *history.accepted))
    assert audit(broken).findings == ()
    assert audit(broken).figures["sent_again"] == 1
    confirmed = replace(broken, accepted=(replace(first, confirmed=True), *history.accepted))
    assert kinds(confirmed) == {"double_letter"}
    killed = Trouble("kill_worker", first.at + timedelta(seconds=1), first.at + timedelta(seconds=3), stops_clock=True)
    assert audit(replace(confirmed, troubles=(killed,))).findings == ()


def test_nothing_is_missed_that_nobody_could_have_done(history: History) -> None:
    """A rung that came due while the clock was kept from its work, and for a moment afterwards, is no fault of the clock."""
    missing = _last_rung_missing(history)
    outage = Trouble("kill_both_workers", BEGAN, missing.machine - timedelta(seconds=10), stops_clock=True)
    assert audit(replace(missing, troubles=(outage,))).findings == ()
