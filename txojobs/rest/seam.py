"""Notice that records came or went between the process that read a page and the one that read the next.

A run that goes on (`--resume`) has the pages before the seam from an earlier process, hours ago perhaps. Where links
tell positions, each record that came or went before the seam has shifted all behind it: one is then missing or comes
twice, and neither the count nor the key need tell. So the last page before the seam is asked for once more: when it
holds other records by now, nothing behind it fits.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from txojobs.errors import IncompleteReadError
from txojobs.exact_json import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.records import JsonValue, Record


class Seam:
    """Watches the pages of one walk; `name` is what is read. Compares keys, whole records where there is no key."""

    def __init__(self, name: str, key: tuple[str, ...]) -> None:
        self._name = name
        self._key = key
        self._session = ""
        self._mark = b""
        self._again: Callable[[], list[Record]] | None = None

    def crossed(self, records: list[Record], session: str, again: Callable[[], list[Record]]) -> None:
        """Note a page as it came and the process that it came to; `again` asks for it anew.

        Raises:
            IncompleteReadError: the page before came to another process, and holds other records by now.
            ApiError: it cannot be asked for.
        """
        if not session:
            return
        if self._again is not None and session != self._session and self._marked(self._again()) != self._mark:
            raise IncompleteReadError(
                f"records of {self._name} have come or gone since the earlier process read them",
                how_to_fix="run again while nobody changes records",
            )
        self._session, self._mark, self._again = session, self._marked(records), again

    def _marked(self, records: list[Record]) -> bytes:
        whole: list[JsonValue] = [
            [record.get(name) for name in self._key] if self._key else record for record in records
        ]
        return blake2b(encode(whole), digest_size=16).digest()
