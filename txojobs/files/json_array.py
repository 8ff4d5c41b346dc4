"""Write and read JSON: an array of records, one record per line, UTF-8, numbers with every digit (RFC 8259).

Writing holds one batch. Reading holds the bytes of the file, and the records of one batch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import msgspec

from txojobs.errors import FileOperationError, Mark, ValidationError
from txojobs.exact_json import decode
from txojobs.files.json_lines import JsonWriter, record_of
from txojobs.files.os_errors import explained
from txojobs.files.table import BATCH_SIZE
from txojobs.records import RecordStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from txojobs.files.table import ReadOptions, WriteOptions
    from txojobs.records import Batch, Columns, JsonValue

_UTF8_BOM = b"\xef\xbb\xbf"


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> JsonArrayWriter:
    """Start a JSON array; see Format.open_writer."""
    return JsonArrayWriter(path, columns=columns, options=options)


class JsonArrayWriter(JsonWriter):
    """Writes an array with one record per line; an empty one is `[]`."""

    before_first, between, after_last, empty = b"[\n", b",\n", b"\n]\n", b"[]\n"


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of an array of objects, or of the one array that an object holds."""
    del options
    return RecordStream(None, _batches(path))


def _batches(path: Path) -> Iterator[Batch]:
    with explained(path, doing="read"):
        data = path.read_bytes().removeprefix(_UTF8_BOM)
    batch: Batch = []
    for number, element in enumerate(_elements(data, path), 1):
        batch.append(record_of(element, path=path, where=None, name=f"record {number:,}"))
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _elements(data: bytes, path: Path) -> list[msgspec.Raw] | list[JsonValue]:
    """Return the elements of the array, as views of its bytes where msgspec can read it."""
    try:
        if data.lstrip()[:1] == b"[":
            return msgspec.json.decode(data, type=list[msgspec.Raw])
        members: dict[str, msgspec.Raw] = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        lists = [name for name, raw in members.items() if bytes(raw)[:1] == b"["]
        if len(lists) == 1:
            _refuse_page(members, path)
            return msgspec.json.decode(members[lists[0]], type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return _elements_slowly(data, path)
    raise _not_one_list(lists, path)


def _elements_slowly(data: bytes, path: Path) -> list[JsonValue]:
    """Do the same with values, for what msgspec refuses, and say where a broken file breaks."""
    try:
        value = decode(data)
    except ValidationError as err:
        place = re.search(r"\(byte (\d+)\)", str(err))
        line = data[: int(place[1])].count(b"\n") + 1 if place else data.count(b"\n") + 1
        raise FileOperationError(
            f"{path.name}, line {line:,}: {err}",
            how_to_fix='the file must be a JSON array of records: [{"No": "10000"}, ...]',
            where=Mark(str(path), line, 1),
        ) from None
    if isinstance(value, list):
        return value
    lists = (
        [name for name, member in value.items() if isinstance(member, list)]
        if isinstance(value, dict)
        else []
    )
    if isinstance(value, dict) and len(lists) == 1:
        _refuse_page(value, path)
        return cast("list[JsonValue]", value[lists[0]])
    raise _not_one_list(lists, path)


def _refuse_page(members: Iterable[str], path: Path) -> None:
    """Refuse a saved page of a service that says itself that it goes on elsewhere."""
    link = next(
        (name for name in members if name.rpartition(".")[2].lstrip("@") in ("nextLink", "__next")), None
    )
    if link is not None:
        raise FileOperationError(
            f"{path.name} is one page of a longer list: it says {link!r}",
            how_to_fix="read the whole list with fetch, or remove that member when the page is what you want",
        )


def _not_one_list(lists: list[str], path: Path) -> FileOperationError:
    if not lists:
        return FileOperationError(
            f"{path.name} holds no list of records",
            how_to_fix="write the records as a list, one alone too: [{...}]",
            where=Mark(str(path), 1, 1),
        )
    return FileOperationError(
        f"{path.name} holds {len(lists)} lists of records instead of one: {', '.join(lists)}",
        how_to_fix="keep one list of records in the file, or save them as .jsonl",
        where=Mark(str(path), 1, 1),
    )
