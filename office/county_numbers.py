"""What a mechanism asks of the county itself: which office, how long, by which scheme. Nothing of the records."""

from __future__ import annotations

from datetime import date

from office import appointments
from office.bureau import Bureau
from rules.answers import Answer
from rules.case import Case
from rules.entitlement_facts_form import EntitlementFacts
from rules.entitlements import Decision
from rules.entitlements.parameters import SchemeVersion
from rules.matching import judged
from rules.scheme_stages import StageAsked, entitlement_of, stages_of
from rules.steps import Step
from rules.vocabulary import Office
from rules.workdays import after, at_noon, before, reckon


class CountyNumbers:
    """The part of the port (`office.port.Port`) that the county's own files answer."""

    bureau: Bureau

    def office_key(self, case: Case, office: Office) -> str:
        """The county's key of that office for that case."""
        return self.bureau.county.office_for(office, case.township, case.village).key

    def office_name(self, case: Case, office: Office) -> str:
        """The short name of that office for that case."""
        return self.bureau.county.office_for(office, case.township, case.village).short

    def last_day(self, step: str, begun: date) -> date:
        """The last day of the county's limit for the step, were it asked on that day."""
        limit = self.bureau.county.terms(step, begun).answer.limit
        return after(at_noon(begun), limit, self.bureau.county.calendar).date()

    def day_to_ask(self, step: str, end: date) -> date:
        """The day on which the step is asked so that its limit has run out by that end."""
        limit = self.bureau.county.terms(step, end).answer.limit
        return before(at_noon(end), limit, self.bureau.county.calendar).date()

    def opens_on(self, step: Step[Answer], since: date) -> date:
        """The day after the waiting time has run out (民法典 201-203). Raises LookupError for a step that waits for nothing."""
        opens = self.bureau.county.terms(step.key, appointments.today(self.bureau)).opens_after
        if opens is None:
            raise LookupError(f"{step.key} does not open later")
        return reckon(at_noon(since), opens.limit, self.bureau.county.calendar, end_rolls=opens.end_rolls).due.date()

    def judge(self, first: EntitlementFacts, more: EntitlementFacts | None, on: date) -> Decision | None:
        """What the rules find for a child's facts on the day they were given, by the county's dated numbers."""
        return judged(first, more, on, self.bureau.county.entitlements)

    def scheme_on(self, subject: str, on: date) -> SchemeVersion | None:
        """How an entitlement's scheme decides, is reviewed and ends on a day."""
        return self.bureau.county.entitlements.scheme_on(entitlement_of(subject), on)

    def scheme_stages(self, subject: str, on: date) -> tuple[StageAsked, ...]:
        """The offices that check, publish and decide one application, in their order, by the law of the day."""
        return stages_of(self.bureau.county.entitlements, subject, on)
