"""What a port of the fault server does to the bare connection, before TLS and HTTP begin."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.rest import fault_server as fault

if TYPE_CHECKING:
    import ssl
    import threading

    from tests.rest.fault_server import Step

_NAME = 3
"""SOCKS: the address is a name."""


def never_speak(_: socket.socket, closing: threading.Event) -> None:
    """Take the connection and say nothing."""
    closing.wait(60)


def secure_and_deaf(tls: ssl.SSLContext) -> fault.Greeting:
    """Make a secure connection, then read nothing of what comes."""

    def greet(sock: socket.socket, closing: threading.Event) -> None:
        with tls.wrap_socket(sock, server_side=True):
            closing.wait(60)

    return greet


def drip_handshake(sock: socket.socket, closing: threading.Event) -> None:
    """Begin the TLS handshake, one byte after the other, for ever."""
    sock.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
    while not closing.wait(0.01):
        sock.sendall(b"\x00")


def speak_plainly(sock: socket.socket, _: threading.Event) -> None:
    """Answer a TLS handshake with HTTP."""
    sock.recv(1)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def break_handshake(sock: socket.socket, _: threading.Event) -> None:
    """Close in the middle of the TLS handshake."""
    sock.recv(1)


@dataclass
class SocksProxy:
    """Be a SOCKS proxy, and the service behind it as well: `inner` answers one request (RFC 1928, RFC 1929).

    `reply` other than 0 refuses to connect.
    """

    inner: Step = fault.hang_up
    tls: ssl.SSLContext | None = None
    reply: int = 0
    asked_for: list[tuple[str, int]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    requests: list[fault.Received] = field(default_factory=list)

    def __call__(self, sock: socket.socket, closing: threading.Event) -> None:
        """Do what the client asks for."""
        with sock.makefile("rb") as reader:
            _, methods = reader.read(2)
            wants_login = b"\x02" in reader.read(methods)
            sock.sendall(b"\x05\x02" if wants_login else b"\x05\x00")
            if wants_login:
                reader.read(1)
                user, password = (reader.read(reader.read(1)[0]).decode() for _ in range(2))
                self.logins.append(f"{user}:{password}")
                sock.sendall(b"\x01\x00")
            kind = reader.read(4)[3]
            host = (
                reader.read(reader.read(1)[0]).decode() if kind == _NAME else socket.inet_ntoa(reader.read(4))
            )
            self.asked_for.append((host, int.from_bytes(reader.read(2), "big")))
            sock.sendall(bytes([5, self.reply, 0, 1, 127, 0, 0, 1, 0, 80]))
        if not self.reply:
            self._serve(self.tls.wrap_socket(sock, server_side=True) if self.tls else sock, closing)

    def _serve(self, sock: socket.socket, closing: threading.Event) -> None:
        with sock, sock.makefile("rb") as reader:
            request = fault.read_request(reader)
            if request is not None:
                self.requests.append(request)
                self.inner(fault.Connection(sock, request, closing, ""))
