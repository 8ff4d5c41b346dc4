"""The watermarks of a run: read when a step asks, moved when the outputs of the run stand.

A watermark moves last. Whatever ends a run before that, the next one reads the same records again and none is lost.
It stays where it is, too, when a record that was read is in no output: see unsaved.py.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from txojobs.config.names import looks_like_secret
from txojobs.errors import StepError
from txojobs.redact import HIDDEN
from txojobs.state.store import changing, opened
from txojobs.state.watermarks import Watermark, WatermarkKey, find, put

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from txojobs.engine.report import StepResult
    from txojobs.engine.request import RunRequest
    from txojobs.job.model import StepUse


class StepWatermark:
    """That of one step in this run: see context.Watermark."""

    def __init__(
        self, key: WatermarkKey, found: Watermark | None, question: dict[str, str], *, full: bool
    ) -> None:
        self.key = key
        self.value = None if found is None else found.value
        self.reading_s = 0 if found is None else found.reading_s
        self.question = question
        self.changed: list[str] = []
        """The parts of the question that are not what they were."""
        self.reads_all_because: str | None = None
        self.next: tuple[str, str, int] | None = None
        """The field, the value and the seconds of reading to be kept."""
        if found is None:
            self.reads_all_because = "no watermark"
        elif full:
            self.reads_all_because = "--full"
        else:
            names = {**found.question, **question}
            self.changed = [name for name in names if found.question.get(name) != question.get(name)]
            if self.changed:
                self.reads_all_because = f"changed: {', '.join(self.changed)}"

    def reached(self, by: str, value: str, *, reading_s: int) -> None:
        """Note how far this read came."""
        self.next = (by, value, reading_s)


class Watermarks:
    """Those of one run. Used by one thread."""

    def __init__(
        self, request: RunRequest, *, params: Mapping[str, object], run_id: str, now: datetime
    ) -> None:
        self._request = request
        self._folder: Path = request.workspace.state_dir
        self._params = params_text(params)
        self._run_id = run_id
        self._now = now
        self._steps: dict[str, StepWatermark] = {}

    def ready(self) -> None:
        """Find out whether watermarks can be kept, before anything is requested.

        Raises:
            FileOperationError: they cannot.
        """
        writes = not self._request.dry_run
        with opened(self._folder, create=writes) as connection:
            if connection is not None and writes:
                with changing(connection):
                    pass

    def asked_by(self, use: StepUse, *, api: str, address: str | None) -> Callable[..., StepWatermark]:
        """Return what gives a step its watermark; `address` is that of the service, as configured."""

        def of(entity: str, question: Mapping[str, str]) -> StepWatermark:
            request = self._request
            key = WatermarkKey(
                request.identity, request.org, request.env, api, entity, use.id or "", self._params
            )
            if any(each.key == key for name, each in self._steps.items() if name != use.key):
                raise StepError(
                    f"two steps without an id read {entity} incrementally, so that their watermarks are one",
                    how_to_fix="give each of them an id",
                    example="- id: changed-customers",
                )
            with opened(self._folder, create=not request.dry_run) as connection:
                found = None if connection is None else find(connection, key)
            mark = StepWatermark(key, found, asked_at(question, address), full=request.full)
            self._steps[use.key] = mark
            return mark

        return of

    def warnings(self, results: Mapping[str, StepResult]) -> list[str]:
        """Return what a person must know of the reads, whether or not their watermarks move."""
        told = []
        for name, mark in self._steps.items():
            facts: Any = results[name].notes.get("incremental")
            if facts is None:
                continue
            title = results[name].title
            if mark.changed:
                told.append(
                    f"{title}: all was read, because the watermark {mark.value} is of another question; "
                    f"changed since: {', '.join(mark.changed)}"
                )
            empty = facts["rows-without-value"]
            if empty:
                told.append(
                    f"{title}: {empty:,} record{' has' if empty == 1 else 's have'} no {facts['by']}; only a read "
                    "of all records (--full) brings what changes in them"
                )
        return told

    def move(self, results: Mapping[str, StepResult], *, stays: Callable[[str], str | None]) -> list[str]:
        """Keep how far each step came, all in one change, and note it; `stays` tells why one must stay.

        Returns a sentence for each that stays though its run did write something.

        Raises:
            FileOperationError: nothing could be kept.
        """
        told, moved = [], {}
        for name, mark in self._steps.items():
            facts: Any = results[name].notes.get("incremental")
            if facts is None or mark.next is None:
                continue
            why = stays(name)
            facts["stays-because"] = why
            if why is None:
                moved[name] = self._moved(mark, mark.next)
            elif not why.startswith("--"):
                told.append(
                    f"{results[name].title}: the watermark stays {f'at {mark.value}' if mark.value else 'unset'}, "
                    f"because {why}; the next run reads the same records again"
                )
        if moved:
            with opened(self._folder) as connection:
                assert connection is not None  # noqa: S101  # it is made
                put(connection, moved.values())
        for name, kept in moved.items():
            facts = results[name].notes["incremental"]
            facts["watermark-after"] = kept.value
        return told

    def _moved(self, mark: StepWatermark, reached: tuple[str, str, int]) -> Watermark:
        by, value, reading_s = reached
        return Watermark(
            key=mark.key,
            by=by,
            value=value,
            reading_s=reading_s,
            question=mark.question,
            run_id=self._run_id,
            set_at=self._now.isoformat(timespec="seconds"),
        )


def asked_at(question: Mapping[str, str], address: str | None) -> dict[str, str]:
    """Return a question with the address of the service, as configured, as a part of it."""
    from txojobs.steps.changed_since import digest  # noqa: PLC0415  # only for an incremental read

    return {**question, "address": digest(address or "")}


def params_text(params: Mapping[str, object]) -> str:
    """Return the params of a run as they belong to its watermarks; of a secret, a digest."""
    from txojobs.steps.changed_since import digest  # noqa: PLC0415  # only for an incremental read

    shown = {
        name: f"{HIDDEN} {digest(repr(value))}" if looks_like_secret(name) and value else _plain(value)
        for name, value in params.items()
    }
    return json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
