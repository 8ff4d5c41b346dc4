"""`save`: write a file into the output folder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from txojobs.context import RunContext
from txojobs.errors import Problem, StepError, ValidationError
from txojobs.records import Batch, Columns, RecordStream
from txojobs.steps.base import JobView, Role, Step
from txojobs.steps.files import checked_extension
from txojobs.steps.kinds import FileName, StepRef
from txojobs.steps.spec import Doc

_Sheet: TypeAlias = "tuple[str, Columns | None, Iterator[Batch]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Save(Step):
    """Write the records to a file; its extension says how: .xlsx, .csv, .json or .jsonl.

    The file is named `output/<org>-<env>-<file>_<time>`, and appears when the whole run has succeeded. The records go
    on to the next step. With `sheets` it writes one workbook of several steps, and reads those instead.

        - save: customers.xlsx
        - save: {file: trade.xlsx, sheets: {Customers: customers, Orders: orders}}
    """

    verb: ClassVar[str] = "save"
    role: ClassVar[Role] = Role.SINK
    can_reject: ClassVar[bool] = False
    main: ClassVar[str | None] = "file"

    file: Annotated[
        FileName, Doc("The name of the file, without org, env and time.", example="customers.xlsx")
    ]
    sheets: Annotated[
        dict[str, StepRef], Doc("Sheet name: id of the step whose records it shows.", example="{Open: open}")
    ] = field(default_factory=dict)
    stamp: Annotated[
        bool, Doc("Put the time of the run into the name; false replaces the same file each time.")
    ] = True
    when_empty: Annotated[
        Literal["write", "skip", "fail"], Doc("What to do when there is no record.", example="fail")
    ] = "write"
    formula_guard: Annotated[
        bool, Doc("In csv, put ' before text that a spreadsheet would run as a formula.")
    ] = True

    def check(self, job: JobView) -> Iterable[Problem]:
        """The name and the extension must be possible, and each option must suit the format."""
        yield from self._check_sheets(job)
        if self.file.is_sample:
            return
        try:
            extension = checked_extension(self.file.text)
        except ValidationError as err:
            yield Problem(err.what_went_wrong, job.at("file"), err.how_to_fix)
            return
        if self.sheets and extension != ".xlsx":
            fix = "save to a file that ends with .xlsx"
            yield Problem(f"only .xlsx has sheets, not {extension}", job.at("sheets"), fix)
        if not self.formula_guard and extension != ".csv":
            message = f"only .csv needs a formula-guard, not {extension}"
            yield Problem(message, job.at("formula-guard"), "delete it")

    def _check_sheets(self, job: JobView) -> Iterable[Problem]:
        taken: list[str] = []
        for name in self.sheets:
            from txojobs.files.xlsx_backend import check_sheet_name  # noqa: PLC0415  # loads XlsxWriter

            try:
                check_sheet_name(name, taken=taken)
            except ValidationError as err:
                yield Problem(err.what_went_wrong, job.at("sheets"), err.how_to_fix)
            taken.append(name)

    def reads_above(self) -> bool:
        """A workbook of several steps reads those, and nothing else."""
        return not self.sheets

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield on what is written."""
        if self.sheets:
            return RecordStream(None, self._workbook(ctx))
        return RecordStream(records.columns, self._file(ctx, records))

    def _options(self, ctx: RunContext) -> Any:
        from txojobs.files.table import WriteOptions  # noqa: PLC0415

        return WriteOptions(
            name=self.file.text.replace("\\", "/").rpartition("/")[2],
            formula_guard=self.formula_guard,
            created=ctx.now,
        )

    def _file(self, ctx: RunContext, records: RecordStream) -> Iterator[Batch]:
        from txojobs.files.formats import format_of  # noqa: PLC0415

        batches = iter(records.batches)
        first = next(batches, None)
        if first is None and not self._write_empty(ctx):
            return
        path = ctx.outputs.create(self.file.text, stamped=self.stamp)
        writer = format_of(self.file.text).open_writer(
            path, columns=records.columns, options=self._options(ctx)
        )
        try:
            batch = first
            while batch is not None:
                writer.write(batch)
                yield batch
                batch = next(batches, None)
            summary = writer.close()
        except BaseException:
            writer.abort()
            raise
        ctx.note("written", _facts(self.file.text, summary.rows, summary.size_bytes, summary.conversions))

    def _workbook(self, ctx: RunContext) -> Iterator[Batch]:
        """Write a sheet for each step; the file is made with the first record."""
        waiting: list[_Sheet] = []
        book: Any = None
        facts = _facts(self.file.text)
        try:
            for name, ref in self.sheets.items():
                stream = ctx.read(ref.text)
                first = next(stream.batches, None)
                waiting.append((name, stream.columns, chain([first] if first else [], stream.batches)))
                if first is not None:
                    book = book or self._open_workbook(ctx)
                    _write_sheets(book, waiting, facts)
            if book is None:
                if not self._write_empty(ctx):
                    return
                book = self._open_workbook(ctx)
            _write_sheets(book, waiting, facts)
            facts["size-bytes"] = book.close()
        except BaseException:
            if book is not None:
                book.abort()
            raise
        ctx.note("written", facts)
        yield from ()

    def _open_workbook(self, ctx: RunContext) -> Any:
        from txojobs.files.xlsx import open_workbook  # noqa: PLC0415

        path = ctx.outputs.create(self.file.text, stamped=self.stamp)
        return open_workbook(path, options=self._options(ctx))

    def _write_empty(self, ctx: RunContext) -> bool:
        if self.when_empty == "fail" and ctx.limit is None:  # the first records prove nothing
            raise StepError(
                f"there is no record for {self.file.text}, and when-empty is fail",
                how_to_fix="check the filters, or write when-empty: write",
                where=self.file.where,
            )
        return self.when_empty == "write"


def _write_sheets(book: Any, waiting: list[_Sheet], facts: dict[str, Any]) -> None:
    """Write the sheets that wait, in their order, and forget them."""
    for name, columns, batches in waiting:
        sheet = book.sheet(name, columns=columns)
        for batch in batches:
            sheet.write(batch)
        written = sheet.close()
        facts["rows"] += written.rows
        for kind, times in written.conversions.items():
            facts["conversions"][kind] = facts["conversions"].get(kind, 0) + times
    waiting.clear()


def _facts(
    file: str, rows: int = 0, size_bytes: int = 0, conversions: dict[str, int] | None = None
) -> dict[str, Any]:
    return {"file": file, "rows": rows, "size-bytes": size_bytes, "conversions": conversions or {}}
