"""`load`: read a file of the workspace."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from txojobs.context import RunContext
from txojobs.errors import FileOperationError, Problem, StepError, TxoBaseError, ValidationError
from txojobs.records import Batch, Columns, JsonValue, RecordStream
from txojobs.steps.base import JobView, Role, Step
from txojobs.steps.casting import ColumnType, cast
from txojobs.steps.kinds import FileName
from txojobs.steps.spec import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class Load(Step):
    """Read records from a csv, xlsx, json or jsonl file of the workspace.

    Cells of csv are text, so that `00123` stays what it is; `types` converts, exactly.

        - load: {file: data/targets.csv, types: {Target: decimal}}
    """

    verb: ClassVar[str] = "load"
    role: ClassVar[Role] = Role.SOURCE
    main: ClassVar[str | None] = "file"

    file: Annotated[FileName, Doc("The file, from the workspace's folder on.", example="data/targets.csv")]
    sheet: Annotated[str | None, Doc("The sheet of a workbook; the first one when left out.")] = None
    types: Annotated[dict[str, ColumnType], Doc("Convert columns, exactly.", example="{Target: decimal}")] = (
        field(default_factory=dict)
    )
    optional: Annotated[
        tuple[str, ...], Doc("Columns of types that may be absent from all records.", example="[Email]")
    ] = ()

    def check(self, job: JobView) -> Iterable[Problem]:
        """The extension must be known."""
        from txojobs.files.formats import format_of  # noqa: PLC0415  # only where files are used

        try:
            format_of(self.file.text)
        except ValidationError as err:
            yield Problem(err.what_went_wrong, job.at("file"), err.how_to_fix)

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return None: the file knows."""
        del incoming
        return None

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield the file's records, in its order."""
        del records
        from txojobs.files.formats import format_of  # noqa: PLC0415
        from txojobs.files.table import ReadOptions  # noqa: PLC0415
        from txojobs.workspace import inside  # noqa: PLC0415

        path = inside(ctx.workspace.root, self.file.text)
        if not path.is_file():
            raise FileOperationError(
                f"{self.file.text} is not in the workspace",
                how_to_fix=_what_is_there(path, ctx.workspace.root),
                where=self.file.where,
            )
        stream = format_of(path.name).read(path, options=ReadOptions(sheet=self.sheet))
        columns = stream.columns
        if columns is not None:
            columns = tuple(each._replace(type=self.types.get(each.name, each.type)) for each in columns)
        return RecordStream(columns, self._typed(ctx, stream.batches))

    def _typed(self, ctx: RunContext, batches: Iterator[Batch]) -> Iterator[Batch]:
        unseen = set(self.types) - set(self.optional)
        position, left = 0, ctx.limit
        for batch in batches:
            out = []
            for position, record in enumerate(batch[:left], position + 1):  # noqa: B020  # counts on
                unseen -= record.keys()
                try:
                    for name, wanted in self.types.items():
                        if name in record:
                            record[name] = _cast(name, record[name], wanted)
                    out.append(record)
                except TxoBaseError as err:
                    ctx.reject(record, position, err)
            if out:
                yield out
            if left is not None:
                left -= len(batch)
                if left <= 0:
                    return
        if unseen and position:
            raise StepError(f"{self.file.text} has no column {min(unseen)!r}, which types names")


def _cast(name: str, value: JsonValue, wanted: str) -> JsonValue:
    if value == "" and wanted != "text":
        return None  # an empty cell of a csv file: nothing was entered
    try:
        return cast(value, wanted)
    except ValidationError as err:
        raise StepError(
            f"column {name!r}: {err}",
            how_to_fix="correct the file, or put the record aside with `rejects: FILE`",
        ) from err


def _what_is_there(path: Path, root: Path) -> str:
    folder = path.parent
    found = sorted(each.name for each in folder.iterdir() if each.is_file()) if folder.is_dir() else []
    place = folder.relative_to(root.resolve()) if folder != root.resolve() else "the workspace"
    return f"in {place}: {', '.join(found[:8])}" if found else f"put the file into {place}"
