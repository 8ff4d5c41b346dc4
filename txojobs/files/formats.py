"""The table of file formats: which extension is written and read by which module.

Importing this module loads no format; a format's own module comes with its first use.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from txojobs.files.table import ReadOptions, TableWriter, WriteOptions, WriteSummary
    from txojobs.records import Batch, Columns, RecordStream


class _Module(Protocol):
    """What the module of a format provides."""

    def open_writer(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter: ...

    def read(self, path: Path, *, options: ReadOptions) -> RecordStream: ...


class Format(NamedTuple):
    """One format, found by its extension.

    `writing` and `reading` say what of a table is held in memory. `inner` is the format of what is compressed.
    `needs` is the library without which the format cannot be used, where that is an extra of ours. `most_rows` is how
    many records a file holds, where there is a limit. `is_one_piece` tells that several files of one table must be
    written by the format itself, since what is in one of them decides about the others.
    """

    name: str
    extension: str
    module: str
    writing: str = "a batch"
    reading: str = "a batch"
    inner: Format | None = None
    needs: str | None = None
    most_rows: int | None = None
    is_one_piece: bool = False

    @property
    def table(self) -> str:
        """The extension of the table itself, without `.gz`: what decides which options have a meaning."""
        return self.inner.table if self.inner is not None else self.extension

    def check_installed(self) -> None:
        """Make sure that the format can be used here.

        Raises:
            ValidationError: a library is missing; it says how to install it.
        """
        needs = self.needs
        if needs is not None and importlib.util.find_spec(needs) is None:
            raise ValidationError(
                f"files with the extension {self.table} need {needs}, which is not installed",
                how_to_fix=f'install it with: pip install "txojobs[{self.table[1:]}]"',
            )

    def open_writer(self, path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter:
        """Start a table at `path`, whose content is replaced.

        With `columns` the table has exactly these, also when it stays empty. With None it has every field of
        every record, in the order in which they first appear.
        """
        if self.inner is not None:
            from txojobs.files import compressed  # noqa: PLC0415  # few tables are

            return compressed.open_writer(path, self.inner, columns=columns, options=options)
        return self._load().open_writer(path, columns=columns, options=options)

    def open_parts(
        self,
        part_path: Callable[[int], Path],
        *,
        columns: Columns | None,
        options: WriteOptions,
        rows_per_file: int,
        packed: bool = False,
    ) -> TableWriter:
        """Start a table in several files, of a format that is one piece; `part_path` gives each a path, from 1 on."""
        if self.inner is not None:
            return self.inner.open_parts(
                part_path, columns=columns, options=options, rows_per_file=rows_per_file, packed=True
            )
        writer: TableWriter = self._load().open_parts(  # type: ignore[attr-defined]  # such a format has it
            part_path, columns=columns, options=options, rows_per_file=rows_per_file, packed=packed
        )
        return writer

    def read(self, path: Path, *, options: ReadOptions) -> RecordStream:
        """Return the records of a file, in batches of at most 1000, read as they are asked for.

        Raises:
            FileOperationError: the file is missing or is not of this format; it names the line.
        """
        if self.inner is not None:
            from txojobs.files import compressed  # noqa: PLC0415

            return compressed.read(path, self.inner, options=options)
        return self._load().read(path, options=options)

    def _load(self) -> _Module:
        self.check_installed()
        module, _, name = self.module.partition(":")
        loaded = importlib.import_module(module)
        return cast("_Module", getattr(loaded, name) if name else loaded)


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
    ".tsv": Format("tsv", ".tsv", "txojobs.files.tsv"),
    ".txt": Format("txt", ".txt", "txojobs.files.tsv"),
    ".json": Format("json", ".json", "txojobs.files.json_array", reading="the bytes of the file"),
    ".jsonl": Format("jsonl", ".jsonl", "txojobs.files.json_lines"),
    ".yaml": Format("yaml", ".yaml", "txojobs.files.yaml_list", reading="the whole table"),
    ".xlsx": Format("xlsx", ".xlsx", "txojobs.files.xlsx", most_rows=1_048_575),
    ".parquet": Format(
        "parquet",
        ".parquet",
        "txojobs.files.parquet",
        "a row group",
        "a row group",
        needs="pyarrow",
        is_one_piece=True,
    ),
}
COMPRESSED = ".gz"
"""May follow each of them: the table is compressed once it is whole."""
ENTRY_POINTS = "txojobs.formats"
"""The group of entry points in which other packages name formats: an extension without its dot, and the module."""

_INSTEAD: dict[str, str] = {
    ".xls": "the old Excel format is not supported: use .xlsx",
    ".xlsm": "workbooks with macros are not supported: use .xlsx",
    ".xlsb": "binary workbooks are not supported: use .xlsx",
    ".ods": "OpenDocument sheets are not supported: use .xlsx",
    ".yml": "the extension of YAML is .yaml",
    ".zip": "zip is not supported: use .gz, as in customers.csv.gz",
    ".ndjson": "the extension of JSON lines is .jsonl",
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
    if extension == COMPRESSED and "." in stem:
        inner = format_of(stem)
        return Format(
            f"{inner.name}{COMPRESSED}",
            f"{inner.extension}{COMPRESSED}",
            inner.module,
            inner=inner,
            needs=inner.needs,
            most_rows=inner.most_rows,
            is_one_piece=inner.is_one_piece,
        )
    found = FORMATS.get(extension) or _of_another_package(extension)
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


def _of_another_package(extension: str) -> Format | None:
    """Return the format that an installed package gives for an extension that we do not know."""
    if not extension:
        return None
    from importlib.metadata import entry_points  # noqa: PLC0415  # only for an extension that is none of ours

    for each in entry_points(group=ENTRY_POINTS, name=extension[1:]):
        return Format(each.name, extension, each.value, "as its package says", "as its package says")
    return None


def _nearest(extension: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # needed only to explain a mistake

    near = get_close_matches(extension, FORMATS, n=1, cutoff=0.4)
    return f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(FORMATS)}"
