"""Any format with `.gz` behind it: the table is written beside its place, then compressed (RFC 1952).

The header holds neither a name nor a time, so that equal tables make equal files. What is read is unpacked beside the
state of the reader, and refused when it grows beyond `MOST_BYTES`, or far beyond what tables compress to.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from txojobs.errors import FileOperationError
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.table import WriteSummary, drop_scratch, make_scratch, open_new
from txojobs.records import RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.files.formats import Format
    from txojobs.files.table import ReadOptions, TableWriter, WriteOptions
    from txojobs.records import Batch, Columns

MOST_BYTES = 64 * 1024**3
MOST_TIMES = 1000
"""Tables shrink to a hundredth at best; zlib cannot pack more than about 1,030 times."""
FREE_BYTES = 64 * 1024**2
"""Up to here the ratio is not looked at: a small file may well be one value a million times."""
_LEVEL = 6
_CHUNK = 1 << 20


def open_writer(
    path: Path, inner: Format, *, columns: Columns | None, options: WriteOptions
) -> CompressedWriter:
    """Start a compressed table; see Format.open_writer."""
    return CompressedWriter(path, inner, columns=columns, options=options)


class CompressedWriter:
    """Writes a table into the scratch folder of `path`, and at the end what it has become, compressed, to `path`."""

    def __init__(self, path: Path, inner: Format, *, columns: Columns | None, options: WriteOptions) -> None:
        self._path = path
        self._shown = options.shown(path)
        with explained(self._shown, doing="write", safe=UNCHANGED):
            self._plain = make_scratch(path) / f"table{inner.extension}"
        try:
            self._writer: TableWriter = inner.open_writer(self._plain, columns=columns, options=options)
        except BaseException:
            drop_scratch(path)
            raise

    def write(self, batch: Batch) -> None:
        """Add records; see TableWriter."""
        self._writer.write(batch)

    def close(self) -> WriteSummary:
        """Finish the file; see TableWriter. The size is that of the compressed file."""
        written = self._writer.close()
        with explained(self._shown, doing="write", safe=UNCHANGED):
            with self._plain.open("rb") as plain, open_new(self._path) as file:
                compress(plain, file)
            size = self._path.stat().st_size
        drop_scratch(self._path)
        return written._replace(size_bytes=size)

    def abort(self) -> None:
        """Let go of the file; see TableWriter."""
        with suppress(OSError):
            self._writer.abort()
        drop_scratch(self._path)


def compress(plain: BinaryIO, file: BinaryIO) -> None:
    """Write what `plain` holds to `file`, compressed, without a name and a time."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=_LEVEL, mtime=0) as packed:
        shutil.copyfileobj(plain, packed, _CHUNK)


def read(path: Path, inner: Format, *, options: ReadOptions) -> RecordStream:
    """Return the records of a compressed table. It is unpacked first, and read as its own format does.

    Raises:
        FileOperationError: it is no gzip file, is cut, or unpacks to too much.
    """
    folder = tempfile.TemporaryDirectory(prefix="txojobs-unpacked-")
    try:
        plain = Path(folder.name) / path.name.removesuffix(path.suffix)
        with explained(path, doing="read"), path.open("rb") as packed, plain.open("wb") as file:
            _unpack(packed, file, path)
        stream = inner.read(plain, options=options)
    except BaseException:
        folder.cleanup()
        raise
    return RecordStream(stream.columns, _until_read(stream.batches, folder), stream.hints)


def _until_read(batches: Iterator[Batch], folder: tempfile.TemporaryDirectory[str]) -> Iterator[Batch]:
    try:
        yield from batches
    finally:
        folder.cleanup()


def _unpack(packed: BinaryIO, file: BinaryIO, path: Path) -> None:
    size, held = 0, path.stat().st_size
    try:
        with gzip.GzipFile(fileobj=packed) as plain:
            while chunk := plain.read(_CHUNK):
                size += len(chunk)
                if size > MOST_BYTES or (size > FREE_BYTES and size > held * MOST_TIMES):
                    raise FileOperationError(
                        f"{path.name} unpacks to far more than a table would: over {size:,} bytes out of {held:,}",
                        how_to_fix="unpack it yourself if you trust it, and load the file inside",
                    )
                file.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error) as err:
        raise FileOperationError(
            f"{path.name} is no whole gzip file: {err}", how_to_fix="fetch or write it again"
        ) from None
