"""A scripted HTTP server on raw sockets: each request takes the next step of a script.

A step is a function that gets the connection and says whether it may be used again; a greeting is one that gets
the bare socket before TLS and HTTP begin. Those below are what services, proxies and networks really do, by name;
faults.py groups them by what a client must make of them.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    from typing_extensions import Self


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Connection:
    sock: socket.socket
    request: Received
    closing: threading.Event
    base: str
    behind: list[Received] = field(default_factory=list)
    """What was asked inside a tunnel."""


Step = Callable[[Connection], bool]
Greeting = Callable[[socket.socket, threading.Event], None]


@dataclass
class FaultServer:
    """Serves `script` step by step; the last step is served again and again."""

    script: list[Step]
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    greeting: Greeting | None = None
    requests: list[Received] = field(default_factory=list)
    behind: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            with self._lock:
                self.connections += 1
                self._open.append(sock)
                self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), sock:
            if self.greeting is not None:
                self.greeting(sock, self._closing)
                return
            secure = self.tls.wrap_socket(sock, server_side=True) if self.tls else sock
            with self._lock:
                self._open.append(secure)
            with secure, secure.makefile("rb") as reader:
                again = True
                while again and (request := read_request(reader)) is not None:
                    with self._lock:
                        self.requests.append(request)
                        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                    again = step(Connection(secure, request, self._closing, self.url, self.behind))


def read_request(reader: Any) -> Received | None:
    first = reader.readline()
    if not first:
        return None
    method, target, _ = first.decode("latin-1").split(" ", 2)
    headers = {}
    while (line := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Received(method, target, headers, reader.read(int(headers.get("content-length", "0"))))


# ---- whole answers


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Step:
    """Answer completely; `content_type="x"` becomes `Content-Type: x`; `{base}` is the server's address."""

    def step(connection: Connection) -> bool:
        sent = {"Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}
        lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Said'}"]
        lines += [f"{name}: {value.replace('{base}', connection.base)}" for name, value in sent.items()]
        connection.sock.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return True

    return step


def says(value: Any, status: int = 200, **headers: str) -> Step:
    """Answer with JSON."""
    return answer(status, json.dumps(value).encode(), **{"content_type": "application/json", **headers})


def page(*records: dict[str, Any], next_link: str | None = None, **more: Any) -> Step:
    """Answer with one page of an entity set; `odata_count=3` becomes `@odata.count`."""
    body: dict[str, Any] = {f"@{name.replace('odata_', 'odata.')}": value for name, value in more.items()}
    body["value"] = list(records)
    if next_link is not None:
        body["@odata.nextLink"] = next_link
    return says(body)


def html_login(status: int = 200) -> Step:
    text = b"<!DOCTYPE html><html><head><title>Sign in to\nyour account</title></head><body>...</body></html>"
    return answer(status, text, content_type="text/html; charset=utf-8")


def redirect(status: int, location: str) -> Step:
    return answer(status, b"", Location=location)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", **headers: str) -> Step:
    def step(connection: Connection) -> bool:
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{more}\r\n"
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        connection.sock.sendall(head.encode() + body + end)
        return end == b"0\r\n\r\n"

    return step


def by_target(steps: dict[str, Step]) -> Step:
    """Answer each target with its own step, anything else with 404."""

    def step(connection: Connection) -> bool:
        return steps.get(connection.request.target, answer(404))(connection)

    return step


def tunnel(inner: Step, *, tls: ssl.SSLContext) -> Step:
    """Be a proxy: agree to CONNECT, then be the secure service behind it; one request each."""

    def step(connection: Connection) -> bool:
        assert connection.request.method == "CONNECT"
        connection.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with tls.wrap_socket(connection.sock, server_side=True) as secure, secure.makefile("rb") as reader:
            request = read_request(reader)
            if request is not None:
                connection.behind.append(request)
                inner(Connection(secure, request, connection.closing, connection.base, connection.behind))
        return False

    return step


def after_interim(*heads: bytes, step: Step, apart: bool = True) -> Step:
    """Send interim answers, in packets of their own, before what `step` answers."""

    def both(connection: Connection) -> bool:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for head in heads:
            connection.sock.sendall(head + b"\r\n")
            if apart:
                connection.closing.wait(0.02)  # most often it has been read by then
        return step(connection)

    return both


def through(port: int) -> Step:
    """Be a proxy: agree to CONNECT, then pass on what either side sends, to and from a port of this machine."""

    def step(connection: Connection) -> bool:
        connection.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as service:
            ends = ((connection.sock, service), (service, connection.sock))
            while not connection.closing.is_set():
                for source, target in ends:
                    source.settimeout(0.02)
                    with contextlib.suppress(TimeoutError):
                        part = source.recv(65536)
                        target.settimeout(5)
                        target.sendall(part)
                        if not part:
                            return False
        return False

    return step


# ---- broken answers


def raw(data: bytes) -> Step:
    """Send these bytes and close."""

    def step(connection: Connection) -> bool:
        connection.sock.sendall(data)
        return False

    return step


def hang_up(connection: Connection) -> bool:
    """Close without a word."""
    return bool(connection is None)


def reset_after(data: bytes = b"") -> Step:
    """Send these bytes, then reset the connection."""

    def step(connection: Connection) -> bool:
        connection.sock.sendall(data)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return step


def silence_after(data: bytes = b"") -> Step:
    """Send these bytes, then nothing until the test is over."""

    def step(connection: Connection) -> bool:
        connection.sock.sendall(data)
        connection.closing.wait(60)
        return False

    return step


def drip(data: bytes) -> Step:
    """Send one byte after the other, for ever."""

    def step(connection: Connection) -> bool:
        connection.sock.sendall(data)
        while not connection.closing.wait(0.01):
            connection.sock.sendall(b" ")
        return False

    return step


def reset_after_answer(connection: Connection) -> bool:
    """Answer well and keep the connection, then reset it: the next request on it is lost."""
    says({"fine": True})(connection)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def endless(connection: Connection) -> bool:
    """Send a chunked body that never ends."""
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not connection.closing.is_set():
        connection.sock.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
    return False


short_length = raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}")
bad_chunk = raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")


def chunk_of_size(size: str) -> Step:
    """Send a chunk that says to be so long, more than any client may keep, and close."""
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n".encode()
    return raw(head + b"{}\r\n0\r\n\r\n")


cut_chunks = chunked(b'{"value": [', end=b"")
empty_200 = answer(200, b"", content_type="application/json")
error_in_200 = says({"error": {"code": "Internal_ServerError", "message": "it broke"}})


def packed(data: bytes, *, keep: int | None = None, declare: bool = False) -> Step:
    """Send gzip data, cut after `keep` bytes, with or without a length, and close."""
    body = gzip.compress(data)[:keep]
    length = f"Content-Length: {len(body)}\r\n" if declare else ""
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nConnection: close\r\n"
    )
    return raw(f"{head}{length}\r\n".encode() + body)


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """Lend a port on which nobody answers, not even with a refusal: its queue is full (listen(2) of Linux)."""
    with socket.socket() as listener, contextlib.ExitStack() as callers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            caller = callers.enter_context(socket.socket())
            caller.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                caller.connect(listener.getsockname())
        yield int(listener.getsockname()[1])
