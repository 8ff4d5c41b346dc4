"""Keep secrets out of every text that leaves the run.

A Redactor knows each secret value of its run, in the spellings in which it may turn up. It is applied in the
log formatter (after the message is put together) and on every report, never on the message alone.
"""

from __future__ import annotations

HIDDEN = "***"


class Redactor:
    """The secret values of one run."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Learn a secret value; from now on no text shows it."""
        if secret:
            self._secrets.add(secret)

    def clean(self, text: str) -> str:
        """Return `text` with each known secret replaced by `***`."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text
