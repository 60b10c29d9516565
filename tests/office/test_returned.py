"""A letter that comes back is not delivered: its address is marked, the next contact has the letter, people are told."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import select, text
from typer.testing import CliRunner

from config.county import County
from config.settings import Settings
from office import addresses
from office.cli import app
from office.cli.output import out
from office.data_folder import StartFault
from office.directory import directory
from office.ledger import ledger
from office.post import Post
from office.reachable import require_mailbox
from office.returned import turning
from office.returned.reading import read_mail
from office.returned.sources import DropFolder, Mailbox, SourceAway, sources_of
from office.returned.taking_in import digest, take_in
from office.returned.turning import Reader, run_returned
from office.sheets import case_sheet
from office.tables import AddressMark, Event, Letter, ReturnedMail
from office.views import explain_case, show_case
from rules.vocabulary import MailSort
from tests.conftest import FixedClock
from tests.office.letter_desk import Desk, Play, ScriptedMailer, open_desk
from tests.office.small_imap import SmallImap, small_imap
from tests.office.test_returned_reading import ADDRESS, EXPECTED, OURS, raw


async def sent(desk: Desk, officer: str = "ps_zhou", message_id: str = OURS, **more: Any) -> Letter:
    """A letter that has left under the Message-ID of the mails in the folder."""
    await desk.put(officer=officer, **more)
    await Post(desk.bureau, ScriptedMailer()).send_due()
    async with desk.bureau.database.transaction() as session:
        letter = (await session.execute(select(Letter).order_by(Letter.id.desc()).limit(1))).scalar_one()
        letter.message_id = message_id
        return letter


async def arrives(desk: Desk, name: str, content: bytes | None = None, key: str = "") -> MailSort:
    """A mail of the folder is taken in."""
    given = raw(name) if content is None else content
    try:
        mail = read_mail(given)
    except ValueError:
        mail = None
    async with desk.bureau.database.transaction() as session:
        return await take_in(session, desk.bureau, mail, key or digest(given), "folder", None)


async def rows(desk: Desk, statement: Any) -> list[Any]:
    """What the records say."""
    async with desk.bureau.database.transaction() as session:
        return list((await session.execute(statement)).scalars())


async def marks(desk: Desk) -> set[str]:
    """The addresses marked now."""
    async with desk.bureau.database.transaction() as session:
        return set(await addresses.marked(session))


# --- what a mail changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(EXPECTED))
def test_each_mail_changes_what_it_may_and_nothing_else(play: Play, name: str) -> None:
    """State of the letter, mark of the address, sort in the records, as the table says; never an answer, never a mail back."""
    row = EXPECTED[name]

    async def story(desk: Desk) -> None:
        await sent(desk)
        assert (await arrives(desk, name)).value == row["counted"]
        letter, *others = await desk.letters()
        assert letter.state == row["letter"]
        assert await marks(desk) == ({ADDRESS} if row["marked"] else set())
        assert await rows(desk, text("SELECT count(*) FROM answer")) == [0]
        assert await rows(desk, text("SELECT state FROM request")) == ["asked"]
        county = desk.bureau.county
        known = {one.key for office in county.offices.values() for one in office.officers}
        assert {one.to_officer for one in others} <= known

    play(story)


def test_a_letter_that_came_back_goes_to_the_next_contact_and_the_coordinator_is_told_once(play: Play) -> None:
    """Bounced in records and log; a colleague gets it with a link of their own; one note; later mails change nothing."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        for again in ("exchange", "delayed_postfix", "postfix", "qq"):
            await arrives(desk, again)
        first, instead, note = await desk.letters()
        assert (first.state, first.fault, first.notified) == ("bounced", "收件地址不存在或不可用（5.1.1）。", False)
        assert (instead.kind, instead.to_officer, instead.acts) == ("asked", "ps_xia", True)
        assert (note.kind, note.to_office, note.facts["reason_label"]) == (
            "recipient_missing", "coordinator", "信件送出后被退回",
        )  # fmt: skip
        assert note.facts["stand_in"] == "安和县公安局夏安宁"
        assert [row[0] for row in await desk.happenings()] == ["letter_handed_over", "letter_bounced"]
        mailer = ScriptedMailer()
        assert await Post(desk.bureau, mailer).send_due() == 2
        assert sorted(recipient for recipient, _ in mailer.taken) == ["ps.xia@anhe.example", "xt.wen@anhe.example"]

    play(story)


