"""What the shell offers for JOB, ORG and ENV: the files of the workspace. Offers nothing where it cannot look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from txojobs.errors import TxoBaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.shell_completion import CompletionItem

    from txojobs.job.model import Param
    from txojobs.workspace import Workspace


def jobs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str] | list[CompletionItem]:
    """Return the names of jobs that begin so; where none does, what looks like a path is completed as one."""
    from txojobs.cli.finding import job_names  # noqa: PLC0415

    del param
    workspace = _workspace(ctx)
    names = job_names(workspace) if workspace else []
    found = [name for name in names if name.startswith(incomplete)]
    if found or not ("/" in incomplete or incomplete.startswith(".")):
        return found
    from click.shell_completion import CompletionItem  # noqa: PLC0415  # only for a path

    return [CompletionItem(incomplete, type="file")]


def params(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return `name=` of each param of the job that was named, and after `name=` the values that it may have."""
    del param
    name, equals, begun = incomplete.partition("=")
    found = params_of(ctx)
    if equals:
        return [f"{name}={value}" for value in values_of(found.get(name)) if value.startswith(begun)]
    return [f"{each}=" for each in found if each.startswith(incomplete)]


def params_of(ctx: click.Context) -> dict[str, Param]:
    """Return the params of the job that was named; none where it cannot be read."""
    from txojobs.cli.finding import load_named  # noqa: PLC0415

    workspace = _workspace(ctx)
    # click gives no argument its value while an option before the cursor waits for one
    word = ctx.params.get("job") or next(iter(ctx.args), None)
    if workspace is None or not isinstance(word, str):
        return {}
    try:
        return dict(load_named(workspace, word)[0].params)
    except TxoBaseError:
        return {}


def values_of(param: Param | None) -> list[str]:
    """Return the values that a param may have, as far as they can be listed."""
    if param is None:
        return []
    if param.enum:
        return [str(choice) for choice in param.enum]
    return ["true", "false"] if param.type == "boolean" else []


def organisations(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the organisations that have a configuration."""
    del param
    return sorted({org for org, _ in _configured(ctx) if org.startswith(incomplete)})


def environments(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments of the organisation that stands before, or of all."""
    del param
    chosen = ctx.params.get("org")
    found = {env for org, env in _configured(ctx) if chosen in (None, org)}
    return sorted(env for env in found if env.startswith(incomplete))


def entities(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the entity sets of the saved $metadata of the api that is asked for."""
    from txojobs.job.snapshots import Snapshots  # noqa: PLC0415

    del param
    workspace = _workspace(ctx)
    if workspace is None:
        return []
    try:
        snapshot = Snapshots(workspace).of(ctx.params.get("api") or "default")
    except TxoBaseError:
        return []
    if snapshot is None:
        return []
    service = snapshot.service
    return [name for name in (*service.entity_sets, *service.singletons) if name.startswith(incomplete)]


def _configured(ctx: click.Context) -> Iterator[tuple[str, str]]:
    from txojobs.config.secret_files import config_names  # noqa: PLC0415

    workspace = _workspace(ctx)
    for name in config_names(workspace.root / "config") if workspace else ():
        org, dash, env = name.rpartition("-")
        if dash:
            yield org, env


def _workspace(ctx: click.Context) -> Workspace | None:
    """Return the workspace; completion runs no callback, so `--workspace` is looked up by hand."""
    from txojobs.workspace import Workspace  # noqa: PLC0415

    named = ctx.find_root().params.get("workspace")
    try:
        return Workspace.at(Path(named)) if named else Workspace.find()
    except (TxoBaseError, OSError):
        return None
