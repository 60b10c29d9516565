"""Letters as bytes: what any mail program must be able to read of them, and what none may make of them."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example as tried
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from config.county import County, Officer, load_county
from config.settings import EXAMPLE_COUNTY, Settings
from office import links
from office.bureau import Bureau
from office.calendar_file import calendar_file
from office.database import Database
from office.letter_facts import StepFacts, check_facts
from office.letter_kinds import LetterKind
from office.letters import compose, thread_id
from office.links import Minted, clean_token
from office.tables import Letter
from rules.vocabulary import Level
from tests.conftest import FixedClock
from tests.office.letter_desk import open_desk
from tests.office.test_letters import (
    ABOUT_PEOPLE,
    ACTING,
    FACTS,
    KINDS,
    MINTED,
    NOON,
    ONE_TIME_CODE,
    TOLD,
    WITH_FILE,
    Noon,
    letter_of,
    part,
    rung_facts,
    sent,
    step_facts,
)

RARE = "𠮷㛃㐂䶮\U00030000葛\U000e0101é\N{COMBINING ACUTE ACCENT}"
"""A rare surname, an unusual given name, letters of every plane, a form chosen by a selector, a letter with a mark."""
ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from(f"\r\n\0\t\x85\u2028\u202e=?_ {RARE}")), max_size=120)


@pytest.fixture
def bureau(county: County) -> Bureau:
    """A bureau whose records are never opened."""
    return bureau_of(county)


def bureau_of(county: County, **more: Any) -> Bureau:
    """The same with other settings."""
    return Bureau(Database("postgresql+asyncpg://nowhere/none"), county, Noon(), Settings(**more), b"key")


def wire(bureau: Bureau, kind: str, officer: Officer | None = None, **more: Any) -> bytes:
    """A letter as it goes over the line."""
    letter, usual = letter_of(kind, bureau.county, **more)
    code = ONE_TIME_CODE if kind == "disclosure_code" else ""
    return compose(bureau, letter, officer or usual, MINTED if letter.acts else None, code).as_bytes()


def headers(raw: bytes) -> list[tuple[str, list[str]]]:
    """Every header with its lines, as a strict program splits them (RFC 5322 2.2); fails on anything else."""
    found: list[tuple[str, list[str]]] = []
    head = raw.split(b"\r\n\r\n", 1)[0].decode("ascii")
    assert "\0" not in head
    assert "\r" not in head.replace("\r\n", "")
    assert "\n" not in head.replace("\r\n", "")
    for line in head.split("\r\n"):
        if line.startswith((" ", "\t")):
            assert line.strip(), "a line of blanks ends the header for some programs"
            found[-1][1].append(line.strip())
            continue
        name, colon, value = line.partition(": ")
        assert colon, line
        assert re.fullmatch(r"[A-Za-z-]+", name), line
        found.append((name, [value]))
    return found


def strictly_decoded(lines: list[str]) -> str:
    """An encoded header read by the letter of RFC 2047: each word on its own, each whole UTF-8, none over 75."""
    text = ""
    for word in lines:
        found = re.fullmatch(r"=\?UTF-8\?B\?([A-Za-z0-9+/]+={0,2})\?=", word)
        assert found, f"no encoded word: {word}"
        assert len(word) <= 75
        piece = base64.b64decode(found.group(1), validate=True).decode("utf-8", errors="strict")
        assert piece
        text += piece
    return text


@cache
def example() -> County:
    """The example county, for trials by the hundred."""
    return load_county(EXAMPLE_COUNTY)


def called(name: str) -> County:
    """The same county, whose civil affairs bureau bears another name."""
    county = example()
    offices = {
        key: replace(office, name=name) if office.name == "安和县民政局" else office
        for key, office in county.offices.items()
    }
    return replace(county, offices=MappingProxyType(offices))


# --- headers ----------------------------------------------------------------------------------------

EXPECTED_HEADERS = [
    "Subject", "From", "To", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "MIME-Version", "Content-Type", "Content-Language",
]  # fmt: skip


@settings(deadline=None)
@given(name=ANY_TEXT, bureau_name=ANY_TEXT)
@tried(name="\ud800", bureau_name="\ud800\udfff")
def test_no_name_breaks_or_adds_a_header(name: str, bureau_name: str) -> None:
    """Whatever stands in a county's files, a letter has its twelve headers, and one recipient in them."""
    bureau = bureau_of(called(bureau_name))
    officer = replace(example().office("public_security").contacts[0], name=name)
    raw = wire(bureau, "asked", officer)
    found = headers(raw)
    assert sorted(one for one, _ in found) == sorted(EXPECTED_HEADERS)
    for one, lines in found:
        assert all(len(line) <= 75 for line in lines), one
    parsed = message_from_bytes(raw, policy=policy.default)
    assert [one.addr_spec for one in parsed["To"].addresses] == [officer.email]
    assert [one.addr_spec for one in parsed["From"].addresses] == [bureau.settings.mail_from]
    assert not parsed.defects


