"""A mail server that misbehaves, kind by kind: what becomes of the letter, and of the next one."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from pydantic import SecretStr

from office.mailer import FinalFault, SmtpMailer, TemporaryFault, UncertainFault, check
from tests.office.bad_server import misbehaving, settings_of
from tests.office.test_mailer import RECIPIENT, letter

LATER, AWAY = "later", "away"
LONGEST = 3.0
"""Seconds: command and letter have 0.4 and 0.8."""

KINDS = [
    ("greeting", "421 4.3.2 not now", AWAY),
    ("greeting", "554 5.7.1 you are blocked", AWAY),
    ("greeting", "drop", AWAY),
    ("greeting", "hang", AWAY),
    ("ehlo", "drop", AWAY),
    ("ehlo", "hang", AWAY),
    ("mail", "421 4.3.2 closing", AWAY),
    ("mail", "451 4.3.0 try later", AWAY),
    ("mail", "550 5.7.1 sender refused", AWAY),
    ("mail", "drop", AWAY),
    ("mail", "hang", AWAY),
    ("rcpt", "421 4.7.0 closing, or not you", LATER),
    ("rcpt", "450 4.2.0 mailbox busy", LATER),
    ("rcpt", "452 4.2.2 mailbox full", LATER),
    ("rcpt", "550 5.1.1 no such mailbox", FinalFault),
    ("rcpt", "drop", LATER),
    ("rcpt", "hang", LATER),
    ("rcpt", "drip", LATER),
    ("data", "421 4.7.0 closing, or not this", LATER),
    ("data", "451 4.3.0 try later", LATER),
    ("data", "554 5.7.1 no", FinalFault),
    ("content", "451 4.3.0 try later", LATER),
    ("content", "552 5.3.4 too big", FinalFault),
    ("content", "554 5.7.1 looks like spam", FinalFault),
    ("content", "drop", UncertainFault),
    ("content", "hang", UncertainFault),
    ("content", "drip", UncertainFault),
]


@pytest.mark.parametrize(("stage", "fault", "becomes"), KINDS, ids=[f"{one[0]}: {one[1]}" for one in KINDS])
def test_each_kind_of_misbehaviour_is_told_apart_in_bounded_time_and_spares_the_next_letter(
    stage: str, fault: str, becomes: Any
) -> None:
    """Refused for good, not now, nobody there, or unknown; the sentence names no address; the next letter leaves."""

    async def story() -> None:
        async with misbehaving(**{stage: [fault]}) as server:
            mailer = SmtpMailer(settings_of(server))
            begun = time.monotonic()
            expected = becomes if isinstance(becomes, type) else TemporaryFault
            with pytest.raises(expected) as caught:
                await mailer.send(letter(), RECIPIENT)
            assert time.monotonic() - begun < LONGEST
            if isinstance(caught.value, TemporaryFault):
                assert caught.value.server_away is (becomes == AWAY)
            assert "anhe.example" not in str(caught.value)
            await mailer.send(letter(2), RECIPIENT)
            await mailer.close()
            assert server.message_ids[-1] == "<2@anhe.example>"
            assert ("<1@anhe.example>" in server.message_ids) is (becomes is UncertainFault)

    asyncio.run(story())


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("fault", ["535 5.7.8 wrong password", "454 4.7.0 temporary", "drop", "hang"])
def test_a_login_that_fails_is_no_letters_fault(fault: str) -> None:
    """No letter is refused for it; at the start one sentence says what to look at."""

    async def story() -> None:
        async with misbehaving(logs_in=True, auth=[fault] * 20) as server:
            login = {"smtp_user": "jieli@anhe.example", "smtp_password": SecretStr("right")}
            settings = settings_of(server, **login)
            with pytest.raises(TemporaryFault) as caught:
                await SmtpMailer(settings).send(letter(), RECIPIENT)
            assert caught.value.server_away
            assert "JIELI_SMTP_" in await check(settings)
            server.script["auth"].clear()
            mailer = SmtpMailer(settings)
            await mailer.send(letter(), RECIPIENT)
            await mailer.close()

    asyncio.run(story())


def test_starttls_that_is_not_offered_sends_nothing_in_clear() -> None:
    """The sentence says that the encryption is missing, not that the server is."""

    async def story() -> None:
        async with misbehaving() as server:
            settings = settings_of(server, smtp_tls="starttls")
            with pytest.raises(TemporaryFault, match="加密连接没有建立"):
                await SmtpMailer(settings).send(letter(), RECIPIENT)
            assert "JIELI_SMTP_TLS" in await check(settings)
            assert server.taken == []

    asyncio.run(story())


def test_a_server_that_takes_fewer_connections_gets_fewer() -> None:
    """Two places for four: nobody is told that the server is away, every letter leaves."""

    async def story() -> None:
        async with misbehaving(places=2) as server:
            mailer = SmtpMailer(settings_of(server, smtp_connections=4))
            await mailer.send(letter(0), RECIPIENT)
            await asyncio.gather(*(mailer.send(letter(number), RECIPIENT) for number in range(1, 13)))
            await mailer.close()
            assert len(set(server.message_ids)) == 13

    asyncio.run(story())


def test_places_that_a_busy_server_did_not_have_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One crowded moment does not leave the post with a single connection for ever."""
    monkeypatch.setattr("office.mailer.pool.REST_SECONDS", 0.1)

    async def story() -> None:
        async with misbehaving(places=1) as server:
            mailer = SmtpMailer(settings_of(server, smtp_connections=3))
            await mailer.send(letter(0), RECIPIENT)
            await asyncio.gather(*(mailer.send(letter(number), RECIPIENT) for number in range(1, 6)))
            assert server.most_open > 1
            server.places, server.most_open = 10, 0
            await asyncio.sleep(0.2)
            await asyncio.gather(*(mailer.send(letter(number), RECIPIENT) for number in range(6, 18)))
            await mailer.close()
            assert (len(set(server.message_ids)), server.most_open) == (18, 3)

    asyncio.run(story())


def test_a_letter_left_hanging_does_not_hold_up_the_others() -> None:
    """One recipient's letter gets no answer; eight others have left long before its time is over."""

    async def story() -> None:
        async with misbehaving(for_one={("rcpt", "slow@anhe.example"): "hang"}) as server:
            mailer = SmtpMailer(settings_of(server, smtp_timeout=2.0, smtp_letter_timeout=2.0))
            hanging = asyncio.create_task(mailer.send(letter(0), "slow@anhe.example"))
            await asyncio.sleep(0.05)
            await asyncio.gather(*(mailer.send(letter(number), RECIPIENT) for number in range(1, 9)))
            assert not hanging.done()
            assert len(server.taken) == 8
            with pytest.raises(TemporaryFault) as caught:
                await hanging
            assert caught.value.slow
            await mailer.close()

    asyncio.run(story())


def test_no_more_connections_are_opened_than_the_installation_allows() -> None:
    """Twenty letters at once share three connections."""

    async def story() -> None:
        async with misbehaving() as server:
            mailer = SmtpMailer(settings_of(server, smtp_connections=3))
            await asyncio.gather(*(mailer.send(letter(number), RECIPIENT) for number in range(20)))
            await mailer.close()
            assert (len(server.taken), server.most_open) == (20, 3)

    asyncio.run(story())
