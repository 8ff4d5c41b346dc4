"""Read a `$metadata` document (CSDL XML of OData V2, V3, V4 and 4.01) piece by piece.

No tree is built: expat tells of each element, and what is not needed is forgotten at once. Defused: a DOCTYPE is
refused before anything in it counts, so there are no entities to expand and nothing outside to fetch; size and depth
have limits. (That is all that `defusedxml` would add, in three lines, for a parser that builds trees.)

Source: OData CSDL XML 4.01 sections 3 to 13; [MC-CSDL] for V2 and V3; SAP annotations for OData V2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from txojobs.errors import Mark, ValidationError
from txojobs.metadata.declared import Declared
from txojobs.metadata.linking import linked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from txojobs.metadata.declared import Level
    from txojobs.metadata.model import Service

MAX_BYTES = 200 * 1024 * 1024
MAX_DEPTH = 100
_UNKNOWN: Level = {}
_PIECE = 1024 * 1024
_AGAIN = "read it again: txojobs metadata ORG ENV --save"


def read_snapshot(path: Path, *, shown_as: str) -> Service:
    """Return the service that a saved document describes; `shown_as` is the name that marks carry.

    Raises:
        ValidationError: the file cannot be read, or holds no such document.
    """
    try:
        with path.open("rb") as file:
            return parse(iter(lambda: file.read(_PIECE), b""), name=shown_as, fix=_AGAIN)
    except OSError as err:
        raise ValidationError(f"{shown_as} cannot be read: {err.strerror}", how_to_fix=_AGAIN) from err


def pieces(body: bytes) -> Iterator[bytes]:
    """Yield a document in pieces, as `parse` takes it."""
    view = memoryview(body)
    for start in range(0, len(body), _PIECE):
        yield bytes(view[start : start + _PIECE])


def parse(
    document: Iterable[bytes], *, name: str = "$metadata", fix: str | None = None, max_bytes: int = MAX_BYTES
) -> Service:
    """Return the service that a document describes. Holds one piece of it, and what it says.

    Raises:
        ValidationError: it is too long or too deep, has a DOCTYPE, is no XML or no description of a service.
    """
    reader = _Reader(name, fix)
    size = 0
    for piece in document:
        size += len(piece)
        if size > max_bytes:
            raise ValidationError(f"{name} is longer than {max_bytes:,} bytes", how_to_fix=fix)
        reader.feed(piece)
    return linked(reader.end())


class _Reader:
    """Listens to expat, and hands each element that counts to who takes it."""

    def __init__(self, name: str, fix: str | None) -> None:
        self._name = name
        self._fix = fix
        self._declared = Declared()
        self._level = self._declared.document
        self._levels: list[Level] = []
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def feed(self, piece: bytes) -> None:
        self._parse(piece, is_last=False)

    def end(self) -> Declared:
        self._parse(b"", is_last=True)
        return self._declared

    def _parse(self, piece: bytes, *, is_last: bool) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as err:
            what = expat.errors.messages[err.code]
            if err.code == expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS]:
                what = "it ends in the middle" if self._levels else "it is empty"
            raise self._fault(f"it is no well-formed XML: {what}", err.lineno, err.offset) from None
        except (LookupError, UnicodeError) as err:  # an encoding that Python does not have
            raise self._fault(f"its encoding cannot be read: {err}") from None

    def _fault(self, what: str, line: int | None = None, column: int | None = None) -> ValidationError:
        line = line or self._parser.CurrentLineNumber
        column = self._parser.CurrentColumnNumber if column is None else column
        where = Mark(self._name, line, column + 1)
        return ValidationError(f"{self._name}: {what}", how_to_fix=self._fix, where=where)

    def _doctype(self, *_: Any) -> None:
        raise self._fault("it has a DOCTYPE, which no $metadata needs and an attack would use")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        levels = self._levels
        if not levels and local != "Edmx":
            raise self._fault(f"it begins with <{local[:40]}>, and a description of a service with <Edmx>")
        if len(levels) >= MAX_DEPTH:
            raise self._fault(f"its elements nest deeper than {MAX_DEPTH} levels")
        levels.append(self._level)
        found = self._level.get(local)
        if found is None:
            self._level = _UNKNOWN
        else:
            take, self._level = found
            take(attributes)

    def _end(self, name: str) -> None:
        del name
        self._level = self._levels.pop()
