"""Keep the answers of a run on disk as they came, so that a run that was killed can go on from them.

One file, 0600, that only grows: each entry stands behind its key, its length and a checksum, deflated. A process that
is killed while it writes leaves half an entry at the end; it is cut off when the file is opened again. An entry whose
checksum does not fit counts as not there. Holds about 100 bytes of memory for each entry.

Damage that only a power failure does (the file is not forced to disk) is found by the checksums, too.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING, final

from txojobs.errors import FileOperationError

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

KEY_BYTES = 16
MOST_BYTES = 4 * 1024**3
"""A larger tape takes in nothing more; what it has still counts."""

_HEAD = struct.Struct(f"<{KEY_BYTES}sQ{KEY_BYTES}s")


@final
class Tape:
    """Entries by key: `keep` them, `find` them again, also in a later process. May be used from several threads."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._places: dict[bytes, tuple[int, int]] = {}
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._file = os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)
        except OSError as err:
            raise FileOperationError(
                f"{path} cannot be opened: {err.strerror}",
                how_to_fix="it keeps what a run reads, so that it can go on later: make the folder writable, or "
                "remove the file",
            ) from err
        self._end = self._index()
        self.failure: OSError | None = None
        """Why nothing more is kept, when that is so: the disk is full, for one."""

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._places)

    def _index(self) -> int:
        """Note where each whole entry stands, cut off half a one at the end, and return the end."""
        size = os.fstat(self._file.fileno()).st_size
        place = 0
        while place + _HEAD.size <= size:
            self._file.seek(place)
            key, length, _ = _HEAD.unpack(self._file.read(_HEAD.size))
            if place + _HEAD.size + length > size:
                break
            self._places[key] = (place, length)
            place += _HEAD.size + length
        self._file.truncate(place)
        return place

    def find(self, key: bytes) -> bytes | None:
        """Return the content of an entry, None when there is none or it is damaged."""
        with self._lock:
            where = self._places.get(key)
            if where is None or self._file.closed:
                return None
            place, length = where
            self._file.seek(place)
            try:
                head, packed = self._file.read(_HEAD.size) or b"", self._file.read(length) or b""
            except OSError:
                return None  # what cannot be read is asked for again
        if len(head) < _HEAD.size or head[-KEY_BYTES:] != _sum(key, packed):
            return None
        try:
            return zlib.decompress(packed)
        except zlib.error:
            return None

    def keep(self, key: bytes, content: bytes) -> None:
        """Add an entry. One that cannot be written is let go, and so are all later ones: `failure` says why."""
        packed = zlib.compress(content, 1)
        with self._lock:
            if self.failure is not None or self._file.closed or self._end + len(packed) > self._most_bytes:
                return
            try:
                self._file.seek(self._end)
                _write_all(self._file, _HEAD.pack(key, len(packed), _sum(key, packed)) + packed)
            except OSError as err:
                self.failure = err
                return
            self._places[key] = (self._end, len(packed))
            self._end += _HEAD.size + len(packed)

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        with self._lock:
            self._file.close()

    def start_over(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._places.clear()
            self._end = 0
            try:
                self._file.truncate(0)
            except OSError as err:
                self.failure = err


def _write_all(file: FileIO, content: bytes) -> None:
    """Hand content to the system at once: a killed process loses what stands in a buffer."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) or 0 :]


def _sum(key: bytes, packed: bytes) -> bytes:
    return blake2b(key + packed, digest_size=KEY_BYTES).digest()
