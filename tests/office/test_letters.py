"""Letters: every kind can be written, says nothing personal, and reads rightly in any mail program."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.header import decode_header
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.county import County, Officer
from config.settings import Settings
from office.bureau import Bureau
from office.database import Database
from office.letter_facts import FACTS_OF, StepFacts, check_facts
from office.letter_kinds import LetterKind
from office.letters import POLICY, TEMPLATES, compose, elapsed, moment, written_parts
from office.links import Minted
from office.tables import Letter
from office.timekeeping import COUNTY_ZONE
from rules.steps import STEPS
from rules.vocabulary import Level
from rules.wording import deadline, short_deadline

NOON = datetime(2026, 6, 12, 12, 0, tzinfo=COUNTY_ZONE)
MINTED = Minted("https://jieli.anhe.example/r/Zk3hV0bqX9_yTnW2sLc8RmQeAdU", "048291", NOON + timedelta(days=14))
ONE_TIME_CODE = "K7M2Q9XB"
ACTING = {
    "asked",
    "reminder",
    "question_answered",
    "extension_decided",
    "deadline_moved",
    "held",
    "address_check",
    "absence_form",
}
ABOUT_PEOPLE = {
    "address_check",
    "absence_form",
    "standing_in",
    "contacts_unconfirmed",
    "steps_passed_on",
    "clock_silent",
    "letters_rest",
    "unresolved",
}
"""Letters about people or the installation, not about a case; the links of two of them lead to pages of their own."""
WITH_FILE = ACTING - ABOUT_PEOPLE - {"question_answered"} | {"digest"}


class Noon:
    """It is noon."""

    def now(self) -> datetime:
        """Noon."""
        return NOON


@pytest.fixture
def bureau(county: County) -> Bureau:
    """A bureau whose records are never opened."""
    return Bureau(Database("postgresql+asyncpg://nowhere/none"), county, Noon(), Settings(), b"key")


def step_facts(key: str = "dispatch") -> dict[str, Any]:
    """What `office.requests.facts_of` gives for a step."""
    asked = STEPS[key]
    return {
        "case_number": "AH-2026-0001",
        "step": key,
        "step_label": asked.label,
        "subject_label": "",
        "instruction": asked.instruction,
        "mechanism_label": asked.mechanism.label if asked.mechanism else "协调事项",
        "office_name": "安和县公安局",
        "urgent": asked.urgency.value == "emergency",
        "asked_at": (NOON - timedelta(hours=2)).isoformat(),
        "acknowledge_by": (NOON - timedelta(hours=1)).isoformat(),
        "due": (NOON + timedelta(hours=6)).isoformat(),
        "provisional": False,
        "basis": "高检发〔2020〕9号第八条",
        "provenance": "no_statutory_number",
    }


def rung_facts(level: Level = Level.REMINDER) -> dict[str, Any]:
    """What the clock adds."""
    return {
        "clock": "answer",
        "clock_label": "办理时限",
        "deadline": (NOON + timedelta(hours=6)).isoformat(),
        "level": level.value,
        "level_label": level.label,
        "repeat": 0,
        "state_label": "待签收",
        "now": (NOON + timedelta(hours=8, minutes=5)).isoformat(),
    }


TOLD = [{"level_label": "单位负责人", "at": NOON.isoformat()}]
FACTS: dict[str, dict[str, Any]] = {
    "asked": step_facts(),
    "reminder": step_facts() | rung_facts(),
    "escalation": step_facts() | rung_facts(Level.LEADER) | {"told": TOLD},
    "closing_notice": step_facts() | {"state_label": "已办结", "ended_at": NOON.isoformat()},
    "informed": {
        "case_number": "AH-2026-0001", "mechanism_label": "应急处置", "office_name": "青石镇人民政府",
        "matter": "应急处置情况通报", "at": NOON.isoformat(),
    },
    "taken_by": step_facts() | {"taken_by": "夏安宁", "taken_at": NOON.isoformat()},
    "confirmation": step_facts() | {"kind_label": "签收", "reference": "HF-260612-AB23CD", "answered_at": NOON.isoformat()},
    "moved": step_facts() | {"moved_to": "安和县教育局"},
    "question_answered": step_facts(),
    "extension_decided": step_facts() | {"granted": True},
    "held": step_facts() | {
        "held": True, "until": (NOON + timedelta(days=3)).isoformat(), "reason_label": "等待外地协查",
        "former_due": NOON.isoformat(),
    },
    "proceeding_stuck": {
        "case_number": "AH-2026-0001", "mechanism_label": "应急处置", "times": 4, "urgent": True, "at": NOON.isoformat(),
    },
    "recipient_missing": {
        "case_number": "AH-2026-0001", "letter_label": "交办", "step_label": "出警", "office_name": "安和县公安局",
        "officer": "ps_zhou", "reason_label": "收件人没有可用的电子邮箱", "stand_in": "", "urgent": True,
        "due": NOON.isoformat(), "at": NOON.isoformat(),
    },
    "proceeding_closed": {
        "case_number": "AH-2026-0001", "mechanism_label": "监护干预", "ground_label": "新监护人落实",
        "closed_at": NOON.isoformat(),
    },
    "disclosure_code": step_facts()
    | {"asked_for_at": NOON.isoformat(), "valid_until": (NOON + timedelta(minutes=15)).isoformat()},
}  # fmt: skip
FACTS |= {
    "deadline_moved": step_facts("investigate") | {
        "former_acknowledge_by": (NOON - timedelta(hours=1)).isoformat(),
        "former_due": (NOON + timedelta(days=2)).isoformat(),
        "because": "2026年6月13日端午节调休上班（国办发明电〔2025〕7号）",
    },
    "calendar_missing": {
        "case_number": "AH-2026-0001", "year": 2027, "step_label": "调查评估", "office_name": "青石镇人民政府",
        "due": (NOON + timedelta(days=210)).isoformat(), "at": NOON.isoformat(),
    },
    "mail_received": {"case_number": "AH-2026-0001", "received": 2, "at": NOON.isoformat()},
}  # fmt: skip
FACTS |= {
    "ceiling_reached": {
        "case_number": "AH-2026-0001", "branch": "case", "branch_label": "同一案件", "office_name": "青石镇人民政府",
        "urgent": False, "ceiling": 60, "waiting": 7, "at": NOON.isoformat(),
    },
    "digest": {
        "case_number": "AH-2026-0001", "of": "asked", "level_label": "", "cases": 2,
        "entries": [
            {
                "facts": step_facts(key) | {"case_number": f"AH-2026-000{number}"},
                "link": {"url": f"{MINTED.url}{number}", "code": f"04829{number}", "expires_at": MINTED.expires_at.isoformat()},
                "request_id": number, "request_version": 1,
            }
            for number, key in ((1, "triage"), (2, "dispatch"))
        ],
    },
}  # fmt: skip
FACTS |= {
    "address_check": {"case_number": "", "office_name": "安和县公安局", "seen_at": NOON.isoformat()},
    "contacts_unconfirmed": {
        "case_number": "", "more": 2, "days": 7,
        "contacts": [{"office_name": "安和县公安局", "officer": "夏安宁", "seen_at": NOON.isoformat()}],
    },
    "absence_form": {"case_number": "", "office_name": "安和县公安局", "asked_for_at": NOON.isoformat()},
    "standing_in": {
        "case_number": "", "office_name": "安和县公安局", "away": "周立言", "stand_in": "夏安宁", "set_by": "本人",
        "begins": NOON.isoformat(), "ends": (NOON + timedelta(days=7)).isoformat(), "ended": False,
    },
    "clock_silent": {
        "case_number": "", "since": NOON.isoformat(), "at": (NOON + timedelta(minutes=6)).isoformat(), "records": False,
        "over": False,
    },
    "unresolved": {
        "case_number": "", "at": NOON.isoformat(), "next_at": (NOON + timedelta(days=7)).isoformat(), "more": 0,
        "steps": [{
            "case_number": "AH-2026-0001", "step_label": "调查评估", "office_name": "青石镇人民政府",
            "due": (NOON - timedelta(days=60)).isoformat(), "told_at": (NOON - timedelta(days=5)).isoformat(), "new": True,
        }],
    },
    "letters_rest": {
        "case_number": "", "since": NOON.isoformat(), "at": (NOON + timedelta(hours=9)).isoformat(), "waiting": 12,
    },
    "steps_passed_on": {
        "case_number": "", "officer": "周立言", "more": 0, "at": NOON.isoformat(),
        "steps": [{
            "case_number": "AH-2026-0001", "step_label": "出警", "office_name": "安和县公安局", "to": "夏安宁",
            "due": (NOON + timedelta(hours=6)).isoformat(),
        }],
    },
}  # fmt: skip
KINDS = sorted(FACTS)
OFFICE_OF = {
    "escalation": "leader",
    "closing_notice": "leader",
    "recipient_missing": "coordinator",
    "proceeding_stuck": "coordinator",
    "calendar_missing": "coordinator",
    "ceiling_reached": "coordinator",
    "mail_received": "coordinator",
    "contacts_unconfirmed": "coordinator",
    "steps_passed_on": "coordinator",
    "clock_silent": "coordinator",
    "letters_rest": "coordinator",
    "unresolved": "joint_meeting",
}


def letter_of(kind: str, county: County, **more: Any) -> tuple[Letter, Officer]:
    """A letter of that kind and whom it goes to."""
    facts = more.pop("facts", FACTS[kind])
    about_a_step = issubclass(FACTS_OF[LetterKind(kind)], StepFacts)
    more = {"request_id": 7 if about_a_step else None, "request_version": 2 if about_a_step else None} | more
    office = more.pop("office", OFFICE_OF.get(kind, "public_security"))
    officer = county.office(office).contacts[0]
    letter = Letter(
        id=1, key="k", kind=kind, case_id=1, acts=kind in ACTING, to_office=office, to_officer=officer.key,
        level=facts.get("level"), message_id="<0123456789abcdef@anhe.example>",
        facts=check_facts(kind, facts).model_dump(mode="json"), **more,
    )  # fmt: skip
    return letter, officer


def sent(kind: str, bureau: Bureau, **more: Any) -> EmailMessage:
    """The message as a recipient's program parses it from the wire."""
    letter, officer = letter_of(kind, bureau.county, **more)
    coded = ONE_TIME_CODE if kind == "disclosure_code" else ""
    wire = compose(bureau, letter, officer, MINTED if letter.acts else None, coded).as_bytes()
    parsed = message_from_bytes(wire, policy=policy.strict)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(message: EmailMessage, subtype: str) -> str:
    """The text or HTML part, decoded."""
    found = message.get_body((subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_every_kind_has_its_three_files_and_its_facts() -> None:
    """A kind, its template folder and its model stand or fall together."""
    folders = {path.name for path in TEMPLATES.iterdir() if path.is_dir() and path.name != "_base"}
    assert folders == {kind.value for kind in LetterKind} == set(FACTS) == {kind.value for kind in FACTS_OF}
    for folder in folders:
        names = {path.name for path in (TEMPLATES / folder).iterdir()}
        assert names == {"subject.txt", "body.txt", "body.html"}, folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_surplus_or_missing_fact_is_refused_when_the_letter_is_put(kind: str) -> None:
    """A fact nobody has allowed cannot travel by mail."""
    with pytest.raises(ValidationError):
        check_facts(kind, FACTS[kind] | {"narrative": "孩子的事"})
    for name, field in FACTS_OF[LetterKind(kind)].model_fields.items():
        if not field.is_required():
            continue
        with pytest.raises(ValidationError):
            check_facts(kind, {key: value for key, value in FACTS[kind].items() if key != name})


@pytest.mark.parametrize(
    ("kind", "fact", "value"),
    [
        ("asked", "instruction", "某某小朋友的住址"),
        ("asked", "step_label", "某某小朋友"),
        ("asked", "step", "no_such_step"),
        ("asked", "case_number", "某某小朋友"),
        ("asked", "due", "2026-06-12T18:00:00"),
        ("asked", "basis", "一\r\nBcc: someone@anhe.example"),
        ("asked", "office_name", "安和县\u202e局安公"),
        ("confirmation", "kind_label", "某某小朋友"),
        ("confirmation", "reference", "某某"),
        ("closing_notice", "state_label", "某某小朋友"),
        ("proceeding_closed", "ground_label", "某某小朋友"),
    ],
)
def test_free_text_cannot_stand_in_a_fact(kind: str, fact: str, value: str) -> None:
    """Facts come from closed lists; instants have a zone; lines are lines."""
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own error is a ValueError too
        check_facts(kind, FACTS[kind] | {fact: value})


def test_every_step_can_be_put_to_an_office_by_letter(bureau: Bureau) -> None:
    """No step's words break a letter."""
    for key in STEPS:
        message = sent("asked", bureau, facts=step_facts(key))
        assert STEPS[key].label in message["Subject"]
        assert STEPS[key].instruction in part(message, "plain")


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_names_one_recipient_and_asks_for_no_reply_by_machine(kind: str, bureau: Bureau) -> None:
    """One recipient, no copies, marked as automatic, threaded by case, dated in county time."""
    message = sent(kind, bureau)
    assert len(message["To"].addresses) == 1
    assert message["Cc"] is None
    assert message["Bcc"] is None
    assert message["List-Unsubscribe"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Message-ID"] == "<0123456789abcdef@anhe.example>"
    thread = "<AH-2026-0001.case@anhe.example>" if FACTS[kind]["case_number"] else None
    others = "" if kind != "digest" else " <AH-2026-0002.case@anhe.example>"
    assert message["In-Reply-To"] == thread
    assert message["References"] == (thread + others if thread else None)
    assert message["Date"].datetime == NOON
    assert "+0800" in str(message["Date"])
    assert message["From"].addresses[0].addr_spec == bureau.settings.mail_from
    assert message["From"].addresses[0].display_name == "安和县民政局（接力）"
    letter = ["multipart/alternative", "text/plain", "text/html"]
    whole = ["multipart/mixed", *letter, "text/calendar"] if kind in WITH_FILE else letter
    assert [part.get_content_type() for part in message.walk()] == whole


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_say_what_a_letter_must_say(kind: str, bureau: Bureau) -> None:
    """Case, reason and how to reach a person stand in both; no template leaves a hole."""
    message = sent(kind, bureau)
    for subtype in ("plain", "html"):
        body = part(message, subtype)
        assert "AH-2026-0001" in body or not FACTS[kind]["case_number"]
        assert "案件编号" not in body or FACTS[kind]["case_number"]
        assert "为什么收到此信" in body
        assert "回复本邮件不视为签收" in body
        assert OFFICE_OF.get(kind) == "coordinator" or bureau.county.office("coordinator").contacts[0].phone in body
        assert not re.search(r"\{\{|\{%|None|Undefined", body)
    assert "\n\n\n" not in part(message, "plain")


@pytest.mark.parametrize("kind", sorted(ACTING))
def test_a_letter_that_acts_prints_link_code_and_expiry(kind: str, bureau: Bureau) -> None:
    """The whole address and the code stand on lines of their own; the expiry is in Beijing time."""
    message = sent(kind, bureau)
    lines = part(message, "plain").split("\n")
    assert MINTED.url in lines
    assert MINTED.code in lines
    assert any("2026年6月26日（星期五）12:00（北京时间）" in line for line in lines)
    html = part(message, "html")
    assert f'href="{MINTED.url}"' in html
    assert f">{MINTED.code}<" in html
    assert MINTED.code not in message["Subject"]
    assert len(MINTED.url) < 200


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ACTING - {"digest"}))
def test_an_information_letter_carries_no_address(kind: str, bureau: Bureau) -> None:
    """Nothing in it can be clicked but a telephone number; copies say in the subject that they are copies."""
    message = sent(kind, bureau)
    assert "http" not in part(message, "plain")
    assert not re.search(r'href="(?!tel:)', part(message, "html"))
    mark = LetterKind(kind).copy_mark
    assert re.findall("〔(.*)〕", message["Subject"]) == ([mark] if mark else [])
    for subtype in ("plain", "html"):
        assert ("本信为抄告件，不含办理链接，无需回复本信" in part(message, subtype)) is LetterKind(kind).is_copy


def test_a_letter_and_its_link_must_agree(bureau: Bureau) -> None:
    """A letter that acts is never written without its link, a copy never with one."""
    letter, officer = letter_of("asked", bureau.county)
    with pytest.raises(ValueError, match="acts"):
        compose(bureau, letter, officer, None)
    letter, officer = letter_of("escalation", bureau.county)
    with pytest.raises(ValueError, match="acts"):
        compose(bureau, letter, officer, MINTED)


def test_a_one_time_code_stands_in_its_own_letter_and_in_no_other(bureau: Bureau) -> None:
    """The code on a line of its own, how long it lives in Beijing time, not to be passed on; never in the subject."""
    message = sent("disclosure_code", bureau)
    text, html = part(message, "plain"), part(message, "html")
    assert ONE_TIME_CODE in text.split("\n")
    assert f">{ONE_TIME_CODE}<" in html
    assert "15分钟，至2026年6月12日（星期五）12:15（北京时间）" in text
    for body in (text, html):
        assert "请勿转发" in body
        assert "不是您本人申请" in body
    assert ONE_TIME_CODE not in message["Subject"]
    for kind, code in (("disclosure_code", ""), ("confirmation", ONE_TIME_CODE)):
        letter, officer = letter_of(kind, bureau.county)
        with pytest.raises(ValueError, match="one-time code"):
            compose(bureau, letter, officer, None, code)


class _Fetches(HTMLParser):
    """What a mail program would fetch to show the letter."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what is fetched, and what is open."""
        values = dict(attrs)
        if tag in ("img", "link", "script", "iframe", "object") or "src" in values or "background" in values:
            self.found.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every element is closed in its turn."""
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", KINDS)
def test_the_html_is_well_formed_and_fetches_nothing(kind: str, bureau: Bureau) -> None:
    """No image, no script, no style from elsewhere: opening a letter tells nobody."""
    html = part(sent(kind, bureau), "html")
    reader = _Fetches()
    reader.feed(html)
    assert reader.found == []
    assert reader.open == []
    assert "url(" not in html
    assert "@import" not in html
    assert '<html lang="zh-CN">' in html
    assert "prefers-color-scheme: dark" in html


SUBJECTS = {
    "asked": "【紧急交办】06-12 11:00前签收｜AH-2026-0001 出警",
    "reminder": "【紧急提醒】06-12 18:00前办结｜AH-2026-0001 出警",
    "escalation": "【紧急逾期·分管领导】06-12 18:00到期〔抄告〕AH-2026-0001 出警",
    "closing_notice": "【已办结】06-12 12:00〔知会，无需回复〕AH-2026-0001 出警",
    "informed": "【通报】06-12 12:00〔知会，无需回复〕AH-2026-0001 应急处置",
    "taken_by": "【已签收】06-12 12:00〔知会，无需回复〕AH-2026-0001 出警",
    "confirmation": "【回执·签收】06-12 12:00｜AH-2026-0001 出警",
    "moved": "【改派】贵单位无须再办理｜AH-2026-0001 出警",
    "question_answered": "【补充材料】06-12 18:00前办结｜AH-2026-0001 出警",
    "extension_decided": "【同意延期】06-12 18:00前办结｜AH-2026-0001 出警",
    "held": "【暂停计时】06-12 18:00前办结｜AH-2026-0001 出警",
    "proceeding_stuck": "【紧急·流程受阻】请人工跟进｜AH-2026-0001 应急处置",
    "recipient_missing": "【紧急·信件未送达】06-12 12:00前办结｜AH-2026-0001 安和县公安局",
    "proceeding_closed": "【机制办结】06-12 12:00〔知会，无需回复〕AH-2026-0001 监护干预",
    "disclosure_code": "【查阅码】06-12 12:15前有效｜AH-2026-0001 出警",
}


SUBJECTS |= {
    "deadline_moved": "【时限提前】06-12 18:00前办结｜AH-2026-0001 调查评估",
    "calendar_missing": "【日历待公布】2027年放假安排〔抄告〕AH-2026-0001 调查评估",
    "ceiling_reached": "【信件达到上限】06-12 12:00｜AH-2026-0001 同一案件",
    "digest": "【交办】06-12 11:00前签收｜共2件 AH-2026-0001等2案",
    "mail_received": "【来信提示】发信信箱收到与本案有关的来信〔抄告〕AH-2026-0001",
    "address_check": "【请确认邮箱】安和县公安局联系人登记",
    "contacts_unconfirmed": "【邮箱未确认】〔抄告〕3名联系人满7天未确认邮箱",
    "steps_passed_on": "【离岗转办】〔抄告〕周立言的1项未办结事项已转本单位其他人员",
    "clock_silent": "【督办中断】06-12 12:00起〔抄告〕系统没有督办",
    "unresolved": "【未解决清单】〔抄告〕1项事项逐级告知后仍未答复",
    "letters_rest": "【信件停发】〔抄告〕系统的信件等待核对后发出",
    "absence_form": "【离岗登记】请登记离岗时间和代理人",
    "standing_in": "【离岗代理】〔抄告〕安和县公安局周立言由夏安宁代理，自2026年6月12日起",
}


def test_a_letter_about_an_earlier_deadline_says_what_it_was_and_which_notice_moved_it(bureau: Bureau) -> None:
    """A date that moved without explanation is challenged."""
    for subtype in ("plain", "html"):
        text = re.sub(r"<[^>]+>", "", part(sent("deadline_moved", bureau), subtype))
        assert "2026年6月14日（星期日）12:00前办结" in text
        assert "2026年6月13日端午节调休上班（国办发明电〔2025〕7号）" in text
        assert STEPS["investigate"].instruction in text


@pytest.mark.parametrize("kind", KINDS)
def test_level_and_deadline_come_first_in_the_subject(kind: str, bureau: Bureau) -> None:
    """A phone shows the first twenty characters only."""
    assert sent(kind, bureau)["Subject"] == SUBJECTS[kind]


def test_an_escalation_names_the_office_the_delay_and_who_was_told(bureau: Bureau) -> None:
    """A leader reads which office is silent, for how long, and when the lower levels were told."""
    text = part(sent("escalation", bureau), "plain")
    assert "安和县公安局承办的下列事项" in text
    assert "已逾期2小时5分钟" in text
    assert "单位负责人，2026年6月12日（星期五）12:00" in text


@pytest.mark.parametrize("level", [level for level in Level if level is not Level.REMINDER])
def test_every_level_is_asked_for_what_it_can_do(level: Level, bureau: Bureau) -> None:
    """Each level's letter can be written."""
    facts = step_facts() | rung_facts(level) | {"told": []}
    office = "public_security" if level is Level.OFFICE_HEAD else level.value
    subject = str(sent("escalation", bureau, facts=facts, office=office)["Subject"])
    assert subject.startswith(f"【紧急逾期·{level.label}】")


def test_what_an_office_is_called_is_escaped_in_html(bureau: Bureau) -> None:
    """A name with marks of HTML is shown, not obeyed."""
    facts = FACTS["informed"] | {"matter": "<b>&通报</b>"}
    message = sent("informed", bureau, facts=facts)
    assert "&lt;b&gt;&amp;通报&lt;/b&gt;" in part(message, "html")
    assert "<b>&通报</b>" in part(message, "plain")


def _words_are_whole(raw: bytes) -> str:
    """The subject put together as a strict mail program does: each encoded word alone must be valid UTF-8."""
    head = raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
    lines = re.findall(r"^Subject: ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", head, re.MULTILINE)
    assert len(lines) == 1
    assert all(len(line) <= 78 for line in head.split("\r\n"))
    whole = ""
    for word in lines[0].replace("\r", "").split("\n "):
        (value, charset), *rest = decode_header(word)
        assert rest == []
        whole += value.decode(charset or "ascii") if isinstance(value, bytes) else value
    return whole


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=300))
def test_any_subject_survives_the_wire_with_whole_characters(text: str) -> None:
    """Rare characters of four bytes, emoji, mixtures with ASCII: no character is split, nothing is lost."""
    subject = "【提醒】" + text
    message = EmailMessage(policy=POLICY)
    message["Subject"] = subject
    message["To"] = "someone@anhe.example"
    assert _words_are_whole(message.as_bytes()) == subject


