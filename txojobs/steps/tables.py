"""One table on its way into its files: nested values as they are wanted, all columns known where they must be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from txojobs.files.formats import format_of
from txojobs.files.nesting import LearntFields, without_nested
from txojobs.files.splitting import SplitWriter, part_name
from txojobs.steps.files import writing
from txojobs.steps.table_options import AS_THEY_ARE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from txojobs.context import RunContext
    from txojobs.files.table import TableWriter, WriteSummary
    from txojobs.records import Batch, RecordStream
    from txojobs.steps.save import Save


def write_files(
    step: Save, ctx: RunContext, stream: RecordStream
) -> Generator[Batch, None, tuple[WriteSummary, list[str]]]:
    """Yield each batch on, write the table, and return what was written and the names of its files.

    Where all columns must be known before the first record is written, the records are spooled first.
    """
    stream = _checked(step, stream)
    spool = None
    if _must_be_learnt(step, stream):
        spool = ctx.spool()
    try:
        if spool is None:
            return (yield from _write(step, ctx, stream))
        fields = _fields(step, stream)
        for batch in stream.batches:
            fields.learn(batch)
            spool.write(batch)
            yield batch
        return _to_its_end(_write(step, ctx, _learnt(stream, fields, spool)))
    finally:
        if spool is not None:
            spool.close()


def fitted(step: Save, ctx: RunContext, stream: RecordStream) -> RecordStream:
    """Return the stream of one sheet of several, with nested values as they are wanted."""
    stream = _checked(step, stream)
    if step.nested != "flatten":
        return stream
    spool = ctx.spool()
    try:
        fields = _fields(step, stream)
        for batch in stream.batches:
            fields.learn(batch)
            spool.write(batch)
        learnt = _learnt(stream, fields, spool)
    except BaseException:
        spool.close()
        raise
    return learnt.with_batches(_until_read(learnt.batches, spool))


def _checked(step: Save, stream: RecordStream) -> RecordStream:
    if step.nested != "error":
        return stream
    return stream.with_batches(without_nested(stream.batches, file=_base_name(step)))


def _must_be_learnt(step: Save, stream: RecordStream) -> bool:
    if step.nested == "flatten":
        return True
    file_format = format_of(step.file.text)
    is_open = stream.columns is None and file_format.table not in AS_THEY_ARE
    return (
        step.split is not None and is_open and not file_format.is_one_piece
    )  # each file has the whole header


def _fields(step: Save, stream: RecordStream) -> LearntFields:
    return LearntFields(
        stream.columns, hints=stream.hints, expand=step.nested == "flatten", file=_base_name(step)
    )


def _learnt(stream: RecordStream, fields: LearntFields, spool: Any) -> RecordStream:
    """Return the spooled records with the columns that they have; none where nothing is known of any."""
    columns = fields.columns()
    learnt = stream.with_batches(map(fields.fitted, spool.read()))
    learnt.columns = columns if columns or stream.columns is not None else None
    return learnt


def _write(
    step: Save, ctx: RunContext, stream: RecordStream
) -> Generator[Batch, None, tuple[WriteSummary, list[str]]]:
    names: list[str] = []

    def part_path(number: int) -> Path:
        name = part_name(step.file.text, number) if step.split == "files" else step.file.text
        path = ctx.outputs.create(name, stamped=step.stamp)
        names.append(name)
        return path

    writer = _opened(step, ctx, stream, part_path)
    summary = yield from writing(writer, stream.batches)
    return summary, names


def _opened(
    step: Save, ctx: RunContext, stream: RecordStream, part_path: Callable[[int], Path]
) -> TableWriter:
    """Return what writes the table; `part_path` gives the path of its only file, or of one of them."""
    file_format = format_of(step.file.text)
    options = step.write_options(ctx, name=step.file.text, hints=stream.hints)
    rows = rows_of_a_part(step)
    if step.split == "sheets":
        options = replace(options, rows_per_sheet=rows)
    if step.split != "files":
        return file_format.open_writer(part_path(1), columns=stream.columns, options=options)
    if file_format.is_one_piece:
        return file_format.open_parts(part_path, columns=stream.columns, options=options, rows_per_file=rows)

    def open_part(number: int) -> TableWriter:
        named = replace(options, name=part_name(options.name or "", number))
        return file_format.open_writer(part_path(number), columns=stream.columns, options=named)

    return SplitWriter(open_part, rows_per_file=rows)


def rows_of_a_part(step: Save) -> int:
    """Return how many records a file or sheet of a table that is split may hold."""
    return step.rows_per_file or format_of(step.file.text).most_rows or 1


def _base_name(step: Save) -> str:
    return step.file.text.replace("\\", "/").rpartition("/")[2]


def _to_its_end(
    work: Generator[Batch, None, tuple[WriteSummary, list[str]]],
) -> tuple[WriteSummary, list[str]]:
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: tuple[WriteSummary, list[str]] = end.value
            return found


def _until_read(batches: Iterator[Batch], spool: Any) -> Iterator[Batch]:
    try:
        yield from batches
    finally:
        spool.close()
