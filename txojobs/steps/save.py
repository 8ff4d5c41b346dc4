"""`save`: write a file into the output folder."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from txojobs.errors import Problem, StepError
from txojobs.records import Batch, Columns, JsonValue, RecordStream
from txojobs.steps.base import JobView, Role
from txojobs.steps.csv_options import DIALECTS, check_csv_options
from txojobs.steps.files import extension_of
from txojobs.steps.kinds import FileName, JmesPath, field_path
from txojobs.steps.spec import Doc
from txojobs.steps.table_options import TableOptions, check_table_options
from txojobs.steps.workbook_options import check_workbook_options

if TYPE_CHECKING:
    from txojobs.context import RunContext
    from txojobs.files.table import WriteSummary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Save(TableOptions):
    """Write the records to a file; its extension says how: .xlsx, .csv, .parquet, .json and others, also with .gz.

    The file is named `output/<org>-<env>-<file>_<time>`, and appears when the whole run has succeeded. The records go
    on to the next step. With `sheets` it writes one workbook of several steps, and reads those instead.

        - save: customers.xlsx
        - save: {file: trade.xlsx, sheets: {Customers: customers, Orders: orders}, about-sheet: true}
    """

    verb: ClassVar[str] = "save"
    role: ClassVar[Role] = Role.SINK
    can_reject: ClassVar[bool] = False
    main: ClassVar[str | None] = "file"

    file: Annotated[
        FileName, Doc("The name of the file, without org, env and time.", example="customers.xlsx")
    ]
    stamp: Annotated[
        bool, Doc("Put the time of the run into the name; false replaces the same file each time.")
    ] = True
    when_empty: Annotated[
        Literal["write", "skip", "fail"],
        Doc("What to do when there is no record; skip leaves an older file as it is.", example="fail"),
    ] = "write"

    def check(self, job: JobView) -> Iterable[Problem]:
        """The name and the extension must be possible, and each option must suit the format."""
        extension = yield from extension_of(self.file, job)
        if extension is None:
            return
        yield from check_workbook_options(self, extension, job)
        yield from check_csv_options(self, extension, job)
        yield from check_table_options(self, extension, job)

    def named(self) -> Iterable[JmesPath]:
        """Return the field by which records are put on sheets."""
        if self.sheet_per is None or self.nested == "flatten":
            return ()  # the columns come into being while the records are written
        return [field_path(self.sheet_per)]

    def reads_above(self) -> bool:
        """A workbook of several steps reads those, and nothing else."""
        return not self.sheets

    def run(self, ctx: "RunContext", records: RecordStream) -> RecordStream:
        """Yield on what is written."""
        if self.sheets:
            return RecordStream(None, self._workbook(ctx))
        return records.with_batches(self._file(ctx, records))

    def write_options(self, ctx: "RunContext", *, name: str, hints: Columns = ()) -> Any:
        """Return how a file of this name is written; see files.table.WriteOptions."""
        from txojobs.files.table import WriteOptions  # noqa: PLC0415

        return WriteOptions(
            name=name.replace("\\", "/").rpartition("/")[2],
            formula_guard=self.formula_guard,
            created=ctx.now,
            about=ctx.facts if self.about_sheet else None,
            sheet_per=self.sheet_per,
            hints=hints,
            **DIALECTS[self.dialect],
        )

    def _file(self, ctx: "RunContext", records: RecordStream) -> Iterator[Batch]:
        from txojobs.steps.tables import write_files  # noqa: PLC0415  # only where files are written

        batches = iter(records.batches)
        first = next(batches, None)
        if first is None and not self._write_empty(ctx):
            return
        stream = records.with_batches(chain([] if first is None else [first], batches))
        stream.columns = records.columns if first else records.all_columns()
        self._note(ctx, *(yield from write_files(self, ctx, stream)))

    def _workbook(self, ctx: "RunContext") -> Iterator[Batch]:
        from txojobs.steps.tables import fitted  # noqa: PLC0415
        from txojobs.steps.workbook import write_workbook  # noqa: PLC0415

        summary = write_workbook(
            ((name, fitted(self, ctx, ctx.read(ref.text))) for name, ref in self.sheets.items()),
            open_book=lambda: self._open_workbook(ctx),
            may_be_empty=lambda: self._write_empty(ctx),
        )
        if summary is not None:
            self._note(ctx, summary, [self.file.text])
        yield from ()

    def _open_workbook(self, ctx: "RunContext") -> Any:
        from txojobs.files.xlsx import open_workbook  # noqa: PLC0415

        path = ctx.outputs.create(self.file.text, stamped=self.stamp)
        return open_workbook(path, options=self.write_options(ctx, name=self.file.text))

    def _note(self, ctx: "RunContext", written: "WriteSummary", files: list[str]) -> None:
        facts: JsonValue = {
            "file": self.file.text,
            **({} if self.split is None else {"files": [*files]}),
            "rows": written.rows,
            "size-bytes": written.size_bytes,
            "conversions": {**written.conversions},
        }
        ctx.note("written", facts)

    def _write_empty(self, ctx: "RunContext") -> bool:
        if self.when_empty == "fail" and ctx.limit is None:  # the first records prove nothing
            raise StepError(
                f"there is no record for {self.file.text}, and when-empty is fail",
                how_to_fix="check the filters, or write when-empty: write",
                where=self.file.where,
            )
        if self.when_empty == "write":
            return True
        ctx.note("not-written", self.file.text)
        return False
