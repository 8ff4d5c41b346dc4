"""A bench for one step: YAML in, records through it, files published, all with the real parts of a run."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from txojobs.context import RunContext
from txojobs.engine.outputs import RunOutputs
from txojobs.engine.rejects import Rejects
from txojobs.engine.report import StepResult
from txojobs.errors import InvalidJobError
from txojobs.job.bind import bind_step
from txojobs.job.load import load_text
from txojobs.job.scope import Scope, run_facts
from txojobs.records import RecordStream
from txojobs.state.spool import Spool
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from txojobs.records import Batch, Columns, Record

NOW = datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)


class Bench:
    """Runs the step that a YAML list item spells. After `feed`, `notes` and `rejected` tell what it said."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace.at(root)
        self.outputs = RunOutputs(
            self.workspace,
            org="acme",
            env="test",
            now=NOW,
            run_id="run",
            folder=None,
            limit=None,
            dry_run=False,
        )
        self.notes: dict[str, Any] = {}
        self.others: dict[str, RecordStream] = {}
        self.result = StepResult(key="it", verb="it", title="", where="f:1:1")
        self.columns: Columns | None = None

    def start(
        self,
        step: str,
        batches: Sequence[Batch] = (),
        *,
        columns: Columns | None = None,
        rejects: str | None = None,
        batch_size: int = 3,
        limit: int | None = None,
        config: dict[str, Any] | None = None,
    ) -> Iterator[Batch]:
        """Return the outgoing batches; nothing is pulled yet."""
        ids = "".join(f"  - {{id: {name}, load: {name}.json}}\n" for name in self.others)
        above = "" if step.startswith(("load", "fetch")) else "  - load: in.json\n"
        sheets = "" if "sheets:" in step else above
        body = step.replace("\n", "\n    ")
        text = f"version: 1\nsteps:\n{ids}{sheets}  - {body}\n"
        loaded = load_text(text, file="f", stem="job")
        if loaded.job is None:
            raise InvalidJobError("invalid", loaded.problems)
        scope = Scope(params={}, config=config or {}, run=run_facts("id", NOW), counts={})
        bound = bind_step(loaded.job.steps[-1], scope)
        sink = Rejects(rejects, self.outputs, self.result)
        self.rejects = sink
        ctx = RunContext(
            workspace=self.workspace,
            config=config or {},
            rest=lambda: pytest.fail("this step asks no service"),
            outputs=self.outputs,
            read=self.others.__getitem__,
            spool=lambda: Spool(self.workspace.state_dir / "spools"),
            reject=sink.reject,
            note=self.notes.__setitem__,
            lack=self.result.lacks.append,
            progress=lambda _: None,
            described=None,
            warn=pytest.fail,
            watermark=lambda *_: pytest.fail("this step is not incremental"),
            log=logging.getLogger("bench"),
            cancel=threading.Event(),
            deadline=lambda: time.monotonic() + 60,
            now=NOW,
            batch_size=batch_size,
            limit=limit,
        )
        stream = bound.run(ctx, RecordStream(columns, iter(list(batches))))
        self.columns = stream.columns
        return stream.batches

    def feed(self, step: str, records: Sequence[Record] = (), **options: Any) -> list[Record]:
        """Return the records that come out, fed in batches of two."""
        batches = [list(records[start : start + 2]) for start in range(0, len(records), 2)]
        out = []
        for batch in self.start(step, batches, **options):
            assert batch, "a batch is never empty"
            assert len(batch) <= max(options.get("batch_size", 3), 2)
            out += batch
        self.rejects.close()
        return out

    def publish(self) -> list[Path]:
        """Publish what was written."""
        return self.outputs.commit()

    def data(self, name: str, content: bytes | str) -> None:
        """Put a file into the workspace."""
        path = self.workspace.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.outputs.abandon()
