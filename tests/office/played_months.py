"""Two months of a county, played: cases from several reporters and townships, answers in time, late, declined, held, none."""

from __future__ import annotations

from datetime import datetime

from office.holds import hold
from office.timekeeping import COUNTY_ZONE
from rules.holds import HoldReason
from rules.vocabulary import AnswerKind, ReporterKind
from tests.story import Story

MARKS = ("暗号林小雨", "暗号后山井边", "暗号报告人赵", "暗号13800000000", "暗号经办说的话", "暗号经办人")
"""What may stand in no file: the child, the story, the reporter, an officer's own words and name."""
CHILD, PLACE, REPORTER, CONTACT, WORDS, NAME = MARKS
MAY = datetime(2026, 5, 3, 9, tzinfo=COUNTY_ZONE)
"""When the bulletin of April is made."""
REPORTERS = (
    ReporterKind.SCHOOL, ReporterKind.SCHOOL, ReporterKind.MEDICAL, ReporterKind.CITIZEN, ReporterKind.SCHOOL,
    ReporterKind.VILLAGE_COMMITTEE,
)  # fmt: skip


async def report(story: Story, number: int) -> None:
    """A report full of marks, about a child in one township or the other."""
    county = story.bureau.county
    key = list(county.townships)[number % 3 == 2]
    await story.report(
        reporter_kind=REPORTERS[number % len(REPORTERS)], township=key, village=next(iter(county.townships[key].villages)),
        narrative=f"{CHILD}在{PLACE}受伤", child_description=CHILD, place_detail=PLACE, reporter_name=REPORTER,
        reporter_contact=CONTACT,
    )  # fmt: skip


async def play(story: Story) -> None:
    """March and April 2026, then some days of May."""
    for month in (3, 4):
        for number in range(6):
            await story.move_to(datetime(2026, month, 3 + 2 * number, 9, 30, tzinfo=COUNTY_ZONE))
            await story.run()
            await report(story, number)
            await _answered(story, number)
    await story.move_to(datetime(2026, 4, 28, 10, tzinfo=COUNTY_ZONE))
    await story.run()
    late = await story.request("feedback_reporter") if "feedback_reporter" in await story.waiting() else None
    if late is not None:
        await story.answer("feedback_reporter")
    await story.deliver()
    await story.move_to(MAY)


async def _answered(story: Story, number: int) -> None:
    match number % 3:
        case 0:
            await story.say(AnswerKind.RECEIVED, "police_accept")
            await story.answer("police_accept", said_by="ps_zhou", own_jurisdiction=True)
            await story.answer("triage", outcome="unfounded")
            if number:
                await story.answer("feedback_reporter")
            if number and "file_with_supervisor" in await story.waiting():
                await story.answer("file_with_supervisor")
        case 1:
            await story.fast_forward(days=1, hours=20)
            await story.answer("police_accept", own_jurisdiction=True)
            await story.answer("triage", outcome="not_police")
            if "open_case_file" in await story.waiting():
                await story.answer("open_case_file", file_number=WORDS)
            if "investigate" in await story.waiting():
                await story.say(AnswerKind.RECEIVED, "investigate")
                until = story.clock.now().replace(hour=0, minute=0)
                await hold(
                    story.bureau, case=story.case, step_key="investigate", until=until.replace(month=until.month + 1),
                    reason=HoldReason.OTHER_COUNTY, by="xt_wen",
                )  # fmt: skip
        case _:
            await story.say(AnswerKind.DECLINED, "police_accept", words=WORDS, instead="procuratorate")
            if number == 5:
                await story.answer("reroute", office="procuratorate")