def test_when_the_next_contact_is_lost_too_the_one_after_gets_the_letter(play: Play, county: County) -> None:
    """Nobody who has lost the letter already gets it again, and the chain comes to an end with the coordinator told."""
    officers = county.office("public_security").officers

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        for number in range(len(officers) + 2):
            await Post(desk.bureau, ScriptedMailer()).send_due()
            live = [one for one in await desk.letters() if one.kind == "asked" and one.state == "handed_over"]
            if not live:
                break
            identity = live[0].message_id.strip("<>").encode()
            content = raw("postfix").replace(OURS.strip("<>").encode(), identity)
            content = content.replace(ADDRESS.encode(), (live[0].address or "").encode())
            assert await arrives(desk, "postfix", content, key=f"k{number}") is MailSort.BOUNCED
        asked = [one for one in await desk.letters() if one.kind == "asked"]
        assert sorted(one.to_officer for one in asked) == sorted(one.key for one in officers)
        assert {one.state for one in asked} == {"bounced"}
        last = max((one for one in await desk.letters() if one.kind == "recipient_missing"), key=lambda one: one.id)
        assert last.facts["stand_in"] == ""

    play(story)


def test_a_marked_address_is_skipped_until_it_is_cleared(play: Play) -> None:
    """The next letter goes to a colleague without a second note; cleared, the address is used again and the log says so."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        await Post(desk.bureau, ScriptedMailer()).send_due()
        notes = len([one for one in await desk.letters() if one.kind == "recipient_missing"])
        await desk.put("confirmation", "ps_zhou", key="k/ps_zhou", facts=CONFIRMED)
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert [recipient for recipient, _ in mailer.taken] == ["ps.xia@anhe.example"]
        assert len([one for one in await desk.letters() if one.kind == "recipient_missing"]) == notes
        skipped = next(one for one in await desk.letters() if one.key == "k/ps_zhou")
        assert (skipped.state, skipped.fault) == ("failed", "收件地址此前被退信，尚未恢复使用。")

        with pytest.raises(addresses.NotMarked, match="没有被退信标记"):
            await addresses.clear(desk.bureau, "nobody@anhe.example", "xt_wen")
        (entry,) = await addresses.clear(desk.bureau, " <PS.Zhou@anhe.example> ", "xt_wen")
        assert (entry["state"], entry["cleared_by"], entry["case"]) == ("cleared", "xt_wen", desk.case.number)
        assert "address_cleared" in [row[0] for row in await desk.happenings()]
        await desk.put("confirmation", "ps_zhou", key="k2/ps_zhou", facts=CONFIRMED)
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert [recipient for recipient, _ in mailer.taken] == [ADDRESS]

    play(story)


def test_the_list_of_people_says_which_addresses_letters_come_back_from(play: Play) -> None:
    """Until the address is cleared, and not for a colleague."""

    async def states(desk: Desk) -> dict[str, list[str]]:
        police = next(one for one in await directory(desk.bureau) if one["office"] == "public_security")
        return {row["key"]: row["states"] for row in police["officers"]}

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        found = await states(desk)
        assert "bounced" in found["ps_zhou"]
        assert "bounced" not in found["ps_xia"]
        await addresses.clear(desk.bureau, ADDRESS, "xt_wen")
        assert "bounced" not in (await states(desk))["ps_zhou"]

    play(story)


CONFIRMED = {"kind_label": "签收", "reference": "AH-0001", "answered_at": "2026-03-02T09:00:00+08:00"}


def test_a_new_address_in_the_county_file_is_free_of_the_mark(play: Play, county: County) -> None:
    """A mark is by address and not by person."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        offices = dict(county.offices)
        police = offices["public_security"]
        moved = tuple(
            replace(one, email="ps.zhou.new@anhe.example") if one.key == "ps_zhou" else one for one in police.officers
        )
        offices["public_security"] = replace(police, officers=moved)
        desk.bureau = replace(desk.bureau, county=replace(county, offices=MappingProxyType(offices)))
        await desk.put("confirmation", "ps_zhou", key="k/ps_zhou", facts=CONFIRMED)
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert "ps.zhou.new@anhe.example" in [recipient for recipient, _ in mailer.taken]
        listing = await addresses.listing(desk.bureau)
        assert listing["addresses"][0]["in_use_by"] == []

    play(story)


