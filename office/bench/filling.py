"""Full records for a benchmark: one case that was opened as every case is, copied as often as wanted.

The number of places is what is measured, not their contents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select, text

from office.bureau import Bureau
from office.intake import Filing, file_report
from office.requests import ask
from office.tables import CaseRow, Proceeding
from rules.steps import POLICE_ACCEPT
from rules.vocabulary import ReporterKind, ReportReason

COPIES = (
    """INSERT INTO child (number, opened_at) SELECT 'bench-' || n, c.opened_at
       FROM child c, generate_series(2, :count) n WHERE c.id = (SELECT min(id) FROM child)""",
    """INSERT INTO "case" SELECT x.* FROM "case" c,
           (SELECT id, row_number() OVER (ORDER BY id) place FROM child WHERE number LIKE 'bench-%') k,
           LATERAL jsonb_populate_record(c, jsonb_build_object(
               'id', c.id + k.place, 'number', 'BENCH-2000-' || lpad(k.place::text, 6, '0'), 'child_id', k.id)) x
       WHERE c.id = :case""",
    """INSERT INTO proceeding SELECT x.* FROM proceeding p, "case" k,
           LATERAL jsonb_populate_record(p, jsonb_build_object('id', p.id + k.id - p.case_id, 'case_id', k.id)) x
       WHERE p.id = :proceeding AND k.number LIKE 'BENCH-%'""",
    """INSERT INTO request SELECT x.* FROM request r, proceeding p,
           LATERAL jsonb_populate_record(r, jsonb_build_object(
               'id', r.id + p.id - r.proceeding_id, 'proceeding_id', p.id)) x
       WHERE r.id = :request AND p.id <> r.proceeding_id""",
    """SELECT setval(pg_get_serial_sequence('"case"', 'id'), (SELECT max(id) FROM "case")),
           setval(pg_get_serial_sequence('proceeding', 'id'), (SELECT max(id) FROM proceeding)),
           setval(pg_get_serial_sequence('request', 'id'), (SELECT max(id) FROM request))""",
)
"""`count` cases with a proceeding and a step each, all of them the first one's likeness."""


@dataclass(frozen=True)
class Origin:
    """The rows that are copied, by their ids."""

    case: int
    proceeding: int
    request: int


async def opened(bureau: Bureau) -> Origin:
    """A case as a report opens it, with its first step put to the police."""
    filing = Filing(
        form_key="bench-000001",
        reporter_kind=ReporterKind.CITIZEN,
        reason=ReportReason.UNNATURAL_INJURY,
        danger_now=False,
        township=next(iter(bureau.county.townships)),
        narrative="基准测试",
    )
    receipt = await file_report(bureau, filing)
    async with bureau.database.transaction() as session:
        case = (await session.execute(select(CaseRow).where(CaseRow.number == receipt.case))).scalar_one()
        proceeding = (await session.execute(select(Proceeding).where(Proceeding.case_id == case.id))).scalar_one()
        office = bureau.county.office(POLICE_ACCEPT.office.value)
        request = await ask(session, bureau, case, proceeding.id, POLICE_ACCEPT, office)
        return Origin(case.id, proceeding.id, request.id)


async def fill(
    bureau: Bureau, statements: Iterable[str], given: Mapping[str, object], advance: Callable[[], object]
) -> None:
    """Carry the statements out, each with those of the given values that it names; then let PostgreSQL settle."""
    for statement in statements:
        async with bureau.database.transaction() as session:
            used = {name: value for name, value in given.items() if f":{name}" in statement}
            await session.execute(text(statement), used)
        advance()
    async with bureau.database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
