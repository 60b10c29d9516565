"""The verified numbers of table 1C-L, written down once more as a jurist has read them."""

from __future__ import annotations

from datetime import date

from config.entitlements import load_entitlements
from config.settings import EXAMPLE_COUNTY
from rules.scheme_statutes import NOTICES, SCHEME_STATUTES, parts_of, statutes_for
from rules.statutes import VERIFIED

TABLE = {
    "de_facto_unsupported": {"check township": "15 working_days", "decision civil_affairs": "15 working_days"},
    "subsistence": {
        "check township": "3 working_days",
        "check civil_affairs": "3 working_days",
        "notice": "7 days",
        "decision civil_affairs": "10 working_days",
        "refusal": "3 working_days",
        "total civil_affairs": "30 working_days",
        "total township": "20 working_days",
        "special": "45 working_days",
        "review": "12 months",
        "review_unstable": "6 months",
    },
    "extreme_poverty": {
        "check township": "15 working_days",
        "notice": "7 days",
        "recheck": "15 working_days",
        "decision civil_affairs": "15 working_days",
        "refusal": "3 working_days",
        "ending_notice": "7 days",
        "ending_objection": "15 working_days",
    },
    "rigid_expense_family": {
        "decision": "30 working_days",
        "total": "30 working_days",
        "special": "45 working_days",
        "review": "12 months",
    },
    "legal_aid": {"decision": "7 days"},
    "judicial_relief": {"decision": "10 working_days"},
    "adoption_registration": {"decision": "30 days"},
}
"""Part, and office where several have it."""


def test_the_table_is_the_one_a_jurist_has_read() -> None:
    """A slip in one of the two shows."""
    found = {
        scheme: {f"{one.part} {one.office or ''}".strip(): str(one.statute.limit) for one in statutes}
        for scheme, statutes in SCHEME_STATUTES.items()
    }
    assert found == TABLE
    assert {key for key, notice in NOTICES.items() if notice.wanted} == {"subsistence", "extreme_poverty"}


def test_every_verified_number_of_the_example_county_is_the_laws() -> None:
    """What the county calls verified is in the table with that number, or is the notice of an adoption's search."""
    parameters = load_entitlements(EXAMPLE_COUNTY, [])
    for key, scheme in parameters.schemes.items():
        for version in scheme.versions:
            for part in parts_of(version):
                if part.provenance not in VERIFIED:
                    continue
                if (key, str(part.limit)) == ("adoption_registration", "60 days"):
                    continue
                assert part.limit in [one.limit for one in statutes_for(key, part, None)], (key, part)


def test_a_version_is_measured_by_the_law_in_force_while_it_runs() -> None:
    """What ended before the law came into force is not measured by it."""
    parameters = load_entitlements(EXAMPLE_COUNTY, [])
    version = parameters.schemes["subsistence"].versions[-1]
    (first, *_) = parts_of(version)
    assert statutes_for("subsistence", first, date(2021, 7, 1)) == []
    assert len(statutes_for("subsistence", first, date(2021, 7, 2))) == 1
