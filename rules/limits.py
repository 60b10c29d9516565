"""A time limit as the documents write it (an amount and its unit), and how far its source was checked.

Units are never mixed and never converted: 24 hours are not one day, and 7 days are not 5 working days
(《民法典》第二百条; 《行政处罚法》第八十五条 says expressly where its days are working days).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from rules.vocabulary import Labelled


class Unit(Labelled):
    """What a limit is counted in. The value is what a county writes in its YAML; the label follows a number."""

    MINUTES = "minutes", "分钟"
    HOURS = "hours", "小时"
    DAYS = "days", "日（自然日）"
    WORKING_DAYS = "working_days", "个工作日"
    MONTHS = "months", "个月"
    YEARS = "years", "年"


# Ten years in each unit: no limit in this field is longer, so a larger amount is a slip of the pen.
_LONGEST = {
    Unit.MINUTES: 5_270_400,
    Unit.HOURS: 87_840,
    Unit.DAYS: 3_660,
    Unit.WORKING_DAYS: 2_610,
    Unit.MONTHS: 120,
    Unit.YEARS: 10,
}

_FORM = re.compile(r"(?P<amount>[+-]?[0-9]+)\s+(?P<unit>[A-Za-z_]+)")
_UNITS = {unit.value: unit for unit in Unit}
_UNITS_ALLOWED = "、".join(_UNITS)


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit: `amount` of `unit`, for instance 15 working days.

    Raises ValueError, with one Chinese sentence, for an amount that is not a whole number above zero.
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if not isinstance(self.unit, Unit):
            raise ValueError(f"时限单位“{self.unit}”不认识；可用的单位：{_UNITS_ALLOWED}")  # noqa: TRY004
        if not isinstance(self.amount, int) or isinstance(self.amount, bool) or self.amount < 1:
            raise ValueError(f"时限“{self}”的数目须为大于零的整数")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read "15 working_days".

        Raises ValueError, with one Chinese sentence, for any other form, a zero or negative amount, or an
        unknown unit; the sentence lists the units allowed. Also for more than ten years.
        """
        form = _FORM.fullmatch(text.strip())
        if form is None:
            raise ValueError(
                f"时限“{text}”写法不对；应为“数目 单位”，如“15 working_days”；可用的单位：{_UNITS_ALLOWED}"
            )
        unit = _UNITS.get(form["unit"])
        if unit is None:
            raise ValueError(f"时限“{text}”的单位“{form['unit']}”不认识；可用的单位：{_UNITS_ALLOWED}")
        # Python refuses to read thousands of digits at all, and with a sentence of its own.
        if len(form["amount"]) > 9 or int(form["amount"]) > _LONGEST[unit]:
            raise ValueError(f"时限“{text[:30]}”超过十年（最多 {_LONGEST[unit]} {unit}）；请核对数目和单位")
        return cls(int(form["amount"]), unit)

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"

    @property
    def label(self) -> str:
        """The limit as officers read it: "15个工作日"."""
        return f"{self.amount}{self.unit.label}"


def _as_limit(written: Any) -> Limit:
    if isinstance(written, Limit):
        return written
    if isinstance(written, str):
        return Limit.parse(written)
    raise ValueError(f"时限“{written}”写法不对；应为“数目 单位”，如“15 working_days”；可用的单位：{_UNITS_ALLOWED}")


LimitField = Annotated[Limit, BeforeValidator(_as_limit), PlainSerializer(str, return_type=str)]
"""A limit as a field of a pydantic model: read from, and written back as, the text "15 working_days"."""


class Provenance(Labelled):
    """How far the source of a number was checked; every limit carries one of these."""

    VERIFIED_FULL_TEXT = "verified_full_text", "已核对法规全文"
    VERIFIED_PROVINCIAL = "verified_provincial", "已核对山西省法规全文"
    LOCAL_EXAMPLE = "local_example", "外地规定，仅供参照，在本省没有约束力"
    PAGE_EXCERPT = "page_excerpt", "仅见节选，未核对全文"
    MEMORY_UNVERIFIED = "memory_unverified", "未找到原文，尚待核对"
    NO_STATUTORY_NUMBER = "no_statutory_number", "法规没有规定具体时限，由县里设定"
