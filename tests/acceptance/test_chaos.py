"""The short form of `make chaos`: a dozen cases, the same mishaps each time, and the same audit."""

from __future__ import annotations

from tests.chaos.campaign import Campaign, run

SHORT = Campaign(
    seed=46,
    cases=12,
    seconds=24.0,
    settle_seconds=75.0,
    machine_every=(5.0, 8.0),
    world_every=(3.0, 6.0),
    machine=[(1, "kill_worker"), (1, "freeze_worker"), (1, "kill_postgres"), (1, "end_connections")],
    world=[(1, "mail_storm"), (1, "jump_hours"), (1, "cancel_run"), (1, "jump_minutes")],
)


def test_nothing_is_missing_nothing_double_nothing_early() -> None:
    """After kills, a frozen worker, a mail server that breaks off and hours that vanish, the auditor finds nothing."""
    outcome = run(SHORT)
    assert [str(finding) for finding in outcome.judgement.findings] == []
    assert outcome.settled, "not all came to rest, so that the audit proves little"
    figures = outcome.judgement.figures
    assert figures["cases"] == SHORT.cases
    assert figures["mails"] > SHORT.cases
    assert figures["rungs"] > 0, "nobody kept silent for long enough, so that nothing climbed"
    assert figures["steps_judged"] == figures["requests"]
    machine = {"kill_worker", "freeze_worker", "kill_postgres", "end_connections"}
    # A slow machine is still busy with one when the next would come.
    assert len(machine & set(outcome.mishaps)) >= 2
