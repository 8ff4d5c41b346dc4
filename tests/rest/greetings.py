"""What a port of the fault server does to the bare connection, before TLS and HTTP begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    import threading


def never_speak(_: socket.socket, closing: threading.Event) -> None:
    """Take the connection and say nothing."""
    closing.wait(60)


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
