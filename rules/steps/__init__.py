"""Every question that may be put to an office, and the shape of its answer.

A step's key ties together the constant here, the entry in the county's `steps.yaml`, the form on the
portal and the task run in the Prefect UI. Limits, ladders, basis and provenance are data and stand in
the county's file; the sentence that the letter carries (`instruction`) is here, because it is the
document's and not the county's. Codes are the rows of legal-basis 1A-1F.

While a step is asked anywhere it is never renamed or removed; a changed procedure adds a step.
"""

from __future__ import annotations

from rules import answers as a
from rules.steps.definition import ALL
from rules.steps.definition import A as A
from rules.steps.definition import Step as Step

# The order of the documents is the order of the table that `jieli steps` prints.
# isort: off
from rules.steps.report import *  # noqa: F403
from rules.steps.emergency import *  # noqa: F403
from rules.steps.assessment import *  # noqa: F403
from rules.steps.guardianship import *  # noqa: F403
from rules.steps.coordination import *  # noqa: F403
# isort: on

STEPS: dict[str, Step[a.Answer]] = dict(ALL)
"""Every step by its key."""


def step(key: str) -> Step[a.Answer]:
    """The step of that key; KeyError when there is none."""
    return STEPS[key]
