"""Look at the way to a service, from here outwards: proxy, name, connection, TLS, clock; without a credential.

Each part is tried by itself, so that the first one that fails is named, and what lies behind it is not blamed.

Source: RFC 9110 section 6.6.1 (Date), RFC 9111 section 5.1 (Age).
"""

from __future__ import annotations

import contextlib
import socket
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError

from txojobs.checkup import Check, failed, skipped
from txojobs.errors import ApiTimeoutError, TxoBaseError
from txojobs.rest.certificates import certificate_at, days_left, issuer_of
from txojobs.rest.dialling import addresses_of, dial
from txojobs.rest.failures import AttemptError, Cause, transport_failure
from txojobs.rest.origin import OriginGuard, is_link_local
from txojobs.rest.proxies import proxies_for
from txojobs.rest.sessions import trusted_by
from txojobs.rest.timing import Limits
from txojobs.rest.transport import Request, Signature, Transport
from txojobs.rest.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from txojobs.redact import Redactor
    from txojobs.rest.answers import Answer
    from txojobs.rest.origin import Origin
    from txojobs.rest.settings import ApiSettings
    from txojobs.rest.timing import Timing

NAMES = ("proxy", "name", "connection", "tls", "clock")
SOON_DAYS = 21.0
"""A certificate that ends earlier should have been renewed by now."""
DRIFT_S = 30.0
OFF_S = 300.0
"""From here on signed tokens and certificates are taken for old or not yet valid: five minutes is the usual
tolerance (RFC 7519 section 4.1.4 asks for a few)."""


