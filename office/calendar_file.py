"""The calendar file beside a letter that acts: one entry, the deadline of the step, for the officer's own calendar.

It says what the letter's subject says and nothing else: case number, step, office, deadline. No organizer and no
attendee stand in it, so that no calendar program writes to anybody.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from office.letter_facts import DigestFacts, StepFacts
from office.letter_kinds import LetterKind
from office.letter_words import Facts
from office.tables import Letter
from rules.wording import deadline

CARRIED_BY = (
    LetterKind.ASKED,
    LetterKind.REMINDER,
    LetterKind.EXTENSION_DECIDED,
    LetterKind.HELD,
    LetterKind.DEADLINE_MOVED,
)
"""Letters that set a deadline, move it or recall it; copies carry no file."""
SHOWN_BEFORE = timedelta(minutes=30)
"""An entry ends at its deadline: begun there, one of 24:00 would stand in the calendar on the day after."""


def carries_file(letter: Letter) -> bool:
    """Whether that letter has a calendar file beside it; of a digest, whether it acts."""
    if letter.kind == LetterKind.DIGEST.value:
        return any(entry["link"] for entry in letter.facts["entries"])
    return letter.acts and letter.request_id is not None and LetterKind(letter.kind) in CARRIED_BY


def file_name(facts: Facts) -> str:
    """The attachment's name: the case number, in ASCII, which every mail program shows rightly."""
    return f"{facts.case_number}.ics"


def calendar_file(letter: Letter, facts: Facts, domain: str, written_at: datetime) -> str:
    """The file's text (RFC 5545), with an entry for each step. A later file of the same step takes the earlier one's
    place in the calendar.

    The entry's name stays the same for the step; its sequence grows with the step's version, and so with every
    deadline that is moved. Raises ValueError for a letter that concerns no step.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Jieli//Deadlines//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for request_id, version, step in _steps(letter, facts):
        if request_id is None or version is None:
            raise ValueError(f"letter {letter.id} concerns no step and carries no calendar file")
        calendar.add_component(_entry(request_id, version, step, domain, written_at))
    return str(calendar.to_ical(), "utf-8")


def _steps(letter: Letter, facts: Facts) -> list[tuple[int | None, int | None, StepFacts]]:
    if isinstance(facts, DigestFacts):
        return [(one.request_id, one.request_version, one.facts) for one in facts.entries if one.link is not None]
    return [(letter.request_id, letter.request_version, facts)] if isinstance(facts, StepFacts) else []


def _entry(request_id: int, version: int, facts: StepFacts, domain: str, written_at: datetime) -> Event:
    step = facts.step_label + (f"（{facts.subject_label}）" if facts.subject_label else "")
    provisional = "（暂定：该年度放假安排尚未公布）" if facts.provisional else ""
    event = Event()
    event.add("uid", f"{facts.case_number}-{request_id}@{domain}")
    event.add("sequence", version - 1)
    event.add("dtstamp", written_at.astimezone(UTC))
    event.add("dtstart", (facts.due - SHOWN_BEFORE).astimezone(UTC))
    event.add("dtend", facts.due.astimezone(UTC))
    event.add("summary", f"【办理时限】{facts.case_number} {step} {facts.office_name}")
    event.add(
        "description",
        f"签收时限：{deadline(facts.acknowledge_by)}前\n办理时限：{deadline(facts.due)}前{provisional}\n"
        "本条目仅供提醒，以最新一封信件和办理页面为准；事项办结、改派或者撤回后可以自行删除。",
    )
    event.add("status", "TENTATIVE" if facts.provisional else "CONFIRMED")
    # The officer is not busy at that hour, and a shared calendar shows others no more than that something stands there.
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event
