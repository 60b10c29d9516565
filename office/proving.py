"""Proof that somebody holds a letter: their name and the code printed in it.

Whoever guesses is counted, and wears the link out.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from office import links, log, outbox
from office.bureau import Bureau
from office.refusals import Refused
from office.requests import facts_of
from office.tables import CaseRow, Link, Request
from rules.vocabulary import Happening, RequestState


async def prove(bureau: Bureau, token: str, *, typed_name: str, code: str) -> str:
    """The name typed by whoever proves to hold the letter. Raises `Refused`, `UnknownLink`."""
    name = named(typed_name)
    if not await _code_accepted(bureau, token, code):
        raise Refused("验证码不正确，请核对邮件中的6位数字。", "code")
    return name


def named(typed_name: str) -> str:
    """The name as it is kept. Raises `Refused` where none was typed."""
    name = typed_name.strip()
    if not name:
        raise Refused("请填写您的姓名。", "typed_name")
    return name


async def _code_accepted(bureau: Bureau, token: str, code: str) -> bool:
    """Whether the code is right. A wrong one is counted in a transaction of its own, whatever follows.

    Whoever guesses wears the link out, and the officer is not locked out by it: a letter with a fresh link goes to the
    registered address by itself. That whoever guesses is slowed down is the portal's business (`office.portal.gate`).
    """
    async with bureau.database.transaction() as session:
        link, request, case = await links.find(session, token, lock=True)
        if link.wrong_codes >= links.MOST_WRONG_CODES:
            raise Refused("这个链接因验证码多次输错已停用，请使用新发到登记邮箱的邮件，或者电话联系协调员办理。")
        if links.code_is_right(bureau, link, code):
            link.wrong_codes = 0
            return True
        link.wrong_codes += 1
        if link.wrong_codes == links.MOST_WRONG_CODES and RequestState(request.state).is_open:
            now = bureau.clock.now()
            log.write(session, Happening.LINK_WORN, at=now, case_id=case.id, request=request, detail=link.officer)
            await _fresh_letter(session, bureau, link, request, case)
        return False


def plainly_right(bureau: Bureau, link: Link, code: str) -> bool:
    """Whether the code is right and there is nothing to count: no wrong one came before it."""
    return link.wrong_codes == 0 and links.code_is_right(bureau, link, code)


async def resend(bureau: Bureau, token: str, *, typed_name: str, code: str) -> None:
    """A fresh link for an expired one, to the registered address only. At most one an hour of county time.

    It needs the same proof as an answer: a robot that presses the button sends nothing. Raises `Refused`,
    `UnknownLink`; does nothing for a step that is no longer open.
    """
    await prove(bureau, token, typed_name=typed_name, code=code)
    async with bureau.database.transaction() as session:
        link, request, case = await links.find(session, token, lock=True)
        if await links.status_of(session, bureau, link, request) is not links.LinkStatus.EXPIRED:
            return
        await _fresh_letter(session, bureau, link, request, case)


async def _fresh_letter(session: AsyncSession, bureau: Bureau, link: Link, request: Request, case: CaseRow) -> None:
    await outbox.put(
        session,
        bureau,
        key=f"asked/{request.id}/{link.officer}/again/{bureau.clock.now():%Y%m%d%H}",
        kind="asked",
        case=(case.id, case.number),
        to_office=request.office,
        to_officer=link.officer,
        request=request,
        acts=True,
        facts=facts_of(bureau, case, request),
    )
