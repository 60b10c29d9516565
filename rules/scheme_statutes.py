"""The numbers that the law itself gives the schemes of assistance: table 1C-L of the legal basis, read in full text.

A county may be stricter than these and never slower; `jieli check` compares them with its `entitlements.yaml`. A
publication (公示) is a duration and not a limit: neither longer nor shorter. Left out are schemes for which no text
gives a number, and numbers seen in excerpts or in other provinces only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from rules.entitlements.parameters import SchemeVersion
from rules.limits import Limit, Provenance
from rules.statutes import StatutoryLimit
from rules.vocabulary import Labelled, Office


class Part(Labelled):
    """What of a scheme a number is for."""

    CHECK = "check", "审核"
    NOTICE = "notice", "公示"
    DECISION = "decision", "审批"
    TOTAL = "total", "全部环节"
    SPECIAL = "special", "延期后的全部环节"
    RECHECK = "recheck", "异议后的重新调查"
    REFUSAL = "refusal", "书面告知不予批准"
    REVIEW = "review", "定期复核"
    REVIEW_UNSTABLE = "review_unstable", "收入不稳定的定期复核"
    ENDING_NOTICE = "ending_notice", "终止公示"
    ENDING_OBJECTION = "ending_objection", "终止异议的决定"

    @property
    def is_duration(self) -> bool:
        """Whether the number is how long something lasts, and may not be shorter either."""
        return self in (Part.NOTICE, Part.ENDING_NOTICE)


@dataclass(frozen=True, slots=True)
class PartStatute:
    """One number of one scheme. `office` tells apart checks by several offices; None for whoever has that part."""

    part: Part
    statute: StatutoryLimit
    office: Office | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Whether the law wants or forbids a publication, on which article, since when."""

    wanted: bool
    basis: str
    since: date


@dataclass(frozen=True, slots=True)
class CountyPart:
    """The same part as the county has written it, and where: a path below the scheme's version."""

    part: Part
    office: Office | None
    limit: Limit
    provenance: Provenance
    place: tuple[str | int, ...]


_DE_FACTO = date(2020, 1, 1)
_POVERTY = date(2021, 7, 1)
_LEGAL_AID = date(2022, 1, 1)
_ADOPTION = date(2023, 7, 20)
_POWER_TO_TOWNSHIPS = date(2022, 10, 20)
_RIGID = date(2025, 1, 1)
_JUDICIAL = date(2014, 1, 17)
_FROM_MEMORY = {_DE_FACTO, _LEGAL_AID, _ADOPTION, _JUDICIAL, _POWER_TO_TOWNSHIPS}


def _is(part: Part, limit: str, basis: str, since: date, office: Office | None = None) -> PartStatute:
    full = Provenance.VERIFIED_FULL_TEXT
    since_checked = Provenance.MEMORY_UNVERIFIED if since in _FROM_MEMORY else full
    return PartStatute(part, StatutoryLimit(Limit.parse(limit), full, basis, since, since_checked), office)


_DB, _TK = "最低生活保障审核确认办法", "特困人员认定办法"
SCHEME_STATUTES: Mapping[str, tuple[PartStatute, ...]] = MappingProxyType(
    {
        "de_facto_unsupported": (
            _is(Part.CHECK, "15 working_days", "民发〔2019〕62号二", _DE_FACTO, Office.TOWNSHIP),
            _is(Part.DECISION, "15 working_days", "民发〔2019〕62号二", _DE_FACTO, Office.CIVIL_AFFAIRS),
        ),
        "subsistence": (
            _is(Part.CHECK, "3 working_days", f"{_DB}15", _POVERTY, Office.TOWNSHIP),
            _is(Part.CHECK, "3 working_days", f"{_DB}17", _POVERTY, Office.CIVIL_AFFAIRS),
            _is(Part.NOTICE, "7 days", f"{_DB}19", _POVERTY),
            _is(Part.DECISION, "10 working_days", f"{_DB}20", _POVERTY, Office.CIVIL_AFFAIRS),
            _is(Part.REFUSAL, "3 working_days", f"{_DB}21", _POVERTY),
            _is(Part.TOTAL, "30 working_days", f"{_DB}22", _POVERTY, Office.CIVIL_AFFAIRS),
            _is(
                Part.TOTAL,
                "20 working_days",
                "兜底保障工作的通知（2022年）四(一)",
                _POWER_TO_TOWNSHIPS,
                Office.TOWNSHIP,
            ),
            _is(Part.SPECIAL, "45 working_days", f"{_DB}22", _POVERTY),
            _is(Part.REVIEW, "12 months", f"{_DB}31", _POVERTY),
            _is(Part.REVIEW_UNSTABLE, "6 months", f"{_DB}31", _POVERTY),
        ),
        "extreme_poverty": (
            _is(Part.CHECK, "15 working_days", f"{_TK}13", _POVERTY, Office.TOWNSHIP),
            _is(Part.NOTICE, "7 days", f"{_TK}15", _POVERTY),
            _is(Part.RECHECK, "15 working_days", f"{_TK}15", _POVERTY),
            _is(Part.DECISION, "15 working_days", f"{_TK}16", _POVERTY, Office.CIVIL_AFFAIRS),
            _is(Part.REFUSAL, "3 working_days", f"{_TK}18", _POVERTY),
            _is(Part.ENDING_NOTICE, "7 days", f"{_TK}26", _POVERTY),
            _is(Part.ENDING_OBJECTION, "15 working_days", f"{_TK}26", _POVERTY),
        ),
        "rigid_expense_family": (
            _is(Part.DECISION, "30 working_days", "刚性支出困难家庭认定办法8", _RIGID),
            _is(Part.TOTAL, "30 working_days", "刚性支出困难家庭认定办法8", _RIGID),
            _is(Part.SPECIAL, "45 working_days", "刚性支出困难家庭认定办法8", _RIGID),
            _is(Part.REVIEW, "12 months", "刚性支出困难家庭认定办法10", _RIGID),
        ),
        "legal_aid": (_is(Part.DECISION, "7 days", "法律援助法43", _LEGAL_AID),),
        "judicial_relief": (_is(Part.DECISION, "10 working_days", "国家司法救助意见四(三)", _JUDICIAL),),
        "adoption_registration": (_is(Part.DECISION, "30 days", "中国公民收养子女登记办法8", _ADOPTION),),
    }
)
"""Every verified number by the key of the scheme."""

