"""The checks that need no records: the mail server, the end of the calendar, who is there at the levels of the ladder."""

from __future__ import annotations

import asyncio
import time
from datetime import date, datetime

from config.county import County
from config.settings import Settings
from office.mailer import check as check_server
from office.timekeeping import COUNTY_ZONE
from office.watchdog.findings import Check, Finding, Health
from rules.vocabulary import Level

ASK_AGAIN_SECONDS = 600.0
"""Machine seconds between two questions to the mail server: a provider blocks who asks every minute."""
ASK_SECONDS = 20.0
CALENDAR_WARN_DAYS, CALENDAR_BAD_DAYS = 60, 31
"""Days before the end of the last published year. The notice comes in October or November; in December it is late."""
_ABOVE = (Level.COORDINATOR, Level.LEADER, Level.JOINT_MEETING)


class MailServer:
    """Asks the mail server whether it takes our letters, not oftener than every ten minutes."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is asked yet."""
        self._settings = settings
        self._asked = float("-inf")
        self._fault = ""

    async def finding(self) -> Finding:
        """How it stood when it was last asked."""
        if self._settings.catches_letters:
            return Finding(Check.MAIL, Health.OK, "没有设置邮件服务器，信件留在本机。")
        if time.monotonic() - self._asked >= ASK_AGAIN_SECONDS:
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    self._fault = await check_server(self._settings)
            except TimeoutError:
                self._fault = "邮件服务器答复过慢，请检查网络和邮件服务器。"
            self._asked = time.monotonic()
        if self._fault:
            return Finding(Check.MAIL, Health.BAD, "邮件服务器不能用，信件发不出去。", self._fault)
        return Finding(Check.MAIL, Health.OK, "邮件服务器可以使用。")


def calendar(county: County, now: datetime) -> Finding:
    """How far the published arrangements of holidays reach."""
    last = county.calendar.last_published_year
    left = (date(last, 12, 31) - now.astimezone(COUNTY_ZONE).date()).days if last else -1
    figures = {"calendar_days_left": max(0, left)}
    mend = f"请在县文件夹中新建 workdays_{last + 1}.yaml，照国务院办公厅的通知填写，或者更新软件；用 jieli check 核对后重新启动。"
    if left < 0:
        told = "今年的放假安排还没有收录，各项时限都是暂定的。"
        return Finding(Check.CALENDAR, Health.BAD, told, mend, figures=figures)
    if left <= CALENDAR_WARN_DAYS:
        told = f"放假安排只收录到{last}年底，还有{left}天；以后的时限是暂定的。"
        state = Health.BAD if left < CALENDAR_BAD_DAYS else Health.WARN
        return Finding(Check.CALENDAR, state, told, mend, figures=figures)
    return Finding(Check.CALENDAR, Health.OK, f"放假安排收录到{last}年底，还有{left}天。", figures=figures)


def levels(county: County, now: datetime) -> Finding:
    """Whether somebody with an address is there now at each level above the offices, and a head in every office."""
    today = now.astimezone(COUNTY_ZONE).date()

    def there(office: str, *posts: str) -> bool:
        entry = county.offices.get(office)
        officers = entry.officers if entry else ()
        return any(one.serves(today) and one.email and (not posts or one.post in posts) for one in officers)

    above = {level.value for level in _ABOVE}
    empty = [level.label for level in _ABOVE if not there(level.value)]
    headless = sum(1 for key in county.offices if key not in above and not there(key, "head"))
    figures = {"empty_levels": len(empty), "offices_without_head": headless}
    mend = "请在 offices.yaml 中补上在岗人员和邮箱，用 jieli check 核对后重新启动。"
    if empty:
        told = f"{'、'.join(empty)}没有在岗人员，逾期的事项会越过这一级，到顶就无人可以告知。"
        return Finding(Check.LEVELS, Health.BAD, told, mend, figures=figures)
    if headless:
        told = f"有{headless}个单位没有在岗的负责人，逾期的事项直接告知协调员。"
        return Finding(Check.LEVELS, Health.WARN, told, mend, figures=figures)
    return Finding(Check.LEVELS, Health.OK, "各级都有在岗人员。", figures=figures)
