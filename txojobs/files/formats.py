"""The table of file formats: which extension is written and read by which module.

Importing this module loads no format; a format's own module comes with its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from txojobs.files.table import ReadOptions, TableWriter, WriteOptions, WriteSummary
    from txojobs.records import Batch, Columns, RecordStream


class _Module(Protocol):
    """What the module of a format provides."""

    def open_writer(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter: ...

    def read(self, path: Path, *, options: ReadOptions) -> RecordStream: ...


class Format(NamedTuple):
    """One format, found by its extension."""

    name: str
    extension: str
    module: str

    def open_writer(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter:
        """Start a table at `path`, whose content is replaced.

        With `columns` the table has exactly these, also when it stays empty. With None it has every field of
        every record, in the order in which they first appear.
        """
        return self._load().open_writer(path, columns=columns, options=options)

    def read(self, path: Path, *, options: ReadOptions) -> RecordStream:
        """Return the records of a file, in batches of at most 1000, read as they are asked for.

        Raises:
            FileOperationError: the file is missing or is not of this format; it names the line.
        """
        return self._load().read(path, options=options)

    def _load(self) -> _Module:
        return cast("_Module", importlib.import_module(self.module))


def write_table(
    path: Path,
    batches: Iterable[Batch],
    *,
    file_format: Format,
    columns: Columns | None,
    options: WriteOptions,
) -> WriteSummary:
    """Write a whole stream to `path`; after an error the writer has let go of the file."""
    writer = file_format.open_writer(path, columns=columns, options=options)
    try:
        for batch in batches:
            writer.write(batch)
        return writer.close()
    except BaseException:
        writer.abort()
        raise


FORMATS: dict[str, Format] = {
    ".csv": Format("csv", ".csv", "txojobs.files.csv_table"),
    ".json": Format("json", ".json", "txojobs.files.json_array"),
    ".jsonl": Format("jsonl", ".jsonl", "txojobs.files.json_lines"),
    ".xlsx": Format("xlsx", ".xlsx", "txojobs.files.xlsx"),
}

_INSTEAD: dict[str, str] = {
    ".xls": "the old Excel format is not supported: use .xlsx",
    ".xlsm": "workbooks with macros are not supported: use .xlsx",
    ".xlsb": "binary workbooks are not supported: use .xlsx",
    ".ods": "OpenDocument sheets are not supported: use .xlsx",
    ".tsv": "use .csv with the delimiter TAB",
    ".txt": "a table is saved as .csv",
    ".ndjson": "the extension of JSON lines is .jsonl",
    ".parquet": "Parquet is not supported: use .jsonl, which keeps every digit too",
    ".xml": "XML is not supported: use .json",
}


def format_of(filename: str) -> Format:
    """Return the format of a file name by its extension, in upper or lower case.

    Raises:
        ValidationError: the name has no known extension; it lists the known ones and names the nearest.
    """
    name = filename.replace("\\", "/").rpartition("/")[2]
    stem, dot, last = name.rpartition(".")
    extension = f".{last.lower()}" if dot and stem else ""
    found = FORMATS.get(extension)
    if found is not None:
        return found
    known = ", ".join(FORMATS)
    if not extension:
        raise ValidationError(
            f"the file name {filename!r} has no extension, so its format is unknown",
            how_to_fix=f"end it with one of: {known}",
            example=f"{name or 'customers'}.xlsx",
        )
    raise ValidationError(
        f"files with the extension {extension!r} are not supported ({filename!r}); known: {known}",
        how_to_fix=_INSTEAD.get(extension) or _nearest(extension),
        example=f"{stem}.xlsx",
    )


def _nearest(extension: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # needed only to explain a mistake

    near = get_close_matches(extension, FORMATS, n=1, cutoff=0.4)
    return f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(FORMATS)}"
