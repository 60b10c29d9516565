"""What people write about a child stays in two tables of our own database, and is nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import text

from office.phone import answer_by_phone
from rules.vocabulary import AnswerKind
from tests.acceptance.stack import UNFOUNDED, Stack

WORD = "QZXW"
"""No word of any language; every marker begins with it."""


@dataclass
class Marked:
    """A case in which every free field held a marker."""

    number: str = ""
    markers: list[str] = field(default_factory=list)

    def __call__(self, what: str) -> str:
        """A new marker."""
        self.markers.append(f"{WORD}{what}{len(self.markers):02d}")
        return self.markers[-1]


@pytest.fixture(scope="module")
def marked(stack: Stack) -> Marked:
    """Reported by a named teacher; questioned, extended, declined, re-routed, answered by link and by phone, mistyped, closed."""
    mark = Marked()
    mark.number = case = stack.report(
        narrative=mark("narrative"),
        child_description=mark("child"),
        place_detail=mark("place"),
        alleged_perpetrator=mark("accused"),
        reporter_name=mark("reporter"),
        reporter_contact=mark("contact"),
    )
    # A form that is not taken is shown again with what was typed, and nothing of it may be logged.
    refused = stack.send(stack.open(case, "police_accept"), "done", note=mark("refused"), own_jurisdiction="perhaps")
    assert refused.status_code == 422
    del mark.markers[-1]
    stack.web.post("/report", data={"narrative": f"{WORD}incomplete"})
    stack.web.post("/api/reports", content=f'{{"narrative": "{WORD}unreadable"')
    stack.web.post(f"/r/{WORD}unknown/done", data={"note": f"{WORD}lost"})

    # The officer reads the particulars behind a one-time code: shown on that page, and nothing of it is left anywhere.
    opened = stack.open(case, "police_accept")
    assert stack.send(opened, "details").is_success
    sent = re.search(r"查阅码：\s*([0-9A-Z]{8})", stack.letter(case, "police_accept", kind="disclosure_code").text)
    assert sent is not None
    read = {"typed_name": mark("reading"), "one_time_code": sent.group(1)}
    shown = stack.web.post(f"{opened.form('details').action}/read", data=read)
    assert [marker for marker in mark.markers[:3] if marker not in shown.text] == []
    del mark.markers[-1]

    stack.answer(case, "police_accept", "more_facts", words=mark("question"), typed_name=mark("typed"))
    stack.answer(case, "supply_facts", facts=mark("facts"), note=mark("suppliednote"))
    stack.letter(case, "police_accept", kind="question_answered")
    stack.answer(
        case, "police_accept", of_letter="question_answered", own_jurisdiction="yes",
        acceptance_number=mark("number"), note=mark("note"), typed_name=mark("typed"),
    )  # fmt: skip
    stack.answer(case, "triage", **UNFOUNDED, note=mark("triagenote"))
    stack.answer(case, "feedback_reporter", "extension", words=mark("extension"))
    stack.answer(case, "decide_extension", granted="yes", note=mark("granted"))
    stack.letter(case, "feedback_reporter", kind="extension_decided")
    stack.answer(
        case, "feedback_reporter", "declined", of_letter="extension_decided",
        reason="other", words=mark("declined"), instead="civil_affairs",
    )  # fmt: skip
    stack.answer(case, "reroute", office="civil_affairs", note=mark("reroute"))
    stack.letter(case, "feedback_reporter")
    stack.do(
        answer_by_phone(
            stack.bureau, case=case, step_key="feedback_reporter", kind=AnswerKind.DONE,
            said_by=stack.bureau.county.office("civil_affairs").contacts[0].key,
            entered_by=mark("clerk"), payload={"note": mark("phonenote")},
        )
    )  # fmt: skip
    stack.play([case])
    stack.nothing_lost_nothing_doubled([case])
    stack.shown(case)
    return mark


def test_every_marker_is_in_the_records(stack: Stack, marked: Marked) -> None:
    """The markers did arrive where they belong, in `report` and `answer`; else the other tests would prove nothing."""
    rows = stack.rows(text("SELECT report::text FROM report UNION ALL SELECT answer::text FROM answer"))
    kept = "\n".join(row[0] for row in rows)
    assert [marker for marker in marked.markers if marker not in kept] == []


def test_prefect_holds_nothing_of_the_child(stack: Stack, marked: Marked) -> None:
    """No row of any table of Prefect's database holds a marker: flow runs, task runs, states, events, logs, artifacts, blocks."""
    tables = stack.prefect_rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    assert len(tables) > 20
    looked_at = 0
    for (table,) in tables:
        # Bytes are shown as hexadecimal digits.
        found = stack.prefect_rows(
            f'SELECT count(*) FILTER (WHERE t::text LIKE $1 OR t::text LIKE $2), count(*) FROM "{table}" t',  # noqa: S608
            f"%{WORD}%",
            f"%{WORD.encode().hex()}%",
        )
        assert found[0][0] == 0, table
        looked_at += found[0][1]
    assert looked_at > 100
    seen = stack.prefect_rows("SELECT count(*) FROM flow_run t WHERE t::text LIKE $1", f"%{marked.number}%")
    assert seen[0][0] >= 1, "the case itself is not seen in Prefect, so that nothing is proved"


def test_no_file_but_the_database_holds_anything_of_the_child(stack: Stack, marked: Marked) -> None:
    """Logs of every part, caught letters as they stand, Prefect's own folder, everything in the data folder."""
    folder = stack.settings.data_dir
    logs = {path.stem for path in (folder / "logs").glob("*.log")}
    assert logs >= {"prefect", "catcher", "portal", "worker", "postgres"}
    assert marked.number in (folder / "logs" / "worker.log").read_text()
    files = [path for path in folder.rglob("*") if path.is_file() and (folder / "postgres") not in path.parents]
    assert [path for path in files if WORD.encode() in path.read_bytes()] == []


def test_no_letter_holds_anything_of_the_child(stack: Stack, marked: Marked) -> None:
    """Every header and every part of every caught letter, decoded from base64 and quoted-printable."""
    letters = sorted((stack.settings.data_dir / "letters").glob("*.eml"))
    of_case = [path for path in letters if marked.number in _decoded(path)]
    assert len(of_case) >= 10
    assert [path.name for path in letters if WORD in _decoded(path)] == []


def _decoded(path: Path) -> str:
    letter = message_from_bytes(path.read_bytes(), policy=policy.default)
    shown = [f"{name}: {value}" for name, value in letter.items()]
    for part in letter.walk():
        shown += [f"{name}: {value}" for name, value in part.items()]
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            shown.append(payload.decode("utf-8"))
    return re.sub(r"\s", "", "\n".join(shown))


@pytest.mark.parametrize(
    "table", ["event", "letter", "request", "proceeding", "link", "rung", '"case"', "child", "disclosure"]
)
def test_no_other_table_of_ours_holds_anything_of_the_child(stack: Stack, marked: Marked, table: str) -> None:
    """The log and the outbox are read by more people than reports and answers are."""
    assert marked.number
    rows = stack.rows(text(f"SELECT t::text FROM {table} t"))  # noqa: S608 - names of our own tables
    assert rows or table == "rung"
    assert [row[0] for row in rows if WORD in row[0]] == []
