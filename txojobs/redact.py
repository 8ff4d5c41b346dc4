"""Keep secrets and terminal tricks out of every text that leaves the run.

A Redactor knows each secret value of its run in the spellings in which it may turn up. It is applied in the
log formatter, after message, arguments and traceback are put together, and on every report; never on the
message alone. `clean` and `clean_value` hide known values only. `clean_line`, for log lines, also hides what
merely looks like a secret. `escape_foreign` makes control characters visible (Unicode TR 36 section 3).

What looks like a secret is decided as follows. A run of 40 or more letters, digits and `_ + / = -` is a
token, a hash too: keys often are hex, so whoever wants to show a hash shows its first 12 digits. It is no
token when it is made of short words (paths, file names with stamps, GUIDs) or is one CamelCase name.
"""

from __future__ import annotations

import json
import re
import threading
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.records import JsonValue

HIDDEN = "***"

SHORTEST = 4
"""Shorter secrets are hidden only where they are a whole value: as part of a text they would blot out every
"on" and "12" and thereby give themselves away."""

PASSING = 50
"""How many of the secrets that come and go during a run are remembered: a service that sends a new cookie with
each of a million answers must not make every text slower to clean."""

_LEAST_BASE64 = 8
_LEAST_LINE = 8
_LEAST_BROKEN = 12
"""What is shorter might be found in words that just stand one after the other."""
_LEAST_CUT = 6
_GAP = r"(?:\s|\\[nrt])+"
_KEPT = "!#$%&'()*+,/:;=?@[]~"
"""What clients leave alone when they mend an address that somebody else wrote (RFC 3986 section 2.2)."""
_SCHEME = re.compile(r"(?i)^(?:bearer|basic)\s+(?=\S)")