@settings(deadline=None)
@given(
    label=st.text(
        st.one_of(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), st.sampled_from(RARE)),
        min_size=1,
        max_size=120,
    )
)
def test_a_subject_of_any_chinese_is_read_whole_by_a_strict_program_and_by_an_ordinary_one(label: str) -> None:
    """No encoded word splits a character; each decodes alone; what is written is what is read."""
    facts = step_facts() | {"subject_label": label}
    raw = wire(bureau_of(example()), "asked", facts=facts)
    (lines,) = (lines for name, lines in headers(raw) if name == "Subject")
    subject = f"【紧急交办】06-12 11:00前签收｜AH-2026-0001 出警（{label}）"
    assert strictly_decoded(lines) == subject
    assert str(message_from_bytes(raw, policy=policy.default)["Subject"]) == subject


def test_a_rare_character_keeps_its_selector_and_marks_beside_it(county: County) -> None:
    """𠮷 and 㛃 at every place of a word; a chosen form of a character is not shown as another form with a box behind."""
    for filling in range(40):
        label = "一" * filling + RARE * 3
        (lines,) = (
            lines
            for name, lines in headers(wire(bureau_of(county), "asked", facts=step_facts() | {"subject_label": label}))
            if name == "Subject"
        )
        for word in lines:
            assert strictly_decoded([word])[0] not in ("\U000e0101", "\N{COMBINING ACUTE ACCENT}")


def test_a_name_that_looks_encoded_is_shown_as_it_is_written(county: County) -> None:
    """A name in a county's file cannot smuggle what only the mail program would decode."""
    officer = replace(county.office("public_security").contacts[0], name="=?UTF-8?B?5p2O?=")
    raw = wire(bureau_of(county), "asked", officer)
    (lines,) = (lines for name, lines in headers(raw) if name == "To")
    assert strictly_decoded(lines[:-1]) == "=?UTF-8?B?5p2O?="


def test_names_cannot_turn_the_reading_around(county: County) -> None:
    """Marks of direction are left out: an address could otherwise be shown backwards."""
    officer = replace(county.office("public_security").contacts[0], name="周\u202e立\u2066言")
    parsed = message_from_bytes(wire(bureau_of(county), "asked", officer), policy=policy.default)
    assert parsed["To"].addresses[0].display_name == "周立言"


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_is_marked_as_a_machines_and_offers_no_action_in_its_headers(kind: str, bureau: Bureau) -> None:
    """No copy, no blind copy, no List-Unsubscribe, no receipt asked for, no address of ours anywhere but in the body."""
    found = dict(headers(wire(bureau, kind)))
    threaded = set() if kind in ABOUT_PEOPLE else {"In-Reply-To", "References"}
    assert sorted(found) == sorted(set(EXPECTED_HEADERS) - {"In-Reply-To", "References"} | threaded)
    assert "http" not in str(found)
    assert found["Auto-Submitted"] == ["auto-generated"]
    assert found["X-Auto-Response-Suppress"] == ["All"]


def test_a_thread_is_known_by_its_case_number_and_nothing_else(bureau: Bureau) -> None:
    """Every letter of a case refers to one root, which no letter bears itself; another case has another."""
    assert thread_id(bureau, "AH-2026-0001") == "<AH-2026-0001.case@anhe.example>"
    for kind in set(KINDS) - ABOUT_PEOPLE:
        message = sent(kind, bureau)
        assert message["In-Reply-To"] == "<AH-2026-0001.case@anhe.example>"
        cases = ("AH-2026-0001", "AH-2026-0002") if kind == "digest" else ("AH-2026-0001",)
        assert message["References"] == " ".join(f"<{case}.case@anhe.example>" for case in cases)
        assert message["Message-ID"] != message["References"]