def test_rare_characters_of_names_survive_the_wire(bureau: Bureau) -> None:
    """㐂 and 𠮷 are names of real places."""
    facts = FACTS["informed"] | {"mechanism_label": "应急处置", "office_name": "𠮷㐂镇人民政府" * 8}
    letter, officer = letter_of("informed", bureau.county, facts=facts)
    named = Officer(officer.key, "欧阳𠮷㐂" * 6, officer.email, officer.phone, officer.post, officer.office)
    wire = compose(bureau, letter, named).as_bytes()
    assert wire.isascii()
    parsed = message_from_bytes(wire, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    assert "𠮷㐂镇人民政府" * 8 in part(parsed, "plain")
    assert parsed["To"].addresses[0].addr_spec == officer.email


def test_a_name_with_line_breaks_injects_no_header(bureau: Bureau) -> None:
    """What stands in a header is one line."""
    letter, officer = letter_of("asked", bureau.county)
    evil = Officer(officer.key, "某\r\nBcc: x@anhe.example", officer.email, officer.phone, officer.post, officer.office)
    parsed = message_from_bytes(compose(bureau, letter, evil, MINTED).as_bytes(), policy=policy.default)
    assert parsed["Bcc"] is None
    subject, _, _ = written_parts(bureau, letter, evil, MINTED)
    assert "\n" not in subject


@pytest.mark.parametrize(
    ("at", "read", "as_deadline", "in_subject"),
    [
        (NOON, "2026年6月12日（星期五）12:00", "2026年6月12日（星期五）12:00", "06-12 12:00"),
        (
            datetime(2026, 6, 13, 0, 0, tzinfo=COUNTY_ZONE),
            "2026年6月13日（星期六）00:00",
            "2026年6月12日（星期五）24:00",
            "06-12 24:00",
        ),
        (
            datetime.fromisoformat("2026-12-31T16:00:00+00:00"),
            "2027年1月1日（星期五）00:00",
            "2026年12月31日（星期四）24:00",
            "12-31 24:00",
        ),
        (
            datetime.fromisoformat("2027-01-04T02:30:00+00:00"),
            "2027年1月4日（星期一）10:30",
            "2027年1月4日（星期一）10:30",
            "2027-01-04 10:30",
        ),
    ],
)
def test_instants_are_written_in_beijing_time(at: datetime, read: str, as_deadline: str, in_subject: str) -> None:
    """Midnight as a deadline is 24:00 of the day that ends; another year is named."""
    assert moment(at) == read
    assert deadline(at) == as_deadline
    assert short_deadline(at, NOON) == in_subject


def test_a_delay_is_rounded_down() -> None:
    """Nobody is told of more delay than there is."""
    cases = {0: "", 59: "", 60: "1分钟", 3599: "59分钟", 3600: "1小时", 86_399: "23小时59分钟", 90_000: "1天1小时"}
    for seconds, words in cases.items():
        assert elapsed(NOON, NOON + timedelta(seconds=seconds)) == words
    assert elapsed(NOON, NOON - timedelta(hours=1)) == ""


def test_facts_read_back_are_the_facts_put() -> None:
    """What the outbox keeps as JSON gives the same letter."""
    found = check_facts("asked", FACTS["asked"])
    assert isinstance(found, StepFacts)
    assert check_facts("asked", found.model_dump(mode="json")) == found