class Redactor:
    """The secret values of one run; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: dict[str, set[str]] = {}
        self._passing: dict[str, set[str]] = {}
        self._whole: frozenset[str] = frozenset()
        self._spellings: tuple[str, ...] = ()

    def add(self, secret: str, *, user: str | None = None, passing: bool = False) -> None:
        """Learn a secret value; from now on no text shows it.

        With `user` the Basic credential `user:secret` (RFC 7617) is learnt as well. A scheme before a token
        (`Bearer ...`) is not part of the secret. Of the `passing` ones, such as cookies, only the newest are
        remembered.
        """
        secret = _SCHEME.sub("", secret.strip())
        if not secret or (passing and secret in self._whole):
            return
        found = set(_spellings(secret)) if len(secret) >= SHORTEST else set()
        if user is not None:
            found |= {
                text.rstrip("=") for text in _base64(f"{user}:{secret}".encode("utf-8", "surrogatepass"))
            }
        with self._lock:
            known = self._passing if passing else self._lasting
            known[secret] = found.union(known.get(secret, ()))
            while len(self._passing) > PASSING:
                del self._passing[next(iter(self._passing))]
            spellings = set[str]().union(*self._lasting.values(), *self._passing.values())
            self._whole = frozenset((*self._lasting, *self._passing))
            self._spellings = tuple(sorted(spellings, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Return `text` with each known secret, in each of its spellings, replaced by `***`."""
        if not self._whole:
            return text
        if text in self._whole:
            return HIDDEN
        spans = [span for spelling in self._spellings for span in _find(spelling, text)]
        spans += _torn(text, self._spellings)
        if "%" in text or "&" in text or "\\" in text:
            from txojobs.escapes import find_escaped  # noqa: PLC0415  # few texts hold an escape

            spans += find_escaped(self._spellings, text)
        if not spans:
            return text
        spans.sort()
        parts: list[str] = []
        end = 0
        for start, stop in spans:  # secrets may overlap: what two of them cover is hidden once and wholly
            if start >= end:
                parts += (text[end:start], HIDDEN)
            end = max(end, stop)
        return "".join((*parts, text[end:]))

    def clean_value(self, value: JsonValue) -> JsonValue:
        """Return a copy of a JSON value in which no text, key or number shows a known secret."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {self.clean(key): self.clean_value(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.clean_value(member) for member in value]
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and str(value) in self._whole:
            return HIDDEN
        return value

    def clean_line(self, text: str) -> str:
        """Return `text` for a log: without known secrets and without what looks like one."""
        text = self.clean(text)
        for pattern, replacement in _PATTERNS:
            text = re.sub(pattern, replacement, text)
        return re.sub(_RUN, _hide_token, text)


def _find(spelling: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(spelling)
    while start >= 0:
        yield start, start + len(spelling)
        start = text.find(spelling, start + 1)


def _torn(text: str, spellings: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return where a secret stands broken over lines, or its beginning before the `...` of a shortened text.

    Mail breaks Base64, and a line break may have become a space since.
    """
    joined = re.sub(_GAP, "", text)
    found = [*_cut(joined, spellings)] if "..." in joined else []
    if len(joined) == len(text):
        return found
    for spelling in spellings:
        if len(spelling) < _LEAST_BROKEN:
            break  # the longest come first
        found += _find(re.sub(_GAP, "", spelling) or spelling, joined)
    if not found:
        return []
    places = [at for piece in _pieces(text) for at in range(*piece)]
    return [(places[start], places[stop - 1] + 1) for start, stop in found]


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans between the gaps of a text."""
    end = 0
    for gap in re.finditer(_GAP, text):
        yield end, gap.start()
        end = gap.end()
    yield end, len(text)


def _cut(text: str, spellings: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for dots in re.finditer(r"\.{3,}", text):
        end = dots.start()
        for spelling in spellings:
            before = text[max(0, end - len(spelling)) : end]
            if spelling[:_LEAST_CUT] in before:
                lengths = range(len(before), _LEAST_CUT - 1, -1)
                longest = next((each for each in lengths if before.endswith(spelling[:each])), 0)
                if longest:
                    yield end - longest, end


def _spellings(secret: str) -> Iterator[str]:
    """Yield the texts in which a secret turns up in addresses, bodies, headers, HTML and Python's repr."""
    import html  # noqa: PLC0415 - only where there are secrets
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    yield secret
    if len(secret) >= _LEAST_BROKEN:
        yield from (secret.lower(), secret.upper())  # as names of hosts and of headers are written
    lines = [line for line in re.split(r"[\r\n]+", secret) if len(line) >= _LEAST_LINE]
    if len(lines) > 1:  # a key in PEM form, shown line by line
        yield from lines
    for plain in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]):
        yield from (plain, plain.replace("/", "\\/"))
    yield re.sub(
        r"[^ \w#$%()*,./:;=?@\[\]{|}~!^-]", lambda found: f"\\u{ord(found[0]):04X}", secret, flags=re.ASCII
    )
    yield from (html.escape(secret), html.escape(secret, quote=False))
    raw = secret.encode("utf-8", "surrogatepass")
    for encoded in (quote(raw, safe=""), quote(raw, safe="/"), quote(raw, safe=_KEPT), quote_plus(raw)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), encoded)
    if len(raw) >= _LEAST_BASE64:
        yield from (raw.hex(), raw.hex().upper())
    yield from _cores(raw)


