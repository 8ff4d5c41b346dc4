"""Read the whole body of an answer, or say exactly why not.

Guarantees: never more than `max_bytes` decoded bytes, no gzip bomb, no body that was cut without anyone
noticing (the end of the gzip stream, the declared length and the chunks are checked), no encoding that was
not asked for.

Source: RFC 9110 section 8.4, RFC 9112 section 8, RFC 1952.
"""

from __future__ import annotations

import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from txojobs.redact import shortened

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

_READ_SIZE = 256 * 1024
_MAX_RATIO = 100
_RATIO_FROM = 1024 * 1024
"""A small body may be packed as tightly as it likes: it fits into memory anyway."""
_GZIP = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """The body did not arrive whole; asking again may help."""


class BodyRefusedError(Exception):
    """The body must not be read: too large, packed too tightly, or in an unknown encoding."""


def read_body(raw: BaseHTTPResponse, *, max_bytes: int) -> bytes:
    """Return the decoded body of a streamed answer.

    Raises:
        BodyError, BodyRefusedError: see there; errors of the connection pass unchanged.
    """
    if raw.status < HTTPStatus.OK:  # interim answers were passed over: it wants to speak another protocol now
        raise BodyError(f"the answer is {raw.status}, which nobody has asked for")
    encoding = raw.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise BodyRefusedError(
            f"the answer is encoded as {shortened(encoding, 40)!r}, which was not asked for"
        )
    length = _declared(raw)
    if length > max_bytes:
        raise BodyRefusedError(f"the answer is {length:,} bytes, more than the {max_bytes:,} allowed")
    unpack = _Gunzip(max_bytes) if "gzip" in encoding else _Plain(max_bytes)
    received = 0
    while chunk := raw.read(_READ_SIZE, decode_content=False):
        received += len(chunk)
        unpack.feed(chunk)
    if received < length:  # not every version of urllib3 looks
        raise BodyError(f"the answer ends after {received:,} of {length:,} bytes")
    return unpack.end()


def _declared(raw: BaseHTTPResponse) -> int:
    """Return the declared length, 0 where none is or where chunks count instead (RFC 9112 section 6.3)."""
    if "Transfer-Encoding" in raw.headers:
        return 0
    return int(raw.headers.get("Content-Length", "0").partition(",")[0])  # the connection has looked at it


class _Plain:
    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max:
            raise BodyRefusedError(f"the answer is longer than the {self._max:,} bytes allowed")
        self._parts.append(data)

    def end(self) -> bytes:
        return b"".join(self._parts)


class _Gunzip(_Plain):
    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self._packed = 0
        self._stream = zlib.decompressobj(_GZIP)

    def feed(self, data: bytes) -> None:
        self._packed += len(data)
        while data:
            if self._stream.eof:  # a gzip file may have several members
                self._stream = zlib.decompressobj(_GZIP)
            try:
                part = self._stream.decompress(data, _READ_SIZE)
            except zlib.error as err:
                raise BodyError(f"the gzip data of the answer is damaged: {err}") from None
            super().feed(part)
            if self._size > _RATIO_FROM and self._size > _MAX_RATIO * self._packed:
                raise BodyRefusedError(f"the answer is packed more than {_MAX_RATIO} to 1 (a gzip bomb?)")
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def end(self) -> bytes:
        if self._packed and not self._stream.eof:
            raise BodyError("the gzip data of the answer ends in the middle")
        return super().end()
