"""What a check-up says: one line for each thing that was looked at, well or with a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from txojobs.errors import TxoBaseError

State = Literal["ok", "warning", "failed", "skipped"]


class Check(NamedTuple):
    """One thing that was looked at.

    A warning does not keep a job from running; what is skipped could not be looked at because of something before
    it. `fix` is there for whatever is not well.
    """

    name: str
    state: State
    told: str
    fix: str | None = None
    example: str | None = None
    api: str | None = None
    """The service that it is about; None for the workspace."""


def failed(name: str, error: TxoBaseError, *, state: State = "failed") -> Check:
    """Return the line of an error."""
    return Check(name, state, str(error), error.how_to_fix, error.example)


def skipped(name: str, because: str) -> Check:
    """Return the line of what could not be looked at."""
    return Check(name, "skipped", f"not checked: {because}")
