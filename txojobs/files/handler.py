"""TxoDataHandler: save and load files of a workspace by data and extension, for scripts.

What a script saves replaces the file of that name atomically, complete or not at all.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files.formats import COMPRESSED, FORMATS, format_of, write_table
from txojobs.files.names import split_extension
from txojobs.files.os_errors import UNCHANGED, explained
from txojobs.files.plain import batches_of, frame_columns, is_frame, is_table, plain
from txojobs.files.publish import Publication
from txojobs.files.table import ReadOptions, WriteOptions, open_new
from txojobs.records import Column
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from txojobs.records import Columns, JsonValue

_log = logging.getLogger(__name__)
_WRITTEN_AS_TEXT = (".csv", ".tsv", ".txt", ".yaml")
"""Tables that a script may also hand in as the text that they are."""
_ANY_TEXT = (".txt", ".yaml")
"""Of these a script may hand in bytes as well: they are a table only when it hands in one."""
_TEXT = (".txt", ".md", ".html", ".htm", ".xml", ".yaml", ".yml", ".log", ".sql", ".ini")


class TxoDataHandler:
    """Files of one workspace, each named by its folder ("output", "data", ...) and its name.

    Without a workspace, the one of the current folder is looked for at the first use.
    """

    def __init__(self, workspace: Workspace | None = None) -> None:
        self._workspace = workspace

    def save(
        self,
        data: Any,
        category: str,
        filename: str,
        *,
        index: bool = False,
        indent: int | None = None,
        sheet_name: str = "Sheet1",
        formula_guard: bool = True,
    ) -> Path:
        """Write `data` in the format of the extension, and return its path.

        A list of records or a data frame goes into any table format, a dict of such tables into the sheets of
        an .xlsx, any dict or list into .json, text and bytes into a file of any other kind. `index` adds the
        index of a frame as the first column; `indent` spaces make a .json easier to read.

        Raises:
            ValidationError: the data does not fit the extension; nothing was written.
            FileOperationError: the file cannot be written; the one before is unchanged.
        """
        path = self._find().get_path(category, filename)
        options = WriteOptions(name=path.name, sheet=sheet_name, formula_guard=formula_guard)
        write = _writer(data, path, index=index, indent=indent, options=options)
        with Publication(self._find().state_dir / "publish", run="script") as publication:
            write(publication.add(path, stamped=False))
            publication.commit()
        return path

    def load(self, category: str, filename: str, *, sheet_name: str | None = None) -> Any:
        """Return what a file holds: .json its value, text (.txt, .yaml, ...) str, a table its records, else bytes."""
        path = self._find().get_path(category, filename)
        extension = path.suffix.lower()
        if extension == ".json":
            return self.load_json(category, filename)
        if extension not in _ANY_TEXT and _is_table_file(path.name):
            stream = format_of(path.name).read(path, options=ReadOptions(sheet=sheet_name))
            return [record for batch in stream.batches for record in batch]
        with explained(path, doing="read"):
            data = path.read_bytes()
        try:
            return data.decode("utf-8-sig") if extension in _TEXT else data
        except UnicodeDecodeError:
            raise FileOperationError(
                f"{path} is not UTF-8 text", how_to_fix="save it again as UTF-8"
            ) from None

    def load_json(self, category: str, filename: str) -> JsonValue:
        """Return the value of a JSON file; fractions are Decimal."""
        from txojobs.exact_json import decode  # noqa: PLC0415  # loads msgspec

        path = self._find().get_path(category, filename)
        with explained(path, doing="read"):
            data = path.read_bytes()
        try:
            return decode(data)
        except ValidationError as err:
            raise FileOperationError(
                f"{path}: {err}", how_to_fix="mend the file, or write it again"
            ) from None

    def load_excel(
        self, category: str, filename: str, *, sheet_name: str | None = None, cells: str | None = None
    ) -> Any:
        """Return a sheet of a workbook, the first one when none is named, as a data frame (needs pandas).

        `cells` is a part of it, like `B3:F200`. Numbers are int or Decimal, dates ISO texts: as `load` has them.
        """
        return self._frame(category, filename, ReadOptions(sheet=sheet_name, cells=cells))

    def load_csv(
        self, category: str, filename: str, *, delimiter: str | None = None, encoding: str | None = None
    ) -> Any:
        """Return a csv as a data frame of texts, so that `00123` stays what it is (needs pandas)."""
        return self._frame(category, filename, ReadOptions(delimiter=delimiter, encoding=encoding))

    def _frame(self, category: str, filename: str, options: ReadOptions) -> Any:
        try:
            import pandas as pd  # noqa: PLC0415  # only for who wants a frame
        except ImportError:
            raise ValidationError(
                "a data frame needs pandas, which is not installed",
                how_to_fix="install it, or use `load`, which gives the records",
                example='pip install "txojobs[frames]"',
            ) from None
        path = self._find().get_path(category, filename)
        stream = format_of(path.name).read(path, options=options)
        records = [record for batch in stream.batches for record in batch]
        names = [column.name for column in stream.columns] if stream.columns is not None else None
        return pd.DataFrame(records, columns=names, dtype=object)

    def exists(self, category: str, filename: str) -> bool:
        """Say whether the file is there."""
        return self._find().get_path(category, filename).is_file()

    def delete(self, category: str, filename: str, *, safe: bool = True) -> bool:
        """Remove the file; one that is not there is False, or an error when it is not `safe`.

        Raises:
            FileOperationError: it cannot be removed.
        """
        path = self._find().get_path(category, filename)
        with explained(path, doing="delete", safe=UNCHANGED):
            try:
                path.unlink()
            except FileNotFoundError:
                if not safe:
                    raise
                return False
        return True

    def get_size(self, category: str, filename: str) -> int:
        """Return the size of the file in bytes."""
        path = self._find().get_path(category, filename)
        with explained(path, doing="read"):
            return path.stat().st_size

    def _find(self) -> Workspace:
        if self._workspace is None:
            self._workspace = Workspace.find()
        return self._workspace


def _writer(
    data: Any, path: Path, *, index: bool, indent: int | None, options: WriteOptions
) -> Callable[[Path], None]:
    """Return what writes `data` to a temporary file, once it is clear that it fits the extension."""
    extension = path.suffix.lower()
    if isinstance(data, str | bytes):
        is_fit = extension in (_WRITTEN_AS_TEXT if isinstance(data, str) else _ANY_TEXT)
        if _is_table_file(path.name) and not is_fit:
            raise _unfit(data, path, "text is saved as .txt, bytes under the extension they have")
        content = data.encode("utf-8") if isinstance(data, str) else data
        return lambda temp: _write_bytes(temp, content, path)
    if extension == ".json" and not is_frame(data) and (indent is not None or not is_table(data)):
        return lambda temp: _write_bytes(temp, _json(data, indent), path)
    if extension == ".xlsx" and isinstance(data, dict) and data and all(map(is_table, data.values())):
        return lambda temp: _write_sheets(temp, data, index=index, options=options)
    file_format = format_of(path.name)
    if not is_table(data):
        raise _unfit(data, path, "a table is a list of dicts or a data frame; a dict of tables makes sheets")

    def write(temp: Path) -> None:
        batches = batches_of(data, index=index)
        columns = _columns(data, index=index)
        summary = write_table(temp, batches, file_format=file_format, columns=columns, options=options)
        _tell(path, summary.conversions)

    return write


def _is_table_file(name: str) -> bool:
    """Tell whether a file is of a format for tables, also a compressed one."""
    return split_extension(name)[1].lower().removesuffix(COMPRESSED) in FORMATS


def _unfit(data: object, path: Path, fix: str) -> ValidationError:
    return ValidationError(f"a {type(data).__name__} cannot be saved as {path.name!r}", how_to_fix=fix)


def _columns(table: Any, *, index: bool) -> Columns | None:
    return tuple(map(Column, frame_columns(table, index=index))) if is_frame(table) else None


def _json(data: Any, indent: int | None) -> bytes:
    import msgspec  # noqa: PLC0415  # only for this format

    from txojobs.exact_json import encode  # noqa: PLC0415  # loads msgspec

    text = encode(plain(data))
    return msgspec.json.format(text, indent=2 if indent is None else indent) + b"\n"


def _write_bytes(temp: Path, content: bytes, path: Path) -> None:
    with explained(path, doing="write", safe=UNCHANGED), open_new(temp) as file:
        file.write(content)


def _write_sheets(temp: Path, tables: Mapping[str, Any], *, index: bool, options: WriteOptions) -> None:
    from txojobs.files.xlsx import open_workbook  # noqa: PLC0415  # only for sheets

    book = open_workbook(temp, options=options)
    try:
        for name, table in tables.items():
            sheet = book.sheet(name, columns=_columns(table, index=index))
            for batch in batches_of(table, index=index):
                sheet.write(batch)
            _tell(options.shown(temp), sheet.close().conversions)
        book.close()
    except BaseException:
        book.abort()
        raise


def _tell(path: Path, conversions: Mapping[str, int]) -> None:
    for kind, count in conversions.items():
        _log.warning("%s: %s: %d", path.name, kind, count)
