"""In which encoding a text file is: by its byte order mark, else UTF-8, else as somebody says. Nothing is guessed.

Source: The Unicode Standard 15.0 section 23.8 (byte order mark).
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError, Mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from txojobs.files.table import ReadOptions

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The longer ones stand before those that they begin with."""
_SAMPLE = 1 << 20
_USUAL = "cp1252"
"""What Excel writes as "CSV" in Western Europe and America."""


def encoding_of(path: Path, options: ReadOptions) -> str:
    """Return the encoding in which to read; one that is neither UTF-8 nor asked for is told by `options.note`.

    Raises:
        FileOperationError: the file has the mark of another encoding than the one that is asked for.
    """
    with path.open("rb") as file:
        begin = file.read(4)
    marked = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), None)
    wanted = options.encoding
    if wanted is not None and marked is not None and not _same(wanted, marked):
        raise FileOperationError(
            f"{path.name} begins with the mark of {shown(marked)}, and encoding says {shown(wanted)}",
            how_to_fix="leave encoding out: the mark tells it",
            where=Mark(str(path), 1, 1),
        )
    found = marked or wanted or "utf-8"
    if wanted is None and found.startswith(("utf-16", "utf-32")):
        _tell(options.note, found)
    return found


def _same(wanted: str, marked: str) -> bool:
    return codecs.lookup(wanted).name.startswith(marked.removesuffix("-sig"))


def _tell(note: Callable[[str, str], None] | None, encoding: str) -> None:
    if note is not None:
        note("encoding", shown(encoding))


def shown(encoding: str) -> str:
    """Return the name of an encoding for people."""
    return "UTF-8" if encoding == "utf-8-sig" else encoding.upper()


def undecodable(path: Path, *, line: int, encoding: str) -> FileOperationError:
    """Return the error for a text that is not in its encoding; it says what it may be in."""
    name = shown(encoding)
    if encoding.startswith("utf-8"):
        likely = _likely(path)
        fix = f"save it again as 'CSV UTF-8', or say what it is, which {likely} may be"
        example = f"encoding: {likely}"
    else:
        fix, example = "leave encoding out, or name the one in which it was saved", None
    return FileOperationError(
        f"{path.name} is not {name} text, somewhere after line {line:,}",
        how_to_fix=fix,
        example=example,
        where=Mark(str(path), line, 1),
    )


def _likely(path: Path) -> str:
    """Return the encoding that a text may be in, by what its letters would be."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  # comes with requests; only for a mistake

    with path.open("rb") as file:
        best = from_bytes(
            file.read(_SAMPLE), cp_isolation=["cp1252", "cp1250", "cp1251", "cp437", "cp850"]
        ).best()
    return best.encoding if best is not None else _USUAL
