"""A pool of sessions (a connection and its cookies): each for one origin, lent to one thread at a time.

Guarantees: at most 50 sessions are kept, the least recently used idle one goes first, one in use is never
closed, and a process that was forked (multiprocessing) dials its own connections. Lending keeps cookies and
connection together (a CSRF token is bound to both) without a session for each thread that ever lived.
`requests.Session` is not used: it would read `~/.netrc`, which replaces a bearer token, and the whole body behind a
redirect. The environment's proxies and certificates are read once.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from requests.cookies import RequestsCookieJar

from txojobs.errors import ConfigurationError
from txojobs.rest.proxies import proxies_for
from txojobs.rest.sockets import WatchedAdapter
from txojobs.rest.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from txojobs.rest.origin import Origin

MAX_SESSIONS = 50
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_OPENSSL_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""OpenSSL passes over one that names nothing, and so does everybody who reads them."""
_IDLE_S = 5.0
"""A server may close a connection that idles; a change must not be lost to that."""


class Channel:
    """One connection with its cookies, its watch and what the environment says about its origin."""

    def __init__(self, origin: Origin, *, ca_bundle: str | None, clock: Callable[[], float]) -> None:
        self.origin = origin
        self.cookies = RequestsCookieJar()
        self.csrf_token = ""
        self.watch = Watch(clock)
        self.adapter = WatchedAdapter(self.watch)
        self.proxies, self.proxy = proxies_for(origin)
        self.verify: str | bool = _trusted(ca_bundle)[1] or True
        self._clock = clock
        self._used_at = clock()

    def freshen(self) -> None:
        """Drop a connection that has idled: the server may be about to close it."""
        if self._clock() - self._used_at > _IDLE_S:
            self.drop()

    def drop(self) -> None:
        """Close the connections; the next request dials anew."""
        self.adapter.close()

    def rest(self) -> None:
        """Note that the channel is idle from now on."""
        self._used_at = self._clock()

    def close(self) -> None:
        """Close the connection."""
        self.adapter.close()


def trusted_by(ca_bundle: str | None) -> str:
    """Return in words whose certificates are trusted; raises as a Channel does."""
    name, path = _trusted(ca_bundle)
    return f"{path}, named by {name}" if path else "the public authorities"


def _trusted(ca_bundle: str | None) -> tuple[str, str | None]:
    """Return what names certificates to trust, and their file or folder; None for the ones that requests brings."""
    named = [("`ca-bundle`", ca_bundle)]
    named += [(variable, os.environ.get(variable)) for variable in _BUNDLE_VARIABLES]
    for name, path in named:
        if path and not Path(path).exists():
            raise ConfigurationError(
                f"the file of trusted certificates {path!r} named by {name} does not exist",
                how_to_fix=f"correct the path in {name}; a relative one starts at the current folder",
            )
        if path:
            return name, path
    for name in _OPENSSL_VARIABLES:
        path = os.environ.get(name)
        if path and Path(path).exists():
            return name, path
    return "", None


class SessionPool:
    """The sessions of one client; safe to share between threads."""

    def __init__(self, *, ca_bundle: str | None, clock: Callable[[], float]) -> None:
        self._ca_bundle = ca_bundle
        self._clock = clock
        self._lock = threading.Lock()
        self._idle: list[Channel] = []  # the least recently used first
        self._busy = 0
        self._closed = False
        self._process = os.getpid()

    @contextlib.contextmanager
    def lend(self, origin: Origin) -> Iterator[Channel]:
        """Lend a channel to `origin` for one request."""
        channel = self._take(origin)
        try:
            yield channel
        finally:
            self._give_back(channel)

    def _take(self, origin: Origin) -> Channel:
        with self._lock:
            if self._process != os.getpid():
                self._leave_to_the_parent()
            self._busy += 1
            for index in range(len(self._idle) - 1, -1, -1):
                if self._idle[index].origin == origin:
                    return self._idle.pop(index)
            spare = self._idle.pop(0) if self._idle and len(self) > MAX_SESSIONS else None
        if spare is not None:
            spare.close()
        try:
            return Channel(origin, ca_bundle=self._ca_bundle, clock=self._clock)
        except BaseException:
            with self._lock:
                self._busy -= 1
            raise

    def _leave_to_the_parent(self) -> None:
        """Let go of connections from before a fork: both processes would read each other's answers from them."""
        self._process, self._busy = os.getpid(), 0
        while self._idle:
            self._idle.pop().close()  # of this process's copy only: the parent's stays open

    def _give_back(self, channel: Channel) -> None:
        channel.rest()
        with self._lock:
            self._busy -= 1
            keep = not self._closed and len(self) < MAX_SESSIONS
            if keep:
                self._idle.append(channel)
        if not keep:
            channel.close()

    def __len__(self) -> int:
        """How many sessions are open, idle or lent."""
        return len(self._idle) + self._busy

    def close(self) -> None:
        """Close what is idle now and what is lent as it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for channel in idle:
            channel.close()
