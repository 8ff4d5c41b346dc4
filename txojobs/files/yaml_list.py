r"""Write and read YAML: a list of records, each a block of keys, numbers with every digit (YAML 1.2.2).

Texts stand in double quotes, so that no reader takes `NO` or `00123` for something else. A record is written as it
came: its fields keep their order, and one that it lacks stays away. Lone surrogates cannot be stored: they become
visible as `\uXXXX`. Writing holds one batch, reading the whole table.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from txojobs.errors import FileOperationError, Mark
from txojobs.files.cells import decimal_text, json_text, visible
from txojobs.files.json_lines import JsonWriter
from txojobs.files.os_errors import explained
from txojobs.files.table import BATCH_SIZE, NOT_FINITE, UNSTORABLE
from txojobs.records import RecordStream
from txojobs.yaml_source import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.files.table import ReadOptions, WriteOptions
    from txojobs.records import Batch, Columns, JsonValue, Record

MAX_BYTES = 64 << 20
"""YAML is read slowly, and all at once."""
MAX_VALUES, MAX_DEPTH = 5_000_000, 50
"""An alias may stand for many values: they are counted each time."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_EMPTY = {list: "[]", dict: "{}"}


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> YamlWriter:
    """Start a list of records; see Format.open_writer."""
    return YamlWriter(path, columns=columns, options=options)


class YamlWriter(JsonWriter):
    """Writes a list with a block for each record; an empty one is `[]`."""

    before_first, between, after_last, empty = b"", b"", b"", b"[]\n"
    at_once = False

    def _encoded(self, record: Record) -> bytes:
        return "".join(self._item(record, "")).encode()

    def _item(self, value: JsonValue, indent: str) -> Iterator[str]:
        """Yield an element of a list: its first line begins with a dash."""
        inner = f"{indent}  "
        lines = self._below(value, inner)
        yield f"{indent}- {next(lines).removeprefix(inner)}"
        yield from lines

    def _below(self, value: JsonValue, indent: str) -> Iterator[str]:
        """Yield the lines of a value that stands below its dash or key."""
        if isinstance(value, dict) and value:
            for name, member in value.items():
                yield from self._member(name, member, indent)
        elif isinstance(value, list) and value:
            for element in value:
                yield from self._item(element, indent)
        else:
            yield f"{indent}{self._scalar(value)}\n"

    def _member(self, name: str, value: JsonValue, indent: str) -> Iterator[str]:
        key = name if _PLAIN_KEY.fullmatch(name) and name.lower() not in _WORDS else self._text(name)
        if isinstance(value, dict | list) and value:
            yield f"{indent}{key}:\n"
            yield from self._below(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {self._scalar(value)}\n"

    def _scalar(self, value: JsonValue) -> str:
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, Decimal):
            if value.is_finite():
                return decimal_text(value)
            self._tally.add(NOT_FINITE)
            return "null"
        if isinstance(value, dict | list):
            return _EMPTY[type(value)]
        if isinstance(value, int):
            return str(value)
        raise TypeError(f"a {type(value).__name__}")

    def _text(self, text: str) -> str:
        if _SURROGATE.search(text):
            self._tally.add(UNSTORABLE)
            text = _SURROGATE.sub(visible, text)
        quoted = json_text(text, self._tally)
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a YAML list of mappings; they are read as they are asked for."""
    del options
    return RecordStream(None, _batches(path))


def _batches(path: Path) -> Iterator[Batch]:
    with explained(path, doing="read"):
        if path.stat().st_size > MAX_BYTES:
            raise FileOperationError(
                f"{path.name} is larger than {MAX_BYTES:,} bytes, which takes too long to read as YAML",
                how_to_fix="save it as .jsonl or .csv",
            )
        data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileOperationError(
            f"{path.name} is not UTF-8 text", how_to_fix="save it again as UTF-8"
        ) from None
    records = _Records(path).of(text)
    for first in range(0, len(records), BATCH_SIZE):
        yield records[first : first + BATCH_SIZE]


class _Records:
    """Turns the nodes of one file into values, exactly: a number keeps its digits, a text stays one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0

    def of(self, text: str) -> list[Record]:
        from ruamel.yaml import YAML  # noqa: PLC0415  # only where it is read
        from ruamel.yaml.error import YAMLError  # noqa: PLC0415

        try:
            root = YAML(typ="safe", pure=True).compose(text)
        except (YAMLError, ValueError, OverflowError, RecursionError) as err:
            mark = getattr(err, "problem_mark", None)
            where = None if mark is None else Mark(str(self._path), mark.line + 1, mark.column + 1)
            raise FileOperationError(
                f"{self._path.name} is not YAML: {getattr(err, 'problem', None) or type(err).__name__}",
                how_to_fix="mend it, or write it again",
                where=where,
            ) from None
        if root is None:
            return []
        if root.id != "sequence" or any(node.id != "mapping" for node in root.value):
            raise self._wrong(root, "holds no list of records", example="- No: '10000'\n  Name: Adatum")
        return [cast("Record", self._value(node, 1)) for node in root.value]

    def _value(self, node: Any, depth: int) -> JsonValue:
        self._count += 1
        if self._count > MAX_VALUES or depth > MAX_DEPTH:
            raise self._wrong(node, "holds too many values, or nests too deep")
        if node.id == "scalar":
            return resolve(node.value) if not node.style else str(node.value)
        if node.id == "sequence":
            return [self._value(each, depth + 1) for each in node.value]
        found: dict[str, JsonValue] = {}
        for key, value in node.value:
            if key.id != "scalar" or key.value in found:
                what = "a key that is no text" if key.id != "scalar" else f"the key {key.value[:40]!r} twice"
                raise self._wrong(key, f"has {what} in one record")
            found[key.value] = self._value(value, depth + 1)
        return found

    def _wrong(self, node: Any, what: str, example: str | None = None) -> FileOperationError:
        mark = node.start_mark
        return FileOperationError(
            f"{self._path.name}, line {mark.line + 1:,}: it {what}",
            how_to_fix="write each record below a dash, each of its fields once",
            example=example,
            where=Mark(str(self._path), mark.line + 1, mark.column + 1),
        )
