"""A county's offices and people, and its townships with their villages: `offices.yaml` and `county.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from config.faults import Fault
from config.reading import Entry, allowed_words, read_county_file
from rules.routing import SUPERVISOR_OF
from rules.steps import STEPS
from rules.vocabulary import Office
from rules.workdays import OfficeHours

Post = Literal["officer", "head", "duty"]
POSTS: tuple[Post, ...] = get_args(Post)
POSTS_BY_TURN: tuple[Post, ...] = ("officer", "duty", "head")

LOCAL_KINDS = (Office.TOWNSHIP, Office.VILLAGE_COMMITTEE)
"""Kinds of which a county has many; of every other kind it has one."""

PEOPLE_ABOVE = (Office.COORDINATOR, Office.LEADER, Office.JOINT_MEETING)
"""Those who stand above the offices; their key is their kind, because ladders name them by it."""

_HOURS = re.compile(r"(?P<opens>[0-2][0-9]:[0-5][0-9])\s*-\s*(?P<closes>[0-2][0-9]:[0-5][0-9])")
_ADDRESS = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"[0-9+() -]{3,30}")
_CODE = re.compile(r"[A-Z][A-Z0-9]{1,7}")
_LONGEST_ADDRESS = 254
_LONGEST_SHORT_NAME = 10


@dataclass(frozen=True)
class Officer:
    """One person of an office, or a mailbox that several share. `key` is unique in the county; `office` is the office's key.

    `left` is the first day on which the person is no longer there; through a `shared` mailbox whoever answers gives
    their own name.
    """

    key: str
    name: str
    email: str
    phone: str
    post: Post
    office: str
    left: date | None = None
    shared: bool = False

    def serves(self, on: date) -> bool:
        """Whether the person is there on a day of the county's own calendar."""
        return self.left is None or on < self.left


@dataclass(frozen=True)
class OfficeEntry:
    """One office of this county. `short` is the word in a state's name (待办·公安)."""

    key: str
    kind: Office
    name: str
    short: str
    hours: OfficeHours
    officers: tuple[Officer, ...]

    @property
    def head(self) -> Officer:
        """The person in charge. Raises LookupError where there is none, which no checked county has."""
        heads = [officer for officer in self.officers if officer.post == "head"]
        for officer in sorted(heads, key=lambda one: one.left is not None):
            return officer
        raise LookupError(f"{self.name}没有负责人；请在 offices.yaml 里补一名 post: head")

    @property
    def contacts(self) -> tuple[Officer, ...]:
        """Who is written to: the officers, else those on duty, else the head; nobody where the office is empty.

        Who is leaving counts only where nobody else is there. Who is away or barred is not known here:
        `office.people` decides who acts at a moment in a case.
        """
        for staying in (True, False):
            for post in POSTS_BY_TURN:
                found = tuple(one for one in self.officers if one.post == post and (one.left is None or not staying))
                if found:
                    return found
        return ()


@dataclass(frozen=True)
class Village:
    """One village (or residents' community); `office` is the key of its committee's office."""

    key: str
    name: str
    office: str


@dataclass(frozen=True)
class Township:
    """One township (or street); `office` is the key of its government's office."""

    key: str
    name: str
    office: str
    villages: Mapping[str, Village]


@dataclass(frozen=True)
class Place:
    """What `county.yaml` says."""

    name: str
    code: str
    townships: Mapping[str, Township]


@dataclass(frozen=True)
class Located:
    """An office together with the line it stands on, while the files are checked against each other."""

    office: OfficeEntry
    entry: Entry


