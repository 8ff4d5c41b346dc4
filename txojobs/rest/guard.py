"""Notice a walk from page to page that makes no progress: what was asked before, what came before, nothing at all.

Shared by every way of paging. Holds 16 bytes for each request and each page.
"""

from __future__ import annotations

from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING

from txojobs.errors import ApiOperationError, IncompleteReadError
from txojobs.rest.origin import shown

if TYPE_CHECKING:
    from collections.abc import Sized

    from txojobs.errors import ApiError

MAX_EMPTY_PAGES = 100
MAX_PAGES = 100_000
"""A service that makes records up as it goes would fill any disk; these are a hundred million records as pages go."""
CIRCLE = "report it to the provider of the service"
REPEATS = "run again while nobody changes records, or report it to the provider of the service"
_LINK_EXPIRED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


class WalkGuard:
    """Watches one walk; `name` is what is read, for messages."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: set[bytes] = set()
        self._begun: set[bytes] = set()
        self._empty = 0
        self._pages = 0

    def asks(self, url: str, *, body: bytes = b"", page: str, how_to_fix: str = CIRCLE) -> None:
        """Note a request; `page` names what it is for.

        Raises:
            ApiOperationError: the same was asked before.
        """
        if _is_known(self._asked, url.encode("utf-8", errors="surrogatepass") + b"\n" + body):
            raise ApiOperationError(
                f"{page} is one that was already read ({shown(url)}): the links go in a circle",
                url=url,
                how_to_fix=how_to_fix,
            )

    def begins(
        self,
        mark: bytes,
        *,
        page: int,
        what: str = "begins with a record that began",
        how_to_fix: str = REPEATS,
    ) -> None:
        """Note what a page is known by.

        Raises:
            IncompleteReadError: an earlier page is known by the same.
        """
        if _is_known(self._begun, mark):
            raise IncompleteReadError(
                f"page {page} of {self._name} {what} an earlier page: the service repeats itself",
                how_to_fix=how_to_fix,
            )

    def brought(self, records: Sized, *, how_to_fix: str) -> None:
        """Note how much a page brought.

        Raises:
            ApiOperationError: it is the hundredth in a row that brought nothing, or one too many.
        """
        self._pages += 1
        if self._pages > MAX_PAGES:
            raise ApiOperationError(
                f"{self._name}: more than {MAX_PAGES:,} pages, and there is no end",
                how_to_fix="read larger pages (page-size), or less at a time (filter, partition, incremental)",
            )
        self._empty = 0 if records else self._empty + 1
        if self._empty >= MAX_EMPTY_PAGES:
            raise ApiOperationError(
                f"{self._name}: {self._empty} empty pages in a row; the service makes no progress",
                how_to_fix=how_to_fix,
            )


def forgotten(err: ApiError, *, how_to_fix: str) -> ApiError:
    """Return the error for a link or cursor that failed: one that a new read may help against, where that may be."""
    if err.status not in _LINK_EXPIRED:
        return err
    return IncompleteReadError(
        f"{err.what_went_wrong}; the service may have forgotten the link, as some do after a while",
        status=err.status,
        url=err.url,
        code=err.code,
        correlation_id=err.correlation_id,
        how_to_fix=how_to_fix,
    )


def _is_known(known: set[bytes], text: bytes) -> bool:
    mark = blake2b(text, digest_size=16).digest()
    found = mark in known
    known.add(mark)
    return found
