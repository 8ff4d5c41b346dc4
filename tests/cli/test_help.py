"""The help: every command has one, with an example that can be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from tests.cli.invoking import invoke
from txojobs.cli.main import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands(command: click.Command, *names: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a command and of each below it."""
    yield names
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from commands(below, *names, name)


ALL = list(commands(cli))


def test_commands_below_commands_are_among_them() -> None:
    assert {("state", "set"), ("demo", "serve"), *((name,) for name in COMMANDS)} <= set(ALL)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    done = invoke(*words, "--help")
    assert done.code == 0, done
    told = [line for line in done.out.splitlines() if line.strip()]
    example = " ".join(("txojobs", *words))
    after = done.out.split("Options:")[1]  # not the usage line
    assert any(example in line for line in after.splitlines()), told
