"""The watchdog: an auditor of its own beside the clock and the post, in the portal's process.

It reads the same records with words of its own and reckons anew what should have happened, so that a fault of the clock
or the post is not repeated in what tells of it. It mends nothing.
"""

from office.watchdog.findings import Check as Check
from office.watchdog.findings import Finding as Finding
from office.watchdog.findings import Health as Health
from office.watchdog.looking import look as look
from office.watchdog.watch import Watch as Watch
