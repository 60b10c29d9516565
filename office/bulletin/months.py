"""A calendar month of the county (Asia/Shanghai), as the instants between which things are counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from office.refusals import Refused
from office.timekeeping import COUNTY_ZONE

_FORM = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")
_FIRST_YEAR = 1949


@dataclass(frozen=True, order=True)
class Month:
    """One month; `start` belongs to it and `end` to the next."""

    year: int
    number: int

    @classmethod
    def parse(cls, written: str) -> Month:
        """Read "2026-03". Raises `Refused` with one sentence for anything else."""
        form = _FORM.fullmatch(written.strip())
        if form is None or int(form["year"]) < _FIRST_YEAR:
            raise Refused(f"月份“{written}”写法不对；应写作 2026-03。")
        return cls(int(form["year"]), int(form["month"]))

    @classmethod
    def of(cls, at: datetime) -> Month:
        """The month in which an instant lies, in the county."""
        local = at.astimezone(COUNTY_ZONE)
        return cls(local.year, local.month)

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return datetime(self.year, self.number, 1, tzinfo=COUNTY_ZONE)

    @property
    def end(self) -> datetime:
        """The first instant of the next month."""
        return self.after.start

    @property
    def after(self) -> Month:
        """The month that follows."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def before(self) -> Month:
        """The month that went before."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def label(self) -> str:
        """2026年3月."""
        return f"{self.year}年{self.number}月"

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"