def test_a_delay_is_noted_once_and_changes_nothing(play: Play) -> None:
    """The mail systems go on trying: the letter stays handed over, nobody is written to."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "delayed_postfix")
        await arrives(desk, "delayed_exim")
        assert len(await desk.letters()) == 1
        assert [row[0] for row in await desk.happenings()] == ["letter_handed_over", "letter_delayed"]

    play(story)


def test_a_report_about_a_letter_that_never_left_changes_nothing(play: Play) -> None:
    """Untried, stale or failed letters cannot have come back."""

    async def story(desk: Desk) -> None:
        await desk.put(officer="ps_zhou")
        for state in ("pending", "stale", "failed"):
            async with desk.bureau.database.transaction() as session:
                letter = (await session.execute(select(Letter))).scalar_one()
                letter.state, letter.message_id, letter.attempts = state, OURS, 0 if state == "pending" else 1
            await arrives(desk, "postfix", key=state)
            assert [one.state for one in await desk.letters()] == [state]
        assert await marks(desk) == set()

    play(story)


def test_a_letter_of_which_it_is_not_known_that_it_left_can_come_back(play: Play) -> None:
    """The connection broke after the letter was given: the report settles it, and it is not sent a second time."""

    async def story(desk: Desk) -> None:
        await desk.put(officer="ps_zhou")
        async with desk.bureau.database.transaction() as session:
            letter = (await session.execute(select(Letter))).scalar_one()
            letter.state, letter.message_id, letter.attempts = "sending", OURS, 1
        assert await arrives(desk, "postfix") is MailSort.BOUNCED
        assert await marks(desk) == {ADDRESS}
        await desk.hurry()
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert ADDRESS not in [recipient for recipient, _ in mailer.taken]

    play(story)


def test_a_lost_note_about_a_letter_makes_no_further_note(play: Play) -> None:
    """Notes about the post do not breed when they come back themselves."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        await Post(desk.bureau, ScriptedMailer()).send_due()
        (note,) = [one for one in await desk.letters() if one.kind == "recipient_missing"]
        before = len(await desk.letters())
        content = raw("postfix").replace(OURS.strip("<>").encode(), note.message_id.strip("<>").encode())
        content = content.replace(ADDRESS.encode(), (note.address or "").encode())
        assert await arrives(desk, "postfix", content) is MailSort.BOUNCED
        added = (await desk.letters())[before:]
        assert [one.kind for one in added] == ["recipient_missing"]
        assert added[0].to_officer != note.to_officer

    play(story)


# --- people who reply ------------------------------------------------------------------------------------------------


