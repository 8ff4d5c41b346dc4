"""Waits that end when they are asked to, and the events that end them, for code that waits or starts threads.

Ctrl-C reaches the main thread only. Whoever lets other threads work for it runs their work inside
`stopped_by(event)` and sets the event; each wait inside ends at once. The events travel with the context
(contextvars), so code in between need not know of them, and a new thread begins without any.
"""

from __future__ import annotations

import contextlib
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

_SLICE_S = 0.1
"""How often a wait looks at all events; Windows lets Ctrl-C through only in between (cpython #80116)."""

_events: ContextVar[tuple[threading.Event, ...]] = ContextVar("txojobs-interrupts", default=())


def interrupts() -> tuple[threading.Event, ...]:
    """Return the events that stop the work of this context."""
    return _events.get()


@contextlib.contextmanager
def stopped_by(event: threading.Event) -> Iterator[None]:
    """Let `event` end each wait inside, beside the events that do so already."""
    token = _events.set((*_events.get(), event))
    try:
        yield
    finally:
        _events.reset(token)


def wait_for(seconds: float, cancels: tuple[threading.Event, ...]) -> None:
    """Wait `seconds`, or until one of the events is set; Ctrl-C ends it in the main thread."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and not any(event.is_set() for event in cancels):
        if cancels:
            cancels[0].wait(min(left, _SLICE_S))
        else:
            time.sleep(left)
