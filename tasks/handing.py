"""written_handover: both sides confirm the same paper, or are asked again."""

from __future__ import annotations

from rules.answers import Handover
from rules.case import Case
from rules.steps import HANDOVER_GIVEN, HANDOVER_TAKEN, Step
from tasks.asking import ask, replies_to


async def written_handover(
    case: Case, given_by: Step[Handover] = HANDOVER_GIVEN, taken_by: Step[Handover] = HANDOVER_TAKEN
) -> str:
    """B6, D6 书面交接 (晋政发〔2017〕46号 三(四)): giver and receiver name the document; two papers are no handover.

    Gives the number of the document both have confirmed. A giver who was not yet asked for a number is believed.
    """
    number = 1
    while True:
        subject = "" if number == 1 else str(number)
        given, taken = await replies_to(
            await ask(case, given_by, subject=subject), await ask(case, taken_by, subject=subject)
        )
        if given.document_number in ("", taken.document_number):
            return taken.document_number
        number += 1
