"""The command line in this process: arguments in, exit code and both outputs out."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, NamedTuple

from txojobs.cli.main import run_command_line

if TYPE_CHECKING:
    from pathlib import Path

JOB = """\
version: 1
description: Customers of a country.
params:
  country: {type: string, default: SE, description: ISO 3166 country code}
  limit: {type: integer}
steps:
  - id: customers
    fetch:
      entity: Customers
      filter: Country eq ${{ params.country }}
      order-by: [CustomerNo]
      key: [CustomerNo]
  - filter: BalanceDue > ${{ params.limit }}
  - save: customers-${{ params.country }}.xlsx
"""
CONFIG = '{"global": {"api-base-url": "https://api.example.com/v2.0"}}\n'


class Result(NamedTuple):
    code: int
    out: str
    err: str


def invoke(*arguments: str) -> Result:
    """Run a command; what it writes is caught."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command_line(arguments)
    return Result(code, out.getvalue(), err.getvalue())


def make_workspace(root: Path, **jobs: str) -> Path:
    """A workspace with jobs by name (`open_orders` is open-orders.yaml) and the configuration acme-prod."""
    for name, text in {"customers": JOB, **jobs}.items():
        path = root / "jobs" / f"{name.replace('_', '-')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "config").mkdir(exist_ok=True)
    (root / "config" / "acme-prod-config.json").write_text(CONFIG, encoding="utf-8")
    return root
