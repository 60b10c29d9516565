"""The numbers the law itself gives: every step whose answer has a limit in a text that was read in full.

A county may be stricter than these and never slower; `jieli check` compares. Left out are steps for which the texts
say 立即, 第一时间 or 及时 only, numbers known from excerpts, from memory or from other provinces, and numbers that bind
another office than the one asked. The limits of the schemes of assistance stand in `rules/scheme_statutes.py`.

Acknowledging is the county's own invention throughout: no text gives a number for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from rules.limits import Limit, Provenance
from rules.workdays import SHANGHAI, Calendar, reckon

VERIFIED = (Provenance.VERIFIED_FULL_TEXT, Provenance.VERIFIED_PROVINCIAL)
"""The marks that claim a text read in full."""


@dataclass(frozen=True, slots=True)
class StatutoryLimit:
    """What a text gives the office for its answer: the limit, how it was checked, the clause, since when it holds.

    `end_rolls` is False where a day off does not move the end, because a child is held meanwhile.
    `effective_from_provenance` says how far the day of coming into force was checked, which the text of a clause
    alone does not show.
    """

    limit: Limit
    provenance: Provenance
    basis: str
    effective_from: date
    effective_from_provenance: Provenance
    end_rolls: bool = True


@dataclass(frozen=True, slots=True)
class _Text:
    """When a text came into force, and how far that was checked."""

    since: date
    checked: Provenance = Provenance.MEMORY_UNVERIFIED


def _number(
    limit: str,
    basis: str,
    text: _Text,
    provenance: Provenance = Provenance.VERIFIED_FULL_TEXT,
    *,
    end_rolls: bool = True,
) -> tuple[StatutoryLimit, ...]:
    return (StatutoryLimit(Limit.parse(limit), provenance, basis, text.since, text.checked, end_rolls),)


_SHANXI = Provenance.VERIFIED_PROVINCIAL
_STREET_CHILDREN_OPINION = _Text(date(2011, 8, 15))
_DRUG_LAW = _Text(date(2008, 6, 1))
_PRISON_LAW = _Text(date(2013, 1, 1))
_PUBLIC_ORDER_LAW = _Text(date(2013, 1, 1))
_ANTI_VIOLENCE_LAW = _Text(date(2016, 3, 1))
_CRIMINAL_PROCEDURE_LAW = _Text(date(2018, 10, 26))
_MF62 = _Text(date(2020, 1, 1))
_REPORTING_OPINION = _Text(date(2020, 5, 7), Provenance.VERIFIED_FULL_TEXT)
_CRIMINAL_PROCEDURE_RULES = _Text(date(2020, 9, 1))
_SHANXI_VIOLENCE_RULES = _Text(date(2021, 3, 1), Provenance.VERIFIED_PROVINCIAL)
_PROTECTION_LAW = _Text(date(2021, 6, 1))
_CHILD_LEGAL_AID_GUIDE = _Text(date(2020, 9, 16))
_LEGAL_AID_LAW = _Text(date(2022, 1, 1))
_GUARDIANSHIP_INTERPRETATION = _Text(date(2022, 3, 1))
_ADOPTION_REGISTRATION_RULES = _Text(date(2023, 7, 20))
_ORDER_OPINION = _Text(date(2022, 3, 3), Provenance.VERIFIED_FULL_TEXT)
_CIVIL_PROCEDURE_LAW = _Text(date(2024, 1, 1))
_WARNING_RULES = _Text(date(2025, 1, 1))

STATUTES: Mapping[str, tuple[StatutoryLimit, ...]] = MappingProxyType(
    {
        "transfer_jurisdiction": _number(
            "24 hours", "公安机关办理刑事案件程序规定第一百七十五条", _CRIMINAL_PROCEDURE_RULES
        ),
        "public_order_case": _number("30 days", "治安管理处罚法第九十九条", _PUBLIC_ORDER_LAW),
        "feedback_reporter": _number("3 days", "高检发〔2020〕9号第十条", _REPORTING_OPINION),
        "failure_to_report": _number("1 months", "未成年人保护法第一百一十四条", _PROTECTION_LAW),
        "explain_not_filing": _number(
            "7 days", "公安机关办理刑事案件程序规定第一百八十二条", _CRIMINAL_PROCEDURE_RULES
        ),
        "file_on_notice": _number("15 days", "公安机关办理刑事案件程序规定第一百八十二条", _CRIMINAL_PROCEDURE_RULES),
        "reply_on_failure": _number("1 months", "未成年人保护法第一百一十四条", _PROTECTION_LAW),
        "notify_family_of_detained": _number("24 hours", "刑事诉讼法第八十五条、第九十三条", _CRIMINAL_PROCEDURE_LAW),
        "notify_family_of_detox": _number("24 hours", "禁毒法第四十条", _DRUG_LAW),
        "notify_family_of_prisoner": _number("5 days", "监狱法第二十条", _PRISON_LAW),
        "village_emergency_care": _number(
            "24 hours", "山西省家庭暴力预防和处置办法第十九条", _SHANXI_VIOLENCE_RULES, _SHANXI
        ),
        "temporary_placement": _number(
            "10 days", "山西省家庭暴力预防和处置办法第二十条", _SHANXI_VIOLENCE_RULES, _SHANXI, end_rolls=False
        ),
        "warning_decision": _number("72 hours", "公通字〔2024〕34号第八条", _WARNING_RULES),
        "protection_order": _number("72 hours", "反家庭暴力法第二十八条", _ANTI_VIOLENCE_LAW),
        "urgent_protection_order": _number("24 hours", "反家庭暴力法第二十八条（情况紧急）", _ANTI_VIOLENCE_LAW),
        "check_abuser": _number("24 hours", "山西省家庭暴力预防和处置办法第十七条", _SHANXI_VIOLENCE_RULES, _SHANXI),
        "serve_order": _number("24 hours", "法发〔2022〕10号第十四条", _ORDER_OPINION),
        "decide_reconsideration": _number("5 days", "反家庭暴力法第三十一条", _ANTI_VIOLENCE_LAW),
        "warned_family_record": _number(
            "90 days", "山西省家庭暴力预防和处置办法第十六条", _SHANXI_VIOLENCE_RULES, _SHANXI
        ),
        "warned_family_visit": _number("7 days", "公通字〔2024〕34号第十二条", _WARNING_RULES),
        "warned_family_revisit": _number("3 months", "公通字〔2024〕34号第十二条", _WARNING_RULES),
        "legal_aid": _number("7 days", "法律援助法第四十三条", _LEGAL_AID_LAW),
        "assign_lawyer": _number("3 days", "法律援助法第四十三条", _LEGAL_AID_LAW),
        "lawyer_meets_child": _number(
            "5 working_days", "未成年人法律援助服务指引（试行）第六条", _CHILD_LEGAL_AID_GUIDE
        ),
        "discipline": _number("30 days", "治安管理处罚法第九十九条", _PUBLIC_ORDER_LAW),
        "trace_guardian": _number("6 months", "民发〔2019〕62号四(二)", _MF62),
        "court_trial": _number("30 days", "民事诉讼法第一百八十七条", _CIVIL_PROCEDURE_LAW),
        "register_adoption": _number("30 days", "中国公民收养子女登记办法第八条", _ADOPTION_REGISTRATION_RULES),
        "designation_objection": _number("30 days", "民法典总则编司法解释第十条", _GUARDIANSHIP_INTERPRETATION),
        "declare_missing": _number("30 days", "民事诉讼法第一百八十七条（公告期满后）", _CIVIL_PROCEDURE_LAW),
        "declare_dead": _number("30 days", "民事诉讼法第一百八十七条（公告期满后）", _CIVIL_PROCEDURE_LAW),
        "declare_dead_for_certain": _number("30 days", "民事诉讼法第一百八十七条（公告期满后）", _CIVIL_PROCEDURE_LAW),
        "reply_to_recommendation": _number("1 months", "未成年人保护法第一百一十四条", _PROTECTION_LAW),
    }
)
"""The verified numbers of legal-basis 1A-1F by the key of the step, each step's versions oldest first."""

