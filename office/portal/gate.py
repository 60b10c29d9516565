"""Who may send a form, and how often. Looking is never limited here; a report is limited last of all.

There is no session and no cookie, so nothing acts for somebody merely because their browser is here: what acts is an
unguessable link with the code printed beside it. A form that another site's page sends to a link is refused all the
same, by what the browser itself says of it.

Counts are kept in this process alone: no address is written down, and several portal processes let through as many
times the limit. The one count that guards a code, of wrong ones for each link, stands in the records.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import ceil
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from config.settings import Settings
from office.portal.pages import bureau_of

WRONG_CODES_BEFORE_PAUSE = 5
FIRST_PAUSE = 10.0
LONGEST_PAUSE = 60.0
"""Machine seconds. A pause is of one link and one address, so that a robot never stops the officer who has the code."""

MOST_REMEMBERED = 50_000
"""Counts kept at a time; the one not touched for longest is forgotten first."""

MINUTE = 60.0


class Limits:
    """How often is too often, for this process."""

    def __init__(self, settings: Settings, tick: Callable[[], float] = time.monotonic) -> None:
        """`tick` gives machine seconds."""
        self._tick = tick
        self._proxies = settings.proxies
        self._watching = settings.watching
        self._posts = settings.posts_per_minute
        self._to_a_link = settings.link_posts_per_minute
        self._reports = settings.reports_per_minute
        self._left: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def address_of(self, request: Request) -> str:
        """Who asks: the peer, or whom our own proxy names. A network of IPv6 (/64) counts as one."""
        peer = self._asker(request)
        address = _parsed(peer)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
            return str(ip_network((address, 64), strict=False))
        return peer

    def may_watch(self, request: Request) -> bool:
        """Whether the figures are for whoever asks: this machine, and the networks of the settings.

        Whom a proxy that we do not know speaks for is nobody we know either.
        """
        peer = request.client.host if request.client else ""
        if "x-forwarded-for" in request.headers and not self._is_proxy(peer):
            return False
        address = _parsed(self._asker(request))
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return address is not None and (address.is_loopback or any(address in one for one in self._watching))

    def _asker(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        claimed = [part.strip() for part in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
        while claimed and self._is_proxy(peer):
            peer = claimed.pop()
        return peer

    def _is_proxy(self, peer: str) -> bool:
        address = _parsed(peer)
        return address is not None and any(address in network for network in self._proxies)

    def post(self, request: Request) -> int:
        """Count a form; the seconds to wait, 0 when it may pass."""
        return self._take(("post", self.address_of(request)), self._posts)

    def post_to(self, request: Request, token: str) -> int:
        """The same, for the forms of one link."""
        return self._take(("link", self.address_of(request), token), self._to_a_link)

    def report(self, request: Request) -> int:
        """The same, for reports."""
        return self._take(("report", self.address_of(request)), self._reports)

    def _take(self, key: tuple[str, ...], in_a_minute: int) -> int:
        now = self._tick()
        left, at = self._left.get(key, (float(in_a_minute), now))
        left = min(float(in_a_minute), left + (now - at) * in_a_minute / MINUTE)
        passes = left >= 1
        self._left[key] = (left - 1 if passes else left, now)
        self._left.move_to_end(key)
        if len(self._left) > MOST_REMEMBERED:
            self._left.popitem(last=False)
        return 0 if passes else ceil((1 - left) * MINUTE / in_a_minute)

    def pause(self, request: Request, token: str) -> int:
        """Seconds for which this address must not try a code of this link; 0 for none."""
        _, until = self._wrong.get((token, self.address_of(request)), (0, 0.0))
        return max(0, ceil(until - self._tick()))

    def wrong_code(self, request: Request, token: str) -> None:
        """A wrong code: from the fifth on each makes a pause, twice as long each time up to the longest."""
        key = (token, self.address_of(request))
        count = self._wrong.get(key, (0, 0.0))[0] + 1
        more = count - WRONG_CODES_BEFORE_PAUSE
        pause = 0.0 if more < 0 else min(FIRST_PAUSE * 2 ** min(more, 10), LONGEST_PAUSE)
        self._wrong[key] = (count, self._tick() + pause)
        self._wrong.move_to_end(key)
        if len(self._wrong) > MOST_REMEMBERED:
            self._wrong.popitem(last=False)

    def right_code(self, request: Request, token: str) -> None:
        """The right code: this address begins anew."""
        self._wrong.pop((token, self.address_of(request)), None)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def limits_of(request: Request) -> Limits:
    """The limits of this portal."""
    limits: Limits = request.app.state.limits
    return limits


async def admit(request: Request) -> None:
    """Before anything that acts on a case. Raises HTTPException 403 and 429; looking always passes."""
    if request.method in ("GET", "HEAD"):
        return
    if sent_from_elsewhere(request):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    wait = limits_of(request).post(request)
    if wait:
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(wait)})


def sent_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site's page sends this form.

    A browser too old to say so is believed. `Origin: null` is what our own pages send, because they name no referrer.
    """
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        return said not in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    if origin == "null":
        return False
    ours = {urlsplit(bureau_of(request).settings.portal_url).netloc, request.headers.get("host", "")}
    return urlsplit(origin).netloc not in ours
