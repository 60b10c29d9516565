"""Who acts: never a barred person, never nobody while somebody is there, and no loop holds anything up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.county import County, Officer, load_county
from config.settings import EXAMPLE_COUNTY
from office.people import Away, Bar, People, plain_name, who_acts
from rules.vocabulary import Level

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CASE = 7
COUNTY = load_county(EXAMPLE_COUNTY)
POLICE = [one.key for one in COUNTY.office("public_security").officers]
OTHERS = ["qs_hong", "qs_ouyang", "xt_lin", "xt_wen", "ld_qin", "ld_liao"]
EVERYBODY = POLICE + OTHERS


def away(officer: str, stand_in: str, begins: timedelta = -DAY, ends: timedelta = DAY) -> Away:
    """An absence around this moment."""
    return Away(officer, stand_in, NOW + begins, NOW + ends)


def barred(*keys: str) -> list[Bar]:
    """Officers barred from the case."""
    return [Bar(CASE, key) for key in keys]


def acts(county: County, absences: list[Away], bars: list[Bar], office: str = "public_security") -> list[str]:
    """The keys of those who are written to."""
    return [one.key for one in who_acts(county, absences, bars, office, CASE, NOW)]


def changed(county: County, key: str, **values: object) -> County:
    """The same county with one officer written otherwise."""
    offices = {
        name: replace(
            office, officers=tuple(replace(o, **values) if o.key == key else o for o in office.officers)  # type: ignore[arg-type]
        )
        for name, office in county.offices.items()
    }  # fmt: skip
    return replace(county, offices=MappingProxyType(offices))


@pytest.mark.parametrize(
    ("absences", "bars", "expected"),
    [
        ([], [], ["ps_zhou", "ps_xia"]),
        ([away("ps_zhou", "ps_lei")], [], ["ps_xia", "ps_lei"]),
        ([away("ps_zhou", "ps_xia")], [], ["ps_xia"]),
        ([away("ps_zhou", "qs_hong")], [], ["ps_xia", "qs_hong"]),
        ([away("ps_zhou", "ps_xia"), away("ps_xia", "ps_lei")], [], ["ps_lei"]),
        ([away("ps_zhou", "ps_xia"), away("ps_xia", "ps_zhou")], [], ["ps_zhiban"]),
        ([away("ps_zhou", "ps_lei", DAY, 2 * DAY)], [], ["ps_zhou", "ps_xia"]),
        ([away("ps_zhou", "ps_lei", -2 * DAY, timedelta(0))], [], ["ps_zhou", "ps_xia"]),
        ([], barred("ps_zhou"), ["ps_xia"]),
        ([], barred("ps_zhou", "ps_xia"), ["ps_zhiban"]),
        ([], barred("ps_zhou", "ps_xia", "ps_zhiban"), ["ps_lei"]),
        ([], barred(*POLICE), []),
        # Whoever is barred chooses nobody to act for them either.
        ([away("ps_zhou", "qs_hong")], barred("ps_zhou"), ["ps_xia"]),
        ([away("ps_zhou", "ps_lei")], barred("ps_lei"), ["ps_xia"]),
        ([], [Bar(CASE, name="周立言")], ["ps_xia"]),
        ([], [Bar(CASE + 1, "ps_zhou")], ["ps_zhou", "ps_xia"]),
    ],
)  # fmt: skip
def test_who_acts_by_example(absences: list[Away], bars: list[Bar], expected: list[str]) -> None:
    """Contacts, stand-ins, chains, loops, periods, bars by key and by name, and bars of another case."""
    assert acts(COUNTY, absences, bars) == expected


PEOPLE = st.sampled_from(EVERYBODY)
ABSENCES = st.lists(
    st.builds(
        lambda officer, stand_in, begins, length: away(
            officer, stand_in, timedelta(hours=begins), timedelta(hours=begins + length)
        ),
        PEOPLE, PEOPLE, st.integers(-40, 40), st.integers(1, 60),
    ),
    max_size=12,
)  # fmt: skip
BARS = st.lists(PEOPLE, max_size=9).map(lambda keys: barred(*keys))
GONE = st.lists(st.sampled_from(EVERYBODY), max_size=4, unique=True)


@given(ABSENCES, BARS, GONE)
def test_never_a_barred_person_and_never_nobody_while_somebody_exists(
    absences: list[Away], bars: list[Bar], gone: list[str]
) -> None:
    """Over random absences, bars and leavers, for letters, reminders, every level, and the right to act."""
    county = COUNTY
    for key in gone:
        county = changed(county, key, left=NOW.date())
    people = People(county, NOW, tuple(absences), tuple(bars))
    shut_out = {bar.officer for bar in bars} | set(gone)
    for office in ("public_security", "qingshi_township", "coordinator", "leader"):
        found = people.contacts(office)
        keys = [one.key for one in found]
        assert list(who_acts(county, absences, bars, office, CASE, NOW)) == list(found)
        assert not shut_out & set(keys)
        assert len(keys) == len(set(keys))
        left = [one.key for one in county.office(office).officers if one.key not in shut_out]
        assert bool(found) == bool(left)
        # Whoever is written to may act on what is written; links and letters agree.
        assert all(people.may_act(one.key, office) for one in found)
        for owner in (*EVERYBODY, None, "nobody_at_all"):
            holders = people.holders(office, owner)
            assert bool(holders) == bool(left)
            assert not shut_out & {one.key for one in holders}
            assert all(people.may_act(one.key, office) for one in holders)
    for key in EVERYBODY:
        if key in shut_out:
            assert not any(people.may_act(key, office) for office in county.offices)
    for level in Level:
        told = people.at_level(level, "public_security")
        # The joint meeting is never in these lists, so that somebody always is.
        assert told
        assert not shut_out & {one.key for one in told}


def test_who_reported_stands_in_for_nobody_and_decides_only_where_nobody_else_is_there() -> None:
    """A report is reviewed by somebody who did not make it; a village reviews none, and its child director goes on."""
    reporter = frozenset({plain_name("夏安宁")})
    people = People(COUNTY, NOW, (away("ps_zhou", "ps_xia"),), reporters=reporter)
    assert people.stand_in_of("ps_zhou") is None
    assert [one.key for one in people.contacts("public_security")] == ["ps_zhiban"]
    assert [one.key for one in People(COUNTY, NOW, reporters=reporter).contacts("public_security")] == ["ps_zhou"]
    alone = People(COUNTY, NOW, (), tuple(barred("ps_zhou", "ps_zhiban", "ps_lei")), reporter)
    assert [one.key for one in alone.contacts("public_security")] == ["ps_xia"]
    village = People(COUNTY, NOW, reporters=frozenset({plain_name("聂春芽")}))
    assert [one.key for one in village.contacts("liuhe_village")] == ["lh_nie"]


def test_a_leavers_steps_go_to_the_duty_contact_and_where_there_is_none_to_the_contacts() -> None:
    """Never to somebody barred, and to the stand-in of the one on duty who is away."""
    assert [one.key for one in People(COUNTY, NOW).takes_over("public_security")] == ["ps_zhiban"]
    absent = People(COUNTY, NOW, (away("ps_zhiban", "ps_lei"),))
    assert [one.key for one in absent.takes_over("public_security")] == ["ps_lei"]
    shut_out = People(COUNTY, NOW, bars=tuple(barred("ps_zhiban")))
    assert [one.key for one in shut_out.takes_over("public_security")] == ["ps_zhou", "ps_xia"]
    assert [one.key for one in People(COUNTY, NOW).takes_over("education")] == ["jy_yan"]


def test_a_barred_head_is_passed_over_for_the_next_level() -> None:
    """The silence of an office is never told to somebody who has no part in the case."""
    people = People(COUNTY, NOW, bars=tuple(barred("ps_lei")))
    assert [one.key for one in people.at_level(Level.OFFICE_HEAD, "public_security")] == ["xt_wen"]


def test_a_heads_stand_in_who_is_the_silent_officer_is_not_told_of_their_own_silence() -> None:
    """The separation that a stand-in would undo: the next level is told."""
    silent = People(COUNTY, NOW, (away("ps_lei", "ps_zhou"),))
    assert [one.key for one in silent.at_level(Level.OFFICE_HEAD, "public_security")] == ["xt_wen"]
    other = People(COUNTY, NOW, (away("ps_lei", "ps_zhiban"),))
    assert [one.key for one in other.at_level(Level.OFFICE_HEAD, "public_security")] == ["ps_zhiban"]


def test_who_is_away_keeps_the_right_to_act_and_a_stand_in_of_another_office_has_it_for_the_period() -> None:
    """A child must not wait for somebody who does answer."""
    people = People(COUNTY, NOW, (away("ps_zhou", "qs_hong"),))
    assert people.may_act("ps_zhou", "public_security")
    assert people.may_act("qs_hong", "public_security")
    assert people.stands_for("qs_hong", "public_security") == "ps_zhou"
    assert not people.may_act("qs_ouyang", "public_security")
    assert not People(COUNTY, NOW).may_act("qs_hong", "public_security")


def test_a_day_of_leaving_is_the_countys_day() -> None:
    """Left on 3 March: there until midnight of the 2nd in Shanghai, which is 16:00 UTC."""
    county = changed(COUNTY, "ps_zhou", left=date(2026, 3, 3))
    for at, there in (
        (datetime(2026, 3, 2, 15, 59, tzinfo=UTC), True),
        (datetime(2026, 3, 2, 16, 0, tzinfo=UTC), False),
    ):
        assert People(county, at).may_act("ps_zhou", "public_security") is there


def test_a_mailbox_that_a_barred_person_reads_is_barred_with_them() -> None:
    """Letters through a shared mailbox stop for the case as soon as anybody of the office is barred from it."""
    county = changed(COUNTY, "ps_xia", shared=True)
    assert acts(county, [], []) == ["ps_zhou", "ps_xia"]
    assert acts(county, [], barred("ps_lei")) == ["ps_zhou"]
    assert acts(county, [], barred("ps_zhou")) == ["ps_zhiban"]


@pytest.mark.parametrize("written", ["周立言", " 周 立 言 ", "周·立言"])
def test_a_name_is_compared_without_blanks_and_dots(written: str) -> None:
    """As people type it."""
    people = People(COUNTY, NOW, bars=tuple(barred("ps_zhou")))
    assert people.is_barred_name(written)
    assert plain_name(written) == "周立言"
    assert not people.is_barred_name("夏安宁")


def test_officers_of_the_example_county_are_found() -> None:
    """The lists of this file name real keys."""
    assert all(isinstance(COUNTY.officer(key), Officer) for key in EVERYBODY)
