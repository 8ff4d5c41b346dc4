"""Ctrl-C, SIGTERM and SIGHUP while a run goes on: end in good order at the first, at once at the second.

The first signal asks the run to stop by setting its event: every wait looks at it. Whoever has not stopped after a
short grace (a long computation looks at nothing) is interrupted by an exception, except inside `shield`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from txojobs.cli.exit_codes import Terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

GRACE_S = 1.5


def _to_catch() -> list[int]:
    """Return the signals that end a run; that of a closed terminal not where `nohup` has switched it off."""
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    goes = [hang_up] if hang_up is not None and signal.getsignal(hang_up) != signal.SIG_IGN else []
    return [signal.SIGINT, signal.SIGTERM, *goes]


class Signals:
    """Catches these signals between enter and exit, in the main thread; elsewhere it does nothing.

    `number` is the signal that came. `farewell` is called before the process ends at once.
    """

    def __init__(
        self, cancel: threading.Event, *, farewell: Callable[[], None], grace_s: float = GRACE_S
    ) -> None:
        self.number: int | None = None
        self._cancel = cancel
        self._farewell = farewell
        self._grace_s = grace_s
        self._late = False
        self._shielded = 0
        self._over = threading.Event()
        self._ending = threading.Thread(target=self._end, name="end of the run", daemon=True)
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._caught) for number in _to_catch()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() itself has returned

    @contextlib.contextmanager
    def shield(self) -> Iterator[None]:
        """Let no exception of ours arise inside; a second signal still ends the process."""
        self._shielded += 1
        try:
            yield
        finally:
            self._shielded -= 1

    def _caught(self, number: int, frame: object) -> None:
        del frame
        if self._late:
            self._late = False
            if not self._shielded:
                raise KeyboardInterrupt if self.number == signal.SIGINT else Terminated(self.number or number)
            return
        if self.number is not None:
            self._farewell()
            os._exit(128 + number)
        self.number = number
        # in a thread of its own: the one that was interrupted may hold the lock of this very event, in the midst of
        # a wait for it, and would never come back to let it go
        self._ending.start()

    def _end(self) -> None:
        self._cancel.set()
        if not self._over.wait(self._grace_s):
            self._insist()

    def _insist(self) -> None:
        self._late = True
        number = self.number or signal.SIGINT
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, number)  # also ends a wait of the system
        else:
            signal.raise_signal(number)
