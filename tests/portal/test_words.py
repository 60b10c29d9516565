"""Instants and spans as officers read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from office.portal.words import moment, remaining, span

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_instant_is_shown_in_beijing_time() -> None:
    """Noon in Greenwich is eight in the evening here."""
    assert moment(NOON) == "2026年3月2日（周一）20:00"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=30), "不到1分钟"),
        (timedelta(minutes=59, seconds=59), "59分钟"),
        (timedelta(hours=2), "2小时"),
        (timedelta(hours=3, minutes=20), "3小时20分"),
        (timedelta(days=1), "1天"),
        (timedelta(days=2, hours=5, minutes=59), "2天5小时"),
    ],
)
def test_a_span_is_cut_and_never_rounded_up(length: timedelta, shown: str) -> None:
    """Nobody is told of time that is not there."""
    assert span(length) == shown


def test_what_is_left_and_what_is_exceeded() -> None:
    """The deadline itself is already late."""
    assert remaining(NOON + timedelta(hours=3, minutes=20), NOON) == "还有3小时20分"
    assert remaining(NOON - timedelta(hours=2), NOON) == "已逾期2小时"
    assert remaining(NOON, NOON) == "已逾期不到1分钟"
