"""The options of `save` that are for files of text: the dialect of a csv, and the guard against formulas."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from txojobs.errors import Problem
from txojobs.steps.base import JobView, Step
from txojobs.steps.spec import Doc

if TYPE_CHECKING:
    from txojobs.steps.save import Save

TEXT_TABLES = (".csv", ".tsv", ".txt")
"""The extensions of files that a spreadsheet reads as text, formulas and all."""

Dialect = Literal["rfc4180", "excel", "excel-eu", "unix"]
DIALECTS: dict[str, dict[str, Any]] = {
    "rfc4180": {},
    "excel": {"bom": True},
    "excel-eu": {"bom": True, "delimiter": ";", "decimal_mark": ","},
    "unix": {"line_end": "\n"},
}
"""What each dialect is for the writer; see files.table.WriteOptions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False, init=False)
class CsvOptions(Step):
    """What a file of text has beside what every file has."""

    dialect: Annotated[
        Dialect,
        Doc(
            "Of a csv. rfc4180: commas, no byte order mark. excel: with one, so that Excel takes it for UTF-8. "
            "excel-eu: with semicolons and decimal commas, too. unix: lines end with LF alone.",
            example="excel-eu",
        ),
    ] = "rfc4180"
    formula_guard: Annotated[
        bool, Doc("In csv, put ' before text that a spreadsheet would run as a formula.")
    ] = True


def check_csv_options(step: "Save", extension: str, job: JobView) -> Iterable[Problem]:
    """Yield each option that has no meaning for files of this extension."""
    if not step.formula_guard and extension not in TEXT_TABLES:
        message = f"only {', '.join(TEXT_TABLES)} need a formula-guard, not {extension}"
        yield Problem(message, job.at("formula-guard"), "delete it")
    if step.dialect != "rfc4180" and extension != ".csv":
        yield Problem(f"only .csv has a dialect, not {extension}", job.at("dialect"), "delete it")