def test_a_letter_tried_again_is_the_same_letter(bureau: Bureau) -> None:
    """An hour later it says the same under the same Message-ID, and its calendar entry is the same: a double shows."""
    first = sent("extension_decided", bureau)
    later = replace(bureau, clock=FixedClock(NOON + timedelta(hours=1)))
    again = sent("extension_decided", later)
    assert first["Date"].datetime != again["Date"].datetime
    assert first["Message-ID"] == again["Message-ID"]
    assert [part(first, one) for one in ("plain", "html")] == [part(again, one) for one in ("plain", "html")]
    entries = [calendar_of(one).walk("VEVENT")[0] for one in (first, again)]
    for name in ("UID", "SEQUENCE", "DTSTART", "DTEND", "SUMMARY"):
        assert entries[0][name] == entries[1][name], name


# --- addresses in a letter --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_no_gateway_has_reason_to_fold_a_letters_lines(kind: str, bureau: Bureau) -> None:
    """Base64 throughout, no line over 76: quoted-printable would cut an address in two with a soft line break."""
    raw = wire(bureau, kind)
    parsed = message_from_bytes(raw, policy=policy.default)
    for piece in parsed.walk():
        if not piece.is_multipart():
            assert piece["Content-Transfer-Encoding"] == "base64"
    assert max(len(line) for line in raw.split(b"\r\n\r\n", 1)[1].split(b"\r\n")) <= 78
    assert raw.isascii()


PUBLIC = "https://baohu.anhe-county.example/jieli"


@pytest.mark.anyio
async def test_every_address_in_every_letter_begins_with_the_public_address(
    records_url: str, county: County, clock: FixedClock, installation: Settings
) -> None:
    """The address a county has set, and no other: no machine's name, no port, no plain http."""
    chosen = installation.model_copy(update={"public_url": PUBLIC + "/"})
    more = {
        "extension_decided": {"granted": True},
        "held": {
            "held": True, "until": NOON.isoformat(), "reason_label": "等待外地协查", "former_due": NOON.isoformat(),
        },
        "deadline_moved": {
            "former_acknowledge_by": NOON.isoformat(), "former_due": NOON.isoformat(), "because": "放假安排有变化"
        },
        "question_answered": {},
        "asked": {},
    }  # fmt: skip
    seen = 0
    async with open_desk(records_url, county, clock, chosen) as desk:
        for kind, facts in more.items():
            await desk.put(kind, facts=facts, acts=True)
        await desk.rung(Level.REMINDER)
        for letter in await desk.letters():
            async with desk.bureau.database.transaction() as session:
                minted = await links.mint(session, desk.bureau, letter)
            officer = county.office(letter.to_office).contacts[0]
            message = compose(desk.bureau, letter, officer, minted)
            bodies = part(message, "plain") + part(message, "html") + calendar_text(message)
            addresses = re.findall(r"[a-z]+://[^\s\"'<>]+", bodies)
            assert addresses, letter.kind
            assert {one for one in addresses if not one.startswith(f"{PUBLIC}/r/")} == set()
            assert "localhost" not in bodies
            assert "127.0.0.1" not in bodies
            seen += 1
    assert seen == len(ACTING - ABOUT_PEOPLE)


@pytest.mark.parametrize("kind", sorted(ACTING))
def test_the_bare_address_survives_what_happens_to_it_on_the_way(kind: str, bureau: Bureau) -> None:
    """From the text part, re-encoded, folded, with whatever a program or a person sets behind it: the same token."""
    lines = part(sent(kind, bureau), "plain").split("\n")
    address = next(line for line in lines if line.startswith("http"))
    assert address == MINTED.url
    assert re.fullmatch(r"[A-Za-z0-9:/._-]+", address), "nothing in it that any encoding would touch"
    assert len(address) <= 76, "it stands on one line even where lines are cut"
    token = address.rsplit("/", 1)[1]
    behind = (
        "。",
        "，",
        "；",
        "）",
        "》",
        "”",
        "、",
        "！",
        "：",
        ".",
        ",",
        ")",
        ">",
        "]",
        "&amp;from=mail",
        "?x=1",
        "%20",
        "/",
        "=",
    )
    for tail in behind:
        assert clean_token(token + tail) == token, tail
        assert clean_token(quote(token + tail)) == token, tail
    for place in range(1, len(token)):
        for fold in ("\r\n", "\r\n ", "=\r\n", "%0D%0A%20"):
            assert clean_token(token[:place] + fold + token[place:]) == token, (place, fold)


