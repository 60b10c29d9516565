"""Every advisory lock of PostgreSQL that is taken by a number of its own. Two that share a number wait for each other."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """What only one may do at a time. The numbers stay: an older release may run beside a newer one."""

    CLOCK = 46_2017
    """One clock turns."""
    MIGRATION = 46_2018
    """Of two starts, one brings the tables up to date."""
    RETURNED_MAIL = 46_2019
    """One reader reads returned mail, as long as it lives."""
    STAFFING = 46_2020
    """One passes open steps on."""
    ABSENCES = 46_2021
    """Absences are set one after another, so that two cannot make a loop together."""
    CALENDAR = 46_2022
    """Of workers that start together, one reckons open deadlines anew."""
    UNRESOLVED = 46_2023
    """One list is given to the joint meeting."""
    SEALING = 46_2024
    """One seals the log."""
    CLAIMING = 0x6A696C70
    """One post at a time gathers letters that may go in one mail."""
