"""written_handover: both sides confirm the same paper, or are asked again."""

from __future__ import annotations

from rules.case import Case
from rules.steps import HANDOVER_GIVEN, HANDOVER_TAKEN
from tasks.asking import ask, replies_to


async def written_handover(case: Case) -> str:
    """B6 书面交接 (晋政发〔2017〕46号 三(四)): giver and receiver name the document; two different papers are no handover.

    Gives the number of the document both have confirmed.
    """
    number = 1
    while True:
        subject = "" if number == 1 else str(number)
        given, taken = await replies_to(
            await ask(case, HANDOVER_GIVEN, subject=subject), await ask(case, HANDOVER_TAKEN, subject=subject)
        )
        if given.document_number == taken.document_number:
            return given.document_number
        number += 1