# --- the calendar file ------------------------------------------------------------------------------


def calendar_text(message: EmailMessage) -> str:
    """The calendar file's text, "" where there is none."""
    return next(
        (
            str(piece.get_content())
            for piece in message.iter_attachments()
            if piece.get_content_type() == "text/calendar"
        ),
        "",
    )


def calendar_of(message: EmailMessage) -> Calendar:
    """The calendar file, parsed by the library that reads it."""
    return Calendar.from_ical(calendar_text(message))


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_letter_that_sets_or_recalls_a_deadline_has_a_calendar_file(kind: str, bureau: Bureau) -> None:
    """An attachment beside the letter, never an alternative to it; no copy has any attachment."""
    message = sent(kind, bureau)
    attached = list(message.iter_attachments())
    assert bool(attached) is (kind in WITH_FILE)
    if not attached:
        return
    (file,) = attached
    assert file.get_content_disposition() == "attachment"
    assert file.get_filename() == "AH-2026-0001.ics"
    assert file["Content-Type"].params == {"charset": "utf-8", "method": "PUBLISH"}
    for subtype in ("plain", "html"):
        assert "附件是日历文件" in part(message, subtype)


@pytest.mark.parametrize("kind", sorted(WITH_FILE - {"digest"}))
def test_a_calendar_file_says_the_deadline_and_nothing_of_anybody(kind: str, bureau: Bureau) -> None:
    """Title: case, step, office. It ends at the deadline, so that 24:00 stands on the day that ends; nobody is invited."""
    message = sent(kind, bureau)
    calendar = calendar_of(message)
    assert (calendar["version"], calendar["method"]) == ("2.0", "PUBLISH")
    (event,) = calendar.walk("VEVENT")
    due = datetime.fromisoformat(FACTS[kind]["due"])
    assert event["dtend"].dt == due
    assert event["dtstart"].dt == due - timedelta(minutes=30)
    facts = FACTS[kind]
    assert event["summary"] == f"【办理时限】AH-2026-0001 {facts['step_label']} 安和县公安局"
    assert "以最新一封信件和办理页面为准" in event["description"]
    assert (event["transp"], event["class"], event["status"]) == ("TRANSPARENT", "PRIVATE", "CONFIRMED")
    assert set(event) == {
        "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "STATUS", "TRANSP", "CLASS"
    }  # fmt: skip
    text = calendar_text(message)
    officer = letter_of(kind, bureau.county)[1]
    for never in ("mailto", "http", officer.name, officer.phone, officer.email, MINTED.code, "VALARM"):
        assert never not in text


def test_a_deadline_at_midnight_stands_in_the_calendar_on_the_day_that_ends(bureau: Bureau) -> None:
    """24:00 of the 12th is not an entry of the 13th."""
    facts = step_facts() | {"due": "2026-06-13T00:00:00+08:00", "provisional": True}
    (event,) = calendar_of(sent("asked", bureau, facts=facts)).walk("VEVENT")
    assert event["dtstart"].dt.astimezone(NOON.tzinfo).date().isoformat() == "2026-06-12"
    assert "2026年6月12日（星期五）24:00前（暂定" in event["description"]
    assert event["status"] == "TENTATIVE"


def test_a_moved_deadline_takes_the_former_ones_place_in_the_calendar(bureau: Bureau) -> None:
    """One name for the step, a sequence that grows with its version; another step has another name."""

    def entry(kind: str, **more: Any) -> Any:
        return calendar_of(sent(kind, bureau, **more)).walk("VEVENT")[0]

    first = entry("asked", request_version=1)
    moved = entry("deadline_moved", request_version=2)
    extended = entry("extension_decided", request_version=3)
    assert first["uid"] == moved["uid"] == extended["uid"]
    assert [one["sequence"] for one in (first, moved, extended)] == [0, 1, 2]
    assert entry("asked", request_id=8)["uid"] != first["uid"]
    assert entry("reminder", request_version=1)["sequence"] == 0, "a reminder changes nothing"


