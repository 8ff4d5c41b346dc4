"""The files that steps name: checked before anything runs, written while the records go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.errors import Problem, ValidationError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from txojobs.files.table import TableWriter, WriteSummary
    from txojobs.records import Batch
    from txojobs.steps.base import JobView
    from txojobs.steps.kinds import FileName


def checked_extension(name: str) -> str:
    """Return the extension of a file that can exist, in a format that we know, like `.csv`; `.gz` counts for nothing.

    Raises:
        ValidationError: some system refuses the name, the extension is unknown, or its library is not installed.
    """
    from txojobs.files.formats import format_of  # noqa: PLC0415  # only where files are used
    from txojobs.workspace import path_parts  # noqa: PLC0415

    path_parts(name)
    found = format_of(name)
    found.check_installed()
    return found.table


def extension_of(file: FileName, job: JobView) -> Generator[Problem, None, str | None]:
    """Yield what is wrong with the option `file`; return its extension, or None while it cannot be told."""
    if file.is_sample:
        return None
    try:
        return checked_extension(file.text)
    except ValidationError as err:
        yield Problem(err.what_went_wrong, job.at("file"), err.how_to_fix)
        return None


def writing(writer: TableWriter, batches: Iterable[Batch]) -> Generator[Batch, None, WriteSummary]:
    """Yield each batch on when it is written, end the file, and return what is in it."""
    try:
        for batch in batches:
            writer.write(batch)
            yield batch
        return writer.close()
    except BaseException:
        writer.abort()
        raise
