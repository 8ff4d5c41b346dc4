"""Connections that know their request's deadline, tell whether anything was sent, and stop when asked.

`requests` bounds one socket read, not a request: one byte every few seconds would keep it for ever. Here
each wait for a connection, for headers and body, and for somebody who takes what is sent, asks the Watch
first, so the whole request ends by its deadline (P6). A connection that ends at a link-local address (the
metadata services of clouds) is given up before the first byte of the request.
"""

from __future__ import annotations

import io
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from txojobs.errors import ForeignOriginError
from txojobs.rest.dialling import dial
from txojobs.rest.origin import is_link_local
from txojobs.rest.strict_response import StrictResponse
from txojobs.rest.watch import Peer, in_background, in_slices

if TYPE_CHECKING:
    import socket

    from typing_extensions import Buffer

    from txojobs.rest.watch import Watch

_SENT_AT_ONCE = 256 * 1024
"""How many bytes go to the system before the watch is asked again."""


class _WatchedReader(io.RawIOBase):
    """The reading side of a socket; blocks in slices."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._file = sock.makefile("rb", buffering=0)  # keeps the socket open until the answer is read
        self._sock = sock
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        return in_slices(self._sock, self._watch, lambda: self._sock.recv_into(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _WatchedResponse(StrictResponse):
    def __init__(self, sock: socket.socket, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_WatchedReader(sock, watch))


def _place(sock: Any) -> tuple[str, int]:
    """Return address and port at the other end; TLS inside TLS stands on a socket of its own."""
    host, port = getattr(sock, "socket", sock).getpeername()[:2]
    return host, port


def _peer(sock: Any) -> Peer:
    host, port = _place(sock)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if not hasattr(sock, "getpeercert"):
        return Peer(address)
    return Peer(address, sock.version() or "", sock.getpeercert() or {})


class _WatchedTls(ssl.SSLSocket):
    """A secure socket that asks the watch also in the handshake, its own and that of a service inside it."""

    watch: Watch

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # the standard library's own
        try:
            in_slices(self, self.watch, lambda: super(_WatchedTls, self).do_handshake(block))
        except TimeoutError as err:
            raise TimeoutError("the TLS handshake was not done in time") from err
        except BaseException:
            self.close()  # the standard library does so for an OSError only
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        return in_slices(self, self.watch, lambda: super(_WatchedTls, self).recv(buflen, flags))

    def send(self, data: Buffer, flags: int = 0) -> int:
        return in_slices(self, self.watch, lambda: super(_WatchedTls, self).send(data, flags))


class _Watched(HTTPConnection):
    watch: Watch
    tls: type[_WatchedTls]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.response_class = partial(_WatchedResponse, watch=self.watch)  # type: ignore[assignment]  # any callable does

    def connect(self) -> None:
        if isinstance(self, HTTPSConnection):
            self.ssl_context = self._context()
        try:
            with self.watch.within(float(self.timeout or 0)):
                super().connect()
        finally:
            self.watch.sent = False  # a tunnel through a proxy says CONNECT, which is not the request
        self.watch.connected = True
        self.watch.peer = _peer(self.sock)
        if not self.proxy and is_link_local(_place(self.sock)[0]):
            self.close()
            raise ForeignOriginError(
                f"{self.host} leads to a link-local address; nothing was sent there",
                how_to_fix="name the public address of the service",
            )

    def _context(self) -> ssl.SSLContext:
        """Return a new context as urllib3 makes them, which gets its certificates later."""
        context = create_urllib3_context()
        context.sslsocket_class = self.tls
        return context

    def _connect_tls_proxy(self, *args: Any, **options: Any) -> Any:
        """Secure the way to the proxy itself; with a context of ours it must bring its certificates along."""
        context = self._context()
        context.load_verify_locations(self.ca_certs, self.ca_cert_dir)  # type: ignore[attr-defined]  # of HTTPSConnection
        self.proxy_config = self.proxy_config._replace(ssl_context=context)  # type: ignore[union-attr]  # there is a proxy
        return super()._connect_tls_proxy(*args, **options)  # type: ignore[misc]  # of HTTPSConnection

    def _new_conn(self) -> socket.socket:
        try:
            return dial(
                self._dns_host, self.port or self.default_port, self.watch, options=self.socket_options
            )
        except TimeoutError as err:
            raise ConnectTimeoutError(self, f"no connection to {self.host} in time") from err
        except OSError as err:
            raise NewConnectionError(self, f"no connection to {self.host}: {err}") from err

    def putrequest(self, method: str, url: str, *args: Any, **options: Any) -> None:
        super().putrequest(method, self.watch.target or url, *args, **options)

    def send(self, data: Any) -> None:
        """Send bytes; ends by the deadline of the request also when nobody reads them."""
        if self.sock is None:
            self.connect()
        self.watch.time_left()
        self.watch.sent = True
        rest = memoryview(data)
        while rest:
            part = rest[
                :_SENT_AT_ONCE
            ]  # a try that timed out must be repeated with the same bytes (SSL_write(3))
            rest = rest[in_slices(self.sock, self.watch, partial(self.sock.send, part)) :]


class _WatchedSocks(_Watched):
    def _new_conn(self) -> socket.socket:
        """Dial through a SOCKS proxy, which PySocks does in one go."""
        dial_socks = super(_Watched, self)._new_conn
        return in_background(dial_socks, self.watch, discard=lambda sock: sock.close())


def _watched_pools(
    watch: Watch, watched: type[_Watched], plain: type[HTTPConnection], secure: type[HTTPSConnection]
) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pools for each scheme whose connections are watched."""
    own = {"watch": watch, "tls": type("_WatchedTls", (_WatchedTls,), {"watch": watch})}
    connections = [type(f"_Watched{kind.__name__}", (watched, kind), own) for kind in (plain, secure)]
    return {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": connections[0]}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": connections[1]}),
    }


class WatchedAdapter(HTTPAdapter):
    """A requests adapter for one session: one connection, never a retry of its own."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._pools = _watched_pools(watch, _Watched, HTTPConnection, HTTPSConnection)
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
            manager.pool_classes_by_scheme = _watched_pools(self._watch, _WatchedSocks, *connections)
        return manager