class ConnectionChecks:
    """The way to one api. Iterate once: the lines come as they are found."""

    def __init__(self, settings: ApiSettings, *, timing: Timing, redactor: Redactor) -> None:
        self._settings = settings
        self._timing = timing
        self._redactor = redactor
        self._origin: Origin = OriginGuard(settings.base_url, settings.trusted_origins).base
        self._proxy = ""

    def __iter__(self) -> Iterator[Check]:
        """Yield a line for each part of the way; what lies behind a failed one is skipped."""
        done = 0
        for parts in (self._names_proxy, self._resolves, self._connects, self._answers):
            for check in parts():
                done += 1
                yield check
                if check.state == "failed" and check.name != NAMES[-1]:
                    because = f"{check.name} failed"
                    yield from (skipped(name, because) for name in NAMES[done:])
                    return

    def _names_proxy(self) -> Iterator[Check]:
        try:
            proxies, self._proxy = proxies_for(self._origin)
        except TxoBaseError as err:
            yield failed("proxy", err)
            return
        self._dialled = _place_of(proxies, self._origin) if self._proxy else self._origin[1:]
        yield Check(
            "proxy", "ok", f"through {self._proxy}" if self._proxy else "none: the service is asked directly"
        )

    def _resolves(self) -> Iterator[Check]:
        host, port = self._dialled
        try:
            found = addresses_of(host, port, self._watch())
        except (OSError, LocationParseError) as err:
            yield failed(
                "name", self._failure(err if isinstance(err, OSError) else socket.gaierror(str(err)))
            )
            return
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not self._proxy and any(map(is_link_local, addresses)):
            told = f"{host} is {', '.join(addresses)}, a link-local address: nothing is sent there"
            yield Check("name", "failed", told, "name the public address of the service")
            return
        yield Check("name", "ok", f"{host} is {', '.join(addresses[:4])}")

    def _connects(self) -> Iterator[Check]:
        begun = self._timing.clock()
        try:
            with dial(*self._dialled, self._watch()) as sock:
                host, port = sock.getpeername()[:2]
        except OSError as err:
            yield failed("connection", self._failure(err))
            return
        yield Check(
            "connection", "ok", f"{host} port {port} accepts, after {self._timing.clock() - begun:.3f} s"
        )

    def _watch(self) -> Watch:
        """Return what ends a wait for the name, or for a connection."""
        watch = Watch(self._timing.clock)
        watch.begin(deadline=self._timing.clock() + self._settings.timeouts.connect_s)
        return watch

    def _answers(self) -> Iterator[Check]:
        guard = OriginGuard(self._settings.base_url, self._settings.trusted_origins)
        transport = Transport(self._settings, guard, self._timing, redactor=self._redactor)
        request = Request("GET", self._settings.base_url)
        before = self._timing.wall_clock()
        try:
            answer = transport.send(request, Signature(), Limits())
        except AttemptError as failure:
            yield from self._refused(failure)
        except TxoBaseError as err:
            yield failed("tls", err)
        else:
            yield self._tls(answer)
            yield clock_check(answer.headers, before=before, after=self._timing.wall_clock())
        finally:
            transport.close()

    def _refused(self, failure: AttemptError) -> Iterator[Check]:
        if self._origin.scheme == "http" or failure.cause is Cause.LOST:  # something was sent: TLS was there
            yield Check(
                "tls", "ok", "the connection was made" if self._origin.scheme == "https" else self._plain()
            )
            yield skipped("clock", str(failure.error))
            return
        check = failed("tls", failure.error)
        seen = ""
        if not self._proxy and not isinstance(
            failure.error, ApiTimeoutError
        ):  # it would not speak again either
            seen = certificate_at(self._origin, timeout_s=self._settings.timeouts.connect_s)
        yield check._replace(told=f"{check.told}; {seen}") if seen else check

    def _tls(self, answer: Answer) -> Check:
        if self._origin.scheme == "http":
            return Check("tls", "ok", self._plain())
        peer = answer.peer
        certificate: Mapping[str, object] = peer.certificate if peer else {}
        left = days_left(certificate, now=self._timing.wall_clock())
        told = f"{peer.tls if peer else 'TLS'}, certificate from {issuer_of(certificate)}"
        told += f", valid for {left:.0f} more days" if left is not None else ""
        told += f"; trusted by {trusted_by(self._settings.ca_bundle)}"
        if left is not None and left < SOON_DAYS:
            return Check("tls", "warning", told, "tell the provider of the service to renew its certificate")
        return Check("tls", "ok", told)

    def _plain(self) -> str:
        return "none: plain http" + (
            ", on this machine" if self._origin.is_loopback else "; no credential is sent"
        )

    def _failure(self, err: OSError) -> TxoBaseError:
        """Return what an exception means, in the words of a run."""
        return transport_failure(
            err,
            method="GET",
            url=self._settings.base_url,
            url_key=self._settings.base_url_key,
            sent=False,
            changes_nothing=True,
            timeout_s=self._settings.timeouts.connect_s,
            expired=False,
            proxy=self._proxy,
        ).error


def clock_check(headers: Mapping[str, str], *, before: float, after: float) -> Check:
    """Return how far this machine's clock is from the service's; both moments in seconds since 1970."""
    try:
        date = parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return Check("clock", "ok", "the service does not tell its time")
    with contextlib.suppress(ValueError):
        date += int(headers.get("Age", "0"))  # an answer from a cache has the date at which it was made
    off = max(before - date - 1, 0.0) or min(after - date, 0.0)
    way = "ahead of" if off > 0 else "behind"
    told = f"this machine's clock is {_span(abs(off))} {way} the service's"
    fix = "set this machine's clock, or let it be set over the network: signed tokens and certificates depend on it"
    example = "timedatectl set-ntp true   (Windows: w32tm /resync)"
    if abs(off) >= OFF_S:
        return Check("clock", "failed", told, fix, example)
    if abs(off) >= DRIFT_S:
        return Check("clock", "warning", told, fix, example)
    return Check("clock", "ok", "this machine's clock agrees with the service's")


def _span(seconds: float) -> str:
    for length, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _place_of(proxies: Mapping[str, str], origin: Origin) -> tuple[str, int]:
    from requests.utils import select_proxy  # noqa: PLC0415  # few have a proxy

    parts = urlsplit(select_proxy(f"{origin}/", dict(proxies)) or "")
    return parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme, 1080)
