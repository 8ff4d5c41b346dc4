"""The options of `save` that are for every table: what becomes of nested values, and into how many files it goes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from txojobs.errors import Problem
from txojobs.steps.base import JobView
from txojobs.steps.spec import Doc
from txojobs.steps.workbook_options import WorkbookOptions

if TYPE_CHECKING:
    from txojobs.steps.save import Save

AS_THEY_ARE = (".json", ".jsonl", ".yaml")
"""The extensions of files that hold lists and objects, and records with different fields."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False, init=False)
class TableOptions(WorkbookOptions):
    """What every table has."""

    nested: Annotated[
        Literal["json", "flatten", "error"],
        Doc(
            "What becomes of lists and objects where a format has none. json: compact JSON. flatten: the fields of "
            "an object become columns like Address.City, lists stay JSON. error: the job fails, and names field and "
            "record.",
            example="flatten",
        ),
    ] = "json"
    split: Annotated[
        Literal["files", "sheets"] | None,
        Doc(
            "files: several files, customers_1, customers_2, ..., each with the header. sheets: a workbook goes on "
            "with a further sheet where one is full.",
            example="files",
        ),
    ] = None
    rows_per_file: Annotated[
        int | None,
        Doc("With split, the most records of a file or sheet; of .xlsx, what a sheet holds when left out."),
    ] = None


def check_table_options(step: "Save", extension: str, job: JobView) -> Iterable[Problem]:
    """Yield each option that has no meaning for files of this extension, or beside another one."""
    if step.nested != "json" and extension in AS_THEY_ARE:
        message = f"{extension} holds lists and objects as they are, so that nested has no meaning"
        yield Problem(message, job.at("nested"), "delete it")
    if step.split is None:
        if step.rows_per_file is not None:
            yield Problem(
                "rows-per-file is for several files or sheets",
                job.at("rows-per-file"),
                "add split: files, or delete it",
            )
        return
    yield from _check_split(step, extension, job)


def _check_split(step: "Save", extension: str, job: JobView) -> Iterable[Problem]:
    from txojobs.files.formats import format_of  # noqa: PLC0415  # only where files are used

    most = format_of(step.file.text).most_rows
    rows = step.rows_per_file
    if rows is None and most is None:
        fix = "add rows-per-file: 1000000, say"
        yield Problem(f"{extension} holds any number of records", job.at("split"), fix)
    if rows is not None and (rows < 1 or (most is not None and rows > most)):
        fix = f"write a number from 1 to {most}" if most else "write a number from 1 on"
        yield Problem(f"a file {extension} cannot hold {rows:,} records", job.at("rows-per-file"), fix)
    if step.sheets or step.sheet_per is not None:
        other = "sheets" if step.sheets else "sheet-per"
        yield Problem(f"split is for one table, not beside {other}", job.at("split"), "delete one of the two")
    if step.split == "sheets":
        if extension != ".xlsx":
            yield Problem(f"only .xlsx has sheets, not {extension}", job.at("split"), "write split: files")
        return
    if not step.stamp:
        message = "a run with fewer files would leave those of the run before beside its own"
        yield Problem(message, job.at("stamp"), "delete stamp: false, or split")
