"""arrange_services: what the offices owe a child by their own duties is asked of each, all at the same time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

from rules.answers import Answer, LegalAidDecision, Service
from rules.case import Case
from rules.steps import (
    ARRANGE_SERVICES,
    ASSIGN_LAWYER,
    CHILDRENS_HOME,
    DROPOUT_PREVENTION,
    ELDER_CARE,
    FAMILY_EDUCATION,
    HEALTH_FILE,
    LAWYER_MEETS_CHILD,
    LEGAL_AID,
    PAIRING_HELP,
    PSYCHOLOGICAL_SUPPORT,
    REHABILITATION,
    Step,
)
from rules.vocabulary import Office
from tasks.asking import ask, reply_to, together

SERVICES: Mapping[Service, tuple[Step[Answer], Office]] = MappingProxyType(
    {
        Service.HEALTH_FILE: (HEALTH_FILE, Office.HEALTH),
        Service.DROPOUT_PREVENTION: (DROPOUT_PREVENTION, Office.EDUCATION),
        Service.REHABILITATION: (REHABILITATION, Office.DISABLED_PERSONS_FEDERATION),
        Service.WOMENS_PAIRING: (PAIRING_HELP, Office.WOMENS_FEDERATION),
        Service.YOUTH_PAIRING: (PAIRING_HELP, Office.YOUTH_LEAGUE),
        Service.UNION_PAIRING: (PAIRING_HELP, Office.TRADE_UNION),
        Service.ELDER_CARE: (ELDER_CARE, Office.NEXT_GENERATION_COMMITTEE),
        Service.FAMILY_EDUCATION: (FAMILY_EDUCATION, Office.WOMENS_FEDERATION),
        Service.LEGAL_AID: (LEGAL_AID, Office.JUSTICE),
        Service.PSYCHOLOGICAL_SUPPORT: (PSYCHOLOGICAL_SUPPORT, Office.SOCIAL_ORGANIZATION),
        Service.CHILDRENS_HOME: (CHILDRENS_HOME, Office.VILLAGE_COMMITTEE),
    }
)
"""Each service with its step and its office (晋政发〔2017〕46号 五; legal-basis 3)."""


async def arrange_services(case: Case, again: str = "") -> None:
    """C6: the township says which services the child needs; each is asked of the office whose duty it is.

    `again` is the number of the visit that found a change.
    """
    arranged = await reply_to(await ask(case, ARRANGE_SERVICES, subject=again))
    await together(*(_way(case, service, again) for service in dict.fromkeys(arranged.services)))


def _way(case: Case, service: Service, again: str) -> Callable[[], Coroutine[Any, Any, None]]:
    return lambda: _serve(case, service, again)


async def _serve(case: Case, service: Service, again: str) -> None:
    step, office = SERVICES[service]
    subject = office.label if step is PAIRING_HELP else ""
    answer = await reply_to(await ask(case, step, of=office, subject=f"{subject}{again}"))
    # 法律援助法 43: assigned in three days of the decision; the lawyer meets the child in five working days.
    if isinstance(answer, LegalAidDecision) and answer.granted:
        await reply_to(await ask(case, ASSIGN_LAWYER, subject=again))
        await reply_to(await ask(case, LAWYER_MEETS_CHILD, subject=again))