def test_a_calendar_file_is_folded_by_octets_and_keeps_its_characters_whole(bureau: Bureau) -> None:
    """RFC 5545 3.1: CRLF, 75 octets at most; rare characters and marks of its own syntax read back as written."""
    label = RARE + "，；\\;,：" + "救助保护" * 30
    facts = check_facts("asked", step_facts() | {"subject_label": label})
    assert isinstance(facts, StepFacts)
    letter = Letter(id=1, kind="asked", acts=True, request_id=7, request_version=1)
    text = calendar_file(letter, facts, "anhe.example", NOON)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    (event,) = Calendar.from_ical(text).walk("VEVENT")
    assert label in event["summary"]


def test_a_letter_about_no_step_makes_no_calendar_file() -> None:
    """Nothing to stand in a calendar."""
    facts = check_facts("asked", step_facts())
    assert isinstance(facts, StepFacts)
    letter = Letter(id=1, kind="asked", acts=True, request_id=None, request_version=None)
    with pytest.raises(ValueError, match="concerns no step"):
        calendar_file(letter, facts, "anhe.example", NOON)


# --- what is said -----------------------------------------------------------------------------------

SAYS_WHAT_HAPPENS_OTHERWISE = {
    "asked": "逾期未签收或者未办结的，将按照本县督办设置，逐级告知",
    "reminder": "逾期未签收或者未办结的，将按照本县督办设置，逐级告知",
    "question_answered": "逾期未签收或者未办结的，将按照本县督办设置，逐级告知",
    "held": "到期未办结的，将按照本县督办设置，逐级告知",
    "extension_decided": "逾期未签收或者未办结的，将按照本县督办设置，逐级告知",
    "deadline_moved": "逾期未签收或者未办结的，将按照本县督办设置，逐级告知",
    "escalation": "仍未答复的，按照本县督办设置继续向上一级告知",
    "taken_by": "逾期未办结的，仍按督办设置逐级告知",
    "confirmation": "逾期未办结的，逐级告知",
    "proceeding_stuck": "已经交办的事项照常计时、提醒和逐级告知，时限不因此顺延",
    "recipient_missing": "发给原收件人的信件仍将无法送达，办理时限不因此顺延",
    "calendar_missing": "未收录之前，有关时限一直标为“暂定”",
    "disclosure_code": "不是您本人申请的，请不要使用",
    "digest": "逾期未签收或者未办结的，将按照本县督办设置，逐级告知",
    "ceiling_reached": "仍然需要的自动发送",
    "address_check": "不确认的，交办信仍会发到本邮箱",
    "absence_form": "不登记的，交办信照常发给您，时限照常计算",
    "standing_in": "不提出的，到期未办结的照常逐级提醒",
    "contacts_unconfirmed": "交办信照常发往这些邮箱",
    "steps_passed_on": "新的经办人到期未办结的，照常逐级告知",
    "clock_silent": "恢复之前，到期的事项不会提醒，也不会逐级告知，时限不因此顺延",
    "unresolved": "直到答复、改派或者撤回为止",
    "letters_rest": "不核对的，信件一直停发，事项照常计时、升级",
    "mail_received": "登记之前，有关事项仍按未答复督办，时限不因来信顺延",
}
NOTHING_TO_DO = {
    "closing_notice": "您无须再督促",
    "informed": "本信无须答复",
    "moved": "贵单位无须再办理",
    "proceeding_closed": "您无须答复",
}


def bodies(message: EmailMessage) -> list[str]:
    """Both parts as running text."""
    return [part(message, "plain"), re.sub(r"<[^>]+>", "", part(message, "html"))]


@pytest.mark.parametrize("kind", KINDS)
def test_every_letter_says_what_happens_otherwise_or_that_nothing_is_to_be_done(kind: str, bureau: Bureau) -> None:
    """A letter that asks for something says what silence brings; one that does not says so."""
    said = SAYS_WHAT_HAPPENS_OTHERWISE | NOTHING_TO_DO
    assert set(said) == {one.value for one in LetterKind}
    for body in bodies(sent(kind, bureau)):
        assert said[kind] in body


