"""The streams of a run: each step bound late, opened once, and measured from outside.

A stream with one reader flows straight. One with several, or one that is read and counted, is spooled once to disk. A
step whose options look at the count of another waits until that one has finished. Every sink is drained, so that no
file is shortened, or left out, by a reader that stops early.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from txojobs.engine.metering import Meter
from txojobs.engine.needs import ASKING
from txojobs.engine.rejects import Rejects
from txojobs.engine.report import title_of
from txojobs.engine.taking_part import TakingPart
from txojobs.errors import StepError
from txojobs.job.bind import bind_step, bind_text
from txojobs.records import RecordStream
from txojobs.state.spool import Spool
from txojobs.steps.base import Role
from txojobs.steps.kinds import FileName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from txojobs.engine.state import RunState
    from txojobs.job.model import StepUse
    from txojobs.records import Batch, Column, Columns

STEP_TIMEOUT_S = 6 * 3600.0


class Chain:
    """Opens the streams of one run. Used by one thread."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._meters: dict[str, Meter] = {}
        self._spools: dict[str, Spool] = {}
        self._streams: dict[str, RecordStream] = {}
        self._counted = {name for use in state.job.steps for name in use.waits_for}
        self.taking_part = TakingPart(state, finish=self.finish)
        self._rejects: list[Rejects] = []
        self.temps: dict[str, list[Path]] = {}
        """The temporary files of each step's outputs."""

    # -- before the first step ----------------------------------------------------------------------------------

    def bind_all(self) -> None:
        """Bind each step whose values are known, so that one that does not suit is found before any request."""
        for use in self._state.job.steps:
            if not use.waits_for and self._state.results[use.key].state != "left-out":
                bind_step(use, self._state.scope())

    def prepare(self, use: StepUse) -> None:
        """Find out whether a step has what it needs: its file, the address and the secret of its service."""
        state = self._state
        result = state.results[use.key]
        if use.waits_for or result.state == "left-out":
            return
        with state.tagged(use):
            step: Any = bind_step(use, state.scope())
            result.title = title_of(step)
            step.ready(state.workspace)
            if getattr(step, "incremental", None) is not None:
                state.watermarks.ready()
            if use.verb in ASKING:
                odata = state.client(use).settings.odata
                step.request(odata=odata)  # raises for what cannot be asked there

    def ends(self) -> list[StepUse]:
        """Return the steps that must be pulled to their end: those that nobody reads, then every sink.

        Sinks come from the last to the first: what one has not read yet must not be pulled past it.
        """
        steps = [use for use in self._state.job.steps if not self.taking_part.is_gone(use.key)]
        unread = [use for use in steps if not self._state.job.readers(use.key)]
        sinks = [use for use in reversed(self._state.in_order()) if use.cls.role is Role.SINK]
        return unread + [use for use in sinks if use in steps and use not in unread]

    # -- opening ------------------------------------------------------------------------------------------------

    def open(self, key: str) -> RecordStream:
        """Return the stream of a step, for one of its readers."""
        if self.taking_part.readers(key) + (key in self._counted) > 1:
            self.finish(key)
        if key in self._spools:
            return self._streams[key].with_batches(self._spools[key].read())
        return self._start(key)

    def finish(self, key: str) -> None:
        """Run a step to its end, so that its count is known; its records stay on disk when somebody reads them."""
        if key in self._spools:
            return
        stream = self._start(key)
        if not self.taking_part.readers(key):
            self._exhaust(stream)
            return
        spool = Spool(self._state.spool_dir)
        try:
            for batch in stream.batches:
                spool.write(batch)
        except BaseException:
            spool.close()  # a part of the records must not be read as if it were all of them
            raise
        self._spools[key] = spool

    def _start(self, key: str) -> RecordStream:
        if key in self._streams:
            return self._streams[key]
        state = self._state
        use = state.job.step(key)
        self.taking_part.decide(use)
        meter = Meter(state, use)
        if self.taking_part.is_gone(key):
            outgoing = RecordStream((), iter(()))
        else:
            live = [read for read in use.reads if not self.taking_part.is_gone(read)]
            outgoing = self._joined(live)
            meter.inputs += [self._meters[read] for read in live if read not in self._spools]
            if state.results[key].state != "left-out":
                outgoing = self._run(use, outgoing, meter)
        self._meters[key] = meter
        self._streams[key] = outgoing.with_batches(meter.measured(outgoing.batches))
        return self._streams[key]

    def _joined(self, keys: list[str]) -> RecordStream:
        """Return the streams one after the other; columns by name, where those of each are known."""
        streams = [self.open(key) for key in keys]
        if len(streams) == 1:
            return streams[0]
        known = {each.name: each for stream in reversed(streams) for each in stream.known()}
        columns = None
        if streams and all(stream.columns is not None for stream in streams):
            names = dict.fromkeys(each.name for stream in streams for each in stream.known())
            columns = tuple(known[name] for name in names)

        def one_after_the_other() -> Iterator[Batch]:
            for stream in streams:
                yield from stream.batches

        hints = tuple(known.values()) if columns is None else ()
        return RecordStream(columns, one_after_the_other(), hints, self._expected(streams))

    @staticmethod
    def _expected(streams: list[RecordStream]) -> Columns:
        """Return the columns of all streams by name; none where some cannot be told."""
        each = [stream.all_columns() for stream in streams]
        found: dict[str, Column] = {}
        for column in (column for columns in each for column in columns or ()):
            found.setdefault(column.name, column)
        return () if any(columns is None for columns in each) else tuple(found.values())

    def _run(self, use: StepUse, incoming: RecordStream, meter: Meter) -> RecordStream:
        state = self._state
        outputs = _StepOutputs(self, use.key)
        for name in use.waits_for:
            self.finish(name)
        with state.tagged(use):
            step = bind_step(use, state.scope())
            state.results[use.key].title = title_of(step)
            state.tell_changed_names(step)
            file = bind_text(FileName, use.rejects, state.scope()) if use.rejects else None
            rejects = Rejects(file, outputs, state.results[use.key])
            self._rejects.append(rejects)
            meter.deadline = deadline = self._deadline_of(use)
            if use.timeout_s is not None:
                incoming = incoming.with_batches(meter.bounded(incoming.batches))

            def read(key: str) -> RecordStream:
                stream = self.open(key)
                meter.inputs += [self._meters[key]] if key not in self._spools else []
                return stream

            ctx = state.context(use, outputs=outputs, read=read, reject=rejects.reject, deadline=deadline)
            outgoing = step.run(ctx, incoming)
            if outgoing.columns is None:
                described = use.described.columns if use.described is not None else None
                outgoing.expected = step.outgoing(incoming.all_columns() if use.reads else described) or ()
            return outgoing

    def _deadline_of(self, use: StepUse) -> Callable[[], float]:
        """Return the moment at which a step must be done, counted from the first call."""
        timeout_s = use.timeout_s or STEP_TIMEOUT_S
        first_call: list[float] = []

        def deadline() -> float:
            if not first_call:
                first_call.append(self._state.clock())
            return min(first_call[0] + timeout_s, self._state.deadline)

        return deadline

    # -- the end ------------------------------------------------------------------------------------------------

    def drain(self, use: StepUse) -> None:
        """Pull a step's stream to its end, or what a reader has left of it."""
        if self.taking_part.readers(use.key) > 1:
            self.finish(use.key)
        else:
            self._exhaust(self._start(use.key))
        if not self._meters[use.key].ended:
            raise StepError(
                f"what {use.verb} gives was closed before its end",
                how_to_fix="the step that reads it must read on, or stop without closing its input",
                where=use.where,
            )

    def _exhaust(self, stream: RecordStream) -> None:
        for _ in stream.batches:
            self._state.check_cancelled()

    def close(self) -> None:
        """Finish the files of rejected records."""
        for rejects in self._rejects:
            rejects.close()

    def abandon(self) -> None:
        """Let go of every stream, spool and file; a second call does nothing."""
        with contextlib.ExitStack() as stack:  # one that fails keeps none of the others
            for spool in self._spools.values():
                stack.callback(spool.close)
            for rejects in self._rejects:
                stack.callback(rejects.abort)
            for stream in self._streams.values():
                close = getattr(stream.batches, "close", None)
                if close is not None:
                    stack.callback(close)


class _StepOutputs:
    """Notes which step made which output: see context.Outputs."""

    def __init__(self, chain: Chain, key: str) -> None:
        self._chain = chain
        self._key = key

    def create(self, name: str, *, stamped: bool) -> Path:
        path = self._chain._state.outputs.create(name, stamped=stamped)  # noqa: SLF001  # our own chain
        self._chain.temps.setdefault(self._key, []).append(path)
        return path
