"""Where the machinery is wired together, once for each process."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from config.county import County
from config.settings import Settings
from office.database import Database
from office.timekeeping import Clock


@dataclass(frozen=True)
class Bureau:
    """What every part of the machinery needs: the records, the county's facts, the clock, the key of the links."""

    database: Database
    county: County
    clock: Clock
    settings: Settings
    secret: bytes

    def sign(self, purpose: str, nonce: str) -> bytes:
        """32 bytes that only the holder of the key can make, different for every purpose and nonce."""
        return hmac.new(self.secret, f"{purpose}\0{nonce}".encode(), hashlib.sha256).digest()
