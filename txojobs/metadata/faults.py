"""What is wrong in a text that a service would be sent: where in the text, and how to write it."""

from __future__ import annotations

from typing import NamedTuple

IN_4_01_ALONE = "for services of OData 4.01 alone"
"""How the message of a warning ends that is none for such a service."""


class Fault(NamedTuple):
    """One thing that is wrong, at `offset` of the text, `length` characters long."""

    offset: int
    length: int
    message: str
    fix: str | None = None
    severity: str = "error"

    def shifted(self, by: int) -> Fault:
        """Return it as a fault of a longer text, in which this one begins at `by`."""
        return self._replace(offset=self.offset + by)


class Unjudged(Exception):  # noqa: N818  # it is no error: somebody else will judge
    """A text says something that is not known here, and may be right: nothing is said of it."""
