"""From what happened to the exit code: one literal table."""

from __future__ import annotations

from txojobs import errors

DONE = 0
FAILED = 1
INVALID = 2
PARTIAL = 3
REFUSED = 4
BUG = 70
LOCKED = 75
INTERRUPTED = 130
TERMINATED = 143

BY_OUTCOME = {
    "done": DONE,
    "partial": PARTIAL,
    "refused": REFUSED,
    "failed": FAILED,
    "interrupted": INTERRUPTED,
}

BY_ERROR: tuple[tuple[type[BaseException], int], ...] = (
    (errors.JobLockedError, LOCKED),
    (errors.InvalidJobError, INVALID),
    (errors.ConfigurationError, INVALID),
    (errors.MissingKeyError, INVALID),
    (errors.ValidationError, INVALID),
    (errors.TxoBaseError, FAILED),
    (KeyboardInterrupt, INTERRUPTED),
)
"""The first class that fits decides; what fits none is a bug."""


class Terminated(KeyboardInterrupt):  # a signal, as KeyboardInterrupt is
    """The process was asked to end (SIGTERM), or its terminal went away (SIGHUP)."""

    def __init__(self, signal_number: int = TERMINATED - 128) -> None:
        super().__init__()
        self.signal_number = signal_number


def exit_code(error: BaseException) -> int:
    """Return the exit code for an error that ended a command before or outside a run."""
    if isinstance(error, Terminated):
        return 128 + error.signal_number
    if isinstance(error, errors.RunCancelledError):
        return 128 + error.signal_number
    return next((code for kind, code in BY_ERROR if isinstance(error, kind)), BUG)


def run_code(
    outcome: str,
    error: BaseException | None,
    *,
    signal_number: int | None = None,
    begun: bool = True,
) -> int:
    """Return the exit code of a run.

    A job or a configuration is called invalid only before its first step has `begun`: what fails later is no longer
    a matter of usage.
    """
    if outcome == "interrupted" and signal_number is not None:
        return 128 + signal_number
    if error is None or outcome == "interrupted":
        return BY_OUTCOME[outcome]
    code = exit_code(error)
    return FAILED if begun and code == INVALID else code
