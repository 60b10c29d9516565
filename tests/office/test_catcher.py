"""The built-in mail catcher keeps what it is given and shows it as a reader would see it."""

from __future__ import annotations

import asyncio
import socket
import stat
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from office.catcher import CaughtLetter, catch, read_letters

LINK = "https://jieli.example/l/abc123"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def connected(port: int) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)


def letter(subject: str = "【一级·明日17时】催办", to: str = "police@anhe.example") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "jieli@anhe.example", to, subject
    message["Message-ID"] = "<case-1@anhe.example>"
    message.set_content(f"请点击 {LINK}。\n也可打开（{LINK}/help）。\n")
    message.add_alternative(f'<p>请<a href="{LINK}">签收</a>，<a href="{LINK}/more?a=1&amp;b=2">更多</a></p>', "html")
    return message


def caught(data_dir: Path, *messages: EmailMessage | bytes, to: list[str] | None = None) -> list[CaughtLetter]:
    """Send the messages to a catcher that lives as long as it takes, and read what it kept."""

    async def send() -> None:
        port = free_port()
        async with await catch(data_dir, "127.0.0.1", port), connected(port) as client:
            for message in messages:
                recipients = to or ["police@anhe.example"]
                if isinstance(message, bytes):
                    await client.sendmail("jieli@anhe.example", recipients, message)
                else:
                    await client.send_message(message, recipients=recipients)

    asyncio.run(send())
    return read_letters(data_dir)


def test_a_caught_letter_reads_as_its_reader_would_see_it(tmp_path: Path) -> None:
    """Headers and bodies are decoded and the links are found, each once, without the punctuation around them."""
    (found,) = caught(tmp_path, letter())
    assert found.subject == "【一级·明日17时】催办"
    assert found.text.startswith("请点击")
    assert "签收" in found.html
    assert found.links == [LINK, f"{LINK}/help", f"{LINK}/more?a=1&b=2"]
    assert found.message_id == "<case-1@anhe.example>"


def test_letters_come_in_order_of_arrival_newest_last(tmp_path: Path) -> None:
    """Many letters within one second keep their order, and a second catcher goes on after the first."""
    caught(tmp_path, *(letter(f"第{n}封") for n in range(20)))
    found = caught(tmp_path, letter("最后一封"))
    assert [one.subject for one in found] == [*(f"第{n}封" for n in range(20)), "最后一封"]
    assert len({one.id for one in found}) == 21


def test_the_recipient_is_the_envelopes_not_the_letters_claim(tmp_path: Path) -> None:
    """What counts is whom the letter was handed to."""
    (found,) = caught(tmp_path, letter(to="somebody-else@anhe.example"), to=["school@anhe.example"])
    assert found.to == "school@anhe.example"


def test_an_address_in_chinese_is_caught(tmp_path: Path) -> None:
    """SMTPUTF8 is offered, for addresses and for headers sent as they are."""
    raw = "From: jieli@anhe.example\r\nSubject: 办结通知\r\n\r\n已办结\r\n".encode()

    async def send() -> None:
        port = free_port()
        async with await catch(tmp_path, "127.0.0.1", port), connected(port) as client:
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            await client.sendmail("jieli@anhe.example", ["民警@anhe.example"], raw, mail_options=options)

    asyncio.run(send())
    (found,) = read_letters(tmp_path)
    assert found.to == "民警@anhe.example"
    assert found.subject == "办结通知"
    assert found.text.strip() == "已办结"


def test_a_letter_nobody_can_read_is_kept_all_the_same(tmp_path: Path) -> None:
    """A body in an unknown character set and a letter without headers stop neither the catcher nor the list."""
    unknown = b"Subject: x\r\nContent-Type: text/plain; charset=no-such-set\r\n\r\nabc\r\n"
    found = caught(tmp_path, unknown, b"no header at all\r\n")
    assert len(found) == 2
    assert "abc" in found[0].text


def test_a_letter_says_when_it_came_in_the_countys_zone(tmp_path: Path) -> None:
    """The instant is aware and shown in Asia/Shanghai."""
    before = datetime.now(UTC)
    (found,) = caught(tmp_path, letter())
    assert before <= found.received_at <= datetime.now(UTC)
    assert found.received_at.utcoffset() is not None
    assert str(found.received_at.tzinfo) == "Asia/Shanghai"


def test_letters_are_nobody_elses_business(tmp_path: Path) -> None:
    """The folder is closed to others, and so is each file."""
    caught(tmp_path, letter())
    folder = tmp_path / "letters"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_no_letters_is_an_empty_list(tmp_path: Path) -> None:
    """Before the first letter there is no folder, and that is no fault."""
    assert read_letters(tmp_path / "nothing") == []


def test_a_taken_port_is_a_fault_of_the_system(tmp_path: Path) -> None:
    """The catcher does not start beside another one on the same port."""

    async def twice() -> None:
        port = free_port()
        async with await catch(tmp_path, "127.0.0.1", port):
            await catch(tmp_path, "127.0.0.1", port)

    with pytest.raises(OSError, match="address"):
        asyncio.run(twice())
