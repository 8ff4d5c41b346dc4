"""Overlap the wait for the next item with the work on this one.

Guarantees: order is kept, at most `depth` items wait, an error of the producer is raised where its item
would have come, and a consumer that stops early leaves no thread and no open generator behind.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from txojobs.errors import RunCancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_LOOK_S = 0.2
"""How often a wait looks at `cancel`; on Windows also what lets Ctrl-C through."""
_FAREWELL_S = 5.0
"""How long a consumer that stops waits for the producer to end; the thread is a daemon."""


def prefetch(
    items: Iterator[T],
    *,
    depth: int = 1,
    cancel: threading.Event | None = None,
    on_abandon: Callable[[], None] | None = None,
) -> Iterator[T]:
    """Yield the items of an iterator that runs ahead in one background thread.

    Nothing is pulled before the first item is asked for. `cancel` ends the wait with RunCancelledError. When
    the consumer stops early, `on_abandon` is called so that a producer that waits can be told to give up;
    then the producer is closed, in the thread that ran it.
    """
    feed = _Feed(items, depth)
    context = contextvars.copy_context()  # what the producer logs belongs to the log of this run
    thread = threading.Thread(target=context.run, args=(feed.run,), name="prefetch", daemon=True)
    thread.start()
    done = False
    try:
        while True:
            item = feed.take(cancel)
            if item is None:
                done = True
                return
            yield item[0]
    finally:
        feed.stop()
        if not done and on_abandon is not None and thread.is_alive():
            on_abandon()
        thread.join(_FAREWELL_S)


class _Feed(Generic[T]):
    """What the thread has pulled and the consumer has not taken."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._depth = depth
        self._ready: deque[tuple[T]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._stopped = False
        self._error: BaseException | None = None

    def run(self) -> None:
        """Pull until the end, an error or a stop; the body of the thread."""
        try:
            while self._has_room():
                try:
                    item = next(self._items)
                except StopIteration:
                    break
                with self._changed:
                    self._ready.append((item,))
                    self._changed.notify_all()
                del item
        except BaseException as err:  # noqa: BLE001  # raised again in the consumer
            self._error = err
        finally:
            self._close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _has_room(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or len(self._ready) < self._depth)
            return not self._stopped

    def _close(self) -> None:
        close = getattr(self._items, "close", None)
        if close is not None:
            try:
                close()
            except BaseException as err:  # noqa: BLE001  # raised again in the consumer
                self._error = self._error or err

    def take(self, cancel: threading.Event | None) -> tuple[T] | None:
        """Return the next item, None at the end; raise what the producer raised."""
        with self._changed:
            while True:
                if cancel is not None and cancel.is_set():
                    raise RunCancelledError("the run was asked to stop")
                if self._ready or self._ended:
                    break
                self._changed.wait(_LOOK_S)
            if self._ready:
                item = self._ready.popleft()
                self._changed.notify_all()
                return item
        if self._error is not None:
            raise self._error
        return None

    def stop(self) -> None:
        """Let the thread end after the item it is pulling, and forget what waits."""
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify_all()