_CIVIL_CODE = _Text(date(2021, 1, 1))

OPENINGS: Mapping[str, StatutoryLimit] = MappingProxyType(
    {
        key: _number(limit, basis, text, end_rolls=rolls)[0]
        for key, (limit, basis, text, rolls) in {
            "register_household": ("2 years", "国办发〔2011〕39号三(三)", _STREET_CHILDREN_OPINION, False),
            "birth_parents_claim": ("60 days", "中国公民收养子女登记办法第八条", _ADOPTION_REGISTRATION_RULES, True),
            "apply_for_declaration": ("2 years", "民法典第四十条", _CIVIL_CODE, False),
            "apply_for_death": ("4 years", "民法典第四十六条", _CIVIL_CODE, False),
            "declare_missing": ("3 months", "民事诉讼法第一百九十二条", _CIVIL_PROCEDURE_LAW, True),
            "declare_dead": ("1 years", "民事诉讼法第一百九十二条", _CIVIL_PROCEDURE_LAW, True),
            "declare_dead_for_certain": ("3 months", "民事诉讼法第一百九十二条", _CIVIL_PROCEDURE_LAW, True),
        }.items()
    }
)
"""The verified waiting times: how long after what it follows a step may be asked at all, by the key of the step."""


def in_force(step_key: str, since: date, until: date | None) -> Iterator[StatutoryLimit]:
    """The statute's numbers that hold for a step on some day from `since` until just before `until` (None: for good)."""
    versions = STATUTES.get(step_key, ())
    for number, version in enumerate(versions):
        ended = versions[number + 1].effective_from if number + 1 < len(versions) else None
        if (until is None or version.effective_from < until) and (ended is None or since < ended):
            yield version


@dataclass(frozen=True, slots=True)
class Longer:
    """A start from which the county's number ends after the statute's, and both ends."""

    start: datetime
    county: datetime
    statute: datetime


def first_longer(
    limit: Limit, statute: StatutoryLimit, calendar: Calendar, *, end_rolls: bool, year: int
) -> Longer | None:
    """The first start of a year from which `limit` ends later than the statute's; None where it never does.

    Bare numbers of different units say nothing, so both are reckoned through the calendar, holidays included: five
    working days are no longer than seven days, except across 国庆节. Limits of one unit are told apart by their
    amounts, which is the same.
    """
    if limit.unit is statute.limit.unit and end_rolls == statute.end_rolls and limit.amount <= statute.limit.amount:
        return None
    for start in _starts(year):
        ours = reckon(start, limit, calendar, end_rolls=end_rolls).due
        theirs = reckon(start, statute.limit, calendar, end_rolls=statute.end_rolls).due
        if ours > theirs:
            return Longer(start, ours, theirs)
    return None


def _starts(year: int) -> Iterator[datetime]:
    """Mid-morning, and then the day's first and last minutes, of every day of a year: an example at ten reads best."""
    for at in (time(10), time(0, 1), time(23, 59)):
        for number in range(365):
            yield datetime.combine(date(year, 1, 1) + timedelta(days=number), at, SHANGHAI)
