"""The words after `txojobs run`: ORG and ENV, the params of a job in each spelling, and the help that lists them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.complete import params_of
from txojobs.cli.complete import values_of as possible_values
from txojobs.cli.console import stderr
from txojobs.cli.finding import load_named
from txojobs.cli.main import workspace_of
from txojobs.cli.typed import as_typed, typed
from txojobs.errors import TxoBaseError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from click.shell_completion import CompletionItem

    from txojobs.job.model import Job, Param

_WORDS = "txojobs.words"


def at_least_one(text: str) -> int:
    """Return a whole number from 1 on, as an option takes it."""
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise click.BadParameter(f"it takes a whole number from 1 on, not {text[:40]!r}")


class RunCommand(click.Command):
    """A command whose help also lists the params of the job that is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; keep the words for the help, which is asked for before they are understood.

        With --json, words that cannot be understood are refused in JSON, too.
        """
        ctx.meta[_WORDS] = words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as err:
            err.ctx = err.ctx or ctx
            if "--json" in itertools.takewhile(lambda word: word != "--", words):
                from txojobs.cli.summary import print_refusal  # noqa: PLC0415  # only where it is asked for

                print_refusal(err, job=self._job(ctx, words))
            raise

    def _job(self, ctx: click.Context, words: list[str]) -> str | None:
        """Return the job's name as far as the words tell it; their values may be wrong."""
        try:
            given, _, _ = self.make_parser(ctx).parse_args(list(words))
        except click.UsageError:
            return None
        job = given.get("job")
        return job if isinstance(job, str) else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """As click does, and `--name` of each param of the job, and behind it the values that it may have."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only while a shell asks

        found = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            before = ctx.args[-1] if ctx.args else ""
            chosen = params_of(ctx).get(before[2:]) if before.startswith("--") else None
            values = (value for value in possible_values(chosen) if value.startswith(incomplete))
            return [*found, *map(CompletionItem, values)]
        known = {item.value for item in found} | set(_own_options(ctx))
        names = (f"--{name}" for name in params_of(ctx))
        return [
            *found,
            *(CompletionItem(name) for name in names if name.startswith(incomplete) and name not in known),
        ]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, then the job's params."""
        super().format_help_text(ctx, formatter)
        word = self._job(ctx, ctx.meta.get(_WORDS, []))
        if word is None:
            return
        try:
            job, _ = load_named(workspace_of(ctx), word)
        except ValidationError:  # there is no such job: the nearest one helps more than any help
            raise
        except TxoBaseError:
            formatter.write_paragraph()
            formatter.write_text(f"The params of {word} are not known: see txojobs validate.")
            return
        with formatter.section(f"Params of {job.name}"):
            formatter.write_dl([_described(param) for param in job.params.values()] or [("(none)", "")])


def _described(param: Param) -> tuple[str, str]:
    facts = [param.type, "required" if param.required else f"default {getattr(param.default, 'text', '')}"]
    if param.enum:
        facts.append("one of " + ", ".join(str(choice) for choice in param.enum))
    if param.env:
        facts.append(f"else from {param.env}")
    values = "A,B,..." if param.type == "list" else "true" if param.type == "boolean" else "..."
    return f"-p {param.name}={values}", f"{param.description} ({', '.join(facts)})".strip()


def places_of(ctx: click.Context, org: str | None, env: str | None) -> tuple[str, str, list[str]]:
    """Return org, env and what is left of the arguments: `--name value` of a job's param among them."""
    words = [word for word in (org, env) if word is not None] + list(ctx.args)
    places: list[str] = []
    extra: list[str] = []
    for word in words:
        is_value = bool(extra) and extra[-1].startswith("--") and "=" not in extra[-1]
        if word.startswith("-") or is_value:
            extra.append(word)
        else:
            places.append(word)
    if len(places) < 2:  # noqa: PLR2004  # the two
        org_env = places[0].rpartition("-") if places else ("", "", "")
        if org_env[0]:
            raise click.UsageError(f"ORG and ENV are two words: {org_env[0]} {org_env[2]}", ctx)
        missing = "ORG and ENV" if not places else "ENV"
        raise click.UsageError(
            f"say for which {missing}: txojobs {ctx.info_name} JOB ORG ENV, like `acme prod`", ctx
        )
    if len(places) > 2:  # noqa: PLR2004  # the two
        given = places[2] if "=" in places[2] else "NAME=VALUE"
        raise click.UsageError(
            f"{places[2]!r} is one argument too many; params are given with -p {given}", ctx
        )
    return places[0], places[1], extra


class Folder(click.Path):
    """A folder; an empty text, of a variable that is not set for one, is none."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        if value == "":
            self.fail("it is empty (is a variable not set?); write . for this folder", param, ctx)
        return super().convert(value, param, ctx)


def values_of(ctx: click.Context, job: Job, extra: list[str], pairs: Iterable[str]) -> dict[str, str]:
    """Return the params that were given, each once; an unknown option is a usage error."""
    values: dict[str, str] = {}
    for name, value in (*_pairs(ctx, pairs), *_named(ctx, job, extra)):
        if name in values:
            raise click.UsageError(f"the param {name!r} is given twice", ctx)
        values[name] = value
    _warn_of_hidden(ctx, job)
    return values


def _pairs(ctx: click.Context, pairs: Iterable[str]) -> list[tuple[str, str]]:
    found = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"-p takes NAME=VALUE, not {pair!r}", ctx)
        found.append((name.strip(), value))
        if not value:
            raise click.UsageError(
                f"-p {name.strip()}= gives no value (is a variable empty?); leave it out to take the param's default",
                ctx,
            )
    return found


def _named(ctx: click.Context, job: Job, extra: list[str]) -> list[tuple[str, str]]:
    """Return params given as `--name value` or `--name=value`."""
    from txojobs.suggest import nearest  # noqa: PLC0415

    found = []
    words = iter(extra)
    for word in words:
        option, equals, value = word.partition("=")
        name = option.removeprefix("--")
        if not word.startswith("--") or name not in job.params:
            known = [f"--{each}" for each in job.params] + _own_options(ctx)
            hint = (
                nearest(option, known) or f"see {as_typed(typed(ctx, 'run', ctx.params['job'], ()))} --help"
            )
            raise click.UsageError(f"there is no option {option}: {hint}", ctx)
        if not equals:
            value = next(words, "")
            if value == "" or value.startswith("--"):
                example = "true" if job.params[name].type == "boolean" else "VALUE"
                raise click.UsageError(f"{word} needs a value: {word}={example}", ctx)
        found.append((name, value))
    return found


def _own_options(ctx: click.Context) -> list[str]:
    options: list[Any] = [each for each in ctx.command.params if isinstance(each, click.Option)]
    return [*(name for option in options for name in option.opts), *ctx.help_option_names]


def _warn_of_hidden(ctx: click.Context, job: Job) -> None:
    """Say of each param that has the name of an option of ours that the option was meant."""
    for option in ctx.command.params:
        given = ctx.get_parameter_source(option.name or "") is click.core.ParameterSource.COMMANDLINE
        for name in job.params if given else ():
            if f"--{name}" in option.opts:
                console = stderr()
                warning = console.styled("warning", "yellow")
                console.text(
                    f"{warning}: --{name} is an option of txojobs; give the param with -p {name}=VALUE"
                )
