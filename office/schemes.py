"""Under what name an entitlement is shown, and within what limit each stage of its decision stands: `entitlements.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from config.county import County, LimitTerms, Whole
from office.tables import AnswerRow, Proceeding, Request
from rules import steps
from rules.answers import Answer
from rules.entitlement_facts_form import fields_of_parts
from rules.entitlement_keys import EntitlementKey
from rules.entitlements.parameters import SchemeVersion, Stage
from rules.scheme_stages import REPEAT, application_of, entitlement_of, stages_of
from rules.standing import TOLD_BY, Said
from rules.steps import Step, step
from rules.vocabulary import AnswerKind, RequestState

_DECIDING = (steps.SCHEME_CHECK, steps.PUBLIC_NOTICE, steps.SCHEME_RECHECK, steps.SCHEME_DECISION)
STEPS_OF_A_SCHEME = tuple(
    asked.key
    for asked in (
        *_DECIDING, steps.TELL_REFUSAL, steps.ENROL_AND_PAY, steps.ADJUST_PAYMENT,
        steps.ENDING_NOTICE, steps.ENDING_DECISION, steps.END_ENTITLEMENT,
    )
)  # fmt: skip
"""Steps whose subject is an entitlement."""


def scheme_name(subject: str) -> str:
    """The entitlement's full Chinese name; the key itself for one no longer listed. It can tell what has happened to
    the parents, so it is for pages that are read against a one-time code, and for no letter and nothing of Prefect."""
    key = entitlement_of(subject)
    try:
        return EntitlementKey(key).label
    except ValueError:
        return key


def public_name(subject: str, number: int) -> str:
    """What may be said of an entitlement anywhere: its heading in the document, and the number of the asking."""
    try:
        heading = EntitlementKey(entitlement_of(subject)).field
    except ValueError:
        heading = "困境儿童保障"
    return f"{heading}·办件{number}"


async def answer_limit(
    session: AsyncSession, county: County, proceeding_id: int, asked: Step[Answer], subject: str, now: datetime
) -> LimitTerms | None:
    """What the scheme gives the office for its answer; None leaves the step's own limit.

    Where the law gives a time for all stages together, it runs since the first of them was asked, and the basis names
    both. A publication is a duration and is never cut short by it.
    """
    on = now.date()
    found = decision_limit(county, asked.key, subject, on)
    version = county.entitlements.scheme_on(entitlement_of(subject), on)
    total = None if version is None else version.total
    if asked not in _DECIDING or asked is steps.PUBLIC_NOTICE or total is None or total.limit is None:
        return found
    terms = found or county.terms(asked.key, on).answer
    application = application_of(subject)
    rows = (
        await session.execute(
            select(Request.asked_at, Request.extensions).where(
                Request.proceeding_id == proceeding_id,
                Request.step.in_([one.key for one in _DECIDING]),
                or_(
                    Request.subject == application,
                    Request.subject.like(f"{application}/%"),
                    Request.subject.like(f"{application}{REPEAT}%"),
                ),
            )
        )
    ).all()
    extended = any(extensions for _, extensions in rows)
    limit = total.special if extended and total.special is not None else total.limit
    basis = f"{terms.basis}；{_in_words(total)}"
    whole = Whole(limit, min((at for at, _ in rows), default=now), None if extended else total.special)
    return LimitTerms(terms.limit, terms.provenance, basis, terms.end_rolls, whole)


def _in_words(total: Stage) -> str:
    special = "" if total.special is None else f"，同意延期的{total.special.label}"
    limit = "" if total.limit is None else total.limit.label
    return f"全部环节自受理起{limit}内办结{special}（{total.basis}）"


def decision_limit(county: County, step_key: str, subject: str, on: date) -> LimitTerms | None:
    """The stage's own limit, where the scheme has one; None leaves the step's own limit."""
    version = county.entitlements.scheme_on(entitlement_of(subject), on)
    if step_key not in STEPS_OF_A_SCHEME or version is None:
        return None
    beside = _beside_the_stages(version, step_key)
    if beside is not None:
        return beside
    first_asking = subject.split(REPEAT, maxsplit=1)[0]
    for asked in stages_of(county.entitlements, application_of(subject), on):
        same = asked.step.key == step_key and asked.subject == first_asking
        if same and asked.stage is not None and asked.stage.limit:
            return LimitTerms(asked.stage.limit, asked.stage.provenance, asked.stage.basis)
    return None


def _beside_the_stages(version: SchemeVersion, step_key: str) -> LimitTerms | None:
    if step_key == steps.SCHEME_RECHECK.key and version.recheck is not None:
        return LimitTerms(version.recheck.limit, version.recheck.provenance, version.recheck.basis)
    if step_key == steps.TELL_REFUSAL.key and version.refusal is not None:
        return LimitTerms(version.refusal.limit, version.refusal.provenance, version.refusal.basis)
    ending = version.ending
    if ending is not None and step_key in (steps.ENDING_NOTICE.key, steps.ENDING_DECISION.key):
        limit = ending.notice if step_key == steps.ENDING_NOTICE.key else ending.objection
        return LimitTerms(limit, ending.provenance, ending.basis)
    return None


def fields_asked(county: County, request_step: str, subject: str, about: str, on: date) -> frozenset[str] | None:
    """Which fields of a step's form are asked of this request; None for all of them.

    Facts are completed by the parts of the form that the letter names; whether income is unstable is asked where the
    scheme's reviews depend on it, and helpers only where they have been asked before.
    """
    every = frozenset(step(request_step).answer.model_fields)
    if request_step == steps.COMPLETE_FACTS.key:
        asked = fields_of_parts(about)
        return asked | {"note"} if asked else None
    if request_step == steps.SCHEME_DECISION.key:
        version = county.entitlements.scheme_on(entitlement_of(subject), on)
        depends = version is not None and version.review is not None and version.review.unstable is not None
        return every if depends else every - {"income_unstable"}
    if request_step == steps.INVESTIGATE.key and not subject:
        return every - {"ask_helpers_again"}
    return None


async def said_of_schemes(session: AsyncSession, proceeding_id: int | None) -> Sequence[Said]:
    """What the offices said of every application in the whole case of a proceeding, in the order of the asking."""
    case_id = select(Proceeding.case_id).where(Proceeding.id == proceeding_id).scalar_subquery()
    rows = await session.execute(
        select(
            Request.proceeding_id,
            Request.step,
            Request.subject,
            Request.asked_at,
            AnswerRow.answered_at,
            AnswerRow.payload,
            Proceeding.closed_at,
        )
        .join(Proceeding, Proceeding.id == Request.proceeding_id)
        .outerjoin(AnswerRow, (AnswerRow.request_id == Request.id) & (AnswerRow.kind == AnswerKind.DONE.value))
        .where(
            Proceeding.case_id == case_id,
            Request.step.in_(TOLD_BY),
            Request.state != RequestState.WITHDRAWN.value,
        )
        .order_by(Request.id)
    )
    return [Said(*row) for row in rows]
