"""The watchdog's figures as Prometheus reads them. No case, no name, no office: counts and seconds."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from office.watchdog.findings import Finding

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FIGURES = {
    "clock_silence_seconds": "Machine seconds since a clock last turned, as far as this portal has watched",
    "missing_rungs": "Open steps with a rung that should have been reached",
    "unreadable_requests": "Open steps whose terms or office cannot be read",
    "rungs_without_letter": "Rungs of open steps of which nobody was told",
    "missed_days": "Noted days that have come and were not passed on",
    "overdue_requests": "Open steps past a deadline",
    "oldest_overdue_seconds": "County seconds since the oldest such deadline",
    "cases_without_proceeding": "Open cases in which no mechanism is live",
    "live_proceedings": "Mechanisms under way",
    "stuck_proceedings": "Mechanisms that were woken, or begun, and not taken up",
    "letters_resting": "1 while no letter leaves before a person has spoken",
    "letters_waiting": "Letters on their way",
    "letters_oldest_seconds": "Machine seconds for which the oldest of them has waited",
    "letters_late": "Letters that have waited for too long",
    "letters_held": "Letters above a ceiling",
    "letters_uncertain": "Letters of which nobody knows whether they arrived",
    "letters_lost": "Letters about open steps that reached nobody",
    "calendar_days_left": "Days to the end of the published calendar",
    "empty_levels": "Levels of the ladder without anybody",
    "offices_without_head": "Offices without a head who is there",
}
"""Every figure a finding may have; each is the gauge `jieli_` and its name."""


def exposition(findings: Iterable[Finding], age: float | None) -> bytes:
    """The last look in Prometheus' text format; `age` is how many machine seconds ago it was, none: there was none."""
    registry = CollectorRegistry()
    states = Gauge(
        "jieli_check_state", "0 well, 1 to be looked at on a working day, 2 now", ["check"], registry=registry
    )
    if age is not None:
        Gauge("jieli_last_look_age_seconds", "Machine seconds since the last look", registry=registry).set(age)
    for finding in findings:
        states.labels(check=finding.check.value).set(finding.state.weight)
        for name, value in finding.figures.items():
            Gauge(f"jieli_{name}", FIGURES[name], registry=registry).set(value)
    return generate_latest(registry)
