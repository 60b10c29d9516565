"""What the watchdog looks at, and what it says of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rules.vocabulary import Labelled


class Check(Labelled):
    """Everything the watchdog looks at."""

    RECORDS = "records", "数据库"
    CLOCK = "clock", "督办时钟"
    RUNGS = "rungs", "应升级的事项"
    UNTOLD = "untold", "升级的告知信"
    DAYS = "days", "规定的日子"
    OVERDUE = "overdue", "逾期事项"
    CASES = "cases", "在办案件"
    PROCEEDINGS = "proceedings", "机制运行"
    LETTERS = "letters", "待发信件"
    LOST = "lost", "未送达信件"
    MAIL = "mail", "邮件服务器"
    CALENDAR = "calendar", "工作日历"
    LEVELS = "levels", "督办人员"


class Health(Labelled):
    """How a check stands; `WARN` can wait for a working day, `BAD` cannot."""

    OK = "ok", "正常"
    WARN = "warn", "注意"
    BAD = "bad", "异常"

    @property
    def weight(self) -> int:
        """0 for ok, 1 for warn, 2 for bad."""
        return list(Health).index(self)


@dataclass(frozen=True)
class Finding:
    """One check: how it stands, a sentence with figures and without any name or case, and what to do about it.

    `cases` are case numbers for whoever mends it at the machine; they enter no page, letter or figure. `figures` are
    what programs read: counts, and seconds of the machine's or, for deadlines, the county's time.
    """

    check: Check
    state: Health
    sentence: str
    mend: str = ""
    cases: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
