"""Connections that know their request's deadline, tell whether anything was sent, and stop when asked.

`requests` bounds one socket read, not a request: one byte every few seconds would keep it for ever. Here
every read of headers and body asks the Watch first, so the whole request ends by its deadline (P6). A
connection that ends at a link-local address (the metadata services of clouds) is given up before the first
byte of the request.
"""

from __future__ import annotations

import contextlib
import io
import re
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from txojobs.errors import ForeignOriginError, RunCancelledError
from txojobs.rest.origin import is_link_local

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable, Mapping

    from typing_extensions import Buffer

_LONGEST_LINE = 65_536
_LENGTH = re.compile(r"[0-9]{1,18}")
"""Bytes; Python converts no more than 4,300 digits, and nothing is as long as 19 say."""
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_SLICE_S = 0.2
"""How long a read may block before it looks at the clock and the events again."""


class Peer(NamedTuple):
    """Who is at the other end of a connection: the service, or the proxy before it.

    `tls` and `certificate` (as `ssl.SSLSocket.getpeercert` tells it) are the service's own; empty for plain http.
    """

    address: str
    tls: str = ""
    certificate: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.address} ({self.tls})" if self.tls else self.address


class Watch:
    """What the connections of one session know about the request under way; one thread at a time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._deadline = 0.0
        self._cancels: tuple[threading.Event, ...] = ()
        self.sent = False
        """Whether a byte of the request may have reached the service."""
        self.expired = False
        self.status: int | None = None
        """What was answered, once the status line came."""
        self.connected = False
        """Whether a connection was made for this request."""
        self.peer: Peer | None = None
        self.target = ""
        """What stands in the request line; of the library's own making when empty."""

    def begin(self, *, deadline: float, cancels: tuple[threading.Event, ...]) -> None:
        """Start watching a request."""
        self._deadline = deadline
        self._cancels = cancels
        self.sent = False
        self.expired = False
        self.status = None
        self.connected = False

    def next_wait(self) -> float:
        """Return for how many seconds the next read may block.

        Raises:
            TimeoutError: the deadline has passed.
            RunCancelledError: the run was asked to stop.
        """
        if any(event.is_set() for event in self._cancels):
            raise RunCancelledError("the run was asked to stop")
        return min(self.time_left(), _SLICE_S)

    def time_left(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimeoutError: none.
        """
        left = self._deadline - self._clock()
        if left <= 0:
            self.expired = True
            raise TimeoutError("the deadline of the request has passed")
        return left


class _WatchedReader(io.RawIOBase):
    """The reading side of a socket; blocks in slices."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._file = sock.makefile("rb", buffering=0)  # keeps the socket open until the answer is read
        self._sock = sock
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        while True:
            self._sock.settimeout(self._watch.next_wait())
            with contextlib.suppress(TimeoutError):  # the watch says when it is too late
                return self._sock.recv_into(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _WatchedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_WatchedReader(sock, watch))

    def begin(self) -> None:
        """Read the head of the answer.

        Raises:
            HTTPException: what it declares is no length, or several (RFC 9112, 6.3): its end cannot be told.
        """
        super().begin()
        declared = ",".join(self.headers.get_all("Content-Length", ["0"]))
        lengths = {each.strip() for each in declared.split(",")}
        if len(lengths) > 1 or not _LENGTH.fullmatch(lengths.pop()):
            raise HTTPException("it does not say in a way that can be understood how long it is")

    def _read_status(self) -> tuple[str, int, str]:
        """Return the status line; `begin` passes over all interim answers that look like 100 (RFC 9110, 15.2).

        The library knows 100 alone, and would take 103 for the answer, and the answer for that of the next request.
        """
        version, status, reason = super()._read_status()  # type: ignore[misc]  # the types do not tell of it
        interim = 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS  # noqa: PLR2004
        return version, HTTPStatus.CONTINUE if interim else status, reason

    def _read_next_chunk_size(self) -> int:
        """Return the size of the next chunk (RFC 9112, 7.1); the library takes -1, +5 and 1_0 for numbers, too."""
        line = self.fp.readline(_LONGEST_LINE + 1)
        size = line.partition(b";")[0].strip()
        if len(line) > _LONGEST_LINE or not _CHUNK_SIZE.fullmatch(size):
            self._close_conn()  # type: ignore[attr-defined]
            raise ValueError("a chunk has no size")
        return int(size, 16)


def _peer(sock: Any) -> Peer:
    host, port = sock.getpeername()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not hasattr(sock, "getpeercert"):
        return Peer(address)
    return Peer(address, sock.version() or "", sock.getpeercert() or {})


class _Watched(HTTPConnection):
    watch: Watch

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.response_class = partial(_WatchedResponse, watch=self.watch)  # type: ignore[assignment]  # any callable does

    def connect(self) -> None:
        try:
            super().connect()
        finally:
            self.watch.sent = False  # a tunnel through a proxy says CONNECT, which is not the request
        self.watch.connected = True
        self.watch.peer = _peer(self.sock)
        if not self.proxy and is_link_local(self.sock.getpeername()[0]):
            self.close()
            raise ForeignOriginError(
                f"{self.host} leads to a link-local address; nothing was sent there",
                how_to_fix="name the public address of the service",
            )

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        super().putrequest(method, self.watch.target or url, *args, **options)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self.watch.time_left())  # the last read left its own, short one
        self.watch.sent = True
        super().send(data)


def _watched_pools(
    watch: Watch, plain: type[HTTPConnection], secure: type[HTTPSConnection]
) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pools for each scheme whose connections are watched."""
    connections = [
        type(f"_Watched{kind.__name__}", (_Watched, kind), {"watch": watch}) for kind in (plain, secure)
    ]
    return {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": connections[0]}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": connections[1]}),
    }


class WatchedAdapter(HTTPAdapter):
    """A requests adapter for one session: one connection, never a retry of its own."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._pools = _watched_pools(watch, HTTPConnection, HTTPSConnection)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def request_url(self, request: Any, proxies: Any) -> str:
        """Return what is asked for, and note it for the connection: what lies between writes `%c3` as `%C3`."""
        self._watch.target = super().request_url(request, proxies)
        return self._watch.target

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make connections that are watched."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Make connections through a proxy that are watched, too."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._pools
        if proxy.lower().startswith("socks"):
            from urllib3.contrib import socks  # noqa: PLC0415  # needs PySocks, which few have

            connections = (socks.SOCKSConnection, socks.SOCKSHTTPSConnection)
            manager.pool_classes_by_scheme = _watched_pools(self._watch, *connections)
        return manager
