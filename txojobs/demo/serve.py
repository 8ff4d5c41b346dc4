"""The demo service in the foreground, for people who want to look at it with a browser or a client."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def serve(*, port: int, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or a terminate signal, then return with the port closed.

    `ready` is called once with the service's URL, when connections are accepted. Port 0 takes a free one.

    Raises:
        HelpfulError: the port is taken, not allowed or no port.
    """
    from txojobs.demo.server import Server  # noqa: PLC0415  # the library takes a fifth of a second to load

    with _ended_by_signal():
        server = Server(port=port)
        try:
            ready(server.url)
            server.run()
        except KeyboardInterrupt:  # before or after run(), which ends by itself
            pass
        finally:
            server.close()


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Make both signals a KeyboardInterrupt; elsewhere than in the main thread signals cannot be caught."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
