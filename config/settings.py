"""What differs from one installation to the next, read from the environment (`JIELI_…`).

Nothing here is law and nothing here is about a county's offices: that is `config.county`.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EXAMPLE_COUNTY = Path(__file__).parent / "example_county"
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class Settings(BaseSettings):
    """One installation's settings. Every field is the environment variable `JIELI_` plus its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="JIELI_", extra="ignore", frozen=True)

    county: Path = Field(EXAMPLE_COUNTY, description="folder of the county's own facts, as YAML")
    data_dir: Path = Field(Path(".jieli"), description="folder for everything this machine keeps; made with mode 700")
    demo: bool = Field(False, description="demonstration: invented county, letters caught and shown at /dev/mail")

    database_url: SecretStr | None = Field(None, description="postgresql://… of the records; empty: embedded")
    prefect_database_url: SecretStr | None = Field(None, description="postgresql://… of Prefect; empty: embedded")
    prefect_api_url: str | None = Field(None, description="an existing Prefect server's …/api; empty: our own")
    prefect_auth: SecretStr | None = Field(None, description="user:password of the Prefect API; empty: made once, kept")
    secret_key: SecretStr | None = Field(None, description="key of the links; empty: made once in the data folder")

    host: str = Field("127.0.0.1", description="address the portal listens on")
    portal_port: int = Field(8470, ge=1, le=65535)
    prefect_port: int = Field(4270, ge=1, le=65535)
    trusted_proxies: str = Field(
        "",
        description="addresses or networks of our own reverse proxies, with commas; empty: the peer's address counts",
    )
    watchers: str = Field(
        "", description="addresses or networks that may read /metrics and the checks of /healthz besides this machine"
    )
    posts_per_minute: int = Field(600, ge=1, description="forms sent from one address; offices often share one")
    link_posts_per_minute: int = Field(30, ge=1, description="forms sent from one address to one link")
    reports_per_minute: int = Field(300, ge=1, description="reports from one address; a real one is never turned away")
    public_url: str | None = Field(None, description="address printed in letters; empty: the portal's own, demo only")

    smtp_host: str | None = Field(None, description="mail server; empty: letters are caught on this machine")
    smtp_port: int = Field(465, ge=1, le=65535)
    smtp_tls: Literal["tls", "starttls", "none"] = "tls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout: float = Field(30.0, gt=0, description="seconds for the connection and for each command")
    smtp_letter_timeout: float = Field(90.0, gt=0, description="seconds for a whole letter, however slow the server")
    smtp_connections: int = Field(4, ge=1, le=32, description="connections to the mail server at the same time")
    mail_from: str = Field("jieli@anhe.example", description="sender; must equal the SMTP login where there is one")
    mail_tries: int = Field(
        12, ge=1, le=100, description="temporary refusals after which the next contact is written to"
    )
    mail_urgent_tries: int = Field(5, ge=1, le=100, description="the same for an emergency")
    mail_uncertain_tries: int = Field(3, ge=1, le=20, description="sendings of a letter whose result stays unknown")
    mail_ceiling_case: int = Field(60, ge=1, description="letters about one case in an hour")
    mail_ceiling_recipient: int = Field(100, ge=1, description="letters to one officer in an hour")
    mail_ceiling_hour: int = Field(2000, ge=1, description="letters of the installation in an hour")
    mail_ceiling_urgent: int = Field(5, ge=1, description="how many times each ceiling emergencies have for themselves")
    mail_digest_seconds: float = Field(0.5, ge=0, le=60, description="seconds an ordinary letter waits for company")
    mail_digest_at_most: int = Field(20, ge=1, le=50, description="steps told in one letter; 1: each in its own")
    mail_alarm_minutes: float = Field(30.0, gt=0, description="minutes after which a letter has waited for too long")
    mail_rest_days: float = Field(7.0, gt=0, description="days without any post after which letters wait for a person")
    imap_host: str | None = Field(None, description="mailbox of the sender, where returned letters arrive; empty: none")
    imap_port: int = Field(993, ge=1, le=65535)
    imap_tls: Literal["tls", "starttls", "none"] = "tls"
    imap_user: str | None = None
    imap_password: SecretStr | None = None
    imap_folder: str = Field("INBOX", min_length=1, description="folder of the mailbox that is read")
    bounce_folder: Path | None = Field(None, description="folder into which returned mail is dropped as .eml files")
    catcher_port: int = Field(2570, ge=1, le=65535)

    worker_limit: int = Field(4, ge=1, le=64, description="attempts at the same time in one worker")
    clock_scale: float = Field(1.0, gt=0, description="county seconds in each second of the machine; 1 but in demos")
    confirm_contacts: bool | None = Field(
        None, description="whether new contacts get a letter to confirm their address; empty: yes, but not in a demo"
    )
    contact_days: int = Field(
        7, ge=1, le=90, description="natural days after which the coordinator hears of addresses not confirmed"
    )
    link_days: int = Field(14, ge=1, le=90, description="natural days a link lives")

    @property
    def watching(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Who may read figures besides this machine."""
        return tuple(ip_network(one.strip(), strict=False) for one in self.watchers.split(",") if one.strip())

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Whose `X-Forwarded-For` is believed."""
        return tuple(ip_network(one.strip(), strict=False) for one in self.trusted_proxies.split(",") if one.strip())

    @property
    def catches_letters(self) -> bool:
        """True when no mail server is configured, so that letters stay on this machine."""
        return self.smtp_host is None

    @property
    def confirms_contacts(self) -> bool:
        """Whether new contacts are asked to confirm their address."""
        return not self.demo if self.confirm_contacts is None else self.confirm_contacts

    @property
    def portal_url(self) -> str:
        """The address that letters carry, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.portal_port}").rstrip("/")

    @field_validator("trusted_proxies", "watchers")
    @classmethod
    def _are_networks(cls, value: str, info: ValidationInfo) -> str:
        for one in filter(None, (part.strip() for part in value.split(","))):
            try:
                ip_network(one, strict=False)
            except ValueError:
                name = f"JIELI_{(info.field_name or '').upper()}"
                raise ValueError(f"{name} 中的“{one}”不是地址或网段，例如 127.0.0.1,10.0.0.0/8") from None
        return value

    @model_validator(mode="after")
    def _no_plain_mail_away_from_this_machine(self) -> Settings:
        for name, host, tls in (("SMTP", self.smtp_host, self.smtp_tls), ("IMAP", self.imap_host, self.imap_tls)):
            if host and tls == "none" and host not in THIS_MACHINE:
                raise ValueError(f"JIELI_{name}_TLS=none 只可用于本机邮件服务器；请改为 tls 或 starttls")
        return self

    @model_validator(mode="after")
    def _a_mailbox_is_named_whole(self) -> Settings:
        if self.imap_host and not (self.imap_user and self.imap_password):
            raise ValueError(
                "设置了 JIELI_IMAP_HOST，还须设置 JIELI_IMAP_USER 和 JIELI_IMAP_PASSWORD，才能登录退信信箱"
            )
        if not self.imap_host and (self.imap_user or self.imap_password):
            raise ValueError("设置了退信信箱的账号，却没有 JIELI_IMAP_HOST；请写明邮件服务器，或者去掉账号")
        if any(ord(character) < 32 for character in self.imap_folder):
            raise ValueError("JIELI_IMAP_FOLDER 里有换行或控制字符；请写信箱文件夹的名称，例如 INBOX")
        if self.bounce_folder is not None and not self.bounce_folder.expanduser().is_dir():
            raise ValueError(
                f"JIELI_BOUNCE_FOLDER 所指的文件夹 {self.bounce_folder} 不存在；请先建立文件夹，并让办理进程可以读写"
            )
        return self

    @model_validator(mode="after")
    def _sender_is_the_login(self) -> Settings:
        login = self.smtp_user or ""
        if self.smtp_host and "@" in login and login.lower() != self.mail_from.lower():
            raise ValueError("JIELI_MAIL_FROM 与登录的邮箱 JIELI_SMTP_USER 不同，邮件服务器会拒收；请将两者改为一致")
        return self


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
