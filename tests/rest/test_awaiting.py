"""Waiting for another thread: its outcome, whatever the moment, or the end when nobody wants it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet

import pytest

from txojobs.errors import RunCancelledError
from txojobs.rest.awaiting import outcome


class JustThen(Future[int]):
    """Is done in the very moment in which a look at it ends."""

    def result(self, timeout: float | None = None) -> int:
        if not self.done():
            self.set_result(7)
            raise NotYet
        return super().result(timeout)


def test_what_is_done_as_the_look_ends_is_no_timeout() -> None:
    assert outcome(JustThen(), threading.Event()) == 7


def test_what_the_work_raised_is_raised_also_a_timeout_of_its_own() -> None:
    future: Future[int] = Future()
    future.set_exception(NotYet("its own"))
    with pytest.raises(NotYet, match="its own"):
        outcome(future, threading.Event())


def test_nobody_waits_when_it_is_to_stop() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(RunCancelledError):
        outcome(Future(), stop)
