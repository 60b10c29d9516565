"""The shape of each step's answer. The form on the portal, the check on arrival and the flow's branches all read it.

A field's title is the question an officer reads. Free text may hold personal data: it stays in the
records and never enters a letter, a log or Prefect.
"""

from __future__ import annotations

from rules.answers.answer import Answer as Answer
from rules.answers.answer import Done as Done
from rules.answers.answer import Note as Note
from rules.answers.assessment import *  # noqa: F403
from rules.answers.coordination import *  # noqa: F403
from rules.answers.emergency import *  # noqa: F403
from rules.answers.guardianship import *  # noqa: F403
from rules.answers.lasting_guardianship import *  # noqa: F403
from rules.answers.report import *  # noqa: F403
