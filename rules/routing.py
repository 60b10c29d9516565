"""Which office stands above a reporter, and how urgent a report is."""

from __future__ import annotations

from rules.vocabulary import Office, ReporterKind, ReportReason, Urgency

SUPERVISOR_OF: dict[ReporterKind, Office] = {
    ReporterKind.VILLAGE_COMMITTEE: Office.TOWNSHIP,
    ReporterKind.SCHOOL: Office.EDUCATION,
    ReporterKind.CHILDCARE: Office.HEALTH,
    ReporterKind.MEDICAL: Office.HEALTH,
    ReporterKind.WELFARE_RESCUE: Office.CIVIL_AFFAIRS,
    ReporterKind.LODGING: Office.PUBLIC_SECURITY,
}
"""The office in charge of the reporter's trade, told of every report (高检发〔2020〕9号 5).

State organs, venues and other units have no single one; the coordinator sees the report all the same.
"""


def urgency_of(reason: ReportReason, *, danger_now: bool | None) -> Urgency:
    """Unknown danger counts as danger: the strictest class holds while the risk is unclear."""
    if danger_now is None:
        return Urgency.EMERGENCY if reason.needs_police else Urgency.ORDINARY
    return Urgency.EMERGENCY if danger_now else Urgency.ORDINARY
