"""Where a county's schemes depart from the law's own numbers: warnings, because a county may know a text that we do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rules.entitlements.parameters import EntitlementParameters, Scheme, SchemeVersion
from rules.limits import Provenance
from rules.scheme_statutes import NOTICES, CountyPart, missing_parts, parts_of, statutes_for
from rules.statutes import VERIFIED, StatutoryLimit, first_longer
from rules.wording import short_deadline
from rules.workdays import Calendar

Place = tuple[int | str, ...]


def scheme_warnings(parameters: EntitlementParameters, calendar: Calendar) -> Iterator[tuple[Place, str]]:
    """A place and a sentence for each number longer than the law's, claimed to be the law's, or left out.

    A version is compared with the law in force while it runs: until the next version begins.
    """
    for key, scheme in parameters.schemes.items():
        for index, version, since, until in _dated(parameters, scheme):
            place: Place = ("schemes", key, "versions", index)
            for part in parts_of(version):
                for reason in _reasons(scheme.name, part, statutes_for(key, part, until), calendar, since):
                    yield (*place, *part.place), reason
            for missing in missing_parts(key, version, since):
                yield (
                    place,
                    (
                        f"“{scheme.name}”没有写{missing.part.label}（{missing.part.value}）：法定为 "
                        f"{missing.statute.limit}（{missing.statute.basis}）；请补上"
                    ),
                )
            notice = NOTICES.get(key)
            if notice is not None and notice.wanted and notice.since <= since and version.public_notice != "required":
                yield (
                    (*place, "public_notice"),
                    f"“{scheme.name}”依法应当公示（{notice.basis}），这里没有要求；请核对依据",
                )


def forbidden_notices(parameters: EntitlementParameters) -> Iterator[tuple[Place, str]]:
    """A publication of a child's name where the law wants none is a fault and no matter of choice."""
    for key, notice in NOTICES.items():
        scheme = parameters.schemes.get(key)
        if notice.wanted or scheme is None:
            continue
        for index, version, _, until in _dated(parameters, scheme):
            in_force = until is None or notice.since < until
            if in_force and (version.public_notice == "required" or any(stage.notice for stage in version.stages)):
                place: Place = ("schemes", key, "versions", index, "public_notice")
                yield place, f"“{scheme.name}”不得公示（{notice.basis}）；请改为 forbidden，并删去公示的阶段"


def _dated(parameters: EntitlementParameters, scheme: Scheme) -> Iterator[tuple[int, SchemeVersion, date, date | None]]:
    """Each version with its place in the file, its first day and the first day of the next one."""
    dated = sorted(
        ((parameters.start_of(version), index, version) for index, version in enumerate(scheme.versions)),
        key=lambda one: one[:2],
    )
    for number, (since, index, version) in enumerate(dated):
        yield index, version, since, dated[number + 1][0] if number + 1 < len(dated) else None


def _reasons(
    name: str, part: CountyPart, statutes: list[StatutoryLimit], calendar: Calendar, since: date
) -> Iterator[str]:
    year = calendar.last_published_year or since.year
    for statute in statutes:
        what = f"“{name}”的{part.part.label}时限 {part.limit}"
        longer = first_longer(part.limit, statute, calendar, end_rolls=True, year=year)
        if longer is not None:
            yield (
                f"{what} 比法定的 {statute.limit} 长（{statute.basis}）：自 {longer.start:%Y-%m-%d %H:%M} 起算，县里到 "
                f"{short_deadline(longer.county)}，法定到 {short_deadline(longer.statute)}；请改短，或者核对依据"
            )
        elif part.part.is_duration and part.limit != statute.limit:
            yield f"{what} 与法定的 {statute.limit} 不同（{statute.basis}）：公示期不能缩短；请改正，或者核对依据"
    if part.provenance in VERIFIED and statutes and all(part.limit != statute.limit for statute in statutes):
        texts = "；".join(f"{statute.basis}为 {statute.limit}" for statute in statutes)
        yield (
            f"“{name}”的{part.part.label}时限 {part.limit} 标明 {part.provenance.value}（{part.provenance.label}），"
            f"但核对过的条文不是这个数（{texts}）；县里自定的请标 {Provenance.NO_STATUTORY_NUMBER.value}"
        )
