"""Every error that txojobs raises, and the marks and problems that say where and how to mend it.

The tree::

    TxoBaseError
    ├─ ApiError
    │  ├─ ApiOperationError
    │  │  ├─ CircuitOpenError
    │  │  ├─ ForeignOriginError
    │  │  └─ IncompleteReadError
    │  ├─ ApiTimeoutError
    │  ├─ ApiAuthenticationError
    │  ├─ ApiRateLimitError
    │  ├─ ApiValidationError
    │  └─ EntityNotFoundError
    ├─ ConfigurationError
    ├─ ValidationError
    ├─ FileOperationError
    ├─ JobError
    │  ├─ InvalidJobError
    │  └─ JobLockedError
    ├─ StepError
    ├─ RunCancelledError
    └─ HelpfulError
       └─ MissingKeyError (also a KeyError)

An exception carries facts: what went wrong, how to fix it, an example, where. `cli/render.py` alone makes
sentences of them. Exit codes are chosen from the class, in `cli/exit_codes.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(NamedTuple):
    """One thing that is wrong in a job or a configuration, found before anything runs.

    `severity` is "error" or "warning". `length` is the number of characters to underline from `where` on;
    `example` is shown as it stands.
    """

    message: str
    where: Mark | None = None
    fix: str | None = None
    severity: str = "error"
    length: int = 1
    example: str | None = None


class TxoBaseError(Exception):
    """The root of the tree; `str()` is `what_went_wrong`."""

    def __init__(
        self,
        what_went_wrong: str = "",
        *,
        how_to_fix: str | None = None,
        example: str | None = None,
        where: Mark | None = None,
    ) -> None:
        super().__init__(what_went_wrong)
        self.what_went_wrong = what_went_wrong
        self.how_to_fix = how_to_fix
        self.example = example
        self.where = where
        self.step: str | None = None
        """The id or verb of the step that failed; the engine sets it."""
        self.operation_url: str | None = None
        """Where the service tells about a long operation that was under way, to go on from there.

        Whole: its query may hold a signature, so keep it, and show it to nobody.
        """

    def redact(self, clean: Callable[[str], str]) -> None:
        """Put `clean(text)` in the place of each text of it: a service may have echoed a secret."""
        self.what_went_wrong = clean(self.what_went_wrong)
        self.args = tuple(clean(each) if isinstance(each, str) else each for each in self.args)
        self.how_to_fix = clean(self.how_to_fix) if self.how_to_fix else None
        self.example = clean(self.example) if self.example else None

    def __str__(self) -> str:
        return self.what_went_wrong


class ApiError(TxoBaseError):
    """A service could not be asked, or did not answer as it should.

    `code` is the service's own error code, `correlation_id` what its support asks for. `outcome_unknown` is
    set for a change that was sent and never answered: the service may or may not have carried it out. With a
    `status` below 300 it said that it did, and the rest of its answer was lost.
    """

    def __init__(
        self,
        what_went_wrong: str = "",
        *,
        status: int | None = None,
        method: str | None = None,
        url: str | None = None,
        code: str | None = None,
        correlation_id: str | None = None,
        how_to_fix: str | None = None,
        example: str | None = None,
    ) -> None:
        super().__init__(what_went_wrong, how_to_fix=how_to_fix, example=example)
        self.status = status
        self.method = method
        self.url = url
        self.code = code
        self.correlation_id = correlation_id
        self.outcome_unknown = False


class ApiOperationError(ApiError):
    """The service refused or failed, and no narrower class fits."""


class CircuitOpenError(ApiOperationError):
    """The circuit breaker of this origin is open: nothing was sent.

    `since` and `until` are moments in UTC; `until` is None while a trial is under way, which decides.
    """

    since: datetime | None = None
    until: datetime | None = None


class ForeignOriginError(ApiOperationError):
    """A link or redirect named an origin that is not the configured one: nothing was sent there."""


class IncompleteReadError(ApiOperationError):
    """What was read is not the whole set, or not once; reading it again from its beginning may help."""


class ApiTimeoutError(ApiError):
    """408, or no complete answer within the deadline."""

    def __init__(
        self, what_went_wrong: str = "", timeout_seconds: float | None = None, **facts: object
    ) -> None:
        super().__init__(what_went_wrong, **facts)  # type: ignore[arg-type]  # the facts of ApiError, passed on
        self.timeout_seconds = timeout_seconds


class ApiAuthenticationError(ApiError):
    """401: the credential was refused, also after it was renewed."""


class ApiRateLimitError(ApiError):
    """429 after all attempts; `retry_after` in seconds when the service named it."""

    def __init__(self, what_went_wrong: str = "", retry_after: float | None = None, **facts: object) -> None:
        super().__init__(what_went_wrong, **facts)  # type: ignore[arg-type]  # the facts of ApiError, passed on
        self.retry_after = retry_after


class ApiValidationError(ApiError):
    """400, 409, 412 or 422: the service understood the request and refused its content."""


class EntityNotFoundError(ApiError):
    """404: the entity set, the record or the address does not exist."""

    def __init__(self, entity_type: str = "", entity_id: str | None = None, **facts: object) -> None:
        name = entity_type if entity_id is None else f"{entity_type} {entity_id}"
        super().__init__(f"{name} was not found", **facts)  # type: ignore[arg-type]  # the facts of ApiError, passed on
        self.entity_type = entity_type
        self.entity_id = entity_id


class ConfigurationError(TxoBaseError):
    """A configuration file is missing, unreadable or breaks its schema; `problems` holds each breach."""

    def __init__(
        self,
        what_went_wrong: str = "",
        *,
        how_to_fix: str | None = None,
        example: str | None = None,
        where: Mark | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        super().__init__(what_went_wrong, how_to_fix=how_to_fix, example=example, where=where)
        self.problems = tuple(problems)


class ValidationError(TxoBaseError):
    """A value given by the caller does not fit: a parameter, a name, an expression."""


class FileOperationError(TxoBaseError):
    """A file could not be read, written or published; what stood there before still stands."""


class JobError(TxoBaseError):
    """A job cannot be found, checked or finished."""


class InvalidJobError(JobError):
    """A job is wrong; `problems` holds every error and warning of it, in file order."""

    def __init__(self, what_went_wrong: str, problems: Iterable[Problem]) -> None:
        super().__init__(what_went_wrong)
        self.problems = tuple(problems)


class JobLockedError(JobError):
    """Another run of the same job, organisation and environment holds the lock."""


class StepError(TxoBaseError):
    """A step met data it must not work on, or an expression failed on a record."""


class RunCancelledError(TxoBaseError):
    """The run was asked to stop; `signal_number` is 2 (Ctrl-C) or 15 (terminate)."""

    def __init__(self, what_went_wrong: str = "", *, signal_number: int = 2) -> None:
        super().__init__(what_went_wrong)
        self.signal_number = signal_number


class HelpfulError(TxoBaseError):
    """What went wrong, how to fix it, an example: for the person at the screen."""

    def __init__(
        self,
        what_went_wrong: str,
        how_to_fix: str,
        example: str | None = None,
        *,
        where: Mark | None = None,
    ) -> None:
        super().__init__(what_went_wrong, how_to_fix=how_to_fix, example=example, where=where)


class MissingKeyError(HelpfulError, KeyError):
    """A key that the configuration does not have; also a KeyError."""

    __str__ = TxoBaseError.__str__  # KeyError would show repr(args)
