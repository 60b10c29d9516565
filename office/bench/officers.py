"""Officers of the police who answer: through the link in the letter that was caught, with the form its page shows."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import func, select

from office.bench import Unmeasured
from office.demo import Forms
from office.tables import Letter, Request
from rules.steps import POLICE_ACCEPT, TRIAGE
from rules.vocabulary import LetterState


@dataclass(frozen=True)
class Filled:
    """A form as its officer has filled it in."""

    action: str
    fields: dict[str, str]


async def letters(web: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Every letter that asks the police to accept a report."""
    caught = (await web.get("/dev/mail.json")).json()
    return [one for one in caught if POLICE_ACCEPT.label in one["subject"] and one["links"]]


def about(caught: list[dict[str, Any]], number: str) -> Mapping[str, Any]:
    """The letter about that case. Raises `Unmeasured`."""
    for letter in caught:
        if number in letter["subject"]:
            return letter
    raise Unmeasured(f"收信箱里没有案件{number}的信。")


async def fill_in(web: httpx.AsyncClient, letter: Mapping[str, Any]) -> Filled:
    """Open the letter's link and fill in what its page asks. Raises `Unmeasured`."""
    page = await web.get(httpx.URL(letter["links"][0]).path)
    form = Forms(page.text).ending("/done")
    code = re.search(r"验证码：\s*([0-9]{6})", letter["text"])
    if form is None or code is None:
        raise Unmeasured("信里的链接打不开答复表单。")
    own = {
        "typed_name": letter["text"].split("同志", 1)[0].strip(),
        "code": code.group(1),
        "acceptance_number": "受2026-001",
        "own_jurisdiction": "yes",
    }
    return Filled(form.action, form.fields | own)


async def post(web: httpx.AsyncClient, filled: Filled) -> float:
    """Send the form; the machine seconds until it is confirmed. Raises `Unmeasured`, `httpx.HTTPError`."""
    begun = time.monotonic()
    answer = await web.post(filled.action, data=filled.fields)
    if answer.status_code != httpx.codes.OK:
        raise Unmeasured(f"答复没有被接受（{answer.status_code}）。")
    return time.monotonic() - begun


def next_letter_gone(proceeding: int) -> Any:
    """A question: 1 once the letter about the step that follows has been handed to the mail server, else 0."""
    return (
        select(func.least(func.count(), 1))
        .select_from(Letter)
        .join(Request, Request.id == Letter.request_id)
        .where(
            Request.proceeding_id == proceeding,
            Request.step == TRIAGE.key,
            Letter.kind == "asked",
            Letter.state == LetterState.HANDED_OVER.value,
        )
    )
