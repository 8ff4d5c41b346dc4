"""`txojobs publish [RUN]`: give complete outputs their names that a run could not give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from txojobs.cli.console import stdout
from txojobs.cli.finding import shown
from txojobs.cli.main import workspace_of
from txojobs.cli.render import clean

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    epilog="""\b
Examples:
  txojobs publish
  txojobs publish 20260115T143000Z-1a2b3c
"""
)
@click.argument("run", required=False)
@click.option("--list", "only_list", is_flag=True, help="Show what waits, and publish nothing.")
@click.pass_context
def publish(ctx: click.Context, run: str | None, *, only_list: bool) -> None:
    """Publish what runs have read and proven, and could not put into its place.

    Somebody had a file open, say, or the run was killed at that very moment. Nothing is read again. RUN is the id
    that the report and the log of the run show; all that waits is published when it is left out.
    """
    from txojobs.files.recovery import recover  # noqa: PLC0415
    from txojobs.files.unfinished import waiting  # noqa: PLC0415

    workspace = workspace_of(ctx)
    journal = workspace.state_dir / "publish"
    found = waiting(journal, run=run)
    console = stdout()

    def name(path: Path) -> str:
        return clean(shown(path, workspace))

    if run is not None and not found:
        others = sorted({each.run for each in waiting(journal)})
        raise click.UsageError(
            f"nothing of the run {clean(run)!r} waits to be published; "
            + (f"what waits is of {', '.join(map(clean, others))}" if others else "nothing waits at all"),
            ctx,
        )
    if only_list:
        for each in found:
            console.line(f"{clean(each.run)}: {', '.join(map(name, each.names))}")
    else:
        for path in recover(journal, only=[each.registry for each in found]):
            console.line(f"published {name(path)}")
    if not found:
        console.line("nothing waits to be published")
