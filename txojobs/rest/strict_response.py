"""Read an answer as HTTP/1.1 frames it, and refuse one whose end, or whose headers, cannot be told.

Guarantees, where http.client would guess: one length or none at all, chunks with a size, interim answers passed over,
no header lost behind a line that is none, and no second request over a connection on which a body may still come
that nobody reads.

Source: RFC 9112 sections 2.2, 5, 6.3 and 7.1, RFC 9110 section 15.2.
"""

from __future__ import annotations

import re
from email.errors import MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse

from txojobs.rest.cookies import mend_cookies

_LONGEST_LINE = 65_536
_LENGTH = re.compile(r"[0-9]{1,18}")
"""Bytes; Python converts no more than 4,300 digits, and nothing is as long as 19 say."""
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class StrictResponse(HTTPResponse):
    """An answer of http.client that believes no head which can be read in two ways."""

    def begin(self) -> None:
        """Read the head of the answer.

        Raises:
            HTTPException: it ends at a line that is no header, or what it declares is no length, or several.
        """
        super().begin()
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects):
            last = next(reversed(self.headers.keys()), "")
            behind = f"behind the header {last[:40]!a}" if last else "behind the status"
            raise HTTPException(f"a line {behind} is no header, so that those after it cannot be told")
        declared = ",".join(self.headers.get_all("Content-Length", ["0"]))
        lengths = {each.strip() for each in declared.split(",")}
        if len(lengths) > 1 or not _LENGTH.fullmatch(length := lengths.pop()):
            raise HTTPException("it does not say in a way that can be understood how long it is")
        if self.status in _BODILESS and (int(length) or "Transfer-Encoding" in self.headers):
            self.will_close = True  # some servers send the body that they declare
        mend_cookies(self.headers)

    def _read_status(self) -> tuple[str, int, str]:
        """Return the status line; `begin` passes over all interim answers that look like 100.

        The library knows 100 alone, and would take 103 for the answer, and the answer for that of the next request.
        """
        version, status, reason = super()._read_status()  # type: ignore[misc]  # the types do not tell of it
        interim = 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS  # noqa: PLR2004
        return version, HTTPStatus.CONTINUE if interim else status, reason

    def _read_next_chunk_size(self) -> int:
        """Return the size of the next chunk; the library takes -1, +5 and 1_0 for numbers, too."""
        line = self.fp.readline(_LONGEST_LINE + 1)
        size = line.partition(b";")[0].strip()
        if len(line) > _LONGEST_LINE or not _CHUNK_SIZE.fullmatch(size):
            self._close_conn()  # type: ignore[attr-defined]
            raise ValueError("a chunk has no size")
        return int(size, 16)
