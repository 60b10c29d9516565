"""What differs from one installation to the next, read from the environment (`JIELI_…`).

Nothing here is law and nothing here is about a county's offices: that is `config.county`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EXAMPLE_COUNTY = Path(__file__).parent / "example_county"


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
    public_url: str | None = Field(None, description="address printed in letters; empty: the portal's own, demo only")

    smtp_host: str | None = Field(None, description="mail server; empty: letters are caught on this machine")
    smtp_port: int = Field(465, ge=1, le=65535)
    smtp_tls: Literal["tls", "starttls", "none"] = "tls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_timeout: float = Field(30.0, gt=0, description="seconds")
    mail_from: str = Field("jieli@anhe.example", description="sender; must equal the SMTP login where there is one")
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

    @model_validator(mode="after")
    def _no_plain_smtp_away_from_this_machine(self) -> Settings:
        if self.smtp_host and self.smtp_tls == "none" and self.smtp_host not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("JIELI_SMTP_TLS=none 只可用于本机邮件服务器；请改为 tls 或 starttls")
        return self


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