def read_offices(folder: Path, also_asked: Iterable[tuple[Office, str]], faults: list[Fault]) -> dict[str, Located]:
    """The offices of `offices.yaml`, by key; entries with a fault of their own are kept where they can be used.

    `also_asked` are the offices that something else than a step needs, each with the name of what needs it.
    """
    root = read_county_file(folder / "offices.yaml", faults)
    if root is None:
        return {}
    listing = root.fields(required=("offices",)).get("offices")
    if listing is None:
        return {}
    found: dict[str, Located] = {}
    lines_of_officers: dict[str, int] = {}
    lines_of_kinds: dict[Office, int] = {}
    for key, entry in listing.named("单位").items():
        office = _read_office(key, entry, lines_of_officers)
        if office is None:
            continue
        found[key] = Located(office, entry)
        if office.kind in PEOPLE_ABOVE and key != office.kind.value:
            entry.fault(f"“{key}”是{office.kind.label}，代号须写作 {office.kind.value}，因为升级梯按这个代号找人")
        if office.kind in LOCAL_KINDS:
            continue
        if office.kind in lines_of_kinds:
            entry.fault(
                f"{office.kind.label}有两个单位（另见第 {lines_of_kinds[office.kind]} 行）；每类县级单位只能有一个"
            )
        lines_of_kinds.setdefault(office.kind, entry.line)
    _check_kinds(set(lines_of_kinds), also_asked, listing)
    return found


def _check_kinds(kinds: set[Office], also_asked: Iterable[tuple[Office, str]], listing: Entry) -> None:
    """Every office that anything names must exist; those of townships and villages are `read_place`'s matter."""
    asked: dict[Office, list[str]] = {}
    for step in STEPS.values():
        asked.setdefault(step.office, []).append(step.label)
    for office in SUPERVISOR_OF.values():
        asked.setdefault(office, []).append("报告备案")
    for office, label in also_asked:
        asked.setdefault(office, []).append(label)
    for kind, labels in asked.items():
        if kind not in kinds and kind not in LOCAL_KINDS:
            others = f"等 {len(labels)} 个事项" if len(labels) > 1 else ""
            listing.fault(f"缺少{kind.label}（kind: {kind.value}）；“{labels[0]}”{others}要交给它办")


def _read_office(key: str, entry: Entry, lines_of_officers: dict[str, int]) -> OfficeEntry | None:
    fields = entry.fields(required=("kind", "name", "short", "hours", "officers"))
    kind = fields["kind"].word(Office) if "kind" in fields else None
    name = fields["name"].text(60) if "name" in fields else None
    short = fields["short"].text(_LONGEST_SHORT_NAME) if "short" in fields else None
    hours = _read_hours(fields["hours"]) if "hours" in fields else None
    officers: tuple[Officer, ...] = ()
    if "officers" in fields:
        officers = _read_officers(key, fields["officers"], lines_of_officers)
    if kind is None:
        return None
    return OfficeEntry(key, kind, name or key, short or key, hours or OfficeHours(), officers)


def _read_hours(entry: Entry) -> OfficeHours | None:
    written = entry.text()
    if written is None:
        return None
    if written == "around_the_clock":
        return OfficeHours(around_the_clock=True)
    form = _HOURS.fullmatch(written)
    try:
        if form:
            return OfficeHours(opens=time.fromisoformat(form["opens"]), closes=time.fromisoformat(form["closes"]))
    except ValueError as error:
        entry.fault(str(error) if "办公时间" in str(error) else f"办公时间“{written}”里没有这个钟点")
        return None
    entry.fault(f"办公时间“{written}”写法不对；应写作 08:30-18:00，全天值守的写 around_the_clock")
    return None


def _read_officers(office: str, listing: Entry, lines: dict[str, int]) -> tuple[Officer, ...]:
    entries = listing.named("人员")
    found: list[Officer] = []
    posts: list[str] = []
    for key, entry in entries.items():
        if key in lines:
            entry.fault(f"人员代号“{key}”与第 {lines[key]} 行重复；代号在全县须唯一")
            continue
        lines[key] = entry.line
        fields = entry.fields(required=("name", "post", "email", "phone"), optional=("left", "shared"))
        name = fields["name"].text(40) if "name" in fields else None
        email = _read_address(fields["email"]) if "email" in fields else None
        phone = _read_phone(fields["phone"]) if "phone" in fields else None
        post = _read_post(fields["post"]) if "post" in fields else None
        left = fields["left"].day() if "left" in fields else None
        shared = bool(fields["shared"].yes_or_no()) if "shared" in fields else False
        if shared and post == "head":
            fields["shared"].fault(f"“{key}”是负责人，不能是共用邮箱；负责人须是一个人，逾期时要通知到他")
        # A post that could not be read is a fault already; a second one for "no head" would mislead. The same holds
        # for a day of leaving.
        posts.append(post or "head" if left is None else "left")
        found.append(Officer(key, name or key, email or "", phone or "", post or "officer", office, left, shared))
    if posts.count("head") == 0:
        listing.fault(f"“{office}”没有负责人；请写一名 post: head，逾期时要通知到他（写了 left 的不算）")
    elif sum(officer.post == "head" and officer.left is None for officer in found) > 1:
        listing.fault(f"“{office}”写了两名负责人（post: head）；请只留一名")
    return tuple(found)


