"""`txojobs doctor ORG ENV`: each thing that a run needs, as a line that says it is well or how to mend it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from txojobs.cli.complete import environments, organisations
from txojobs.cli.console import stdout
from txojobs.cli.exit_codes import DONE, FAILED, INVALID
from txojobs.cli.main import workspace_of
from txojobs.cli.render import clean, plural
from txojobs.cli.wrapping import wrapped

if TYPE_CHECKING:
    from txojobs.checkup import Check, State
    from txojobs.cli.console import Console

_HEAD = 26
"""Where what is told begins."""
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "skipped": "dim"}


@click.command(
    epilog="""\b
Examples:
  txojobs doctor demo test
  txojobs doctor acme prod --api helpdesk
  txojobs doctor acme prod --offline --json
"""
)
@click.argument("org", shell_complete=organisations)
@click.argument("env", shell_complete=environments)
@click.option("--api", metavar="NAME", help="Look at this service only; at each of them when left out.")
@click.option("--offline", is_flag=True, help="Ask nobody: look at what is on this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as JSON.")
@click.pass_context
def doctor(ctx: click.Context, org: str, env: str, *, api: str | None, offline: bool, as_json: bool) -> int:
    """Check workspace, configuration, secrets and the way to each service, from name to token to $metadata.

    Reads only: nothing is changed, at the service or here. Ends with 0 when nothing failed, with 2 when the
    configuration is invalid, else with 1.
    """
    from txojobs.engine.doctor import examine  # noqa: PLC0415  # requests

    console = stdout()
    found = []
    for check in examine(workspace_of(ctx), org, env, api=api, offline=offline):
        found.append(check)
        if not as_json:
            _show(console, check, first=not any(each.api == check.api for each in found[:-1]))
    counts = Counter(check.state for check in found)
    if as_json:
        facts = {"version": 1, "org": org, "env": env, "ok": not counts["failed"]}
        lines = [check._asdict() for check in found]
        console.json(json.dumps({**facts, "checks": lines}, indent=2, ensure_ascii=False))
    else:
        console.line()
        console.line(_summary(counts))
    if any(check.name == "configuration" and check.state == "failed" for check in found):
        return INVALID
    return FAILED if counts["failed"] else DONE


def _show(console: Console, check: Check, *, first: bool) -> None:
    if first and check.api is not None:
        console.line()
        console.line(f"service {clean(check.api)}")
    state = console.styled(f"{check.state:<8}", _COLOURS[check.state])
    _written(console, f"  {state} {check.name:<14} ", clean(check.told))
    for line in (check.fix or "").splitlines():
        _written(console, f"{'':26}fix: ", clean(line))
    for line in (check.example or "").splitlines():  # to be copied, so it is never broken
        console.line(f"{'':26}{clean(line)}")


def _written(console: Console, head: str, text: str) -> None:
    """Write a text behind a head; on a terminal its further lines stand below its first."""
    left = console.width - len(head)
    lines = wrapped(text, left) if console.is_terminal and left > _HEAD else [text]
    console.line(head + lines[0])
    for line in lines[1:]:
        console.line(f"{'':{_HEAD}}{line.strip()}")


def _summary(counts: Counter[State]) -> str:
    if not counts["failed"] and not counts["warning"]:
        return "all is well"
    parts = [f"{counts['failed']} failed"] if counts["failed"] else []
    parts += [plural(counts["warning"], "warning")] if counts["warning"] else []
    return f"{' and '.join(parts)} in {plural(counts.total(), 'check')}"
