"""`load`: read a file of the workspace."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar

from txojobs.context import RunContext
from txojobs.errors import Problem, TxoBaseError, ValidationError
from txojobs.records import Batch, Column, Columns, RecordStream
from txojobs.steps.base import JobView, Role
from txojobs.steps.casting import ColumnType
from txojobs.steps.files import extension_of
from txojobs.steps.kinds import FileName
from txojobs.steps.load_options import LoadOptions, check_load_options
from txojobs.steps.load_types import must_have, typed
from txojobs.steps.spec import Doc
from txojobs.suggest import nearest_name
from txojobs.workspace import Workspace, inside


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Load(LoadOptions):
    """Read records from a file of the workspace: csv, tsv, xlsx, parquet, json, jsonl or yaml, also with .gz.

    Cells of csv are text, so that `00123` stays what it is; `types` converts, exactly.

        - load: {file: data/targets.csv, types: {Target: decimal}}
    """

    verb: ClassVar[str] = "load"
    role: ClassVar[Role] = Role.SOURCE
    main: ClassVar[str | None] = "file"

    file: Annotated[FileName, Doc("The file, from the workspace's folder on.", example="data/targets.csv")]
    types: Annotated[dict[str, ColumnType], Doc("Convert columns, exactly.", example="{Target: decimal}")] = (
        field(default_factory=dict)
    )
    optional: Annotated[
        tuple[str, ...], Doc("Columns of types that may be absent from all records.", example="[Email]")
    ] = ()

    def check(self, job: JobView) -> Iterable[Problem]:
        """The file's name and extension must be possible, and each option must suit the format."""
        extension = yield from extension_of(self.file, job)
        yield from check_load_options(self, extension, job)

    def outgoing(self, incoming: Columns | None) -> Columns | None:
        """Return None: the file knows."""
        del incoming
        return None

    def ready(self, workspace: Workspace) -> None:
        """The file must be there."""
        self._path(workspace)

    def _path(self, workspace: Workspace) -> Path:
        path = inside(workspace.root, self.file.text, create=False)
        if not path.is_file():
            raise ValidationError(
                f"{self.file.text} is {'no file' if path.exists() else 'not in the workspace'}",
                how_to_fix=_what_is_there(path, workspace.root),
                where=self.file.where,
            )
        return path

    def run(self, ctx: RunContext, records: RecordStream) -> RecordStream:
        """Yield the file's records, in its order."""
        del records
        from txojobs.files.formats import format_of  # noqa: PLC0415
        from txojobs.files.table import ReadOptions  # noqa: PLC0415

        path = self._path(ctx.workspace)
        stream = format_of(path.name).read(
            path,
            options=ReadOptions(
                sheet=self.sheet,
                cells=self.range,
                delimiter=self.separator,
                encoding=self.encoding,
                note=ctx.note,
            ),
        )
        columns = stream.columns
        if columns == ():
            ctx.note("no-heading", self.file.text)
        if columns is not None and len(columns) == 1 and any(sign in columns[0].name for sign in ",;\t|"):
            ctx.note("one-column", columns[0].name)
        if columns is not None:
            columns = tuple(each._replace(type=self.types.get(each.name, each.type)) for each in columns)
            if columns:
                must_have(self, {each.name: None for each in columns})
        hints = tuple(Column(name, each) for name, each in self.types.items()) if columns is None else ()
        return RecordStream(columns, self._typed(ctx, stream.batches), hints)

    def _typed(self, ctx: RunContext, batches: Iterator[Batch]) -> Iterator[Batch]:
        unseen = set(self.types) - set(self.optional)
        seen: dict[str, None] = {}
        position, left = 0, ctx.limit
        blank = 0
        for batch in batches:
            if self.file.text.lower().endswith((".xlsx", ".xlsx.gz")):  # empty lines of a csv are no records
                blank += sum(all(value is None for value in record.values()) for record in batch)
                ctx.note("blank-rows", blank)
            out = []
            for position, record in enumerate(batch[:left], position + 1):  # noqa: B020  # counts on
                if unseen:
                    unseen -= record.keys()
                    seen.update(dict.fromkeys(record))
                try:
                    out.append(typed(self, record))
                except TxoBaseError as err:
                    ctx.reject(record, position, err)
            if out:
                yield out
            if left is not None:
                left -= len(batch)
                if left <= 0:
                    return
        if position:
            must_have(self, seen)


def _what_is_there(path: Path, root: Path) -> str:
    folder = path.parent
    files = sorted(each.name for each in folder.glob("[!.]*") if each.is_file())
    place = folder.relative_to(root.resolve())
    if near := nearest_name(path.name, files):
        return f"did you mean {(place / near).as_posix()!r}?"
    shown = place if place.name else "the workspace"
    return f"in {shown}: {', '.join(files[:8])}" if files else f"put the file into {shown}"