@pytest.mark.parametrize("kind", sorted(ACTING - ABOUT_PEOPLE))
def test_a_letter_that_acts_says_how_to_get_a_fresh_link(kind: str, bureau: Bureau) -> None:
    """The expiry in Beijing time, the way to a fresh link, and that the deadline does not wait for it."""
    for body in bodies(sent(kind, bureau)):
        assert "有效至2026年6月26日（星期五）12:00" in body
        assert "过期后打开原链接，可以申请将新链接发到本邮箱；办理时限不因此顺延" in body


def test_whoever_is_to_press_an_office_reads_its_telephone_numbers(bureau: Bureau) -> None:
    """Coordinator, leader and joint meeting; a head knows the own people."""
    phone = bureau.county.office("public_security").contacts[0].phone
    for level, expected in (
        (Level.OFFICE_HEAD, False),
        (Level.COORDINATOR, True),
        (Level.LEADER, True),
        (Level.JOINT_MEETING, True),
    ):
        office = "public_security" if level is Level.OFFICE_HEAD else level.value
        facts = step_facts() | rung_facts(level) | {"told": TOLD}
        for body in bodies(sent("escalation", bureau, facts=facts, office=office)):
            assert (f"单位电话：{phone}" in body) is expected, level
    for body in bodies(sent("recipient_missing", bureau)):
        assert f"单位电话：{phone}" in body


def test_a_letter_that_leaves_late_does_not_speak_as_if_it_were_early(bureau: Bureau) -> None:
    """After an outage, or for a case entered late: what has passed is said to have passed."""
    late = {"deadline": (NOON - timedelta(hours=1)).isoformat()}
    for body in bodies(sent("reminder", bureau, facts=FACTS["reminder"] | late)):
        assert "办理时限已经届满，请立即" in body
        assert "即将届满" not in body
    for body in bodies(sent("reminder", bureau)):
        assert "即将届满" in body
    for body in bodies(sent("asked", bureau)):
        assert "签收时限已过，请立即签收" in body
    for body in bodies(sent("asked", bureau, facts=step_facts() | {"acknowledge_by": FACTS["asked"]["due"]})):
        assert "签收时限已过" not in body


def test_a_withdrawn_step_is_not_told_as_an_answer(bureau: Bureau) -> None:
    """Whoever heard of the silence reads that the step was called back, and not that the office replied."""
    for body in bodies(sent("closing_notice", bureau, facts=FACTS["closing_notice"] | {"state_label": "已撤回"})):
        assert "该事项已于2026年6月12日（星期五）12:00撤回，承办单位无须再办理" in body
        assert "承办单位已于" not in body


def test_a_confirmation_of_a_phone_answer_says_that_it_was_one(bureau: Bureau) -> None:
    """Who said it, who typed it; a wrong entry is to be told at once."""
    by_phone = {"channel_label": "电话", "answered_by": "夏安宁", "entered_by": "闻小舟"}
    for body in bodies(sent("confirmation", bureau, facts=FACTS["confirmation"] | by_phone)):
        assert "夏安宁对下列事项的电话答复，已由协调员闻小舟代为登记" in body
        assert "登记的内容与答复不符的，请立即电话联系协调员" in body
    nobody = by_phone | {"answered_by": "", "entered_by": ""}
    for body in bodies(sent("confirmation", bureau, facts=FACTS["confirmation"] | nobody)):
        assert "贵单位对下列事项的电话答复，已由协调员代为登记" in body


def test_a_confirmation_put_before_an_upgrade_can_still_be_written(bureau: Bureau) -> None:
    """Letters that wait while a new version is installed lack its newer facts."""
    letter, officer = letter_of("confirmation", bureau.county)
    letter.facts = FACTS["confirmation"]
    assert "您对下列事项的答复已收到并登记" in part(compose(bureau, letter, officer, None), "plain")


def test_a_link_printed_is_the_link_given(bureau: Bureau) -> None:
    """Nothing is added to an address on its way into a letter."""
    letter, officer = letter_of("asked", bureau.county)
    minted = Minted(f"{PUBLIC}/r/-_{'A' * 25}", "000001", NOON + timedelta(days=1))
    message = compose(bureau, letter, officer, minted)
    assert minted.url in part(message, "plain").split("\n")
    assert f'href="{minted.url}"' in part(message, "html")
