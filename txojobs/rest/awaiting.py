"""Wait for what another thread does, and stop waiting when nobody wants it any more."""

from __future__ import annotations

from concurrent.futures import TimeoutError as NotYet
from typing import TYPE_CHECKING, TypeVar

from txojobs.errors import RunCancelledError

if TYPE_CHECKING:
    import threading
    from concurrent.futures import Future

T = TypeVar("T")

_LOOK_S = 0.2
"""How often a wait looks whether it should end; on Windows also what lets Ctrl-C through."""


def outcome(future: Future[T], stop: threading.Event) -> T:
    """Return what a future comes to.

    Raises:
        RunCancelledError: `stop` was set before.
        Exception: what the work raised.
    """
    while not stop.is_set():
        try:
            return future.result(_LOOK_S)
        except NotYet:
            if future.done():  # in the moment of the look, or the work itself raised this
                return future.result(0)
    raise RunCancelledError("nobody waits for it any more")
