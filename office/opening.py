"""Opens the office: settings, key, county and records, put together for one process."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from config.county import load_county
from config.settings import Settings
from office.bureau import Bureau
from office.data_folder import LINK_KEY, StartFault, kept_secret
from office.database import Database
from office.reachable import require_public_address
from office.timekeeping import read_clock

PATIENCE = 60.0
"""Machine seconds for which a part that serves waits for the records at its start; less than its own start may take."""


class NotReady(Exception):  # noqa: N818 - a fact about the installation
    """The office cannot open: one Chinese sentence that says what to do."""


def link_key(settings: Settings) -> bytes:
    """The installation's key: from the environment, or the one that `jieli up` keeps in the data folder, made once."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return kept_secret(settings.data_dir, LINK_KEY).encode()


async def open_bureau(settings: Settings, *, pooled: bool = True, patience: float = 0.0) -> Bureau:
    """The bureau of this process. Raises `NotReady`, and `config.county.CountyFault` for a faulty county.

    Records that are away are asked again for `patience` machine seconds: a PostgreSQL that was killed with us recovers
    by itself, and a part that is started again meanwhile must not die of it.
    """
    if settings.database_url is None:
        raise NotReady("没有数据库地址：请先运行 jieli up，或者设置 JIELI_DATABASE_URL。")
    if not settings.catches_letters:
        try:
            require_public_address(settings)
        except StartFault as fault:
            raise NotReady(str(fault)) from None
    county = load_county(settings.county)
    database = Database(settings.database_url.get_secret_value(), pooled=pooled)
    until = time.monotonic() + patience
    while True:
        try:
            clock = await read_clock(database)
            break
        except (OSError, SQLAlchemyError) as fault:
            # Tables that are not there do not come by themselves.
            if isinstance(fault, ProgrammingError) or time.monotonic() >= until:
                raise
            await asyncio.sleep(0.5)
    return Bureau(database, county, clock, settings, link_key(settings))
