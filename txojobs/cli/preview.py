"""`txojobs preview FILE` and `txojobs preview JOB ORG ENV`: the first rows of a table, and what is in its columns."""

from __future__ import annotations

import codecs
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.arguments import at_least_one, places_of, values_of
from txojobs.cli.complete import environments, organisations
from txojobs.cli.complete import params as job_params
from txojobs.cli.console import stderr, stdout
from txojobs.cli.exit_codes import run_code
from txojobs.cli.finding import shown
from txojobs.cli.loading import load_valid_job
from txojobs.cli.main import source_lines, workspace_of
from txojobs.cli.preview_tables import Previewed, as_json, show_profile
from txojobs.cli.signals import Signals
from txojobs.cli.summary import show_summary
from txojobs.cli.typed import as_typed, typed
from txojobs.errors import ConfigurationError, FileOperationError, TxoBaseError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.engine.report import RunReport
    from txojobs.workspace import Workspace

_OF_EACH_SOURCE = 100
_ROWS = 10


@click.command(
    epilog="""\b
Examples:
  txojobs preview output/acme-prod-customers_2026-01-15T1430Z.xlsx
  txojobs preview data/targets.csv --delimiter ";" --rows 3
  txojobs preview export-customers acme prod -p country=NO
"""
)
@click.argument("what", metavar="FILE|JOB")
@click.argument("org", required=False, shell_complete=organisations)
@click.argument("env", required=False, shell_complete=environments)
@click.option(
    "-p",
    "--param",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=job_params,
    help="A param of the job.",
)
@click.option("--limit", type=at_least_one, metavar="N", help="Of a job: N records of each source, else 100.")
@click.option("--rows", type=at_least_one, metavar="N", help="Show the first N rows, else 10.")
@click.option("--sheet", metavar="NAME", help="Of a workbook: this sheet; the first one when left out.")
@click.option("--range", "cells", metavar="A1:F9", help="Of a workbook: this part of the sheet.")
@click.option("--delimiter", metavar="C", help="Of a csv: what separates the cells; found out when left out.")
@click.option("--encoding", metavar="NAME", help="Of a file of text: its encoding.")
@click.option("--json", "in_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def preview(ctx: click.Context, /, what: str, org: str | None, env: str | None, **options: Any) -> int:
    """Show the first rows of a file, and for each column its type, how many values, the smallest and the largest.

    Of a job it shows what its files would hold: the job is run on the first records of each source, and nothing is
    kept.
    """
    options["limit"], options["rows"] = options["limit"] or _OF_EACH_SOURCE, options["rows"] or _ROWS
    _check(ctx, options)
    if org is None:
        workspace = _nearest(ctx)
        path = _file(workspace, what)
        if options["sheet"] and not path.name.lower().endswith(".xlsx"):
            raise click.UsageError(f"--sheet: only a workbook (.xlsx) has sheets, and {what} is none", ctx)
        name = shown(path, workspace) if workspace is not None else str(path)
        _show([_profiled(path, options, name=name)], options)
        return 0
    return _preview_job(ctx, workspace_of(ctx), what, (org, env), options)


def _check(ctx: click.Context, options: dict[str, Any]) -> None:
    if options["delimiter"] is not None and len(options["delimiter"]) != 1:
        raise click.UsageError('--delimiter: it is one character, like ";"', ctx)
    if options["encoding"] is not None:
        try:
            "".encode(codecs.lookup(options["encoding"]).name)
        except (LookupError, ValueError):
            raise click.UsageError(f"--encoding: there is no encoding {options['encoding']!r}", ctx) from None
    if options["cells"] is not None:
        from txojobs.files.xlsx_range import Part  # noqa: PLC0415  # only where it is said

        Part.of(options["cells"])


def _nearest(ctx: click.Context) -> Workspace | None:
    """Return the workspace; None where there is none, which a file does not need."""
    try:
        found: Workspace = workspace_of(ctx)
    except ConfigurationError:
        return None
    return found


def _file(workspace: Workspace | None, word: str) -> Path:
    """Return the file that a word names, from the current folder or the workspace.

    Raises:
        ValidationError: there is none.
    """
    inside = [] if workspace is None else [workspace.root / word, workspace.root / "output" / word]
    for path in (Path(word), *inside):
        if path.is_file() and not _is_job(path, workspace):
            return path
    if Path(word).is_dir():
        fix = "that is a folder: name a file in it"
    elif Path(word).suffix in ("", ".yaml", ".yml"):
        fix = f"of a job: txojobs preview {word} ORG ENV"
    else:
        fix = "name a file from here, from the workspace, or of its output folder"
    raise ValidationError(f"there is no file {word!r}", how_to_fix=fix)


def _is_job(path: Path, workspace: Workspace | None) -> bool:
    return workspace is not None and (workspace.root / "jobs").resolve() in path.resolve().parents


def _delimiter(path: Path) -> str | None:
    """Return what separates the cells of a csv, by its first line; None for a comma."""
    if not path.name.lower().endswith(".csv"):
        return None
    with path.open("rb") as file:
        line = file.readline(1 << 16)
    found = max(b";\t|", key=lambda sign: line.count(bytes([sign])))
    return chr(found) if line.count(bytes([found])) > line.count(b",") else None


def _profiled(path: Path, options: dict[str, Any], *, name: str) -> Previewed:
    from txojobs.files.formats import format_of  # noqa: PLC0415
    from txojobs.files.profile import profile  # noqa: PLC0415
    from txojobs.files.table import ReadOptions  # noqa: PLC0415

    is_workbook = format_of(path.name).extension == ".xlsx"
    reading = ReadOptions(
        sheet=options["sheet"] if is_workbook else None,
        cells=options["cells"] if is_workbook else None,
        delimiter=options["delimiter"] or _delimiter(path),
        encoding=options["encoding"],
    )
    stream = format_of(path.name).read(path, options=reading)
    names = [column.name for column in stream.columns or ()]
    found = profile(stream.batches, names=names, keep=options["rows"])
    others: list[str] = []
    if is_workbook:
        from txojobs.files.xlsx import sheet_names  # noqa: PLC0415

        sheets = sheet_names(path)
        shown_one = options["sheet"] or sheets[0]
        others = [each for each in sheets if each != shown_one]
        name = f"{name}, sheet {shown_one}" if others else name
    return Previewed(name, found, others)


def _show(found: list[Previewed], options: dict[str, Any], *, note: str = "") -> None:
    console = stdout()
    if options["in_json"]:
        from txojobs.engine.report import document  # noqa: PLC0415

        console.line(document([as_json(each) for each in found]).decode())
        return
    for number, each in enumerate(found):
        if number:
            console.line()
        show_profile(console, each, note=note)


def _preview_job(
    ctx: click.Context,
    workspace: Workspace,
    word: str,
    places: tuple[str, str | None],
    options: dict[str, Any],
) -> int:
    """Run the job on a few records into a folder of its own, and show what it wrote there."""
    job = load_valid_job(workspace, word)
    org, env, extra = places_of(ctx, *places)
    params = values_of(ctx, job, extra, options["pairs"])
    cancel = threading.Event()
    with (
        tempfile.TemporaryDirectory(prefix="txojobs-preview-") as folder,
        Signals(cancel, farewell=stderr().restore) as signals,
    ):
        from txojobs.engine.events import Listener  # noqa: PLC0415
        from txojobs.engine.run import RunRequest, execute  # noqa: PLC0415

        words = typed(ctx, "preview", word, (org, env))
        request = RunRequest(
            job=job,
            workspace=workspace,
            org=org,
            env=env,
            params=params,
            limit=options["limit"],
            output=Path(folder),
            cancel=cancel,
            shield=signals.shield,
            command=as_typed(words),
        )
        report = execute(request, Listener())
        _tell(report, workspace, options, again=as_typed(words))
        return run_code(report.outcome, report.error, signal_number=signals.number, begun=report.begun)


def _tell(report: RunReport, workspace: Workspace, options: dict[str, Any], *, again: str) -> None:
    """Show what was written, and the warnings; or why nothing was."""
    if report.error is not None:
        show_summary(stderr(), report, workspace, source=source_lines, again=again, going_on=None)
        return
    note = f"the first {options['limit']:,} records of each source"
    _show(list(_written(report, options)), options, note=note)
    for warning in report.warnings:
        stderr().text(f"warning: {report.clean(warning)}")


def _written(report: RunReport, options: dict[str, Any]) -> Iterator[Previewed]:
    for path in report.outputs:
        try:
            yield _profiled(path, {**options, "delimiter": None, "encoding": None}, name=path.name)
        except TxoBaseError as err:
            raise FileOperationError(str(err), how_to_fix=err.how_to_fix) from err
