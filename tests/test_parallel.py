from __future__ import annotations

import subprocess
import sys
import threading
import traceback
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import RunCancelledError
from txojobs.parallel import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator


def prefetchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_keeps_order_and_ends() -> None:
    assert list(prefetch(iter(range(1000)), depth=3)) == list(range(1000))
    assert not prefetchers()


def test_passes_items_that_are_none() -> None:
    assert list(prefetch(iter([None, 0, None]))) == [None, 0, None]


@pytest.mark.parametrize("depth", [1, 3])
def test_runs_ahead_by_exactly_depth_items(depth: int) -> None:
    pulled: list[int] = []
    ahead = threading.Event()

    def produce() -> Iterator[int]:
        for number in range(100):
            pulled.append(number)
            if number == depth:
                ahead.set()
            yield number

    stream = prefetch(produce(), depth=depth)
    assert next(stream) == 0
    assert ahead.wait(5), "the next items are pulled while the consumer works"
    assert len(pulled) <= 1 + depth, "memory is bounded"
    stream.close()  # type: ignore[attr-defined]  # prefetch is a generator


def test_pulls_nothing_before_the_first_item_is_asked_for() -> None:
    pulled: list[int] = []

    def produce() -> Iterator[int]:
        pulled.append(0)
        yield 0

    stream = prefetch(produce())
    assert not pulled
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]


def test_raises_the_producers_error_after_the_items_before_it() -> None:
    def produce() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("page 3")

    got: list[int] = []
    with pytest.raises(LookupError, match="page 3") as caught:
        got.extend(prefetch(produce(), depth=5))
    assert got == [1, 2]
    assert "produce" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


def test_closing_early_closes_the_producer_and_ends_the_thread() -> None:
    closed = threading.Event()

    def produce() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.set()

    stream = prefetch(produce())
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]
    assert closed.is_set()
    assert not prefetchers()


def test_an_error_in_the_consumer_ends_the_thread() -> None:
    def consume() -> None:
        for number in prefetch(iter(range(100))):
            raise ZeroDivisionError(number)

    with pytest.raises(ZeroDivisionError):
        consume()
    assert not prefetchers()


def test_tells_a_producer_that_waits_that_nobody_listens() -> None:
    told = threading.Event()

    def produce() -> Iterator[int]:
        yield 0
        told.wait(30)
        yield 1

    stream = prefetch(produce(), on_abandon=told.set)
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]
    assert told.is_set()
    assert not prefetchers()


def test_does_not_call_on_abandon_when_all_was_read() -> None:
    told = threading.Event()
    assert list(prefetch(iter([1]), on_abandon=told.set)) == [1]
    assert not told.is_set()


def test_cancel_ends_the_wait_for_an_item() -> None:
    cancel, release = threading.Event(), threading.Event()

    def produce() -> Iterator[int]:
        yield 0
        cancel.set()
        release.wait(30)

    stream = prefetch(produce(), cancel=cancel, on_abandon=release.set)
    assert next(stream) == 0
    with pytest.raises(RunCancelledError):
        next(stream)
    assert not prefetchers()


def test_importing_it_is_light() -> None:
    code = (
        "import sys, txojobs.parallel; print('concurrent.futures' in sys.modules, 'requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
