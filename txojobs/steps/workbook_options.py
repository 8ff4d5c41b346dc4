"""The options of `save` that are for workbooks: what its sheets are, and one that tells where they come from."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from txojobs.errors import Problem
from txojobs.steps.base import JobView
from txojobs.steps.csv_options import CsvOptions
from txojobs.steps.kinds import StepRef
from txojobs.steps.spec import Doc

if TYPE_CHECKING:
    from txojobs.steps.save import Save


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False, init=False)
class WorkbookOptions(CsvOptions):
    """What a workbook has beside what every file has."""

    sheets: Annotated[
        dict[str, StepRef], Doc("Sheet name: id of the step whose records it shows.", example="{Open: open}")
    ] = field(default_factory=dict)
    sheet_per: Annotated[
        str | None,
        Doc("Of a workbook: a sheet for each value of this field, named by it.", example="Country"),
    ] = None
    about_sheet: Annotated[
        bool,
        Doc(
            "Of a workbook: a last sheet that tells job, organisation, environment, time, parameters, what was "
            "asked, how many records came, what proves that they are all, and the hash of each sheet."
        ),
    ] = False


def check_workbook_options(step: "Save", extension: str, job: JobView) -> Iterable[Problem]:
    """Yield each option that has no meaning for files of this extension, or beside another one."""
    if step.sheets:
        from txojobs.steps.workbook import check_sheets  # noqa: PLC0415  # only where there are sheets

        yield from check_sheets(step.sheets, about=step.about_sheet, where=job.at("sheets"))
    given = {
        "sheets": bool(step.sheets),
        "sheet-per": step.sheet_per is not None,
        "about-sheet": step.about_sheet,
    }
    names = [name for name, is_given in given.items() if is_given]
    for name in names if extension != ".xlsx" else ():
        fix = "save to a file that ends with .xlsx"
        yield Problem(f"only .xlsx has sheets, not {extension}", job.at(name), fix)
    if names and extension == ".xlsx" and step.file.text.lower().endswith(".gz"):
        message = "a workbook with sheets of its own making cannot be compressed; it is, inside"
        yield Problem(message, job.at("file"), "leave .gz out")
    if step.sheets and step.sheet_per is not None:
        message = "a workbook has sheets of several steps, or one per value of a field, not both"
        yield Problem(message, job.at("sheet-per"), "delete one of the two")
