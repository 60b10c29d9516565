"""The post watches itself: letters that have waited for too long are said on their cases, and records that come back from
a backup of long ago send nothing before a person has said so.

Both are told without a letter, because letters are what does not leave: by the log of the case, the log of the machine,
and `jieli post`. Both go by the machine's time and not by the county's, whose days pass in minutes in a demonstration.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, not_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from office import log
from office.bureau import Bureau
from office.claims import may_still_leave
from office.letter_kinds import LetterKind
from office.tables import Letter, PostSeen, Request
from rules.vocabulary import Happening, LetterState

logger = logging.getLogger("jieli.post")

WATCH_SECONDS = 30.0
"""Machine seconds between two looks of the post at itself."""
LATE_AT_ONCE = 200
_ON_THE_WAY = [LetterState.PENDING.value, LetterState.SENDING.value]
_THE_ONE = PostSeen.id == 1


@dataclass(frozen=True)
class Waiting:
    """What lies in the outbox: how many letters in each state, since when the oldest on its way has waited, how many have
    waited for too long, and whether all rest."""

    states: dict[str, int]
    oldest: datetime | None
    late: int
    resting: bool


async def rests(session: AsyncSession, bureau: Bureau) -> bool:
    """Whether these records come from a backup, or no post has served them for so many days that they may."""
    statement = select(PostSeen.id).where(_THE_ONE, _rest(bureau))
    return (await session.execute(statement)).scalar_one_or_none() is not None


def _rest(bureau: Bureau) -> ColumnElement[bool]:
    long_ago = func.clock_timestamp() - timedelta(days=bureau.settings.mail_rest_days)
    return or_(PostSeen.restored_from.is_not(None), PostSeen.seen_at < long_ago)


async def seen(session: AsyncSession, bureau: Bureau, *, confirmed: bool = False) -> None:
    """A post serves these records now; while they rest, only the word of a person (`confirmed`) says so."""
    fresh = insert(PostSeen).values(id=1, seen_at=func.clock_timestamp())
    now: dict[str, object] = {"seen_at": func.clock_timestamp()}
    if confirmed:
        now |= {"restored_from": None, "next_question_at": None}
    still = None if confirmed else not_(_rest(bureau))
    await session.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=now, where=still))


async def tell_late(session: AsyncSession, bureau: Bureau) -> int:
    """Say once on its case of each letter that it has waited for too long; gives how many are late now."""
    found = await session.execute(
        select(Letter, Request, func.clock_timestamp() - Letter.waits_since)
        .outerjoin(Request, Request.id == Letter.request_id)
        .where(_late(bureau), ~Letter.late)
        .order_by(Letter.id)
        .limit(LATE_AT_ONCE)
        .with_for_update(of=Letter, skip_locked=True)
    )
    for letter, request, waited in found.all():
        letter.late = True
        log.write(
            session, Happening.LETTER_LATE, at=bureau.clock.now(), case_id=letter.case_id, request=request,
            office=letter.to_office,
            detail=f"{LetterKind(letter.kind).label}：已等候{waited // timedelta(minutes=1)}分钟，请查看邮件服务器。",
        )  # fmt: skip
    counted = await session.execute(select(func.count()).select_from(Letter).where(_late(bureau)))
    return counted.scalar_one()


def _late(bureau: Bureau) -> ColumnElement[bool]:
    patience = timedelta(minutes=bureau.settings.mail_alarm_minutes)
    return and_(Letter.state.in_(_ON_THE_WAY), Letter.waits_since < func.clock_timestamp() - patience)


async def waiting(session: AsyncSession, bureau: Bureau) -> Waiting:
    """What lies in the outbox now."""
    rows = await session.execute(
        select(Letter.state, func.count(), func.min(Letter.waits_since), func.count().filter(_late(bureau)))
        .where(may_still_leave(bureau))
        .group_by(Letter.state)
    )
    found = rows.all()
    return Waiting(
        states={row[0]: row[1] for row in found},
        oldest=min((row[2] for row in found if row[0] in _ON_THE_WAY), default=None),
        late=sum(row[3] for row in found),
        resting=await rests(session, bureau),
    )


async def look(session: AsyncSession, bureau: Bureau) -> None:
    """One look of the post at itself."""
    await seen(session, bureau)
    if await rests(session, bureau):
        logger.error("no letter leaves: these records were last served long ago; see `jieli post`")
    late = await tell_late(session, bureau)
    if late:
        logger.error("%d letters have waited for more than %g minutes", late, bureau.settings.mail_alarm_minutes)
