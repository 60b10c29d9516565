"""A scheme's decision as the offices that are asked one after another: checks, 公示 where the law wants it, the decision.

Table 1C-L of the legal basis, as a county's `entitlements.yaml` writes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from rules.answers import Answer
from rules.entitlements.parameters import EntitlementParameters, Stage
from rules.steps import PUBLIC_NOTICE, SCHEME_CHECK, SCHEME_DECISION, Step
from rules.vocabulary import Office


@dataclass(frozen=True)
class StageAsked:
    """One stage as it is put to its office. `stage` is None where the scheme states no time for that office."""

    step: Step[Answer]
    office: Office
    subject: str
    stage: Stage | None


def subject_of(entitlement: str, again: str = "") -> str:
    """The subject under which an entitlement is asked; `again` tells apart a later application for the same one."""
    return f"{entitlement}@{again}" if again else entitlement


def entitlement_of(subject: str) -> str:
    """The entitlement's id in a subject: "E09" of "E09/1", "E09@2" and "E09@2/1"."""
    return re.split("[@/~]", subject)[0]


def application_of(subject: str) -> str:
    """The application's own subject in that of any of its steps: "E09@2" in "E09@2/1" and "E09@2~2"."""
    return re.split("[/~]", subject)[0]


def again_of(subject: str) -> str:
    """What tells the application apart from an earlier one for the same entitlement: "2" of "E09@2/1", "" of "E09"."""
    return application_of(subject).partition("@")[2]


REPEAT = "~"
"""Between an application's subject and the number of its later publications."""


def stages_of(parameters: EntitlementParameters, subject: str, on: date) -> tuple[StageAsked, ...]:
    """The stages of one application in their order on a day; the last one decides.

    The office that the rule names decides in the end even where the scheme gives its time to another office alone:
    urgent relief is given by the township at once and its papers follow. Where a publication is forbidden, none is
    asked, whatever else stands in the file. Raises LookupError for an entitlement the county does not know.
    """
    key = entitlement_of(subject)
    rule = parameters.entitlement(key)
    if rule is None:
        raise LookupError(f"保障项目 {key} 不在本县的 entitlements.yaml 中")
    handling = parameters.latest(rule.handling, on) or rule.handling[0]
    scheme = parameters.schemes[handling.scheme]
    version = parameters.latest(scheme.versions, on) or scheme.versions[0]
    stages = [
        stage
        for stage in version.stages
        if not stage.total and not (stage.notice and version.public_notice != "required")
    ]
    decides = stages.pop() if handling.office in {stage.office for stage in stages} else None
    asked = [
        StageAsked(PUBLIC_NOTICE, stage.office, subject, stage)
        if stage.notice
        else StageAsked(SCHEME_CHECK, stage.office, f"{subject}/{number}", stage)
        for number, stage in enumerate(stages, start=1)
    ]
    office = handling.office if decides is None else decides.office
    return (*asked, StageAsked(SCHEME_DECISION, office, subject, decides))