NOTICES: Mapping[str, Notice] = MappingProxyType(
    {
        "de_facto_unsupported": Notice(False, "民发〔2019〕62号二(二)：不宜设置公示环节", _DE_FACTO),
        "subsistence": Notice(True, f"{_DB}19", _POVERTY),
        "extreme_poverty": Notice(True, f"{_TK}15", _POVERTY),
    }
)
"""Where the law says something of a publication."""


def parts_of(version: SchemeVersion) -> Iterator[CountyPart]:
    """Every part of a scheme's version that has a number, as the county has written it."""
    own = [(number, stage) for number, stage in enumerate(version.stages) if not stage.total and not stage.notice]
    decides = own[-1][1].office if own else None
    for number, stage in enumerate(version.stages):
        last = bool(own) and number == own[-1][0]
        part = Part.TOTAL if stage.total else Part.NOTICE if stage.notice else Part.DECISION if last else Part.CHECK
        office = decides if stage.total else stage.office
        if stage.limit is not None:
            yield CountyPart(part, office, stage.limit, stage.provenance, ("stages", number, "limit"))
        if stage.special is not None:
            yield CountyPart(Part.SPECIAL, office, stage.special, stage.provenance, ("stages", number, "special"))
    if version.recheck is not None:
        told = version.recheck
        yield CountyPart(Part.RECHECK, None, told.limit, told.provenance, ("recheck", "limit"))
    if version.refusal is not None:
        yield CountyPart(Part.REFUSAL, None, version.refusal.limit, version.refusal.provenance, ("refusal", "limit"))
    if version.review is not None:
        review = version.review
        yield CountyPart(Part.REVIEW, None, review.every, review.provenance, ("review", "every"))
        if review.unstable is not None:
            place = ("review", "unstable")
            yield CountyPart(Part.REVIEW_UNSTABLE, None, review.unstable, review.provenance, place)
    if version.ending is not None:
        ending = version.ending
        yield CountyPart(Part.ENDING_NOTICE, None, ending.notice, ending.provenance, ("ending", "notice"))
        yield CountyPart(Part.ENDING_OBJECTION, None, ending.objection, ending.provenance, ("ending", "objection"))


def statutes_for(scheme: str, part: CountyPart, until: date | None) -> list[StatutoryLimit]:
    """The law's numbers for a part of a version that runs until just before `until` (None: for good)."""
    return [
        one.statute
        for one in SCHEME_STATUTES.get(scheme, ())
        if one.part is part.part
        and (one.office is None or part.office is None or one.office is part.office)
        and (until is None or one.statute.effective_from < until)
    ]


def missing_parts(scheme: str, version: SchemeVersion, since: date) -> list[PartStatute]:
    """The law's numbers, in force when the version begins, for which the county has written nothing beside its stages."""
    written = {part.part for part in parts_of(version)}
    beside = (Part.RECHECK, Part.REFUSAL, Part.REVIEW, Part.REVIEW_UNSTABLE, Part.ENDING_NOTICE, Part.TOTAL)
    return [
        one
        for one in SCHEME_STATUTES.get(scheme, ())
        if one.part in beside and one.part not in written and one.statute.effective_from <= since
    ]
