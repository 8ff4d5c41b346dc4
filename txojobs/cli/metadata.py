"""`txojobs metadata ORG ENV [ENTITY]`: what a service offers, and its snapshot for `validate`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.complete import entities, environments, organisations
from txojobs.cli.console import stderr, stdout
from txojobs.cli.finding import shown
from txojobs.cli.main import source_lines, workspace_of
from txojobs.cli.metadata_tables import as_json, show_changes, show_entity, show_service
from txojobs.cli.render import clean, show_problem
from txojobs.errors import ValidationError
from txojobs.suggest import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.metadata.model import EntitySet, Service
    from txojobs.workspace import Workspace


@click.command(
    epilog="""\b
Examples:
  txojobs metadata demo test
  txojobs metadata acme prod Customers
  txojobs metadata acme prod --save
  txojobs metadata --offline Customers
"""
)
@click.argument("org", required=False, shell_complete=organisations)
@click.argument("env", required=False, shell_complete=environments)
@click.argument("entity", required=False, shell_complete=entities)
@click.option("--api", default="default", metavar="NAME", help="The service, where there are several.")
@click.option("--save", is_flag=True, help="Keep it as schemas/services/NAME.metadata.xml, for validate.")
@click.option("--offline", is_flag=True, help="Ask nobody: show what was saved.")
@click.option("--json", "in_json", is_flag=True, help="Print it as JSON.")
@click.pass_context
def metadata(
    ctx: click.Context,
    org: str | None,
    env: str | None,
    entity: str | None,
    *,
    api: str,
    save: bool,
    offline: bool,
    in_json: bool,
) -> None:
    """Show the entity sets of a service, or the fields of one; --save lets validate check jobs against them.

    A later --save says what the service has changed since.
    """
    from txojobs.job.snapshots import snapshot_path  # noqa: PLC0415

    if offline and save:
        raise click.UsageError("--offline and --save exclude each other", ctx)
    if offline and env is None:
        org, entity = None, org
    elif env is None:
        raise click.UsageError("say for which ORG and ENV: txojobs metadata acme prod", ctx)
    workspace: Workspace = workspace_of(ctx)
    path = snapshot_path(workspace.root, api)
    service, document = (_saved(path, workspace), b"") if offline else _asked(workspace, org, env, api)
    chosen = _chosen(service, entity) if entity else None
    changed = _save(path, document, service, workspace) if save else None
    if in_json:
        _print_json(as_json(api, service, chosen), changed, saved=shown(path, workspace))
        return
    console = stdout()
    if chosen is not None:
        show_entity(console, service, chosen)
    elif not save:
        show_service(console, service)
        console.line()
        console.line(f"More about one:  txojobs metadata {f'{org} {env}' if org else '--offline'} ENTITY")
    if save:
        show_changes(console, changed, path=shown(path, workspace), sets=len(service.entity_sets))


def _print_json(facts: dict[str, Any], changed: list[Any] | None, *, saved: str) -> None:
    if changed is not None:
        facts |= {"saved": saved, "changes": [each._asdict() for each in changed]}
    stdout().json(json.dumps(facts, indent=2, ensure_ascii=False))


def _asked(workspace: Workspace, org: str | None, env: str | None, api: str) -> tuple[Service, bytes]:
    from txojobs.config import load_config  # noqa: PLC0415  # jsonschema
    from txojobs.engine.service_metadata import read_service  # noqa: PLC0415

    config = load_config(workspace, org or "", env or "")
    for problem in config.warnings:
        show_problem(stderr(), problem, source_lines(problem.where.file) if problem.where else ())
    found = read_service(config, api=api, state_dir=workspace.state_dir, console=sys.stderr)
    return found.service, found.document


def _saved(path: Path, workspace: Workspace) -> Service:
    from txojobs.metadata.csdl import read_snapshot  # noqa: PLC0415

    if not path.is_file():
        raise ValidationError(
            f"there is no {shown(path, workspace)}",
            how_to_fix="read it from the service first",
            example="txojobs metadata ORG ENV --save",
        )
    return read_snapshot(path, shown_as=shown(path, workspace))


def _chosen(service: Service, name: str) -> EntitySet:
    known = {**service.entity_sets, **service.singletons}
    if name not in known:
        fix = nearest(name, known) or "see the list without ENTITY"
        raise ValidationError(f"the service has no entity set {name!r}", how_to_fix=fix)
    return known[name]


def _save(path: Path, document: bytes, service: Service, workspace: Workspace) -> list[Any] | None:
    """Write the snapshot; return what changed against the one before, None when there was none to compare."""
    from txojobs.engine.service_metadata import save_snapshot  # noqa: PLC0415
    from txojobs.metadata.changes import changes  # noqa: PLC0415

    before = None
    if path.is_file():
        try:
            before = _saved(path, workspace)
        except ValidationError as err:  # it is replaced by a good one
            place = f" ({err.where})" if err.where else ""
            warning = stderr().styled("warning", "yellow")
            stderr().text(f"{warning}: the snapshot before was damaged{clean(place)}: {clean(str(err))}")
    save_snapshot(path, document)
    return None if before is None else changes(before, service)
