"""What an audit finds, and the history of each step that it looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.chaos.history import Answer, Event, History, Rung


@dataclass(frozen=True)
class Finding:
    """One thing that is not as promised: a word for its kind, what it is about, and a sentence."""

    kind: str
    about: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}  {self.about}: {self.sentence}"


Findings = Iterator[Finding]


class Steps:
    """What happened to each step, in the order of the log."""

    def __init__(self, history: History) -> None:
        """Sorts a history by request."""
        self.events: dict[int, list[Event]] = defaultdict(list)
        for event in sorted(history.events, key=lambda one: one.id):
            if event.request_id is not None:
                self.events[event.request_id].append(event)
        self.rungs: dict[int, list[Rung]] = defaultdict(list)
        for rung in sorted(history.rungs, key=lambda one: one.id):
            self.rungs[rung.request_id].append(rung)
        self.answers: dict[int, list[Answer]] = defaultdict(list)
        for answer in history.answers:
            self.answers[answer.request_id].append(answer)

    def first(self, request: int, kinds: Sequence[str]) -> Event | None:
        """The first event of those kinds about a step."""
        return next((one for one in self.events[request] if one.event in kinds), None)