def _read_post(entry: Entry) -> Post | None:
    written = entry.text()
    for post in POSTS:
        if written == post:
            return post
    if written is not None:
        entry.fault(f"职务“{written}”不认识；可写：officer（经办人）、head（负责人）、duty（值班）")
    return None


def _read_address(entry: Entry) -> str | None:
    written = entry.text(_LONGEST_ADDRESS)
    if written is None or _ADDRESS.fullmatch(written):
        return written
    entry.fault(f"电子邮箱“{written}”写法不对；应写作 名字@单位域名，一格只写一个")
    return None


def _read_phone(entry: Entry) -> str | None:
    written = entry.text()
    if written is None or _PHONE.fullmatch(written):
        return written
    entry.fault(f"电话“{written}”写法不对；只用数字、空格、加号、括号和短横线")
    return None


def read_place(folder: Path, offices: Mapping[str, Located], faults: list[Fault]) -> Place | None:
    """What `county.yaml` says, each township and village checked against its office."""
    before = len(faults)
    root = read_county_file(folder / "county.yaml", faults)
    if root is None:
        return None
    fields = root.fields(required=("name", "code", "townships"))
    name = fields["name"].text(30) if "name" in fields else None
    code = fields["code"].text() if "code" in fields else None
    if code is not None and not _CODE.fullmatch(code):
        fields["code"].fault(f"县的代码“{code}”写法不对；应为二至八个大写字母或数字，以字母开头，用作卷号的开头")
    townships: dict[str, Township] = {}
    owners: dict[str, int] = {}
    if "townships" in fields:
        for key, entry in fields["townships"].named("乡镇").items():
            townships[key] = _read_township(key, entry, offices, owners)
    for key, located in offices.items():
        # While a place has a fault of its own, that its office seems unused says nothing.
        if len(faults) == before and located.office.kind in LOCAL_KINDS and key not in owners:
            located.entry.fault(f"没有哪个乡镇或村用到“{key}”；请在 county.yaml 里写上它管的地方，或者删去")
    return Place(name or "", code or "", MappingProxyType(townships))


def _read_township(key: str, entry: Entry, offices: Mapping[str, Located], owners: dict[str, int]) -> Township:
    fields = entry.fields(required=("name", "office", "villages"))
    name = fields["name"].text(30) if "name" in fields else None
    office = _read_owner(fields["office"], Office.TOWNSHIP, offices, owners) if "office" in fields else None
    villages: dict[str, Village] = {}
    if "villages" in fields:
        for village_key, village in fields["villages"].named("村").items():
            inner = village.fields(required=("name", "office"))
            village_name = inner["name"].text(30) if "name" in inner else None
            committee = (
                _read_owner(inner["office"], Office.VILLAGE_COMMITTEE, offices, owners) if "office" in inner else None
            )
            villages[village_key] = Village(village_key, village_name or village_key, committee or "")
    return Township(key, name or key, office or "", MappingProxyType(villages))


def _read_owner(entry: Entry, kind: Office, offices: Mapping[str, Located], owners: dict[str, int]) -> str | None:
    written = entry.text()
    if written is None or not offices:
        return written
    if written not in offices:
        candidates = [key for key, located in offices.items() if located.office.kind is kind]
        entry.fault(f"offices.yaml 里没有单位“{written}”；{allowed_words(written, candidates)}")
    elif offices[written].office.kind is not kind:
        entry.fault(f"单位“{written}”是{offices[written].office.kind.label}，这里应写一个{kind.label}")
    elif written in owners:
        entry.fault(f"单位“{written}”已在第 {owners[written]} 行用过；每个乡镇、每个村各写自己的单位")
    owners.setdefault(written, entry.line)
    return written
