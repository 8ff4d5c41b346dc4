"""In which encoding a text file is: by its byte order mark, else UTF-8, else as somebody says. Nothing is guessed.

Source: The Unicode Standard 15.0 section 23.8 (byte order mark).
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError, Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
_WORD = 40
_USUAL = ("cp1252", "cp1250", "cp1251", "cp850", "mac_roman")
"""What Excel writes as "CSV" in Western Europe and America, in Central and in Eastern Europe; DOS; older Macs."""


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
    """Return the error for a text that is not in its encoding; it shows what others would make of it."""
    name = shown(encoding)
    fix, example = "leave encoding out, or name the one in which it was saved", None
    if encoding.startswith("utf-8"):
        with path.open("rb") as file:
            begin = file.read(_SAMPLE)
        if begin.startswith(b"PK\3\4"):
            return FileOperationError(
                f"{path.name} is no text, but a workbook or another zip file",
                how_to_fix="end its name with .xlsx, if it is a workbook",
                where=Mark(str(path), 1, 1),
            )
        fix = "save it again as 'CSV UTF-8', or say what it is: see what reads well"
        example = "\n".join(f"encoding: {each}    # {word}" for each, word in _readings(begin))
    return FileOperationError(
        f"{path.name} is not {name} text, somewhere after line {line:,}",
        how_to_fix=fix,
        example=example or None,
        where=Mark(str(path), line, 1),
    )


def _readings(begin: bytes) -> Iterator[tuple[str, str]]:
    """Yield encodings and what a word of the text is in each, no word twice."""
    word = next((each for each in re.findall(rb"[^\s,;\t\"|]+", begin) if not _is_utf_8(each)), b"")[:_WORD]
    seen = set()
    for name in _USUAL:
        text = word.decode(name, "replace")
        if text not in seen and "\ufffd" not in text and text.isprintable():
            seen.add(text)
            yield name, text


def _is_utf_8(word: bytes) -> bool:
    try:
        word.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
