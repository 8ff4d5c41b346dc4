"""Put batches of records aside on disk and read them back, any number of times, exactly as they were.

Memory holds one batch. The file is 0600 and has no name while it is used (POSIX: unlinked at once; Windows:
deleted by the system with its last handle), so a crash leaves nothing behind. Each batch is one JSON text
(`txojobs.exact_json`) behind its length; from `PLAIN_BYTES` on it is deflated. Measured on 375 KB batches:
zlib level 1 makes them 25 % of their size and adds 1.7 ms to write and 1.5 ms to read (2 ms each without), so
it pays only where disk and page cache become the limit.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from typing import TYPE_CHECKING, final

from txojobs import exact_json
from txojobs.errors import FileOperationError
from txojobs.workspace import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from txojobs.records import Batch

PLAIN_BYTES = 256 * 1024 * 1024

_HEAD = struct.Struct("<?Q")


@final
class Spool:
    """Records on disk: `write` batches, then `read` them, then `close`.

    Reading may happen several times, also at the same time and from several threads. Writing ends with the
    first `read`.
    """

    def __init__(self, folder: Path, *, plain_bytes: int = PLAIN_BYTES) -> None:
        self.count = 0
        """Records written so far."""
        self._folder = folder
        self._plain_bytes = plain_bytes
        self._lock = threading.Lock()
        self._size = 0
        self._sealed = False
        self._descriptor = -1
        try:
            private_folder(folder)
            self._descriptor = _open_nameless(folder)
        except OSError as err:
            raise self._failure("opened", err) from err

    @property
    def size_bytes(self) -> int:
        """Bytes on disk."""
        return self._size

    def write(self, batch: Batch) -> None:
        """Append a batch; an empty one leaves no trace.

        Raises:
            FileOperationError: the disk is full or fails; the spool is of no use any more and says so.
        """
        if self._sealed:
            raise FileOperationError(
                "a spool that is being read, was closed or has failed takes no more records"
            )
        if not batch:
            return
        data = exact_json.encode(batch)  # type: ignore[arg-type]  # a list of records is a JSON value
        packed = self._size >= self._plain_bytes
        if packed:
            data = zlib.compress(data, 1)
        data = _HEAD.pack(packed, len(data)) + data
        with self._lock:
            try:
                os.lseek(self._descriptor, self._size, os.SEEK_SET)
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError as err:
                self._sealed = True
                self._discard()
                raise self._failure("written", err) from err
            self._size += len(data)
            self.count += len(batch)

    def read(self) -> Iterator[Batch]:
        """Return the batches in the order in which they were written; holds one of them.

        Raises:
            FileOperationError: the disk fails, or the spool was closed or has failed.
        """
        self._sealed = True
        if self._descriptor < 0:
            raise FileOperationError("a spool that was closed or has failed cannot be read")
        return self._batches()

    def _batches(self) -> Iterator[Batch]:
        position = 0
        while position < self._size:
            packed, length = _HEAD.unpack(self._bytes_at(position, _HEAD.size))
            position += _HEAD.size
            data = self._bytes_at(position, length)
            position += length
            yield exact_json.decode(zlib.decompress(data) if packed else data)  # type: ignore[misc]  # as written

    def _bytes_at(self, position: int, length: int) -> bytes:
        parts = []
        with self._lock:
            try:
                os.lseek(self._descriptor, position, os.SEEK_SET)
                while length and (part := os.read(self._descriptor, length)):
                    parts.append(part)
                    length -= len(part)
            except OSError as err:
                raise self._failure("read", err) from err
        if length:
            raise self._failure("read", OSError(0, "the file ends early"))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Give the disk space back; a second call does nothing."""
        with self._lock:
            self._sealed = True
            self._discard()

    def _discard(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _failure(self, what: str, err: OSError) -> FileOperationError:
        return FileOperationError(
            f"records put aside in {self._folder} cannot be {what}: {err.strerror or err}",
            how_to_fix="make room on that disk, or move the state to one that has more",
            example="TXOJOBS_STATE=/mnt/large/txojobs txojobs run ...",
        )

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open_nameless(folder: Path) -> int:
    """Open a file that is gone as soon as its descriptor is closed, by whatever end of the process."""
    name = folder / f"spool-{os.getpid()}-{os.urandom(8).hex()}"
    temporary: int = getattr(os, "O_TEMPORARY", 0)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | temporary | getattr(os, "O_BINARY", 0)
    descriptor = os.open(name, flags | getattr(os, "O_NOINHERIT", 0), 0o600)
    if not temporary:
        name.unlink()
    return descriptor
