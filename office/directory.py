"""The county's people as they stand: who is there, away, unconfirmed, left, or not reached."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from office import addresses
from office.absences import absences_to_come
from office.bureau import Bureau
from office.roster import people_in
from office.tables import Contact
from office.timekeeping import iso
from rules.vocabulary import ContactState, Labelled

POSTS = {"officer": "经办人", "head": "负责人", "duty": "值班"}


class Standing(Labelled):
    """How an officer stands; an officer can be in several."""

    LEFT = "left", "已离岗"
    AWAY = "absent", "离岗代理中"
    NO_ADDRESS = "no_address", "没有邮箱"
    BOUNCED = "bounced", "退信"
    UNCONFIRMED = "unconfirmed", "邮箱未确认"
    CONFIRMED = "confirmed", "邮箱已确认"
    UNSEEN = "not_asked", "尚未请其确认"


async def directory(bureau: Bureau) -> list[dict[str, Any]]:
    """Every office with its people, by the county's file; whoever is gone from it and was a contact stands at the end."""
    async with bureau.database.transaction() as session:
        people = await people_in(session, bureau, None)
        absences = await absences_to_come(session, bureau)
        contacts = (await session.execute(select(Contact).order_by(Contact.id))).scalars().all()
        marked = await addresses.marked(session)
    state_of = {(row.officer, row.address): row for row in contacts}

    def standing(officer: Any) -> list[Standing]:
        if not people.serves(officer):
            return [Standing.LEFT]
        found = [Standing.AWAY] if people.is_away(officer.key) else []
        if not officer.email:
            return [*found, Standing.NO_ADDRESS]
        row = state_of.get((officer.key, officer.email))
        found.append(
            Standing.UNSEEN if row is None
            else Standing.CONFIRMED if row.state == ContactState.CONFIRMED.value else Standing.UNCONFIRMED
        )  # fmt: skip
        return [*found, Standing.BOUNCED] if addresses.written(officer.email) in marked else found

    def absences_of(key: str) -> list[dict[str, str | None]]:
        return [
            {"from": iso(row.begins_at), "to": iso(row.ends_at), "stand_in": row.stand_in, "set_by": row.set_by}
            for row in absences
            if row.officer == key
        ]

    listed = [
        {
            "office": office.key,
            "name": office.name,
            "officers": [
                {
                    "key": one.key,
                    "name": one.name,
                    "post": one.post,
                    "shared": one.shared,
                    "email": one.email,
                    "phone": one.phone,
                    "states": [state.value for state in standing(one)],
                    "absences": absences_of(one.key),
                }
                for one in office.officers
            ],
            "acting": [one.key for one in people.contacts(office.key)],
        }
        for office in bureau.county.offices.values()
    ]
    gone = {row.officer: row.name for row in contacts if bureau.county.officer(row.officer) is None}
    if gone:
        listed.append(
            {
                "office": "",
                "name": "已不在名册上",
                "officers": [
                    {
                        "key": key, "name": name, "post": "", "shared": False, "email": "", "phone": "",
                        "states": [Standing.LEFT.value], "absences": [],
                    }
                    for key, name in sorted(gone.items())
                ],
                "acting": [],
            }
        )  # fmt: skip
    return listed
