"""What Prefect shows of a case: tags, and the case sheet, so that a coordinator can work from the Prefect UI alone.

Numbers, steps, offices, deadlines, levels and articles; nothing of the child.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from office.bureau import Bureau
from office.deadlines import holds_of
from office.requests import subject_label, terms_of
from office.tables import CaseRow, EscalationRound, Event, Letter, Proceeding, Request, Rung
from rules.holds import running
from rules.ladder import Clock
from rules.outlook import OUTLOOK
from rules.steps import step
from rules.vocabulary import ClosingGround, Happening, LetterState, Level, Mechanism, RequestState, Urgency
from rules.wording import short_deadline

TEMPLATES = Path(__file__).parent.parent / "templates"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(  # noqa: S701 - Markdown, not HTML; every value is a number, a label or a county name
        loader=FileSystemLoader(TEMPLATES / "artifacts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def tags_of(session: AsyncSession, bureau: Bureau, case: CaseRow, proceeding_id: int) -> list[str]:
    """Tags of a run: mechanism, township, offices that still owe an answer, urgency, and 逾期 when one is late."""
    proceeding = (await session.execute(select(Proceeding).where(Proceeding.id == proceeding_id))).scalar_one()
    open_steps = (
        (
            await session.execute(
                select(Request).where(
                    Request.proceeding_id == proceeding_id, Request.state.in_(["asked", "acknowledged"])
                )
            )
        )
        .scalars()
        .all()
    )
    tags = [Mechanism(proceeding.mechanism).label, bureau.county.townships[case.township].name]
    tags += sorted({bureau.county.office(request.office).short for request in open_steps})
    if case.urgency == Urgency.EMERGENCY.value:
        tags.append("紧急")
    now = bureau.clock.now()
    if any(now >= r.due or (r.level and Level(r.level).height >= 1) for r in open_steps):
        tags.append("逾期")
    return tags


async def case_sheet(session: AsyncSession, bureau: Bureau, case: CaseRow) -> str:
    """The case sheet in Markdown: where the case is, who is asked, until when and on which article, what has happened."""
    proceedings = (
        (await session.execute(select(Proceeding).where(Proceeding.case_id == case.id).order_by(Proceeding.id)))
        .scalars()
        .all()
    )
    requests = (
        (
            await session.execute(
                select(Request)
                .join(Proceeding, Proceeding.id == Request.proceeding_id)
                .where(Proceeding.case_id == case.id)
                .order_by(Request.id)
            )
        )
        .scalars()
        .all()
    )
    events = (await session.execute(select(Event).where(Event.case_id == case.id).order_by(Event.id))).scalars().all()
    letters = (
        await session.execute(
            select(Letter.state, Letter.to_office, func.count())
            .where(Letter.case_id == case.id)
            .group_by(Letter.state, Letter.to_office)
            .order_by(Letter.to_office)
        )
    ).all()
    zone = bureau.clock.now().tzinfo
    now = bureau.clock.now()

    def line(request: Request) -> dict[str, object]:
        asked = step(request.step)
        terms, held = terms_of(request), running(holds_of(request), now)
        return {
            "step": asked.label,
            "code": asked.code,
            "subject": subject_label(request),
            "office": bureau.county.office(request.office).short,
            "state": RequestState(request.state).label,
            "acknowledge_by": short_deadline(request.acknowledge_by),
            "due": short_deadline(request.due),
            "late": RequestState(request.state).is_open and now >= request.due,
            "level": Level(request.level).label if request.level else "",
            "basis": terms.answer.basis,
            "provisional": request.provisional,
            "held": "" if held is None else f"暂停计时至{short_deadline(held.until)}：{held.reason.label}",
            "next": OUTLOOK[request.step].done,
            "ended_at": request.ended_at.astimezone(zone) if request.ended_at else None,
        }

    return (
        _templates()
        .get_template("case_sheet.md")
        .render(
            number=case.number,
            township=bureau.county.townships[case.township].name,
            urgency=Urgency(case.urgency).label,
            opened_at=case.opened_at.astimezone(zone),
            closed_at=case.closed_at.astimezone(zone) if case.closed_at else None,
            ground=ClosingGround(case.closing_ground).label if case.closing_ground else "",
            proceedings=[
                {
                    "mechanism": Mechanism(p.mechanism).label,
                    "opened_at": p.opened_at.astimezone(zone),
                    "closed_at": p.closed_at.astimezone(zone) if p.closed_at else None,
                    "outcome": ClosingGround(p.outcome).label if p.outcome and p.closed_at else "办理中",
                }
                for p in proceedings
            ],
            letters=_letters_line(bureau, [(row[0], row[1], row[2]) for row in letters]),
            waiting=[line(r) for r in requests if RequestState(r.state).is_open],
            ended=[line(r) for r in requests if not RequestState(r.state).is_open],
            events=[
                {
                    "at": e.at.astimezone(zone),
                    "event": Happening(e.event).label,
                    "step": step(e.step).label if e.step else "",
                    "office": bureau.county.office(e.office).short if e.office in bureau.county.offices else "",
                    "level": Level(e.level).label if e.level else "",
                    "detail": e.detail if not e.step or e.event == Happening.DEADLINE_RECKONED_ANEW else "",
                }
                for e in events[-60:]
            ],
        )
    )


def _letters_line(bureau: Bureau, counts: Sequence[tuple[str, str, int]]) -> str:
    """How many letters left, wait, were lost or came back; of the lost ones, the offices."""
    said = []
    for state in LetterState:
        found = [(office, count) for one, office, count in counts if one == state.value]
        if not found:
            continue
        names = "、".join(
            bureau.county.offices[o].short for o, _ in found if state.is_lost and o in bureau.county.offices
        )
        label = "已通知" if state is LetterState.HANDED_OVER else state.label
        said.append(f"{label}{sum(count for _, count in found)}封" + (f"（{names}）" if names else ""))
    return "，".join(said)


async def round_sheet(session: AsyncSession, bureau: Bureau, number: int) -> str:
    """What climbed in one round, as a Markdown table. Raises LookupError for a round that never was."""
    zone = bureau.clock.now().tzinfo
    found = (await session.execute(select(EscalationRound).where(EscalationRound.id == number))).scalar_one_or_none()
    if found is None:
        raise LookupError(f"no round {number}")
    rows = (
        await session.execute(
            select(Rung, Request, CaseRow)
            .join(Request, Request.id == Rung.request_id)
            .join(Proceeding, Proceeding.id == Request.proceeding_id)
            .join(CaseRow, CaseRow.id == Proceeding.case_id)
            .where(Rung.round_id == number)
            .order_by(Rung.id)
        )
    ).all()
    return (
        _templates()
        .get_template("escalation_round.md")
        .render(
            number=number,
            at=found.at.astimezone(zone),
            rows=[
                {
                    "case": case.number,
                    "step": step(request.step).label,
                    "office": bureau.county.office(request.office).short,
                    "clock": Clock(rung.clock).label,
                    "deadline": short_deadline(
                        request.acknowledge_by if rung.clock == Clock.ACKNOWLEDGE.value else request.due
                    ),
                    "level": Level(rung.level).label,
                    "repeat": rung.repeat,
                }
                for rung, request, case in rows
            ],
        )
    )
