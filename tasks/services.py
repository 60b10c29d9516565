"""arrange_services: what the offices owe a child by their own duties is asked of each, all at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rules.answers import Done, Service
from rules.case import Case
from rules.steps import (
    ARRANGE_SERVICES,
    CHILDRENS_HOME,
    DROPOUT_PREVENTION,
    ELDER_CARE,
    FAMILY_EDUCATION,
    HEALTH_FILE,
    LEGAL_AID,
    PAIRING_HELP,
    PSYCHOLOGICAL_SUPPORT,
    REHABILITATION,
    Step,
)
from rules.vocabulary import Office
from tasks.asking import ask, replies_to, reply_to

SERVICES: Mapping[Service, tuple[Step[Done], Office]] = MappingProxyType(
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
    asked = []
    for service in dict.fromkeys(arranged.services):
        step, office = SERVICES[service]
        subject = office.label if step is PAIRING_HELP else ""
        asked.append(await ask(case, step, of=office, subject=f"{subject}{again}"))
    await replies_to(*asked)
