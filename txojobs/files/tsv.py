"""Text whose cells are separated by tabs, as Excel saves it under `.txt`: csv with another sign between the cells.

A tab inside of a text stands in double quotes, as a comma does in csv.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from txojobs.files import csv_table

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.files.table import ReadOptions, TableWriter, WriteOptions
    from txojobs.records import Columns, RecordStream


def open_writer(path: Path, *, columns: Columns | None, options: WriteOptions) -> TableWriter:
    """Start a table of tabs; see Format.open_writer."""
    return csv_table.open_writer(path, columns=columns, options=replace(options, delimiter="\t"))


def read(path: Path, *, options: ReadOptions) -> RecordStream:
    """Return the records of a table of tabs; see csv_reading."""
    return csv_table.read(path, options=replace(options, delimiter="\t"))
