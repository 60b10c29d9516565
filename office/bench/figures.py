"""Figures and the machine they were measured on."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from typing import Any

import psutil


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed: one that was measured, never between.

    Raises ValueError when nothing was measured or the share is none.
    """
    if not values:
        raise ValueError("nothing was measured")
    if not 0 < share <= 1:
        raise ValueError(f"a share lies above 0 and not above 1, not at {share}")
    return sorted(values)[math.ceil(share * len(values)) - 1]


def machine() -> dict[str, Any]:
    """The machine as far as figures depend on it; nothing that names it."""
    return {
        "cpus": os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
