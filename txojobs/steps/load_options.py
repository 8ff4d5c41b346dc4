"""The options of `load` that are for one kind of file: of text, or workbooks."""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from txojobs.errors import Problem, ValidationError
from txojobs.steps.base import JobView, Step
from txojobs.steps.csv_options import DIALECTS, TEXT_TABLES, Dialect
from txojobs.steps.spec import Doc

if TYPE_CHECKING:
    from txojobs.steps.load import Load

_COMMA_NUMBER = re.compile(r"[-+]?[0-9]+,[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False, init=False)
class LoadOptions(Step):
    """What there is to say of a file of text, or of a workbook."""

    delimiter: Annotated[
        str | None, Doc("What separates the cells of a csv; a comma when left out.", example='";"')
    ] = None
    dialect: Annotated[
        Dialect,
        Doc(
            "Of a csv, as `save` has them. excel-eu: semicolons between the cells, and decimal commas in what "
            "`types` makes numbers.",
            example="excel-eu",
        ),
    ] = "rfc4180"
    encoding: Annotated[
        str | None,
        Doc("Of a file of text; that of its byte order mark when left out, else UTF-8.", example="cp1252"),
    ] = None
    sheet: Annotated[str | None, Doc("The sheet of a workbook; the first one when left out.")] = None
    range: Annotated[
        str | None,
        Doc(
            "The part of a sheet, whose first row is the header: all of it when left out.", example="B3:F200"
        ),
    ] = None

    @property
    def separator(self) -> str | None:
        """What stands between the cells of a csv, None for a comma."""
        return self.delimiter or DIALECTS[self.dialect].get("delimiter")

    @property
    def has_commas(self) -> bool:
        """Whether numbers have a decimal comma."""
        return bool(DIALECTS[self.dialect].get("decimal_mark") == ",")


def with_point(text: str) -> str:
    """Return a number with a decimal comma as one with a point; what is none stays."""
    return text.replace(",", ".") if _COMMA_NUMBER.fullmatch(text.strip()) else text


def check_load_options(step: "Load", extension: str | None, job: JobView) -> Iterable[Problem]:
    """Yield what is wrong with the options; `extension` is None while it is not known."""
    if step.delimiter is not None and (len(step.delimiter) != 1 or step.delimiter in '\r\n"'):
        tab = step.delimiter.lower() in ("\\t", "tab", "<tab>")
        fix = 'write a tab as "\\t", in double quotes' if tab else 'write it in quotes, like ";"'
        yield Problem("delimiter is one character, like ; or |", job.at("delimiter"), fix)
    if step.encoding is not None:
        yield from _check_encoding(step.encoding, job)
    if step.range is not None:
        from txojobs.files.xlsx_range import Part  # noqa: PLC0415  # few loads have it

        try:
            Part.of(step.range)
        except ValidationError as err:
            yield Problem(err.what_went_wrong, job.at("range"), err.how_to_fix, example=err.example)
    if extension is None:
        return
    given = {
        "sheet": (step.sheet is not None, (".xlsx",)),
        "range": (step.range is not None, (".xlsx",)),
        "delimiter": (step.delimiter is not None, (".csv",)),
        "dialect": (step.dialect != "rfc4180", (".csv",)),
        "encoding": (step.encoding is not None, TEXT_TABLES),
    }
    for option, (is_given, only) in given.items():
        if is_given and extension not in only:
            has = "has" if len(only) == 1 else "have"
            message = (
                f"only {', '.join(only)} {has} {'an' if option[0] == 'e' else 'a'} {option}, not {extension}"
            )
            yield Problem(message, job.at(option), "delete it")


def _check_encoding(name: str, job: JobView) -> Iterable[Problem]:
    try:
        "".encode(codecs.lookup(name).name)
    except (LookupError, ValueError):
        yield Problem(
            f"there is no encoding {name!r}",
            job.at("encoding"),
            "write utf-8, cp1252 (Windows, Western Europe), utf-16, or another one that Python knows",
        )
