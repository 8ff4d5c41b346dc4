"""`txojobs steps [VERB]`: the steps there are, or the options of one."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.console import stdout
from txojobs.cli.render import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.cli.console import Console

_WIDEST = 100
_INDENT = 22
_NARROW = 59


def _verbs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from txojobs.steps.catalogue import STEPS  # noqa: PLC0415

    del ctx, param
    return [verb for verb in STEPS if verb.startswith(incomplete)]


@click.command(
    epilog="""\b
Examples:
  txojobs steps
  txojobs steps transform
"""
)
@click.argument("verb", required=False, shell_complete=_verbs)
def steps(verb: str | None) -> None:
    """List the steps that a job can be made of, or show what one of them can be told."""
    from txojobs.steps.catalogue import STEPS  # noqa: PLC0415
    from txojobs.steps.describe import step_page  # noqa: PLC0415

    console = stdout()
    if verb is None:
        for name in STEPS:
            _entry(console, name, getattr(step_page(name), "summary", ""))
        console.line()
        console.line("More about one:  txojobs steps VERB")
        return
    page = step_page(verb)
    if page is None:
        raise _unknown(verb, STEPS)
    _page(console, page)


def _unknown(verb: str, known: Iterable[str]) -> Exception:
    from txojobs.errors import ValidationError  # noqa: PLC0415
    from txojobs.suggest import nearest  # noqa: PLC0415

    fix = nearest(verb, known) or f"the steps are: {', '.join(known)}"
    return ValidationError(f"there is no step {verb!r}", how_to_fix=fix)


def _page(console: Console, page: Any) -> None:
    for number, text in enumerate(page.text):
        if number:
            console.line()
        for line in _broken(clean(text), _width()):
            console.line(line)
    console.line()
    console.text(f"{page.role}; holds {page.memory}")
    if page.short:
        console.text(f"{page.verb}: VALUE is short for {page.verb}: {{{page.short}: VALUE}}")
    if page.example:
        console.line()
        for line in page.example.splitlines():
            console.line(f"  {line}".rstrip())
    console.line()
    console.line(console.styled("options", "bold"))
    for row in page.options:
        _option(console, row)
    for name, rows in page.groups:
        console.line()
        console.line(console.styled(f"options below {name}", "bold"))
        for row in rows:
            _option(console, row)


def _option(console: Console, row: Any) -> None:
    facts = [row.type, row.default if row.default in ("", "required") else f"default {row.default}"]
    _entry(console, row.name, "; ".join(fact for fact in facts if fact))
    for text in (row.text, f"Example: {row.example}" if row.example else ""):
        for line in _broken(text, _width() - _indent()):
            console.line(" " * _indent() + line)


def _entry(console: Console, name: str, text: str) -> None:
    """Write a name and what is said of it, broken under itself; on a narrow terminal, all of it below the name."""
    lines = _broken(clean(text), _width() - _indent()) or [""]
    if _indent() < _INDENT:
        console.line(f"  {clean(name)}")
        lines.insert(0, "")
    else:
        console.line(f"  {clean(name):<{_INDENT - 2}}{lines[0]}".rstrip())
    for line in lines[1:]:
        console.line(" " * _indent() + line)


def _broken(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _indent() -> int:
    return _INDENT if _width() > _NARROW else 6


def _width() -> int:
    return min(_WIDEST, max(_NARROW // 2, shutil.get_terminal_size().columns))
