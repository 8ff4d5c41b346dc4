"""What a run shows while it works, and its summary: live lines on a terminal, plain ones elsewhere."""

from __future__ import annotations

import logging
import textwrap
import time
from typing import TYPE_CHECKING, Any

from txojobs.cli.render import clean
from txojobs.engine.events import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.cli.console import Console
    from txojobs.engine.report import RunReport, StepResult

PLAIN_INTERVAL_S = 10.0
SOURCES = ("fetch", "load")
WIDTH_VERB = 22


class PlainProgress(Listener):
    """One line when a step begins, one every ten seconds, one at its end: for pipes and CI."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._told: dict[str, float] = {}
        self._clean: Callable[[str], str] = str

    def run_started(self, report: RunReport) -> None:
        """Show the headline."""
        self._clean = report.clean
        self._line(headline(report))

    def step_started(self, step: StepResult) -> None:
        """Say that a source begins; what only follows it speaks at its end."""
        self._told[step.key] = self._clock()
        if step.verb in SOURCES:
            self._line(f"  {name_of(step):<{WIDTH_VERB}} begins")

    def step_moved(self, step: StepResult) -> None:
        """Say how far a source is, every ten seconds."""
        now = self._clock()
        if step.verb in SOURCES and now - self._told[step.key] >= PLAIN_INTERVAL_S:
            self._told[step.key] = now
            self._line(f"  {name_of(step):<{WIDTH_VERB}} {amount(step)} so far")

    def step_finished(self, step: StepResult) -> None:
        """Show the step's line of the summary."""
        if is_told(step):
            self._line(step_line(step))

    def waiting(self, text: str) -> None:
        """Say what is waited for."""
        self._line(f"  {clean(text)}")

    def stop(self) -> None:
        """Nothing is left on the screen to be taken away."""

    def _line(self, text: str) -> None:
        self._console.line(self._clean(text))


class LiveProgress(Listener):
    """The running step's line lives; finished ones stand above it."""

    def __init__(self, console: Console) -> None:
        from rich.console import Console as RichConsole  # noqa: PLC0415  # only where somebody looks
        from rich.live import Live  # noqa: PLC0415

        self._console = console
        self._running: dict[str, StepResult] = {}
        self._began: dict[str, float] = {}
        self._note = ""
        self._clean: Callable[[str], str] = str
        rich = RichConsole(
            file=console.stream, force_terminal=True, no_color=not console.colour, highlight=False
        )
        self._rich = rich
        self._live = Live(console=rich, refresh_per_second=8, transient=True, get_renderable=self._renderable)

    def run_started(self, report: RunReport) -> None:
        """Show the headline and begin to draw."""
        self._clean = report.clean
        self._console.line(self._clean(headline(report)))
        self._console.line()
        self._live.start()

    def step_started(self, step: StepResult) -> None:
        """Draw the step from now on."""
        self._running[step.key] = step
        self._began[step.key] = time.monotonic()

    def step_moved(self, step: StepResult) -> None:
        """The wait is over."""
        del step
        self._note = ""

    def step_finished(self, step: StepResult) -> None:
        """Put the step's line above the living ones."""
        self._running.pop(step.key, None)
        if self._live.is_started and is_told(step):
            self._live.console.print(_text(self._clean(step_line(step))), soft_wrap=True)

    def run_finished(self, report: RunReport) -> None:
        """Stop drawing."""
        del report
        self.stop()

    def waiting(self, text: str) -> None:
        """Show what is waited for."""
        self._note = self._clean(clean(text))
        if not self._live.is_started:
            self._console.line(self._note)

    def stop(self) -> None:
        """Take the living lines away; a second call does nothing."""
        self._live.stop()

    def _renderable(self) -> Any:
        lines = []
        for step in reversed(list(self._running.values())):  # the last to begin stands first in the job
            line = f"  {name_of(step):<{WIDTH_VERB}} {amount(step)}"
            if step.expected and step.records:
                gone = time.monotonic() - self._began[step.key]
                left = gone / step.records * max(0, step.expected - step.records)
                line += f"   {step.records / max(gone, 0.001):,.0f} a second   {left:.0f} s left"
            lines.append(self._clean(line))
        if self._note:
            lines.append(f"  {self._note}")
        room = max(
            20, self._rich.width - 1
        )  # a line that fills its row wraps on some terminals, and stays behind
        rows = [row for line in lines for row in textwrap.wrap(line, room, drop_whitespace=False)]
        return _text("\n".join(rows))