def test_replies_are_told_once_a_day_and_case_and_never_quoted(play: Play, clock: FixedClock) -> None:
    """Ten replies make one note that counts none of their words; the next day another; nothing goes to who replied."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        for number in range(10):
            assert await arrives(desk, "reply_in_thread", key=f"k{number}") is MailSort.REPLY
        notes = [one for one in await desk.letters() if one.kind == "mail_received"]
        assert {one.to_office for one in notes} == {"coordinator"}
        assert len(notes) == len(desk.bureau.county.office("coordinator").contacts)
        assert [row[0] for row in await desk.happenings()].count("mail_received") == 1
        clock.move(timedelta(days=1))
        await arrives(desk, "reply_without_references")
        again = [one for one in await desk.letters() if one.kind == "mail_received"]
        assert len(again) == 2 * len(notes)
        assert again[-1].facts["received"] == 11
        mailer = ScriptedMailer()
        await Post(desk.bureau, mailer).send_due()
        assert {recipient for recipient, _ in mailer.taken} == {"xt.wen@anhe.example"}
        written = "".join(str(part) for _, message in mailer.taken for part in message.walk())
        assert "标记词" not in written
        body = mailer.taken[0][1].get_body(("plain",))
        assert body is not None
        assert "邮件回复不作为签收或办结" in body.get_content()
        assert (await show_case(desk.bureau, desk.case.number))["mail_received"] == 11

    play(story)


def test_a_reply_to_a_note_about_mail_makes_no_note(play: Play, clock: FixedClock) -> None:
    """A coordinator's mailbox that answers every mail, and does not say that it is a machine, starts no loop."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "reply_in_thread")
        await Post(desk.bureau, ScriptedMailer()).send_due()
        note = next(one for one in await desk.letters() if one.kind == "mail_received")
        content = raw("reply_in_thread").replace(OURS.strip("<>").encode(), note.message_id.strip("<>").encode())
        before = len(await desk.letters())
        for number in range(5):
            clock.move(timedelta(days=1))
            assert await arrives(desk, "reply_in_thread", content, key=f"k{number}") is MailSort.REPLY
        assert len(await desk.letters()) == before

    play(story)


# --- what people see -------------------------------------------------------------------------------------------------


