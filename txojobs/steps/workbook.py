"""A workbook of several steps: one sheet for the records of each, in the order in which they are named."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from txojobs.errors import Problem, ValidationError
from txojobs.files.table import WriteSummary
from txojobs.files.xlsx_names import ABOUT, check_sheet_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from txojobs.errors import Mark
    from txojobs.files.xlsx_writing import Workbook
    from txojobs.records import RecordStream

_Sheet: TypeAlias = "tuple[str, RecordStream]"


def check_sheets(names: Iterable[str], *, about: bool, where: Mark) -> Iterable[Problem]:
    """Yield a problem for each name that Excel would refuse; `about` tells that one more sheet is added."""
    taken: list[str] = [ABOUT] if about else []
    for name in names:
        try:
            check_sheet_name(name, taken=taken)
        except ValidationError as err:
            yield Problem(err.what_went_wrong, where, err.how_to_fix)
        taken.append(name)


def write_workbook(
    streams: Iterable[tuple[str, RecordStream]],
    *,
    open_book: Callable[[], Workbook],
    may_be_empty: Callable[[], bool],
) -> WriteSummary | None:
    """Write a sheet for each named stream; None when there is no record at all and `may_be_empty` says no.

    `open_book` is called with the first record, so that a workbook without any is not made in vain. Holds one
    batch; the streams are read one after the other.
    """
    waiting: list[_Sheet] = []
    book: Workbook | None = None
    written: list[WriteSummary] = []
    try:
        for name, stream in streams:
            first = next(stream.batches, None)
            if first is None:
                stream.columns = stream.all_columns()
            waiting.append((name, stream.with_batches(chain([first] if first else [], stream.batches))))
            if first is not None:
                book = book or open_book()
                written += _write_sheets(book, waiting)
                waiting = []
        if book is None:
            if not may_be_empty():
                return None
            book = open_book()
        written += _write_sheets(book, waiting)
        return _total(written, size_bytes=book.close())
    except BaseException:
        if book is not None:
            book.abort()
        raise


def _write_sheets(book: Workbook, sheets: list[_Sheet]) -> Iterator[WriteSummary]:
    for name, stream in sheets:
        sheet = book.sheet(name, columns=stream.columns, hints=stream.hints)
        for batch in stream.batches:
            sheet.write(batch)
        yield sheet.close()


def _total(sheets: list[WriteSummary], *, size_bytes: int) -> WriteSummary:
    """Return what all sheets hold together; `columns` is that of the widest."""
    conversions: dict[str, int] = {}
    for sheet in sheets:
        for kind, times in sheet.conversions.items():
            conversions[kind] = conversions.get(kind, 0) + times
    return WriteSummary(
        rows=sum(sheet.rows for sheet in sheets),
        columns=max((sheet.columns for sheet in sheets), default=0),
        conversions=conversions,
        size_bytes=size_bytes,
    )
