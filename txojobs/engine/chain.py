"""The streams of a run: each step bound late, opened once, and measured from outside.

A stream with one reader flows straight; one with several is spooled once to disk. A step whose options look at the
count of another waits until that one has finished. Every sink is drained, so that no file is shortened by a reader
that stops early.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from txojobs.engine.metering import Meter
from txojobs.engine.rejects import Rejects
from txojobs.job.bind import bind_condition, bind_step, bind_text
from txojobs.records import RecordStream
from txojobs.state.spool import Spool
from txojobs.steps.base import Role
from txojobs.steps.kinds import FileName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.engine.state import RunState
    from txojobs.job.model import StepUse
    from txojobs.records import Batch

STEP_TIMEOUT_S = 6 * 3600.0


class Chain:
    """Opens the streams of one run. Used by one thread."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._meters: dict[str, Meter] = {}
        self._spools: dict[str, Spool] = {}
        self._columns: dict[str, RecordStream] = {}
        self._left_out: set[str] = set()
        self._rejects: list[Rejects] = []
        self.temps: dict[str, list[Path]] = {}
        """The temporary files of each step's outputs."""

    # -- which steps take part ----------------------------------------------------------------------------------

    def settle(self) -> None:
        """Decide which steps are left out: a source that is switched off takes with it all that depends on it."""
        state = self._state
        for use in state.in_order():
            result = state.results[use.key]
            inputs = [*use.reads, *use.refs]
            dead = [key for key in inputs if key in self._left_out]
            if dead and len(dead) == len(inputs):
                self._left_out.add(use.key)
                result.state = "skipped"
            elif use.waits_for and use.condition is not None:
                continue  # its condition looks at a count: decided when the step is opened
            elif not self._is_on(use):
                self._leave_out(use)

    def _leave_out(self, use: StepUse) -> None:
        self._state.results[use.key].state = "skipped"
        if use.cls.role is Role.SOURCE:
            self._left_out.add(use.key)

    def _is_on(self, use: StepUse) -> bool:
        return not use.disabled and (
            use.condition is None or bind_condition(use.condition, self._state.scope())
        )

    def ends(self) -> list[StepUse]:
        """Return the steps that nobody reads and that take part: pulling these pulls everything."""
        job = self._state.job
        return [
            use for use in job.steps if use.key not in self._left_out and not self._active_readers(use.key)
        ]

    def _active_readers(self, key: str) -> int:
        return sum(use.key not in self._left_out for use in self._state.job.readers(key))

    # -- opening ------------------------------------------------------------------------------------------------

    def open(self, key: str) -> RecordStream:
        """Return the stream of a step, for one of its readers."""
        if self._active_readers(key) > 1 and key not in self._spools:
            self.finish(key)
        if key in self._spools:
            return RecordStream(self._columns[key].columns, self._spools[key].read())
        return self._start(key)

    def finish(self, key: str) -> None:
        """Run a step to its end and keep its records on disk, so that its count is known."""
        if key in self._spools:
            return
        stream = self._start(key)
        spool = Spool(self._state.spool_dir)
        self._spools[key] = spool
        self._columns[key] = stream
        for batch in stream.batches:
            spool.write(batch)

    def _start(self, key: str) -> RecordStream:
        if key in self._meters:
            return self._columns[key]
        state = self._state
        use = state.job.step(key)
        for name in use.waits_for:
            self.finish(next(each.key for each in state.job.steps if each.id == name))
        if use.waits_for and use.condition is not None and not self._is_on(use):
            self._leave_out(use)
        live = [read for read in use.reads if read not in self._left_out]
        incoming = self._joined(live)
        meter = Meter(state, use, inputs=[self._meters[read] for read in live if read in self._meters])
        self._meters[key] = meter
        if key in self._left_out:
            outgoing = RecordStream((), iter(()))
        elif state.results[key].state == "skipped":
            outgoing = incoming
        else:
            outgoing = self._run(use, incoming, meter)
        self._columns[key] = RecordStream(outgoing.columns, meter.measured(outgoing.batches))
        return self._columns[key]

    def _joined(self, keys: list[str]) -> RecordStream:
        """Return the streams one after the other; columns by name, where those of each are known."""
        streams = [self.open(key) for key in keys]
        if len(streams) == 1:
            return streams[0]
        columns = None
        if streams and all(stream.columns is not None for stream in streams):
            columns = tuple(
                {each.name: each for stream in reversed(streams) for each in stream.columns or ()}[name]
                for name in dict.fromkeys(each.name for stream in streams for each in stream.columns or ())
            )

        def one_after_the_other() -> Iterator[Batch]:
            for stream in streams:
                yield from stream.batches

        return RecordStream(columns, one_after_the_other())

    def _run(self, use: StepUse, incoming: RecordStream, meter: Meter) -> RecordStream:
        state = self._state
        outputs = _StepOutputs(self, use.key)
        with meter.tagged():
            step = bind_step(use, state.scope())
            name = bind_text(FileName, use.rejects, state.scope()) if use.rejects else None
            rejects = Rejects(name, outputs, state.results[use.key])
            self._rejects.append(rejects)
            timeout_s = use.timeout_s or STEP_TIMEOUT_S
            first_call: list[float] = []

            def deadline() -> float:
                if not first_call:
                    first_call.append(time.monotonic())
                return min(first_call[0] + timeout_s, state.deadline)

            meter.deadline = deadline
            ctx = state.context(
                use, outputs=outputs, read=self.open, reject=rejects.reject, deadline=deadline
            )
            return step.run(ctx, incoming)

    # -- the end ------------------------------------------------------------------------------------------------

    def drain(self, use: StepUse) -> None:
        """Pull a step's stream to its end."""
        stream = self.open(use.key)
        for _ in stream.batches:
            self._state.check_cancelled()

    def drain_sinks(self, failed: set[str]) -> None:
        """Pull to its end what a reader has left unread, for each sink that may still be published."""
        for use in self._state.job.steps:
            meter = self._meters.get(use.key)
            if use.cls.role is Role.SINK and meter is not None and not meter.ended and use.key not in failed:
                self.drain(use)

    def close(self) -> None:
        """Finish the files of rejected records."""
        for rejects in self._rejects:
            rejects.close()

    def abandon(self) -> None:
        """Let go of every stream, spool and file."""
        for stream in self._columns.values():
            close = getattr(stream.batches, "close", None)
            if close is not None:
                close()
        for rejects in self._rejects:
            rejects.abort()
        for spool in self._spools.values():
            spool.close()


class _StepOutputs:
    """Notes which step made which output: see context.Outputs."""

    def __init__(self, chain: Chain, key: str) -> None:
        self._chain = chain
        self._key = key

    def create(self, name: str, *, stamped: bool) -> Path:
        path = self._chain._state.outputs.create(name, stamped=stamped)  # noqa: SLF001  # our own chain
        self._chain.temps.setdefault(self._key, []).append(path)
        return path