def test_the_ledger_says_of_each_person_what_became_of_their_letters(play: Play) -> None:
    """Notified only who has a letter that left and did not come back; the case shows it in every view."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        await Post(desk.bureau, ScriptedMailer()).send_due()
        await desk.put("confirmation", "ps_xia", key="later/ps_xia", facts=CONFIRMED)
        view = await ledger(desk.bureau, desk.case.number)
        people = {one["officer"]: one for one in view["people"]}
        zhou, xia = people["ps_zhou"], people["ps_xia"]
        assert (zhou["notified"], zhou["bounced"], zhou["handed_over"]) == (False, 1, 0)
        assert (xia["notified"], xia["planned"], xia["handed_over"], xia["name"]) == (True, 1, 1, "夏安宁")
        assert [one["notified"] for one in xia["letters"]] == [True, False]
        assert view["marked_addresses"][0]["address"] == ADDRESS
        shown = await show_case(desk.bureau, desk.case.number)
        assert [one["notified"] for one in shown["letters"]][:2] == [False, True]
        explained = await explain_case(desk.bureau, desk.case.number)
        assert explained["waiting"][0]["undelivered"][0]["to"] == "ps_zhou"
        async with desk.bureau.database.transaction() as session:
            sheet = await case_sheet(session, desk.bureau, desk.case)
        assert "已通知2封，被退信1封（公安）" in sheet
        assert "@" not in sheet

    play(story)


def test_the_command_line_shows_ledger_and_addresses_and_clears_one(
    play: Play, records_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a coordinator reads and does, in Chinese and as JSON; empty states say so."""
    environment = {
        "JIELI_DATABASE_URL": records_url, "JIELI_SECRET_KEY": "key of the tests", "JIELI_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    # On a narrow terminal the words are parted over lines, and an address is not.
    monkeypatch.setattr(out, "_width", 80)

    def said(*words: str) -> str:
        done = CliRunner().invoke(app, list(words), env=environment)
        assert done.exit_code == 0, done.exception
        return done.output

    assert said("addresses").strip() == "没有被退信的收件地址。"

    async def story(desk: Desk) -> None:
        await sent(desk)
        await arrives(desk, "postfix")
        await arrives(desk, "reply_in_thread")
        await Post(desk.bureau, ScriptedMailer()).send_due()

    play(story)
    text = said("letters", "AH-2026-0001")
    assert "安和县公安局 周立言：未通知" in text
    assert "交办  出警  被退信（收件地址不存在或不可用（5.1.1））" in text
    assert "安和县公安局 夏安宁：已通知" in text
    assert json.loads(said("letters", "AH-2026-0001", "--json"))["people"][0]["bounced"] == 1
    assert ADDRESS in said("addresses")
    monkeypatch.setattr(out, "_width", 200)
    assert "暂停发信" in said("addresses")
    assert f"jieli addresses clear {ADDRESS}" in said("show", "AH-2026-0001")
    assert "信件未送达 ps_zhou：被退信" in said("explain", "AH-2026-0001")
    assert "来信1封" in said("explain", "AH-2026-0001")
    assert "已恢复使用" in said("addresses", "clear", ADDRESS, "--by", "xt_wen")
    assert json.loads(said("addresses", "--json"))["addresses"] == []
    assert "恢复（xt_wen）" in said("addresses", "--all")
    refused = CliRunner().invoke(app, ["addresses", "clear", ADDRESS], env=environment)
    assert "没有被退信标记" in str(refused.exception)


# --- where mail lies -------------------------------------------------------------------------------------------------


def imap_settings(box: SmallImap, installation: Settings, **more: Any) -> Settings:
    """Settings of that mailbox."""
    given = {
        "imap_host": "127.0.0.1", "imap_port": box.port, "imap_tls": "none", "imap_user": "jieli@anhe.example",
        "imap_password": SecretStr("correct"),
    }  # fmt: skip
    return installation.model_copy(update=given | more)


def test_a_mailbox_is_read_once_and_people_find_what_people_wrote(play: Play, installation: Settings) -> None:
    """Machines' mails are marked as read after the records have them; a person's mail stays unread; rubbish is flagged."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        async with small_imap() as box:
            names = ["postfix", "reply_in_thread", "automatic_rfc3834", "no_mail_at_all", "stranger"]
            uids = {name: box.add(raw(name)) for name in names}
            reader = Reader(desk.bureau, Mailbox(imap_settings(box, installation)))
            found = await reader.turn()
            assert {sort.value: count for sort, count in found.items()} == {
                "bounced": 1, "reply": 1, "automatic": 1, "faulty": 1, "foreign": 1,
            }  # fmt: skip
            flags = {name: box.flags[uid] for name, uid in uids.items()}
            assert flags == {
                "postfix": {"\\Seen"}, "reply_in_thread": set(), "automatic_rfc3834": {"\\Seen"},
                "no_mail_at_all": {"\\Flagged"}, "stranger": set(),
            }  # fmt: skip
            box.commands.clear()
            assert not await reader.turn()
            assert "UID FETCH" not in box.commands
            # A person has looked at the new mail before the program did.
            uid = box.add(raw("delayed_postfix"))
            box.flags[uid].add("\\Seen")
            assert (await reader.turn())[MailSort.DELAYED] == 1
            # The mailbox was rebuilt: every mail has another number, and none counts again.
            box.validity += 1
            await reader.turn()
            assert len(await rows(desk, select(ReturnedMail.id))) == 6
            assert len([one for one in await desk.letters() if one.kind == "recipient_missing"]) == 1

    play(story)


def test_one_turn_reads_a_bounded_number_and_the_next_goes_on(
    play: Play, installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of mail does not hold the worker."""
    monkeypatch.setattr(turning, "LIMIT", 4)

    async def story(desk: Desk) -> None:
        async with small_imap() as box:
            for number in range(10):
                box.add(b"Subject: %d\n\nx\n" % number)
            reader = Reader(desk.bureau, Mailbox(imap_settings(box, installation)))
            assert [(await reader.turn()).total() for _ in range(4)] == [4, 4, 2, 0]

    play(story)


class Killed(BaseException):
    """What `kill -9` is to the story."""


@pytest.mark.parametrize("where", ["before the records", "within the transaction", "before it is marked"])
def test_a_kill_at_any_point_loses_nothing_and_doubles_nothing(
    play: Play, installation: Settings, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """After the next turn the letter came back once, the colleague has one letter, and the mail is marked."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        async with small_imap() as box:
            uid = box.add(raw("postfix"))
            chosen = imap_settings(box, installation)

            async def killed(*_: Any, **__: Any) -> Any:
                raise Killed

            with monkeypatch.context() as patch:
                if where == "before it is marked":
                    patch.setattr(Mailbox, "settle", killed)
                elif where == "before the records":
                    patch.setattr(turning, "take_in", killed)
                else:
                    patch.setattr("office.returned.taking_in.redraw", killed)
                with pytest.raises(Killed):
                    await Reader(desk.bureau, Mailbox(chosen)).turn()
            assert box.flags[uid] == set()
            await Reader(desk.bureau, Mailbox(chosen)).turn()
            assert box.flags[uid] == {"\\Seen"}
            assert [one.kind for one in await desk.letters()] == ["asked", "asked", "recipient_missing"]
            assert [row[0] for row in await desk.happenings()].count("letter_bounced") == 1

    play(story)


def test_a_mailbox_that_takes_no_marks_is_read_all_the_same(
    play: Play, installation: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once; what could not be marked is marked when it can be."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        async with small_imap(refuse={"UID STORE"}) as box:
            first, second = box.add(raw("postfix")), box.add(raw("automatic_rfc3834"))
            reader = Reader(desk.bureau, Mailbox(imap_settings(box, installation)))
            assert (await reader.turn()).total() == 2
            await reader.turn()
            assert caplog.text.count("cannot be marked") == 1
            box.refuse.clear()
            await reader.turn()
            assert box.flags == {first: {"\\Seen"}, second: {"\\Seen"}}

    play(story)


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
def test_a_connection_that_breaks_is_said_once_and_tried_again(
    play: Play, installation: Settings, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    """At whatever command it breaks, the next turn reads what is left."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        async with small_imap(drop_at=command) as box:
            uid = box.add(raw("postfix"))
            reader = Reader(desk.bureau, Mailbox(imap_settings(box, installation)))
            for _ in range(3):
                await reader.turn()
            assert len([line for line in caplog.messages if "信箱" in line or "cannot be marked" in line]) == 1
            box.drop_at = ""
            await reader.turn()
            assert box.flags[uid] == {"\\Seen"}
            assert (await desk.letters())[0].state == "bounced"

    play(story)


def test_records_that_are_away_do_not_make_a_report_unreadable(
    play: Play, installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The turn ends, and the mail is read at the next one; a fault of ours sets one mail aside and no other."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        async with small_imap() as box:
            box.add(raw("postfix"))
            reader = Reader(desk.bureau, Mailbox(imap_settings(box, installation)))

            async def away(*_: Any) -> Any:
                raise ConnectionResetError

            with monkeypatch.context() as patch:
                patch.setattr(turning, "take_in", away)
                with pytest.raises(ConnectionResetError):
                    await reader.turn()
            assert await rows(desk, select(ReturnedMail.id)) == []
            assert (await reader.turn())[MailSort.BOUNCED] == 1

            async def faulty(session: Any, bureau: Any, mail: Any, *words: Any) -> Any:
                if mail is not None and mail.sort is MailSort.DELAYED:
                    raise LookupError
                return await take_in(session, bureau, mail, *words)

            bad, good = box.add(raw("delayed_postfix")), box.add(raw("automatic_rfc3834"))
            monkeypatch.setattr(turning, "take_in", faulty)
            found = await reader.turn()
            assert (found[MailSort.FAULTY], found[MailSort.AUTOMATIC]) == (1, 1)
            assert (box.flags[bad], box.flags[good]) == ({"\\Flagged"}, {"\\Seen"})

    play(story)


def test_a_folder_of_dropped_mails_is_emptied_into_two(play: Play, tmp_path: Path) -> None:
    """Read mails go to `done`, rubbish to `faulty`; what is still being written, or is no mail file, stays."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        drop = tmp_path / "drop"
        drop.mkdir()
        for name in ("postfix", "no_mail_at_all"):
            (drop / f"{name}.eml").write_bytes(raw(name))
        (drop / "empty.eml").write_bytes(b"")
        (drop / "again.eml").write_bytes(raw("postfix"))
        (drop / "elsewhere.eml").symlink_to(tmp_path / "secret")
        (drop / "note.txt").write_text("no mail", encoding="utf-8")
        old = 1_700_000_000
        for path in drop.glob("*.eml"):
            os.utime(path, (old, old), follow_symlinks=False)
        (drop / "being_written.eml").write_bytes(raw("exim")[:40])
        reader = Reader(desk.bureau, DropFolder(drop))
        assert (await reader.turn()).total() == 4
        assert sorted(path.name for path in (drop / "done").iterdir()) == ["again.eml", "postfix.eml"]
        assert sorted(path.name for path in (drop / "faulty").iterdir()) == ["empty.eml", "no_mail_at_all.eml"]
        left = {path.name for path in drop.iterdir() if not path.is_dir()}
        assert left == {"elsewhere.eml", "note.txt", "being_written.eml"}
        assert (await desk.letters())[0].state == "bounced"
        assert len(await rows(desk, select(ReturnedMail.id))) == 3
        # The records had it before the crash, and the file still lies there under a name that is taken.
        (drop / "postfix.eml").write_bytes(raw("postfix"))
        os.utime(drop / "postfix.eml", (old, old))
        await reader.turn()
        assert (drop / "done" / "postfix.2.eml").exists()

    play(story)


def test_one_reader_works_at_a_time_and_stops_when_told(
    records_url: str, county: County, clock: FixedClock, installation: Settings
) -> None:
    """Two workers on one mailbox; the second takes over when the first has ended."""

    async def story() -> None:
        async with open_desk(records_url, county, clock, installation) as desk, small_imap() as box:
            bureau = replace(desk.bureau, settings=imap_settings(box, installation))
            stops = asyncio.Event(), asyncio.Event()
            first = asyncio.create_task(run_returned(bureau, stops[0], every=0.05))
            await asyncio.sleep(0.3)
            second = asyncio.create_task(run_returned(bureau, stops[1], every=0.05))
            await asyncio.sleep(0.2)
            uid = box.add(raw("automatic_rfc3834"))
            await asyncio.sleep(0.5)
            assert box.flags[uid] == {"\\Seen"}
            stops[0].set()
            await asyncio.wait_for(first, 5)
            uid = box.add(raw("automatic_exchange"))
            await asyncio.sleep(0.7)
            assert box.flags[uid] == {"\\Seen"}
            stops[1].set()
            await asyncio.wait_for(second, 5)
            idle = asyncio.Event()
            idle.set()
            await run_returned(desk.bureau, idle)

    asyncio.run(story())


# --- nothing of a mail is kept or said ---------------------------------------------------------------------------------


def test_no_address_and_no_word_of_a_mail_reaches_log_case_or_prefect(
    play: Play, installation: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Every mail of the folder is read, with the log wide open; only marks keep an address, and letters of ours."""

    async def story(desk: Desk) -> None:
        await sent(desk)
        async with small_imap() as box:
            for name in EXPECTED:
                box.add(raw(name))
            chosen = imap_settings(box, installation)
            with caplog.at_level(logging.DEBUG, logger="jieli"), caplog.at_level(logging.INFO):
                reader = Reader(desk.bureau, Mailbox(chosen))
                await reader.turn()
                box.drop_at = "UID SEARCH"
                await reader.turn()
        kept = [row for one in (ReturnedMail, Event) for row in await rows(desk, text(f"SELECT t::text FROM {one.__tablename__} t"))]  # noqa: S608  # fmt: skip
        async with desk.bureau.database.transaction() as session:
            sheet = await case_sheet(session, desk.bureau, desk.case)
        said = "\n".join([caplog.text, *kept, sheet])
        assert "returned mail:" in said
        for word in ("@", "标记词", "休假", "周立言", "someone", "User unknown", "correct"):
            assert word not in said, word
        assert len(await rows(desk, select(AddressMark.id))) == 1

    play(story)


# --- settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"imap_host": "mail.anhe.example", "imap_tls": "none", "imap_user": "u", "imap_password": "p"}, "JIELI_IMAP_TLS=none"),
        ({"imap_host": "mail.anhe.example"}, "还须设置 JIELI_IMAP_USER 和 JIELI_IMAP_PASSWORD"),
        ({"imap_host": "mail.anhe.example", "imap_user": "u"}, "还须设置 JIELI_IMAP_USER 和 JIELI_IMAP_PASSWORD"),
        ({"imap_user": "u", "imap_password": "p"}, "却没有 JIELI_IMAP_HOST"),
        ({"imap_folder": "INBOX\r\nA1 DELETE"}, "JIELI_IMAP_FOLDER 里有换行"),
        ({"bounce_folder": "/nowhere/at/all"}, "JIELI_BOUNCE_FOLDER 所指的文件夹"),
    ],
)  # fmt: skip
def test_a_wrong_setting_gets_one_sentence_that_names_it(given: dict[str, Any], sentence: str) -> None:
    """Chinese, with the variable to mend."""
    with pytest.raises(ValidationError, match=sentence) as caught:
        Settings(**given)
    assert len(caught.value.errors()) == 1


def test_a_mailbox_that_cannot_be_opened_is_said_at_the_start(installation: Settings) -> None:
    """Wrong password, wrong folder, nobody there, plain text where TLS is expected: one sentence each, without the account."""

    async def story() -> None:
        async with small_imap() as box:
            good = imap_settings(box, installation)
            await asyncio.to_thread(require_mailbox, good)
            for change, words in (
                ({"imap_password": SecretStr("wrong")}, "不接受登录"),
                ({"imap_port": 1}, "连不上退信信箱"),
                ({"imap_tls": "tls"}, "连不上退信信箱"),
                ({"imap_tls": "starttls"}, "退信信箱"),
            ):
                with pytest.raises(StartFault, match=words) as caught:
                    await asyncio.to_thread(require_mailbox, good.model_copy(update=change))
                assert "@" not in str(caught.value)
            box.refuse.add("SELECT")
            with pytest.raises(StartFault, match="文件夹打不开"):
                await asyncio.to_thread(require_mailbox, good)

    asyncio.run(story())
    assert sources_of(installation) == []
    require_mailbox(installation)


def test_a_server_with_a_certificate_of_its_own_making_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection's context checks name and certificate: the library's own default would not have to."""
    seen: list[ssl.SSLContext] = []

    class Client:
        def __init__(self, *_: Any, ssl_context: ssl.SSLContext, **__: Any) -> None:
            seen.append(ssl_context)
            raise OSError

    monkeypatch.setattr("imapclient.IMAPClient", Client)
    box = Mailbox(Settings(imap_host="mail.anhe.example", imap_user="u", imap_password=SecretStr("p")))
    with pytest.raises(SourceAway):
        asyncio.run(box.open())
    assert seen[0].check_hostname
    assert seen[0].verify_mode is ssl.CERT_REQUIRED