def _text(text: str) -> Any:
    from rich.text import Text  # noqa: PLC0415

    return Text(text)


class WaitWatch(logging.Handler):
    """Hands on what the client says of its waits and retries."""

    def __init__(self, told: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        """Show the message; it carries no secret, and is escaped by whoever shows it."""
        self._told(record.getMessage())


def headline(report: RunReport) -> str:
    """Return job, place and params in one line."""
    params = "  ".join(f"{name}={value}" for name, value in report.params.items() if value is not None)
    kind = "  (dry run: nothing is written)" if report.dry_run else ""
    trial = f"  first {report.limit:,} records of each source" if report.limit and not report.dry_run else ""
    return clean(f"{report.job}  {report.org}-{report.env}  {params}".rstrip() + trial + kind)


def name_of(step: StepResult) -> str:
    """Return the verb and what it works on."""
    return clean(f"{step.verb} {step.title}".strip())[:40]


def amount(step: StepResult) -> str:
    """Return the number of records, of how many where that is known."""
    if step.verb == "fetch" and step.expected is not None:
        return f"{step.records:,} of {step.expected:,}"
    written: Any = step.notes.get("written")
    if written:  # a workbook of several steps passes nothing on, and yet has rows
        return f"{written['rows']:,} rows"
    return f"{step.records:,} {_NOUNS.get(step.verb, 'rows')}"


_NOUNS = {"filter": "kept"}


def is_told(step: StepResult) -> bool:
    """Tell whether a step that has ended gets a line: of those that another one stopped, only sources do."""
    return step.state != "stopped" or step.verb in SOURCES


def step_line(step: StepResult) -> str:
    """Return a step's line of the summary."""
    parts = [f"  {name_of(step):<{WIDTH_VERB}} {amount(step):<18}"]
    if step.state in ("failed", "stopped"):
        parts.append("stopped")
    elif step.state == "left-out":
        parts = [f"  {name_of(step):<{WIDTH_VERB}} left out"]
    if step.rejected:
        parts.append(f"{step.rejected:,} put aside")
    fetched: Any = step.notes.get("fetched")
    if fetched:
        requests = fetched["requests"]
        parts.append(f"{requests:,} request{'' if requests == 1 else 's'}")
        parts.append(f"{step.seconds:.1f} s")
        parts.append(proof_in_words(fetched))
    if "not-written" in step.notes:
        parts.append("nothing was written")
    written: Any = step.notes.get("written")
    if written:
        parts.append(size_in_words(written["size-bytes"]))
        parts += [f"{kind}: {times:,}" for kind, times in written["conversions"].items()]
    return "   ".join(part for part in parts if part).rstrip()


def proof_in_words(proof: Any) -> str:
    """Return what is known of the completeness of a read."""
    if proof["strength"] == "unproven":
        return f"not proven to be complete ({proof['count-note'] or 'no count'})"
    words = [f"rows = {proof['counted-by']}"] if proof["count-note"] is None else []
    if proof["links"] == "by key" and proof["strength"] == "verified":
        words.append("read in the order of the key")
    elif proof["second-reading"]:
        words.append("the keys read twice")
    if proof["duplicates"]:
        words.append(f"{proof['duplicates']:,} doubled left out")
    elif proof["key-checked"]:
        words.append("no key twice")
    return "complete: " + (", ".join(words) or "one answer")


def size_in_words(size_bytes: int) -> str:
    """Return "38 KB"."""
    if size_bytes < 1000:  # noqa: PLR2004  # bytes in a kilobyte, as file managers count
        return f"{size_bytes} bytes"
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes / 1e3:.0f} KB"
