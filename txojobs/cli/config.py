"""`txojobs config ORG ENV`: each value that a run would use, and where it comes from."""

from __future__ import annotations

import json

import click

from txojobs.cli.complete import environments, organisations
from txojobs.cli.console import stderr, stdout
from txojobs.cli.main import source_lines, workspace_of
from txojobs.cli.render import clean, show_problem


@click.command(
    epilog="""\b
Examples:
  txojobs config demo test
  txojobs config acme prod --json
"""
)
@click.argument("org", shell_complete=organisations)
@click.argument("env", shell_complete=environments)
@click.option("--json", "as_json", is_flag=True, help="Print the values as JSON.")
@click.pass_context
def config(ctx: click.Context, org: str, env: str, *, as_json: bool) -> None:
    """Show the effective configuration of an organisation and environment; secrets show as ***."""
    from txojobs.config import effective, load_config  # noqa: PLC0415

    loaded = load_config(workspace_of(ctx), org, env)
    rows = effective(loaded)
    for problem in loaded.warnings:
        show_problem(stderr(), problem, source_lines(problem.where.file) if problem.where else ())
    if as_json:
        values = [{"path": path, "value": value, "from": source} for path, value, source in rows]
        stdout().json(json.dumps({"org": org, "env": env, "values": values}, indent=2, ensure_ascii=False))
        return
    console = stdout()
    for path, value, source in rows:
        console.text(f"{clean(path)} = {clean(value)}   {console.styled(f'({clean(source)})', 'dim')}")