def _cores(raw: bytes) -> Iterator[str]:
    """Yield the letters that stand in the base64 of any text around the secret, such as `user:secret`."""
    for before in range(3):
        first = -(-8 * before // 6)
        last = 8 * (before + len(raw)) // 6
        for text in _base64(b"\0" * before + raw):
            if last - first >= _LEAST_BASE64:
                yield text[first:last]


def _base64(raw: bytes) -> tuple[str, str]:
    import base64  # noqa: PLC0415 - only where there are secrets

    return base64.b64encode(raw).decode("ascii"), base64.urlsafe_b64encode(raw).decode("ascii")


_NAMES = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|api[-_]?key|(?:private|access|account|subscription)[-_]?key"
    r"|token|assertion|credentials?|authorization|cookie|csrf)"
)
# words that follow "Bearer" in prose and in WWW-Authenticate (RFC 6750 section 3)
_PROSE = (
    r"(?!(?:tokens?|auth|authentication|authorization|schemes?|credentials?|headers?|is|was|has|for|from|and|or"
    r"|of|in|to|not)\b|(?:realm|scope|error\w*|authorization_uri|client_id)=|\[REDACTED)"
)
# texts: `re` compiles each at its first use and keeps it, so whoever logs nothing does not pay for them
_PATTERNS = (
    (r"\beyJ[\w-]{8,}(?:\.[\w-]*)*", "[REDACTED_JWT]"),
    (rf"(?i)\b(bearer)\s+{_PROSE}[^\s\"'<>,;\\]+", r"\1 [REDACTED]"),
    (r"(?i)\b(bearer)\s+\[REDACTED_JWT\]", r"\1 [REDACTED]"),
    (r"(?i)\b(authorization\W{1,4}basic)\s+[\w+/=-]+", r"\1 [REDACTED]"),
    # "password": "...", also with single quotes, as JSON inside JSON, and cut off before its end
    (
        (
            rf"(?is)(?P<all>(?P<q>\\?[\"'])[\w .-]{{0,40}}{_NAMES}(?P=q)\s{{0,9}}:\s{{0,9}})"
            r"(?P<v>\\?[\"'])(?!\[REDACTED|Bearer \[REDACTED)(?:(?!(?P=v))(?:\\.|[^\\]))*(?:(?P=v)|$)"
        ),
        r"\g<all>\g<v>[REDACTED]\g<v>",
    ),
    # client_secret=... in forms and addresses, password: ... in prose
    (
        rf"(?i)\b((?:[a-z]+[-_])?{_NAMES})(=|: (?!bearer|basic))(?!\[REDACTED)([^\s&\"',;\\]+)",
        r"\1\2[REDACTED]",
    ),
    (r"(?i)([?&](?:code|sig|key|subscription-key)=)[^\s&\"'<>]+", r"\1[REDACTED]"),
    (r"(?i)(://[^\s/:@]{1,256}:)[^\s/@]{1,512}@", r"\1[REDACTED]@"),
    # the form of Microsoft Entra's client secrets
    (r"(?<![\w~.-])[\w~.-]{3}[0-9]Q~[\w~.-]{31,34}(?![\w~-])", "[REDACTED]"),
)
_RUN = r"(?a)[\w+/=-]{40,}"
_CAMEL = r"(?:[A-Z][a-z]{1,15}){3,}[A-Z]?"
_LONG = 40
_DENSE = 20


def _hide_token(found: re.Match[str]) -> str:
    run = found[0]
    pieces = re.split(r"[-_/+=]", run)
    for piece in pieces:
        if len(piece) >= _LONG and not re.fullmatch(_CAMEL, piece):
            return "[REDACTED_TOKEN]"
        if len(piece) >= _DENSE and re.search("[0-9]", piece) and re.search("[A-Za-z]", piece):
            return "[REDACTED_TOKEN]"
    mixed = sum(
        len(piece) for piece in pieces if all(re.search(kind, piece) for kind in ("[0-9]", "[a-z]", "[A-Z]"))
    )
    return "[REDACTED_TOKEN]" if "/" not in run and mixed >= _DENSE else run


def shortened(text: str, limit: int) -> str:
    """Return a text of at most `limit` letters; by the dots a Redactor finds a secret that was cut there."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


# C0, DEL, C1, line and paragraph separator, bidi controls (Unicode TR 9), lone surrogates
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape_foreign(text: str) -> str:
    r"""Return a text of foreign origin as one line that no console or log can misread.

    Line breaks, tabs, escape sequences, bidi controls and lone surrogates become visible as `\n`, `\x1b`,
    `\u202e`; everything else stays as it is, backslashes too.
    """
    return text if text.isprintable() else _UNSAFE.sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    letter = found[0]
    code = ord(letter)
    return _NAMED.get(letter) or (f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}")  # noqa: PLR2004 - two hex digits end there
