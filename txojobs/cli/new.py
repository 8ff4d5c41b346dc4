"""`txojobs new JOB --from ENTITY [ORG ENV]`: a job that exports an entity set. It overwrites nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from txojobs.cli.complete import entities, environments, organisations
from txojobs.cli.console import stderr, stdout
from txojobs.cli.finding import job_names, shown
from txojobs.cli.main import source_lines, workspace_of
from txojobs.cli.render import show_problem
from txojobs.errors import ValidationError

if TYPE_CHECKING:
    from txojobs.metadata.model import Service
    from txojobs.workspace import Workspace


@click.command(
    epilog="""\b
Examples:
  txojobs new items demo test --from Items
  txojobs new open-orders acme prod --from SalesOrders --fields OrderNo,OrderDate,Total
  txojobs new tickets --api helpdesk --from Tickets
"""
)
@click.argument("job")
@click.argument("org", required=False, shell_complete=organisations)
@click.argument("env", required=False, shell_complete=environments)
@click.option(
    "--from",
    "entity",
    required=True,
    metavar="ENTITY",
    shell_complete=entities,
    help="The entity set to export.",
)
@click.option("--fields", metavar="A,B", help="The fields to take, in this order; all of them when left out.")
@click.option("--api", default="default", metavar="NAME", help="The service, where there are several.")
@click.pass_context
def new(
    ctx: click.Context,
    job: str,
    org: str | None,
    env: str | None,
    *,
    entity: str,
    fields: str | None,
    api: str,
) -> None:
    """Write jobs/JOB.yaml, which exports an entity set: its fields, key, order, and a column for each field.

    What the entity set has comes from the snapshot of the service's metadata. Where there is none, ORG ENV say which
    service is asked, and its snapshot is saved.
    """
    from txojobs.cli.init import write_new  # noqa: PLC0415
    from txojobs.job.draft import job_text  # noqa: PLC0415
    from txojobs.workspace import check_name  # noqa: PLC0415

    if org is not None and env is None:
        raise click.UsageError("say for which ENV, too: txojobs new JOB ORG ENV --from ENTITY", ctx)
    workspace: Workspace = workspace_of(ctx)
    name = check_name("a job", job.removesuffix(".yaml"))
    path = workspace.root / "jobs" / f"{name}.yaml"
    names = [each.strip() for each in (fields or "").split(",") if each.strip()]
    service = _service(workspace, api, (org, env) if org and env else None)
    text = job_text(service, entity, file=f"{name}.xlsx", api=api, fields=names)
    if name in job_names(workspace) or not write_new(path, text):
        raise ValidationError(
            f"{shown(path, workspace)} is there already", how_to_fix="choose another name, or remove it first"
        )
    console = stdout()
    console.line(f"wrote   {shown(path, workspace)}")
    console.line()
    console.line(f"Try it:  txojobs run {name} {org or 'ORG'} {env or 'ENV'} --limit 20")


def _service(workspace: Workspace, api: str, place: tuple[str, str] | None) -> Service:
    """Return what the snapshot tells; without one the service is asked, and what it says is kept."""
    from txojobs.job.snapshots import Snapshots, snapshot_path  # noqa: PLC0415

    snapshot = Snapshots(workspace).of(api)
    if snapshot is not None:
        return snapshot.service
    path = snapshot_path(workspace.root, api)
    if place is None:
        raise ValidationError(
            f"there is no {shown(path, workspace)}, which would tell what the entity set has",
            how_to_fix="say for which organisation and environment it shall be read",
            example="txojobs new JOB ORG ENV --from ENTITY",
        )
    from txojobs.config import load_config  # noqa: PLC0415  # jsonschema
    from txojobs.engine.service_metadata import read_service, save_snapshot  # noqa: PLC0415

    config = load_config(workspace, *place)
    for problem in config.warnings:
        show_problem(stderr(), problem, source_lines(problem.where.file) if problem.where else ())
    found = read_service(config, api=api, state_dir=workspace.state_dir, console=sys.stderr)
    save_snapshot(path, found.document)
    stdout().line(f"saved   {shown(path, workspace)}")
    return found.service
