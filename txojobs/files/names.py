"""File names: what a run's outputs are called, and words from data made safe for every file system.

output_name("acme", "prod", "customers.xlsx", ...)   acme-prod-customers_2026-01-15T1430Z.xlsx
the same with first_n=5                              acme-prod-customers_first-5_2026-01-15T1430Z.xlsx
the same with stamped=False                          acme-prod-customers.xlsx
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.workspace import check_name

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

MAX_PART = 80
"""Characters of a cleaned word, and twice as many bytes; a longer one ends with a hash of the whole."""
_MAX_BYTES = 220
"""Of a whole file name: file systems hold 255, `-2` and the temporary file's additions need some."""
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)")
_COMPRESSED = (".gz",)


def output_name(
    org: str, env: str, name: str, *, now: datetime, stamped: bool = True, first_n: int | None = None
) -> str:
    """Return the name of an output; folders before the last `/` of `name` stay in front.

    `now` has a time zone and appears in UTC, to the minute. `first_n` marks the output of a trial run, so
    that nobody takes it for the whole.

    Raises:
        ValidationError: a part is empty or cannot be in a file name, or the whole is too long.
    """
    offset = now.utcoffset()
    if offset is None:
        raise ValidationError(
            "the time of a run needs a time zone", how_to_fix="pass datetime.now(timezone.utc)"
        )
    check_name("an organisation", org)
    check_name("an environment", env)
    folder, slash, last = name.replace("\\", "/").rpartition("/")
    stem, extension = split_extension(last)
    if not stem:
        raise ValidationError(f"the output {name!r} has no name", how_to_fix="name it like customers.xlsx")
    trial = "" if first_n is None else f"_first-{first_n}"
    stamp = f"_{(now - offset).replace(tzinfo=None):%Y-%m-%dT%H%MZ}" if stamped else ""
    whole = f"{org}-{env}-{stem}{trial}{stamp}{extension}"
    if len(whole.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        raise ValidationError(
            f"the file name {whole[:60]!r}... is too long", how_to_fix="choose a shorter name for the output"
        )
    return f"{folder}{slash}{whole}"


def split_extension(name: str) -> tuple[str, str]:
    """Return stem and extension; `.csv.gz` is one extension."""
    stem, dot, last = name.rpartition(".")
    if not dot:
        return name, ""
    extension = dot + last
    if extension.lower() in _COMPRESSED and "." in stem:
        stem, dot, inner = stem.rpartition(".")
        extension = dot + inner + extension
    return stem, extension


def numbered(path: Path, number: int) -> Path:
    """Return the name that is tried as the `number`-th: `a.csv`, `a-2.csv`, `a-3.csv`, ..."""
    if number == 1:
        return path
    stem, extension = split_extension(path.name)
    return path.with_name(f"{stem}-{number}{extension}")


def clean_part(text: str) -> str:
    """Return `text` as one word that can stand in a file name on every system.

    Letters, digits, signs and emoji of any script stay. Path separators, what Windows refuses, control and
    invisible characters and white space become `-`. Two texts may become one word: see `distinct_part`.

    Raises:
        ValidationError: nothing is left.
    """
    word = _word(text)
    fits = len(word) <= MAX_PART and len(word.encode()) <= 2 * MAX_PART
    return _unreserved(word if fits else _cut(word, of=word))


def distinct_part(text: str) -> str:
    """Return `text` as one word, as `clean_part` does; two texts never become one.

    A word that is not the text itself ends with a hash of the text.

    Raises:
        ValidationError: nothing is left.
    """
    word = _word(text)
    if word == unicodedata.normalize("NFC", text) and not _RESERVED.match(word):
        return clean_part(text)
    return _unreserved(_cut(word, of=text))


def _word(text: str) -> str:
    kept = "".join(
        "-" if char in _FORBIDDEN or unicodedata.category(char)[0] in "CZ" else char
        for char in unicodedata.normalize("NFC", text)
    )
    word = re.sub("-{2,}", "-", kept).strip("-. ")
    if not word:
        raise ValidationError(
            f"{text[:40]!r} cannot be part of a file name", how_to_fix="use a value with letters or digits"
        )
    return word


def _cut(word: str, *, of: str) -> str:
    """Return the word, cut where it is too long, and a hash."""
    digest = hashlib.sha256(of.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    head = word[: MAX_PART - 9].encode()[: 2 * MAX_PART - 9].decode("utf-8", "ignore")
    return f"{head.rstrip('-. ')}-{digest}"


def _unreserved(word: str) -> str:
    return _RESERVED.sub(r"\1_", word) if _RESERVED.match(word) else word
