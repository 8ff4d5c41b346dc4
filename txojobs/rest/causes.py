"""What a library raised, as it may be seen behind an error of ours: its kind, its words and its frames.

Exceptions of requests and urllib3 name the whole address, and hold the request with its headers: in a traceback
that nobody cleans, a script's own, an api key in the query or the signature of a link would stand there. So each
error that leaves this package has copies of them in its chain, without their objects; queries are left out.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from txojobs.errors import ApiError, TxoBaseError
from txojobs.redact import HIDDEN, escape_foreign, shortened
from txojobs.rest.secret_places import SecretPlaces

if TYPE_CHECKING:
    from types import TracebackType

    from txojobs.redact import Redactor

_LONGEST = 500
_QUERY = re.compile(r"\?[^\s'\"<>]+")
_PLACES = SecretPlaces()


class LibraryError(Exception):
    """Stands in the chain of an error where a library's own exception stood."""


class CleanCauses:
    """The way out of a call: whatever is raised inside leaves it without the objects and the secrets of libraries.

    What the caller was handling when the call began is the caller's, and stays as it is.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._callers: BaseException | None = None

    def __enter__(self) -> None:
        self._callers = sys.exc_info()[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._clean(error, set())

    def _clean(self, error: BaseException, seen: set[int]) -> None:
        """Clean an error of ours, and each below it; of one that is not ours, what it was raised from."""
        seen.add(id(error))
        if isinstance(error, TxoBaseError):
            error.redact(self._redactor.clean)
        if isinstance(error, ApiError) and error.url:
            error.url = _PLACES.text(self._redactor.clean(error.url))
        told_why, suppressed = error.__cause__ is not None, error.__suppress_context__
        below = self._copy(_below(error), seen)
        error.__context__ = None if told_why else below
        error.__cause__ = below if told_why else None
        error.__suppress_context__ = suppressed

    def _copy(self, error: BaseException | None, seen: set[int]) -> BaseException | None:
        """Return what may stand in a chain for an exception and for all below it."""
        if error is None or error is self._callers or id(error) in seen:
            return error if error is self._callers else None
        if isinstance(error, TxoBaseError | LibraryError):
            self._clean(error, seen)
            return error
        seen.add(id(error))
        below = self._copy(_below(error), seen)
        copy = LibraryError(f"{type(error).__module__}.{type(error).__qualname__}: {self._words(error)}")
        copy.__cause__ = below
        return copy.with_traceback(error.__traceback__)

    def _words(self, error: BaseException) -> str:
        text = _QUERY.sub(f"?{HIDDEN}", str(error))
        return shortened(escape_foreign(self._redactor.clean_line(text)), _LONGEST)


def _below(error: BaseException) -> BaseException | None:
    """Return the exception that a traceback shows before this one."""
    return error.__cause__ if error.__suppress_context__ else (error.__cause__ or error.__context__)
