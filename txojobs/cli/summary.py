"""What a run says when it is over: what was written, or what went wrong, what is safe and what to do next."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.console import stdout
from txojobs.cli.finding import shown
from txojobs.cli.render import clean, show_error
from txojobs.errors import FileOperationError
from txojobs.redact import escape_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from txojobs.cli.console import Console
    from txojobs.engine.report import RunReport
    from txojobs.workspace import Workspace

_WAITS = {
    "throttled": "because the service asked for it",
    "retry": "between attempts",
    "operation": "for long operations",
    "rate limit": "for `rate-limiting`",
}
"""What each cause of a wait is called; the report has the numbers of each service."""
_ENDINGS = {"partial": "finished in part", "done": "done"}


def show_summary(
    console: Console,
    report: RunReport,
    workspace: Workspace,
    *,
    source: Callable[[str], Sequence[str]],
    again: str,
    going_on: str | None = None,
) -> None:
    """Show how a run ended; the paths of what was written come last, each alone on its line.

    `source` is that of `show_error`, `again` the command that repeats the run, `going_on` the one
    that goes on with it.
    """
    console.line()
    for warning in report.warnings:
        console.text(f"{console.styled('warning', 'yellow')}: {clean(report.clean(warning))}")
    if report.error is not None:
        _show_failure(console, report, workspace, source=source, again=again, going_on=going_on)
        return
    if report.resumed:
        console.line(f"{report.answers_found:,} answers of the run before were used")
    rejected = sum(step.rejected for step in report.steps)
    if rejected:
        console.line(f"{rejected:,} {'record was' if rejected == 1 else 'records were'} put aside")
    written = ", nothing was written" if report.dry_run else ""
    console.line(f"{_ENDINGS[report.outcome]} in {report.seconds:.1f} s{written}")
    _show_trouble(console, report)
    _show_watermarks(console, report)
    for step in report.steps if report.dry_run else ():
        if "request" in step.notes:
            console.text(f"would ask {escape_foreign(report.clean(str(step.notes['request'])))}")
    for name in report.would_write:
        console.line(f"would write {clean(shown(Path(name), workspace))}")
    for path in report.outputs:
        console.line(clean(shown(path, workspace)))


def _show_trouble(console: Console, report: RunReport) -> None:
    """Say what made the run slow: requests that were sent again, and waits of a second or more, by cause."""
    traffic: list[Any] = report.traffic
    retries = sum(each["retries"] for each in traffic)
    causes = {cause: sum(each["waits-seconds"].get(cause, 0) for each in traffic) for cause in _WAITS}
    waits = [f"{seconds:.0f} s {_WAITS[cause]}" for cause, seconds in causes.items() if seconds >= 1]
    parts = (
        [f"{retries:,} {'request was' if retries == 1 else 'requests were'} sent again"] if retries else []
    )
    parts += [f"waited {', '.join(waits)}"] if waits else []
    if parts:
        console.text("; ".join(parts))


def _show_watermarks(console: Console, report: RunReport) -> None:
    """Say from where the next run goes on, of each incremental step."""
    for step in report.steps:
        if "incremental" in step.notes:
            console.text(clean(report.clean(f"{step.title}: {_watermark(step.notes['incremental'])}")))


def _watermark(facts: Any) -> str:
    before, after = facts["watermark-before"], facts["watermark-after"]
    because = f" ({facts['stays-because']})" if facts.get("stays-because") else ""
    if after is None:
        return f"no watermark{because}, the next run reads all"
    return f"watermark {after}" + (because or ("" if before in (None, after) else f", before {before}"))


def _show_failure(
    console: Console,
    report: RunReport,
    workspace: Workspace,
    *,
    source: Callable[[str], Sequence[str]],
    again: str,
    going_on: str | None = None,
) -> None:
    error = report.error
    if report.outcome == "interrupted":
        console.line("interrupted")
    elif error is not None:
        show_error(console, _speaking(error), source=source)
    _show_trouble(console, report)
    console.line()
    if report.is_kept:
        console.text(f"All files are complete and kept. Publish them with: txojobs publish {report.run_id}")
    else:
        console.line("Nothing was written.")
    for path in report.previous:
        console.line(f"The last good file is {clean(shown(path, workspace))}")
    if report.log is not None:
        console.line(f"Details: {clean(shown(report.log, workspace))}")
    if going_on is not None:
        console.line(f"Go on: {clean(report.clean(going_on))}")
    console.line(f"Again: {clean(report.clean(again))}")


def _speaking(error: BaseException) -> BaseException:
    """Return the error as a person should see it: a bug of ours says that it is one."""
    from txojobs.errors import TxoBaseError  # noqa: PLC0415

    if isinstance(error, TxoBaseError):
        return error
    return TxoBaseError(
        f"txojobs has a bug: {type(error).__name__}",
        how_to_fix="please report it with the log file named below",
    )


def print_json(document: dict[str, Any]) -> None:
    """Print a report on standard output."""
    from txojobs.engine.report import document as as_text  # noqa: PLC0415  # only when asked for

    stdout().json(as_text(document).decode())


def print_refusal(error: BaseException, *, job: str | None) -> None:
    """Print what `--json` gives when there was no run; why is told even where that cannot be."""
    with contextlib.suppress(FileOperationError):
        print_json(_refusal(error, job=job))


def _refusal(error: BaseException, *, job: str | None) -> dict[str, Any]:
    """Return the error, and every problem of an invalid job; None for a job that the words do not tell."""
    from txojobs.engine.report import error_facts  # noqa: PLC0415
    from txojobs.errors import RunCancelledError  # noqa: PLC0415

    stopped = isinstance(error, KeyboardInterrupt | RunCancelledError)
    return {
        "version": 1,
        "job": job,
        "outcome": "interrupted" if stopped else "refused-to-start",
        "outputs": [],
        "error": error_facts(error) | _in_words(error),
        "problems": [
            {
                "severity": problem.severity,
                "message": problem.message,
                "where": str(problem.where) if problem.where else None,
                "fix": problem.fix,
            }
            for problem in getattr(error, "problems", ())
        ],
    }


def _in_words(error: BaseException) -> dict[str, str]:
    """Return the problem as click words it, of an error of click's: its plain text lacks the option's name."""
    return {"problem": error.format_message()} if isinstance(error, click.UsageError) else {}
