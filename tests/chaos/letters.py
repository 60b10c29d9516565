"""Judges the letters: each has an end, each that was sent was taken by the mail server, and none was taken twice."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from tests.chaos.findings import Finding, Findings, Steps
from tests.chaos.history import Accepted, History, Letter, Request, Times

RECORDED_WITHIN = timedelta(seconds=10)
"""Machine time between the mail server's taking a letter and the record of it: a kill in it makes the letter leave again."""
MOMENT = timedelta(seconds=1)
UNDER_WAY = timedelta(seconds=20)
"""Machine time that a letter may be under way: longer than a campaign lets the mail server take."""
RUNGS = ("reminder", "escalation")
ON_THE_WAY = ("pending", "sending", "held")


class Letters:
    """Every letter of the outbox beside every mail that was taken."""

    def __init__(self, history: History, steps: Steps, times: Times) -> None:
        """Sorts both by each other."""
        self.history, self.steps, self.times = history, steps, times
        self.sent_again = 0
        self.regrouped = 0
        self._troubles = [one for one in history.troubles if one.stops_clock]
        self._mails: dict[str, list[Accepted]] = defaultdict(list)
        for mail in sorted(history.accepted, key=lambda one: one.at):
            self._mails[mail.message_id].append(mail)
        self._copies = {letter.id: self._copies_of(letter) for letter in history.letters}
        self._of_request: dict[int, list[Letter]] = defaultdict(list)
        for letter in history.letters:
            if letter.request_id is not None:
                self._of_request[letter.request_id].append(letter)

    def _copies_of(self, letter: Letter) -> list[Accepted]:
        found = [mail for name in letter.mails | {letter.message_id} for mail in self._mails.get(name, ())]
        return sorted(found, key=lambda one: one.at)

    def judge(self) -> Findings:
        """All that can be wrong with a letter."""
        for letter in self.history.letters:
            yield from self._letter(letter)
        yield from self._strangers()
        yield from self._confirmations()
        for request in self.history.requests:
            yield from self._of_step(request)

    def _letter(self, letter: Letter) -> Findings:
        about, copies = f"letter {letter.id} ({letter.kind})", self._copies[letter.id]
        if letter.state in ON_THE_WAY or (letter.state == "uncertain" and not letter.given_up):
            yield Finding("letter_without_end", about, f"is still {letter.state}: {letter.fault or 'no fault'}")
        if letter.state == "failed" and not letter.fault:
            yield Finding("letter_without_end", about, "failed, and nobody knows why")
        if letter.state == "handed_over":
            if not copies:
                yield Finding("not_accepted", about, "is handed over, and the mail server never took it")
            elif letter.address not in {mail.recipient for mail in copies}:
                yield Finding("not_accepted", about, "was taken for another address than the records say")
        if letter.state in ("stale", "failed") and copies:
            yield Finding(
                "sent_after_all", about, f"is {letter.state}, and the mail server took it {len(copies)} times"
            )
        if copies and copies[0].at < letter.put - MOMENT:
            yield Finding("early_letter", about, f"taken at {copies[0].at}, put at {letter.put}")
        yield from self._twice(letter, about, copies)

    def _twice(self, letter: Letter, about: str, copies: Sequence[Accepted]) -> Findings:
        self.sent_again += max(0, len(copies) - 1)
        # A digest that is tried again with other steps in it has another Message-ID (decision 15).
        self.regrouped += len({mail.message_id for mail in copies}) > 1
        recorded = None if letter.handed_over_at is None else self.times.machine(letter.handed_over_at)
        if len({mail.recipient for mail in copies}) > 1:
            yield Finding("double_letter", about, "was taken for several addresses")
        for mail, again in itertools.pairwise(copies):
            if recorded is not None and again.at > recorded + MOMENT:
                yield Finding(
                    "double_letter", about, f"was recorded as sent at {recorded} and taken again at {again.at}"
                )
            elif mail.confirmed and not self._unrecorded(mail):
                yield Finding(
                    "double_letter", about, f"was taken and confirmed at {mail.at}, and taken again at {again.at}"
                )

    def _unrecorded(self, mail: Accepted) -> bool:
        return self.times.disturbed(mail.at, mail.at + RECORDED_WITHIN, self._troubles)

    def _strangers(self) -> Findings:
        named = {name for letter in self.history.letters for name in letter.mails | {letter.message_id}}
        for name, mails in self._mails.items():
            if name not in named:
                yield Finding("stranger", name, f"taken {len(mails)} times, and no letter of the outbox is in it")
        handed = Counter(letter.case_id for letter in self.history.letters if letter.handed_over_at is not None)
        logged = Counter(one.case_id for one in self.history.events if one.event == "letter_handed_over")
        for case in handed | logged:
            if handed[case] != logged[case]:
                yield Finding("log", f"case {case}", f"{handed[case]} letters sent, {logged[case]} in the log")

    def _confirmations(self) -> Findings:
        """Who answered gets one letter that says so, unless nobody did and the records themselves gave the step back."""
        written = Counter(letter.key for letter in self.history.letters if letter.kind == "confirmation")
        for answer in self.history.answers:
            count = written[f"confirmation/{answer.reference}"]
            if count != (answer.channel != "records"):
                yield Finding("confirmation", f"answer {answer.reference}", f"has {count} confirmations")

    # --- the letters of a step ---------------------------------------------------------------------------------------

    def _of_step(self, request: Request) -> Findings:
        letters = self._of_request[request.id]
        yield from self._first(request, [one for one in letters if one.kind == "asked"])
        yield from self._told(request, letters)
        yield from self._overtaken(letters)
        yield from self._closing(request, letters)

    def _first(self, request: Request, asked: Sequence[Letter]) -> Findings:
        about = f"request {request.id} ({request.step})"
        sent = [one for one in asked if one.state in ("handed_over", "uncertain")]
        if not asked:
            yield Finding("nobody_asked", about, "no letter was ever put")
        elif request.is_open and not sent:
            yield Finding("nobody_asked", about, f"is open, and its letters are {[one.state for one in asked]}")
        first = Counter(one.to_officer for one in sent if len(one.key.split("/")) == 3)
        for officer, count in first.items():
            if count > 1:
                yield Finding("double_letter", about, f"{count} first letters to {officer}")

    def _told(self, request: Request, letters: Sequence[Letter]) -> Findings:
        """Each rung is told to somebody: the letter of that clock, level and repeat is there, whatever became of it."""
        keys = {tuple(one.key.split("/")[2:5]) for one in letters if one.key.startswith("rung/")}
        for rung in self.steps.rungs[request.id]:
            if (rung.clock, rung.level, str(rung.repeat)) not in keys:
                yield Finding(
                    "untold_rung", f"request {request.id} ({request.step})", f"{rung.clock} {rung.level} {rung.repeat}"
                )
        reached = {(one.clock, one.level, str(one.repeat)) for one in self.steps.rungs[request.id]}
        for key in keys - reached:
            yield Finding("letter_of_no_rung", f"request {request.id} ({request.step})", "/".join(key))

    def _overtaken(self, letters: Sequence[Letter]) -> Findings:
        """After an outage each person gets the latest state: an older letter of the same clock does not follow it."""
        by_person: dict[tuple[str, str | None], list[Letter]] = defaultdict(list)
        for letter in letters:
            if letter.kind in RUNGS:
                by_person[letter.to_officer, letter.clock].append(letter)
        for told in by_person.values():
            for older, newer in itertools.pairwise(told):
                copies = self._copies[older.id]
                late = [mail for mail in copies if mail.at > newer.put + UNDER_WAY]
                if late and newer.state not in ("failed", "bounced", "stale") and not self._slow(newer, late):
                    yield Finding(
                        "overtaken", f"letter {older.id} ({older.kind})", f"taken after letter {newer.id} was put"
                    )

    def _slow(self, newer: Letter, late: Iterable[Accepted]) -> bool:
        return all(self.times.disturbed(newer.put, mail.at, self._troubles) for mail in late)

    def _closing(self, request: Request, letters: Sequence[Letter]) -> Findings:
        """Whoever was told of the silence hears of its end, once; whoever was not, does not."""
        about = f"request {request.id} ({request.step})"
        notices: dict[str, list[Letter]] = defaultdict(list)
        for letter in letters:
            if letter.kind == "closing_notice":
                notices[letter.to_officer].append(letter)
        told = {one.to_officer for one in letters if one.kind == "escalation" and self._copies[one.id]}
        if request.is_open:
            for officer in notices:
                yield Finding("closing", about, f"{officer} is told of an end that has not come")
            return
        knows = {one.officer for one in self.steps.answers[request.id] if one.kind in ("done", "declined")}
        for officer in told - knows:
            states = [one.state for one in notices[officer]]
            if len(states) != 1 or states[0] not in ("handed_over", "uncertain", "failed", "bounced"):
                yield Finding("closing", about, f"{officer} was told of the silence; closing notices: {states}")
        # Nobody but the mail server knows that a letter whose result is unknown was not taken.
        perhaps = {one.to_officer for one in letters if one.kind == "escalation" and one.state == "uncertain"}
        for officer, these in notices.items():
            if officer not in told | perhaps and any(self._copies[one.id] for one in these):
                yield Finding("closing", about, f"{officer} was never told of the silence and hears of its end")
