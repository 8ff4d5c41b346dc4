"""Records that a step puts aside: written to the step's `rejects` file, with why and where they came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txojobs.context import Outputs
    from txojobs.engine.report import StepResult
    from txojobs.errors import TxoBaseError
    from txojobs.files.table import TableWriter
    from txojobs.records import Record

REASON = "reject-reason"
POSITION = "reject-position"


class Rejects:
    """The rejected records of one step; the file is made with the first of them."""

    def __init__(self, name: str | None, outputs: Outputs, result: StepResult) -> None:
        self._name = name
        self._outputs = outputs
        self._result = result
        self._writer: TableWriter | None = None

    def reject(self, record: Record, position: int, why: TxoBaseError) -> None:
        """Put a record aside, or raise `why`, told which record it was, when the step has no file for them."""
        if self._name is None:
            raise _at_record(why, position)
        if self._writer is None:
            from txojobs.files.formats import format_of  # noqa: PLC0415  # most runs reject nothing
            from txojobs.files.table import WriteOptions  # noqa: PLC0415

            path = self._outputs.create(self._name, stamped=True)
            self._writer = format_of(self._name).open_writer(path, columns=None, options=WriteOptions())
        fields = {name: value for name, value in record.items() if name not in (REASON, POSITION)}
        self._writer.write([{REASON: why.what_went_wrong, POSITION: position, **fields}])
        self._result.rejected += 1

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def abort(self) -> None:
        """Let go of the file."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None


def _at_record(why: TxoBaseError, position: int) -> TxoBaseError:
    why.what_went_wrong = f"record {position:,}: {why.what_went_wrong}"
    return why
