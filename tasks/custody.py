"""tell_of_custody: a guardian is held, and the family, civil affairs and the township must hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rules.answers import Custody, Done, Scene
from rules.case import Case
from rules.steps import (
    NOTIFY_FAMILY_OF_ADMINISTRATIVE_DETENTION,
    NOTIFY_FAMILY_OF_DETAINED,
    NOTIFY_FAMILY_OF_DETOX,
    NOTIFY_FAMILY_OF_PRISONER,
    TELL_OF_UNSUPPORTED_CHILD,
    Step,
)
from rules.vocabulary import Office
from tasks.asking import ask

NOTICES: Mapping[Custody, tuple[Step[Done], Office]] = MappingProxyType(
    {
        Custody.ADMINISTRATIVE: (NOTIFY_FAMILY_OF_ADMINISTRATIVE_DETENTION, Office.PUBLIC_SECURITY),
        Custody.CRIMINAL: (NOTIFY_FAMILY_OF_DETAINED, Office.PUBLIC_SECURITY),
        Custody.DETOX: (NOTIFY_FAMILY_OF_DETOX, Office.JUSTICE),
        Custody.PRISON: (NOTIFY_FAMILY_OF_PRISONER, Office.JUSTICE),
    }
)
"""For each kind of custody the notice to the family, and the office through which the executing organ is reached."""


async def tell_of_custody(case: Case, found: Scene) -> None:
    """B4i, B4j: the family is told in the law's time, and the executing organ tells who looks after the child.

    刑事诉讼法 85, 93; 禁毒法 40; 监狱法 20; 治安管理处罚法 97; 民发〔2019〕62号 四(二). Nothing waits for it.
    """
    notice = NOTICES.get(found.guardian_held)
    if notice is not None:
        step, executing = notice
        await ask(case, step)
        await ask(case, TELL_OF_UNSUPPORTED_CHILD, of=executing)
