"""Reach a host by one of its addresses, in the time that a request has for it.

The time is shared: an address that never answers leaves the next one its part, and a name that is not found in
time ends the attempt, although the system's resolver goes on.

Source: RFC 1122 section 2.3 (an application tries the addresses of a host in turn), RFC 6724 section 6 (their
order, which the system's resolver keeps); a connection is begun without blocking as asyncio's `sock_connect` does.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import selectors
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import LocationParseError
from urllib3.util.connection import allowed_gai_family

from txojobs.rest.watch import SLICE_S, in_background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from txojobs.rest.watch import Watch


def dial(
    host: str, port: int, watch: Watch, *, options: Sequence[tuple[Any, ...]] | None = None
) -> socket.socket:
    """Return a connected socket.

    Raises:
        TimeoutError, RunCancelledError: see Watch.
        OSError: the name is not known, or the last of its addresses cannot be reached.
    """
    *addresses, last = addresses_of(host.strip("[]"), port, watch)
    for tried, address in enumerate(addresses):
        share_s = watch.time_left() / (len(addresses) - tried + 1)
        with contextlib.suppress(OSError), watch.within(share_s):
            return _connected(address, watch, options or ())
    return _connected(last, watch, options or ())


def addresses_of(host: str, port: int, watch: Watch) -> list[Any]:
    """Return what `socket.getaddrinfo` tells; a name is looked up in a thread that can be given up."""
    look_up = partial(socket.getaddrinfo, host, port, allowed_gai_family(), socket.SOCK_STREAM)
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.partition("%")[0])
        return look_up()
    try:
        host.encode("idna")
    except UnicodeError:
        raise LocationParseError(f"{host!r} has a part that is empty or too long") from None
    return in_background(look_up, watch)


def _connected(address: tuple[Any, ...], watch: Watch, options: Sequence[tuple[Any, ...]]) -> socket.socket:
    family, kind, protocol, _, place = address
    sock = socket.socket(family, kind, protocol)
    try:
        for option in options:
            sock.setsockopt(*option)
        sock.settimeout(0)
        try:
            sock.connect(place)
        except (BlockingIOError, InterruptedError):
            _wait_until_connected(sock, watch)
        sock.settimeout(SLICE_S)  # TLS begins only on a socket that blocks
    except BaseException:
        sock.close()
        raise
    return sock


def _wait_until_connected(sock: socket.socket, watch: Watch) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_WRITE)
        while not selector.select(watch.next_wait()):
            pass
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
