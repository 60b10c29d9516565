"""The door to the mail server, against a real SMTP server that follows a script."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from config.settings import Settings
from office.letters import POLICY
from office.mailer import FinalFault, SmtpMailer, TemporaryFault, UncertainFault, check
from tests.office.bad_server import listening_on

RECIPIENT = "ps.zhou@anhe.example"


@dataclass
class Server:
    """What aiosmtpd asks; each list is a script, empty lists accept."""

    port: int = 0
    at_mail: list[str] = field(default_factory=list)
    at_rcpt: list[str] = field(default_factory=list)
    at_data: list[str] = field(default_factory=list)
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    connections: int = 0
    sessions: list[SMTP] = field(default_factory=list)

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802, ARG002
        """MAIL FROM."""
        answer = self.at_mail.pop(0) if self.at_mail else "250 OK"
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802, ARG002
        """RCPT TO."""
        answer = self.at_rcpt.pop(0) if self.at_rcpt else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002
        """The end of the letter; "drop" breaks the connection, "hang" never answers."""
        answer = self.at_data.pop(0) if self.at_data else "250 OK"
        if answer in ("250 OK", "drop"):
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if answer == "drop":
            server.transport.abort()
            await asyncio.sleep(1)
        if answer == "hang":
            await asyncio.sleep(30)
        return answer


@asynccontextmanager
async def serving(encrypted: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Server]:
    """A server on a free port of this machine."""
    server = Server()

    def session() -> SMTP:
        server.connections += 1
        made = SMTP(server, hostname="mail.anhe.example", timeout=60, **options)
        server.sessions.append(made)
        return made

    async with listening_on(session, server.sessions, encrypted) as server.port:
        yield server


def settings_for(port: int, **more: Any) -> Settings:
    """Settings of that server."""
    values: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none", "smtp_timeout": 2.0}
    return Settings(**(values | more))


def letter(number: int = 1) -> EmailMessage:
    """A small letter whose headers name somebody else than the envelope."""
    message = EmailMessage(policy=POLICY)
    message["Subject"] = "【紧急交办】06-12 10:28前签收｜AH-2026-0001 出警𠮷"
    message["From"] = "jieli@anhe.example"
    message["To"] = "somebody.else@anhe.example"
    message["Message-ID"] = f"<{number}@anhe.example>"
    message.set_content("您好！\n.\n行首的点\n", charset="utf-8", cte="base64")
    return message


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_letters_share_a_connection_and_the_envelope_has_one_recipient() -> None:
    """One connection for many letters; who is served is the envelope's recipient alone."""

    async def story() -> None:
        async with serving() as server:
            mailer = SmtpMailer(settings_for(server.port))
            for number in range(5):
                await mailer.send(letter(number), RECIPIENT)
            await mailer.close()
            assert server.connections == 1
            assert [(sender, to) for sender, to, _ in server.taken] == [("jieli@anhe.example", [RECIPIENT])] * 5
            assert all(content.isascii() for _, _, content in server.taken)

    asyncio.run(story())


@pytest.mark.parametrize(
    ("where", "answer", "fault", "server_away"),
    [
        ("at_rcpt", "450 4.2.1 busy", TemporaryFault, False),
        ("at_rcpt", "550 5.1.1 no such user", FinalFault, None),
        ("at_data", "452 4.3.1 storage", TemporaryFault, False),
        ("at_data", "554 5.7.1 spam", FinalFault, None),
        ("at_rcpt", "554 5.7.1 Relay access denied", TemporaryFault, True),
        ("at_rcpt", "421 4.7.0 closing", TemporaryFault, False),
        ("at_mail", "421 4.3.2 closing", TemporaryFault, True),
        ("at_mail", "451 4.3.0 later", TemporaryFault, True),
        ("at_mail", "553 5.7.1 sender is not the login", TemporaryFault, True),
        ("at_mail", "530 5.7.0 authenticate first", TemporaryFault, True),
        ("at_data", "drop", UncertainFault, None),
        ("at_data", "hang", UncertainFault, None),
    ],
)
def test_what_the_server_says_decides_what_becomes_of_the_letter(
    where: str, answer: str, fault: type[Exception], server_away: bool | None
) -> None:
    """4xx later, 5xx never, our own login or sender is no letter's fault, a break after DATA is uncertain."""

    async def story() -> None:
        async with serving() as server:
            getattr(server, where).append(answer)
            mailer = SmtpMailer(settings_for(server.port, smtp_timeout=0.7))
            with pytest.raises(fault) as caught:
                await mailer.send(letter(), RECIPIENT)
            assert getattr(caught.value, "server_away", None) is server_away
            assert "anhe.example" not in str(caught.value)
            await mailer.send(letter(2), RECIPIENT)
            await mailer.close()

    asyncio.run(story())


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again() -> None:
    """The letter leaves without a fault."""

    async def story() -> None:
        async with serving() as server:
            mailer = SmtpMailer(settings_for(server.port))
            await mailer.send(letter(1), RECIPIENT)
            server.sessions[0].transport.abort()
            await asyncio.sleep(0.05)
            await mailer.send(letter(2), RECIPIENT)
            assert (server.connections, len(server.taken)) == (2, 2)
            await mailer.close()

    asyncio.run(story())


