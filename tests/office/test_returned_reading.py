"""What a mail is read as: reports of many mail systems, automatic replies, people's replies, and rubbish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from office.returned.reading import Unreadable, read_mail
from office.returned.sources import MOST_BYTES
from rules.vocabulary import BounceReason, MailSort

FOLDER = Path(__file__).parent / "returned_mail"
EXPECTED: dict[str, dict[str, Any]] = YAML(typ="safe").load((FOLDER / "expected.yaml").read_text(encoding="utf-8"))
OURS = "<0123456789abcdef0123456789abcdef@anhe.example>"
ADDRESS = "ps.zhou@anhe.example"


def raw(name: str) -> bytes:
    """A mail of the folder."""
    return (FOLDER / f"{name}.eml").read_bytes()


def test_the_table_names_every_mail_of_the_folder() -> None:
    """No mail stands there untried."""
    assert {path.stem for path in FOLDER.glob("*.eml")} == set(EXPECTED)


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if row["read"] != "unreadable"])
def test_a_mail_is_read_as_what_it_is(name: str) -> None:
    """Sort, status and the Message-ID of the letter, whichever mail system wrote it and in whatever encoding."""
    row = EXPECTED[name]
    found = read_mail(raw(name))
    claim = found.about(ADDRESS)
    assert found.sort.value == row["read"]
    assert (claim.status if claim else None) == row.get("status")
    if row["letter"] == "bounced":
        assert found.message_ids == (OURS,)


@pytest.mark.parametrize("name", [name for name, row in EXPECTED.items() if row["read"] == "unreadable"])
def test_a_mail_that_says_nothing_is_refused(name: str) -> None:
    """Set aside, and not taken for anything."""
    with pytest.raises(Unreadable):
        read_mail(raw(name))


def test_a_report_with_ten_megabytes_behind_it_is_read_from_its_beginning() -> None:
    """A mail is cut off at its limit, and a report stands before what it returns."""
    large = raw("postfix").replace(b"--BB--\n", b"x" * 76 + b"\n" + b"A" * (10 << 20) + b"\n--BB--\n")
    assert len(large) > 10 << 20
    found = read_mail(large[:MOST_BYTES])
    assert found.sort is MailSort.BOUNCED
    assert found.message_ids == (OURS,)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_mail_cut_off_anywhere_is_read_or_refused(name: str) -> None:
    """A connection or a disk may end a mail at any byte."""
    whole = raw(name)
    for end in range(0, len(whole), max(1, len(whole) // 40)):
        try:
            read_mail(whole[:end])
        except Unreadable:
            continue


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=300), at=st.integers(0, 2000))
def test_a_mail_with_noise_in_it_is_read_or_refused(noise: bytes, at: int) -> None:
    """Whatever a mail system garbles, reading ends with an answer."""
    whole = raw("exchange")
    try:
        read_mail(whole[:at] + noise + whole[at:])
    except Unreadable:
        return


@pytest.mark.parametrize(
    "word", ["=?utf-8?b?A?=", "=?utf-8?b?QUJD*?=", "=?x-none?b?QUJD?=", "=?utf-8?q?=ZZ?=", "=?gbk?b?/w==?="]
)
def test_a_header_that_cannot_be_decoded_is_read_as_it_stands(word: str) -> None:
    """A broken encoded word in a subject or an address loses no mail."""
    whole = raw("exchange").replace(b"Subject: ", f"Subject: {word} ".encode(), 1)
    assert read_mail(whole).sort is read_mail(raw("exchange")).sort


@pytest.mark.parametrize(
    "charset", ['"a\0b"', "x-none", "hex", "*=utf-8''a%00", "*=a%00''b", "*0*=a; charset*1=\xff", '""']
)
def test_a_character_set_that_is_none_is_not_asked(charset: str) -> None:
    """What follows `charset=` comes from a stranger's machine."""
    given = charset if charset.startswith("*") else f"={charset}"
    head = f"Subject: x\nContent-Type: text/plain; charset{given}\nContent-Transfer-Encoding: 8bit\xff\n\n"
    body = "自动回复 \xff AH-2026-0001".encode() + b"\xff\n"
    assert read_mail(head.encode("latin-1") + body).sort is MailSort.REPLY
    inside = b"Subject: x\nContent-Type: message/rfc822\nContent-Transfer-Encoding: \xff\n\n"
    assert read_mail(inside + head.encode("latin-1") + body).sort is MailSort.REPLY


def test_a_nest_of_parts_and_a_flood_of_them_come_to_an_end() -> None:
    """Neither depth nor number stops the reader; what is too deep is refused with an exception that is caught."""
    flood = b"Subject: x\nContent-Type: multipart/mixed; boundary=B\n\n" + b"--B\n\nx\n" * 20_000
    assert read_mail(flood).sort is MailSort.REPLY
    nest = b"Subject: x\n"
    for number in range(3000):
        nest += b"Content-Type: multipart/mixed; boundary=B%d\n\n--B%d\n" % (number, number)
    try:
        read_mail(nest)
    except (RecursionError, Unreadable):
        return


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("5.1.1", BounceReason.NO_MAILBOX), ("5.2.2", BounceReason.MAILBOX_CLOSED), ("5.4.4", BounceReason.UNREACHABLE),
        ("4.3.0", BounceReason.UNREACHABLE), ("5.7.1", BounceReason.REFUSED), ("", BounceReason.UNSAID),
    ],
)  # fmt: skip
def test_the_reason_is_a_closed_word_by_the_class_of_the_status(status: str, reason: BounceReason) -> None:
    """RFC 3463: no text of the report is kept."""
    assert BounceReason.of_status(status) is reason
