"""The container of a workbook: a zip file whose parts are compressed while they are written.

A part waits in a file of its own until its size is known, so that several can grow side by side and each gets the
header that readers expect: Excel refuses a package whose local and central headers tell different versions, which is
what streaming into a zip file of unknown size leads to. Equal parts give equal bytes.

Source: APPNOTE.TXT 6.3.10 (.ZIP File Format Specification) sections 4.3 and 4.5.3; ECMA-376 Part 2 annex B.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEVEL = 3
_LIMIT = 0xFFFF_FFFF
"""From here on a number needs eight bytes, which stand elsewhere."""
_ELSEWHERE = 0xFFFF_FFFF
_PLAIN, _ZIP64 = 20, 45
"""The version of zip that is needed to read an entry, times ten."""
_DEFLATED = 8
_NEW_YEAR_1980 = 0, 0x21
_ZIP64_EXTRA = 1


class Part:
    """One file of the package; `file` holds its compressed bytes, from its start on."""

    def __init__(self, name: str, file: BinaryIO, *, hashed: bool = False) -> None:
        self.name = name
        self.file = file
        self.crc = 0
        self.size = 0
        self.packed = 0
        self._hash = hashlib.sha256() if hashed else None
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)

    def write(self, data: bytes) -> None:
        """Add content."""
        self.crc = zlib.crc32(data, self.crc)
        self.size += len(data)
        if self._hash is not None:
            self._hash.update(data)
        self._keep(self._packer.compress(data))

    @property
    def sha256(self) -> str | None:
        """The hash of the content, where it was wanted."""
        return None if self._hash is None else self._hash.hexdigest()

    def finish(self) -> None:
        """End the content."""
        self._keep(self._packer.flush())

    def _keep(self, packed: bytes) -> None:
        self.packed += len(packed)
        self.file.write(packed)


class _Entry(NamedTuple):
    """What the headers say of a part that begins at `offset`."""

    name: bytes
    crc: int
    packed: int
    size: int
    offset: int

    def header(self) -> bytes:
        """Return the header in front of the part."""
        extra = _extra([self.size, self.packed] if self._is_large else [])
        version = _ZIP64 if self._is_large else _PLAIN
        fields = (
            version,
            0,
            _DEFLATED,
            *_NEW_YEAR_1980,
            self.crc,
            *self._sizes(),
            len(self.name),
            len(extra),
        )
        return struct.pack("<4s5H3L2H", b"PK\3\4", *fields) + self.name + extra

    def listed(self) -> bytes:
        """Return the entry in the directory at the end."""
        is_far = self.offset >= _LIMIT
        extra = _extra(
            [*((self.size, self.packed) if self._is_large else ()), *((self.offset,) if is_far else ())]
        )
        version = _ZIP64 if extra else _PLAIN
        fields = (version, version, 0, _DEFLATED, *_NEW_YEAR_1980, self.crc, *self._sizes())
        offset = _ELSEWHERE if is_far else self.offset
        rest = (len(self.name), len(extra), 0, 0, 0, 0, offset)
        return struct.pack("<4s6H3L5H2L", b"PK\1\2", *fields, *rest) + self.name + extra

    @property
    def _is_large(self) -> bool:
        return max(self.size, self.packed) >= _LIMIT

    def _sizes(self) -> tuple[int, int]:
        return (_ELSEWHERE, _ELSEWHERE) if self._is_large else (self.packed, self.size)


def _extra(numbers: list[int]) -> bytes:
    """Return the numbers that do not fit into their own fields."""
    if not numbers:
        return b""
    return struct.pack(f"<HH{len(numbers)}Q", _ZIP64_EXTRA, 8 * len(numbers), *numbers)


def pack(target: BinaryIO, parts: Iterable[Part]) -> None:
    """Write finished parts and their directory to `target`, which is empty."""
    entries: list[_Entry] = []
    for part in parts:
        entry = _Entry(part.name.encode("ascii"), part.crc, part.packed, part.size, target.tell())
        target.write(entry.header())
        part.file.seek(0)
        shutil.copyfileobj(part.file, target, 1 << 20)
        entries.append(entry)
    start = target.tell()
    for entry in entries:
        target.write(entry.listed())
    target.write(_end(len(entries), start, target.tell()))


def _end(count: int, start: int, end: int) -> bytes:
    """Return what ends the file, after the directory between `start` and `end`."""
    is_far = start >= _LIMIT
    fields = (0, 0, count, count, end - start, _ELSEWHERE if is_far else start, 0)
    plain = struct.pack("<4s4H2LH", b"PK\5\6", *fields)
    if not is_far:
        return plain
    record = (44, _ZIP64, _ZIP64, 0, 0, count, count, end - start, start)
    return struct.pack("<4sQ2H2L4Q", b"PK\6\6", *record) + struct.pack("<4sLQL", b"PK\6\7", 0, end, 1) + plain