def test_an_unreachable_server_is_away() -> None:
    """No letter is lost, and one clear sentence names the settings to look at."""

    async def story() -> None:
        settings = settings_for(closed_port())
        with pytest.raises(TemporaryFault) as caught:
            await SmtpMailer(settings).send(letter(), RECIPIENT)
        assert caught.value.server_away
        assert "连接不上" in str(caught.value)
        assert "JIELI_SMTP_HOST" in await check(settings)

    asyncio.run(story())


def test_a_server_that_never_answers_ends_in_a_timeout() -> None:
    """A silent server does not hold the post for ever."""

    async def story() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        listening = await asyncio.start_server(silent, "127.0.0.1", 0)
        settings = settings_for(listening.sockets[0].getsockname()[1], smtp_timeout=0.3)
        with pytest.raises(TemporaryFault):
            await asyncio.wait_for(SmtpMailer(settings).send(letter(), RECIPIENT), 5)
        assert "连接不上" in await asyncio.wait_for(check(settings), 5)
        listening.close()

    asyncio.run(story())


def _authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = data.login == b"jieli@anhe.example" and data.password == b"right"
    return AuthResult(success=right, handled=False)


AUTH = {"authenticator": _authenticator, "auth_required": True, "auth_require_tls": False}


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_it_logs_in_when_told_to() -> None:
    """The right password sends; a wrong one is one sentence at the start and no letter's fault."""

    async def story() -> None:
        async with serving(**AUTH) as server:
            login = {"smtp_user": "jieli@anhe.example", "smtp_password": SecretStr("right")}
            settings = settings_for(server.port, **login)
            assert await check(settings) == ""
            mailer = SmtpMailer(settings)
            await mailer.send(letter(), RECIPIENT)
            await mailer.close()
            wrong = settings_for(server.port, **(login | {"smtp_password": SecretStr("wrong")}))
            assert "拒绝登录" in await check(wrong)
            with pytest.raises(TemporaryFault) as caught:
                await SmtpMailer(wrong).send(letter(), RECIPIENT)
            assert caught.value.server_away
            assert "wrong" not in str(caught.value)
            without = settings_for(server.port)
            assert "530" in await check(without)

    asyncio.run(story())


def test_a_sender_that_is_not_the_login_is_found_at_the_start() -> None:
    """Some servers take only letters from the login's own address."""

    async def story() -> None:
        async with serving() as server:
            server.at_mail.append("553 5.7.1 sender is not the login")
            assert "JIELI_MAIL_FROM" in await check(settings_for(server.port))

    asyncio.run(story())


@pytest.mark.parametrize("mode", ["tls", "starttls"])
def test_a_server_without_the_encryption_asked_for_gets_no_letter(mode: str) -> None:
    """Nothing goes out in clear where TLS was asked for."""

    async def story() -> None:
        async with serving() as server:
            settings = settings_for(server.port, smtp_tls=mode)
            with pytest.raises(TemporaryFault):
                await SmtpMailer(settings).send(letter(), RECIPIENT)
            assert await check(settings) != ""
            assert server.taken == []

    asyncio.run(story())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine's own address, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.anhe.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return path


@pytest.mark.parametrize("mode", ["tls", "starttls"])
def test_letters_travel_encrypted_to_a_server_that_is_trusted_and_to_no_other(
    mode: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both TLS modes work; a certificate that nobody vouches for ends the attempt."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def story() -> None:
        options: dict[str, Any] = {"require_starttls": True, "tls_context": context} if mode == "starttls" else {}
        async with serving(encrypted=context if mode == "tls" else None, **options) as server:
            settings = settings_for(server.port, smtp_tls=mode)
            assert await check(settings) != ""
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert await check(settings) == ""
            mailer = SmtpMailer(settings)
            await mailer.send(letter(), RECIPIENT)
            await mailer.close()
            assert len(server.taken) == 1

    asyncio.run(story())


def test_without_a_mail_server_letters_go_to_this_machines_catcher() -> None:
    """A demonstration sends nothing anywhere else."""

    async def story() -> None:
        async with serving() as server:
            mailer = SmtpMailer(Settings(catcher_port=server.port))
            await mailer.send(letter(), RECIPIENT)
            await mailer.close()
            assert len(server.taken) == 1

    asyncio.run(story())


def test_an_address_that_smtp_cannot_carry_is_refused_before_it_is_sent() -> None:
    """A line break in an address starts no second command."""

    async def story() -> None:
        async with serving() as server:
            mailer = SmtpMailer(settings_for(server.port))
            with pytest.raises(FinalFault):
                await mailer.send(letter(), "a@anhe.example>\r\nRCPT TO:<b@anhe.example")
            with pytest.raises(FinalFault):
                await mailer.send(letter(), "周@anhe.example")
            assert server.taken == []

    asyncio.run(story())
