"""Ask for pages before their turn, where the address of the next ones can be foreseen.

Some services page by position: each link tells how many records came before it. Then the next addresses are the same
link with larger positions. A page that was foreseen counts only when the service's own link, on the page before it,
is that very address; so the result is the one of reading page by page. Holds at most `parallel` pages.
"""

from __future__ import annotations

import contextvars
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from txojobs.rest.awaiting import outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.rest.pages import Page

_POSITION = re.compile(r"(?i)([?&](?:\$|%24)skip(?:token)?=)([0-9]{1,18})(?=&|$)")


class LookAhead:
    """Pages that are on their way. Used by one thread; `ask` is called in others, with an event that ends it."""

    def __init__(
        self, ask: Callable[[str, threading.Event], Page], *, parallel: int, stop: threading.Event
    ) -> None:
        self._ask = ask
        self._parallel = parallel
        self._stop = stop
        self._abandoned = threading.Event()
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="pages")
        self._coming: dict[str, Future[Page]] = {}
        self._came = 0
        self._step = 0
        self._next = 0
        self.requests = 0
        """How many requests were made."""

    def foresee(self, link: str, *, rows: int, end: int | None) -> None:
        """Ask for the page behind `link` and for those after it; `rows` is how many records came before.

        No page that begins at `end` or behind it is asked for.
        """
        found = _POSITION.findall(link)
        if len(found) != 1 or int(found[0][1]) != rows:
            self._forget()
            return
        if (
            link not in self._coming
        ):  # the first one, or the service's pages are of another size than foreseen
            self._forget()
            self._step, self._next = rows - self._came, rows
        self._came = rows
        while (
            self._step > 0
            and len(self._coming) < self._parallel
            and (end is None or self._next < end or self._next == rows)
        ):
            self._send(_POSITION.sub(rf"\g<1>{self._next}", link))
            self._next += self._step

    def _send(self, url: str) -> None:
        context = contextvars.copy_context()  # what is logged belongs to the log of this run
        self.requests += 1
        self._coming[url] = self._pool.submit(context.run, self._ask, url, self._abandoned)

    def take(self, url: str) -> Page | None:
        """Return the page at an address, None when it was not foreseen.

        Raises:
            ApiError: it could not be read.
            RunCancelledError: nobody wants it any more.
        """
        future = self._coming.pop(url, None)
        if future is None:
            return None
        return outcome(future, self._stop)

    def _forget(self) -> None:
        for future in self._coming.values():
            future.cancel()
        self._coming.clear()

    def close(self) -> None:
        """Let go of what is on its way."""
        self._abandoned.set()
        self._forget()
        self._pool.shutdown(wait=False, cancel_futures=True)
