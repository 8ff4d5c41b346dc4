"""What the connections of one session know about the request under way: its time, whether to stop, what was sent.

Guarantees that nothing blocks past the end of a request (P6), and that a request to stop is seen within a
fraction of a second, whatever the connection waits for: a name, an address, the handshake, the answer, or that
somebody takes what is sent.
"""

from __future__ import annotations

import contextlib
import threading
from concurrent import futures
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from txojobs.errors import RunCancelledError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")

SLICE_S = 0.2
"""How long anything may block before it looks at the clock and the events again."""


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
        self._end = 0.0
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

    def begin(self, *, deadline: float, cancels: tuple[threading.Event, ...] = ()) -> None:
        """Start watching a request."""
        self._deadline = self._end = deadline
        self._cancels = cancels
        self.sent = False
        self.expired = False
        self.status = None
        self.connected = False

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let what is done inside take `seconds` at most, and never longer than what is around it."""
        around = self._end
        self._end = min(around, self._clock() + seconds)
        try:
            yield
        finally:
            self._end = around

    def next_wait(self) -> float:
        """Return for how many seconds the next wait may block.

        Raises:
            TimeoutError: the time is over.
            RunCancelledError: the run was asked to stop.
        """
        if any(event.is_set() for event in self._cancels):
            raise RunCancelledError("the run was asked to stop")
        return min(self.time_left(), SLICE_S)

    def time_left(self) -> float:
        """Return how many seconds are left.

        Raises:
            TimeoutError: none.
        """
        now = self._clock()
        if now >= self._deadline:
            self.expired = True
            raise TimeoutError("the deadline of the request has passed")
        if now >= self._end:
            raise TimeoutError("it was not done in time")
        return self._end - now


def in_slices(sock: socket.socket, watch: Watch, act: Callable[[], T]) -> T:
    """Return what `act` returns, which blocks on a socket and may be begun again when that took too long."""
    while True:
        sock.settimeout(watch.next_wait())
        with contextlib.suppress(TimeoutError):  # the watch says when it is too late
            return act()


def in_background(
    work: Callable[[], T], watch: Watch, *, discard: Callable[[T], object] = lambda _: None
) -> T:
    """Return what `work` returns, which the system does not let anybody interrupt.

    It is done in a thread of its own, which is given up when the time is over or the run shall stop; what it
    returns after that goes to `discard`.
    """
    done: futures.Future[T] = futures.Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as err:  # noqa: BLE001  # raised again in the thread that waits
            if done.set_running_or_notify_cancel():
                done.set_exception(err)
            return
        if done.set_running_or_notify_cancel():
            done.set_result(result)
        else:
            discard(result)

    threading.Thread(target=run, daemon=True, name="txojobs-connecting").start()
    try:
        while not done.done():
            futures.wait((done,), timeout=watch.next_wait())
    except BaseException:
        if not done.cancel() and done.exception(SLICE_S) is None:  # it came in the same moment
            discard(done.result(0))
        raise
    return done.result(0)
