"""Opens the office: settings, key, county and records, put together for one process."""

from __future__ import annotations

from config.county import load_county
from config.settings import Settings
from office.bureau import Bureau
from office.data_folder import LINK_KEY, StartFault, kept_secret
from office.database import Database
from office.reachable import require_public_address
from office.timekeeping import read_clock


class NotReady(Exception):  # noqa: N818 - a fact about the installation
    """The office cannot open: one Chinese sentence that says what to do."""


def link_key(settings: Settings) -> bytes:
    """The installation's key: from the environment, or the one that `jieli up` keeps in the data folder, made once."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return kept_secret(settings.data_dir, LINK_KEY).encode()


async def open_bureau(settings: Settings, *, pooled: bool = True) -> Bureau:
    """The bureau of this process. Raises `NotReady`, and `config.county.CountyFault` for a faulty county."""
    if settings.database_url is None:
        raise NotReady("没有数据库地址：请先运行 jieli up，或者设置 JIELI_DATABASE_URL。")
    if not settings.catches_letters:
        try:
            require_public_address(settings)
        except StartFault as fault:
            raise NotReady(str(fault)) from None
    county = load_county(settings.county)
    database = Database(settings.database_url.get_secret_value(), pooled=pooled)
    clock = await read_clock(database)
    return Bureau(database, county, clock, settings, link_key(settings))
