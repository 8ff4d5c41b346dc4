"""Tell the log what goes over the wire: a block for each request that leaves, and one for how it was answered.

Told at DEBUG through the logger `txojobs.rest`, and put into words only while it takes DEBUG. What stands in a
secret's place is hidden whether or not the redactor knows it; what an answer hands out as a secret is learnt even
when nothing is told, because errors and tracebacks speak of it, too.
"""

from __future__ import annotations

import codecs
import itertools
import logging
from typing import TYPE_CHECKING, TypeVar

from txojobs.log_text import Block
from txojobs.rest.origin import shown
from txojobs.rest.secret_places import tokens_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from requests import PreparedRequest

    from txojobs.redact import Redactor
    from txojobs.rest.answers import Answer
    from txojobs.rest.failures import AttemptError
    from txojobs.rest.secret_places import SecretPlaces
    from txojobs.rest.watch import Watch

T = TypeVar("T")

_log = logging.getLogger("txojobs.rest")

SHOWN_BYTES = 1024
"""How much of a body is shown."""
_CLEANED_BYTES = 8 * 1024
"""How much of it is redacted before it is cut: half a secret would not be recognised."""
_LONGEST_SECRET = 4 * 1024


class WireLog:
    """What one client says of its requests; safe to share between threads."""

    def __init__(self, redactor: Redactor, places: SecretPlaces, clock: Callable[[], float]) -> None:
        self._redactor = redactor
        self._places = places
        self._clock = clock
        self._numbers = itertools.count(1)

    def leaves(self, prepared: PreparedRequest) -> Attempt:
        """Tell what is about to leave; what becomes of it is told through the Attempt."""
        url = prepared.url or ""
        self._learn(self._places.in_text(url))
        self._learn(self._places.in_headers(prepared.headers))
        number = 0
        if _log.isEnabledFor(logging.DEBUG):
            number = next(self._numbers)
            head = f"#{number} {prepared.method} {self._places.text(self._clean(url))}"
            self._tell(head, prepared.headers, _as_bytes(prepared.body), mark=">")
        return Attempt(self, f"{prepared.method} {shown(url)}", number, self._clock)

    def answered(self, attempt: Attempt, answer: Answer, *, wire_bytes: int, watch: Watch) -> None:
        """Tell an answer, and learn what it hands out."""
        self._learn(self._places.in_headers(answer.headers))
        for token in tokens_in(answer.body):
            self._redactor.add(token)
        if attempt.number:
            connection = f"{'a new' if watch.connected else 'the same'} connection to {watch.peer}"
            size = f"{len(answer.body):,} bytes"
            size += f" ({wire_bytes:,} on the wire)" if wire_bytes != len(answer.body) else ""
            head = (
                f"#{attempt.number} {answer.status} {answer.reason} to {attempt.what}: {size}, "
                f"{attempt.times()}, {connection}"
            )
            self._tell(head, answer.headers, answer.body, mark="<")

    def broke(self, attempt: Attempt, failure: AttemptError) -> None:
        """Tell that no whole answer came."""
        if attempt.number:
            what = self._clean(failure.error.what_went_wrong)
            _log.debug(Block(f"#{attempt.number} no answer to {attempt.what}, {attempt.times()}: {what}"))

    def _tell(self, head: str, headers: Mapping[str, str], body: bytes, *, mark: str) -> None:
        lines = [
            f"{mark} {name}: {self._places.header(name, self._clean(value))}"
            for name, value in headers.items()
        ]
        _log.debug(Block(head, [*map(self._clean, lines), *self._excerpt(headers, body)]))

    def _excerpt(self, headers: Mapping[str, str], body: bytes) -> list[str]:
        """Return the beginning of a body, each line marked so that none can pass for one of ours."""
        if not body:
            return []
        text = _decoded(body[:_CLEANED_BYTES])
        if text is None:
            kind = headers.get("Content-Type", "no type given")
            return [f"| ({len(body):,} bytes that are no text: {kind})"]
        text = self._places.text(self._clean(text))
        if len(body) > _CLEANED_BYTES:  # what was cut off here may be half a secret
            text = text[:-_LONGEST_SECRET]
        lines = [f"| {line}" for line in text[:SHOWN_BYTES].split("\n")]
        if len(text) > SHOWN_BYTES or len(body) > _CLEANED_BYTES:
            lines.append(f"| (and so on: {len(body):,} bytes in all)")
        return lines

    def _clean(self, text: str) -> str:
        return self._redactor.clean_line(text)

    def _learn(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            self._redactor.add(secret, passing=True)


class Attempt:
    """One request under way; `number` is 0 when nothing is told of it."""

    __slots__ = ("_began_s", "_clock", "_first_byte_s", "_wire", "number", "what")

    def __init__(self, wire: WireLog, what: str, number: int, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._clock = clock
        self.what = what
        self.number = number
        self._began_s = clock() if number else 0.0
        self._first_byte_s: float | None = None

    def is_answered(self) -> None:
        """Note that the head of the answer has come."""
        if self.number:
            self._first_byte_s = self._clock() - self._began_s

    def times(self) -> str:
        """Return how long it took until now, and until the answer began."""
        whole = f"{self._clock() - self._began_s:.3f} s"
        return (
            whole if self._first_byte_s is None else f"first byte {self._first_byte_s:.3f} s, whole {whole}"
        )

    def ended(self, answer: Answer, *, wire_bytes: int, watch: Watch) -> Answer:
        """Tell the answer, and return it."""
        self._wire.answered(self, answer, wire_bytes=wire_bytes, watch=watch)
        return answer

    def failed(self, failure: AttemptError) -> AttemptError:
        """Tell the failure, and return it."""
        self._wire.broke(self, failure)
        return failure


def _as_bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else str(body or "").encode()


def _decoded(data: bytes) -> str | None:
    """Return the text that bytes begin with, None when they are none; a letter cut at the end is left out."""
    if b"\0" in data:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        return None
