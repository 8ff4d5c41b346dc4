"""Parquet: written by `parquet_writing`, read by `parquet_reading`; each is loaded, with pyarrow, when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from txojobs.files.table import ReadOptions, TableWriter, WriteOptions
    from txojobs.records import Columns, RecordStream


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter:
    """Start a Parquet file; see Format.open_writer."""
    from txojobs.files.parquet_writing import ParquetWriter  # noqa: PLC0415  # loads pyarrow

    return ParquetWriter(path, columns=columns, options=options)


def open_parts(
    part_path: Callable[[int], Path],
    *,
    columns: Columns | None,
    options: WriteOptions,
    rows_per_file: int,
    packed: bool,
) -> TableWriter:
    """Start a table in several files; see Format.open_parts."""
    from txojobs.files.parquet_parts import ParquetParts  # noqa: PLC0415  # loads pyarrow

    return ParquetParts(
        part_path, columns=columns, options=options, rows_per_file=rows_per_file, packed=packed
    )


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a Parquet file; see Format.read."""
    from txojobs.files.parquet_reading import read_table  # noqa: PLC0415  # loads pyarrow

    del options
    return read_table(path)
