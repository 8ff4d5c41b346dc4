"""What a run shows while it works, and its summary: live lines on a terminal, plain ones elsewhere."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from txojobs.cli.render import clean
from txojobs.cli.step_lines import NARROWEST, amount, headline, name_of, step_line, width_for
from txojobs.cli.wrapping import wrapped
from txojobs.engine.events import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from txojobs.cli.console import Console
    from txojobs.engine.report import RunReport, StepResult

PLAIN_INTERVAL_S = 10.0
SOURCES = ("fetch", "load")


class PlainProgress(Listener):
    """One line when a step begins, one every ten seconds, one at its end: for pipes and CI."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._told: dict[str, float] = {}
        self._clean: Callable[[str], str] = str
        self._width = NARROWEST
        self._dry_run = False

    def run_started(self, report: RunReport) -> None:
        """Show the headline."""
        self._clean = report.clean
        self._width, self._dry_run = width_for(report.steps), report.dry_run
        self._line(headline(report))

    def step_started(self, step: StepResult) -> None:
        """Say that a source begins; what only follows it speaks at its end."""
        self._told[step.key] = self._clock()
        if step.verb in SOURCES:
            self._line(f"  {name_of(step):<{self._width}} begins")

    def step_moved(self, step: StepResult) -> None:
        """Say how far a source is, every ten seconds."""
        now = self._clock()
        if step.verb in SOURCES and now - self._told[step.key] >= PLAIN_INTERVAL_S:
            self._told[step.key] = now
            self._line(f"  {name_of(step):<{self._width}} {amount(step)} so far")

    def step_finished(self, step: StepResult) -> None:
        """Show the step's line of the summary."""
        if is_told(step):
            self._line(step_line(step, width=self._width, dry_run=self._dry_run))

    def waiting(self, text: str) -> None:
        """Say what is waited for."""
        self._line(f"  {clean(text)}")

    def stop(self) -> None:
        """Nothing is left on the screen to be taken away."""

    def _line(self, text: str) -> None:
        self._console.text(self._clean(text))


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
        self._width = NARROWEST
        self._dry_run = False
        rich = RichConsole(
            file=console.stream, force_terminal=True, no_color=not console.colour, highlight=False
        )
        self._rich = rich
        self._live = Live(console=rich, refresh_per_second=8, transient=True, get_renderable=self._renderable)

    def run_started(self, report: RunReport) -> None:
        """Show the headline and begin to draw."""
        self._clean = report.clean
        self._width, self._dry_run = width_for(report.steps), report.dry_run
        self._console.text(self._clean(headline(report)))
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
            line = step_line(step, width=self._width, dry_run=self._dry_run)
            rows = wrapped(self._clean(line), self._console.width)
            self._live.console.print(_text("\n".join(rows)), soft_wrap=True)

    def run_finished(self, report: RunReport) -> None:
        """Stop drawing."""
        del report
        self.stop()

    def waiting(self, text: str) -> None:
        """Show what is waited for."""
        self._note = self._clean(clean(text))
        if not self._live.is_started:
            self._console.text(self._note)

    def stop(self) -> None:
        """Take the living lines away; a second call does nothing."""
        self._live.stop()

    def _renderable(self) -> Any:
        lines = []
        for step in reversed(list(self._running.values())):  # the last to begin stands first in the job
            line = f"  {name_of(step):<{self._width}} {amount(step)}"
            if step.expected and step.records:
                gone = time.monotonic() - self._began[step.key]
                left = gone / step.records * max(0, step.expected - step.records)
                line += f"   {step.records / max(gone, 0.001):,.0f} a second   {left:.0f} s left"
            lines.append(self._clean(line))
        if self._note:
            lines.append(f"  {self._note}")
        rows = [row for line in lines for row in wrapped(line, self._console.width)]
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


def is_told(step: StepResult) -> bool:
    """Tell whether a step that has ended gets a line: of those that another one stopped, only sources do."""
    return step.state != "stopped" or step.verb in SOURCES
