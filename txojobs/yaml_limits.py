"""How much YAML may hold, so that a small text cannot become a large value."""

from __future__ import annotations

from typing import Any

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 10_000
"""Values, with those behind an alias counted each time it is used."""

TOO_LARGE = "a job holds steps, not records: put what is large into a file, and read it with a `load` step"


class TooMuch(Exception):  # noqa: N818  # becomes a Problem wherever it is caught
    """A limit is passed; `mark` is ruamel's."""

    def __init__(self, message: str, mark: Any, fix: str = TOO_LARGE) -> None:
        super().__init__(message)
        self.mark = mark
        self.fix = fix
