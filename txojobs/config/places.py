"""Find the line and column of each key and value of a JSON text that is known to be valid.

Used only when there is something to report, so it costs a good configuration nothing. It works on the text
itself (RFC 8259); reading JSON as YAML would trip over tabs, surrogate pairs and long keys.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # the scanner that json itself uses
from typing import NamedTuple, TypeAlias

from txojobs.config.names import shown_name
from txojobs.errors import Mark

JsonPath: TypeAlias = "tuple[str | int, ...]"
"""Keys and list indices from the root."""

_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^ \t\r\n,\]}]+")


class Place(NamedTuple):
    """Offsets of a member: of its key (None in a list and at the root), its value, and the end of each."""

    key: int | None
    key_end: int
    value: int
    value_end: int


class Places:
    """The places of one JSON text."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._found: dict[JsonPath, Place] = {}
        self.repeated: list[tuple[JsonPath, Mark, Mark, int]] = []
        """Keys that stand twice in one object: path, first and second mark, length of the key as written."""
        start = self._skip(0)
        self._found[()] = Place(None, start, start, self._value((), start))

    def mark(self, path: JsonPath, *, at_key: bool) -> tuple[Mark, int]:
        """Return where a key or value stands and its length up to the end of that line.

        For a path that does not exist it is the nearest parent that does.
        """
        while path not in self._found:
            path = path[:-1]
        place = self._found[path]
        if at_key and place.key is not None:
            return mark_at(self._text, place.key, self._file), place.key_end - place.key
        first_line = self._text[place.value : place.value_end].split("\n", 1)[0].rstrip()
        return mark_at(self._text, place.value, self._file), len(first_line)

    def _skip(self, offset: int) -> int:
        found = _SPACE.match(self._text, offset)
        return found.end() if found else offset

    def _value(self, path: JsonPath, start: int) -> int:
        """Note the places below the value that begins at `start`; return where it ends."""
        opening = self._text[start]
        if opening == "{":
            return self._object(path, start)
        if opening == "[":
            return self._list(path, start)
        if opening == '"':
            return int(scanstring(self._text, start + 1, True)[1])  # noqa: FBT003 - json's own signature
        found = _SCALAR.match(self._text, start)
        return found.end() if found else start

    def _object(self, path: JsonPath, start: int) -> int:
        first: dict[str, int] = {}
        offset = self._skip(start + 1)
        while self._text[offset] != "}":
            key, key_end = scanstring(self._text, offset + 1, True)  # noqa: FBT003 - json's own signature
            below = (*path, key)
            if key in first:
                here = mark_at(self._text, offset, self._file)
                self.repeated.append(
                    (below, mark_at(self._text, first[key], self._file), here, key_end - offset)
                )
            first.setdefault(key, offset)
            value = self._skip(self._skip(key_end) + 1)
            end = self._value(below, value)
            self._found[below] = Place(offset, key_end, value, end)
            offset = self._comma(end)
        return offset + 1

    def _list(self, path: JsonPath, start: int) -> int:
        offset = self._skip(start + 1)
        number = 0
        while self._text[offset] != "]":
            below = (*path, number)
            end = self._value(below, offset)
            self._found[below] = Place(None, offset, offset, end)
            offset = self._comma(end)
            number += 1
        return offset + 1

    def _comma(self, end: int) -> int:
        offset = self._skip(end)
        return self._skip(offset + 1) if self._text[offset] == "," else offset


def mark_at(text: str, offset: int, file: str) -> Mark:
    """Return the mark of an offset: lines end with LF, columns count characters."""
    return Mark(file, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def dotted(path: JsonPath) -> str:
    """Return a path as people write it and as it may be shown: `apis.bc.base-url`, `countries[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{shown_name(part)}"
    return text
