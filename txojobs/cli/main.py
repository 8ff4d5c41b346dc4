"""The command line: the group of commands, and THE place where an exception becomes text and an exit code."""

from __future__ import annotations

import contextlib
import itertools
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from txojobs.cli.console import fall_silent, has_gone, stderr, unwritable
from txojobs.cli.exit_codes import BUG, FAILED, INTERRUPTED, INVALID, exit_code
from txojobs.errors import TxoBaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("txojobs.cli.init:init", "Make a new workspace."),
    "new": ("txojobs.cli.new:new", "Write a job that exports an entity set."),
    "run": ("txojobs.cli.run:run", "Run a job."),
    "publish": ("txojobs.cli.publish:publish", "Publish what a run has proven and could not put in place."),
    "validate": ("txojobs.cli.validate:validate", "Check jobs and configuration files."),
    "list": ("txojobs.cli.list_jobs:list_jobs", "List the jobs of the workspace."),
    "show": ("txojobs.cli.show:show", "Show what a job does, without running it."),
    "preview": ("txojobs.cli.preview:preview", "Show the first rows of a file or a job, and its columns."),
    "steps": ("txojobs.cli.steps:steps", "Describe the steps that a job can use."),
    "config": ("txojobs.cli.config:config", "Show the effective configuration, and where it comes from."),
    "doctor": (
        "txojobs.cli.doctor:doctor",
        "Check configuration, secrets, network and service, line by line.",
    ),
    "metadata": ("txojobs.cli.metadata:metadata", "Show what a service offers, and save it for validate."),
    "state": ("txojobs.cli.state:state", "Show or change where incremental reads go on from."),
    "schema": ("txojobs.cli.schema:schema", "Print or write the JSON Schema and the generated pages."),
    "demo": ("txojobs.cli.demo:demo", "Serve the demo data."),
    "completion": ("txojobs.cli.completion:completion", "Print the shell completion script."),
}
"""Each command: where it is, and what the list of commands says of it. A module is loaded when it is used."""


class HelpfulGroup(click.Group):
    """A group that shows its help when nothing is said, as with --help: nobody has made a mistake yet.

    click itself does one thing up to 8.1 and another since 8.2.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with --help in place of nothing."""
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and with the nearest command when there is no such one."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.list_commands(ctx):
            from txojobs.suggest import nearest  # noqa: PLC0415

            hint = nearest(name, self.list_commands(ctx)) or f"there is {', '.join(self.list_commands(ctx))}"
            raise click.UsageError(f"there is no command {name!r}: {hint}", ctx)
        return super().resolve_command(ctx, args)


class LazyGroup(HelpfulGroup):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it:  txojobs init  and then  txojobs run export-customers demo test",
)
@click.option(
    "--workspace",
    "-w",
    metavar="DIR",
    help="The workspace; the nearest folder upwards with jobs/ or config/ when left out.",
)
@click.version_option(package_name="txojobs", message="txojobs %(version)s")
@click.pass_context
def cli(ctx: click.Context, workspace: str | None) -> None:
    """Complete, exact exports from OData and REST services, written as YAML jobs."""
    ctx.obj = workspace


def run_command_line(args: Sequence[str]) -> int:
    """Run a command and return its exit code. Nothing below shows a traceback or decides about a code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a console without UTF-8 must not crash us
    try:
        result = cli.main(args=list(args), prog_name="txojobs", standalone_mode=False)
    except click.exceptions.Exit as err:
        return err.exit_code
    except click.UsageError as err:
        _show_usage_error(err)
        return INVALID
    except click.Abort:  # Ctrl-C while a command was read or loaded
        _show(KeyboardInterrupt())
        return INTERRUPTED
    except click.ClickException as err:
        stderr().text(f"Error: {err.format_message()}")
        return INVALID
    except OSError as err:
        return _show_refused_output(err, args)
    except (TxoBaseError, KeyboardInterrupt) as err:
        _show(err)
        return exit_code(err)
    except Exception as err:  # noqa: BLE001  # the last resort: a bug of ours
        return _show_bug(err, args)
    return result if isinstance(result, int) else 0


def _show(error: BaseException) -> None:
    from txojobs.cli.render import show_error  # noqa: PLC0415

    if isinstance(error, KeyboardInterrupt):
        stderr().line("interrupted")
        return
    show_error(stderr(), error, source=source_lines)


def source_lines(name: str) -> list[str]:
    """Return the lines of a file that a mark names, relative to here or to the workspace; none when unreadable."""
    from txojobs.workspace import Workspace  # noqa: PLC0415
    from txojobs.yaml_slips import split_lines  # noqa: PLC0415

    places = [Path(name)]
    with contextlib.suppress(TxoBaseError):
        places.append(Workspace.find().root / name)
    for path in places:
        with contextlib.suppress(OSError, ValueError):
            return split_lines(path.read_text(encoding="utf-8", errors="replace"))
    return []


def _show_usage_error(err: click.UsageError) -> None:
    console = stderr()
    console.text(f"Error: {err.format_message()}")
    if err.ctx is not None:
        console.line(f"Try: {err.ctx.command_path} --help")


def _show_bug(err: Exception, args: Sequence[str]) -> int:
    """Keep the traceback in a file and say where: it is for us, not for the screen."""
    import tempfile  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    from txojobs.redact import Redactor  # noqa: PLC0415

    redactor = Redactor()
    for secret in _secrets_within_reach(args):
        redactor.add(secret)
    lines = redactor.clean_line("".join(traceback.format_exception(err))).splitlines()
    text = "\n".join(lines) + "\n"
    with tempfile.NamedTemporaryFile(
        "w", prefix="txojobs-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        file.write(text)
    console = stderr()
    console.text(f"txojobs has a bug: {type(err).__name__}")
    console.line(f"The details are in {file.name}; please report them.")
    return BUG


def _secrets_within_reach(args: Sequence[str]) -> list[str]:
    """Return every secret of the workspace: where a bug ends a command, no run knows its own any more."""
    from txojobs.config.secret_files import secrets_of_everybody  # noqa: PLC0415
    from txojobs.workspace import Workspace  # noqa: PLC0415

    named = [value for word, value in itertools.pairwise(args) if word in ("-w", "--workspace")]
    named += [word.partition("=")[2] for word in args if word.startswith("--workspace=")]
    root = None
    with contextlib.suppress(TxoBaseError, OSError):
        root = Workspace.at(Path(named[-1])).root if named else Workspace.find().root
    return secrets_of_everybody(root)


def _show_refused_output(err: OSError, args: Sequence[str]) -> int:
    """Say what may not be looked at, or that the help could not be written; any other OSError is a bug of ours."""
    import traceback  # noqa: PLC0415

    from txojobs.files.os_errors import as_explained  # noqa: PLC0415

    if isinstance(known := as_explained(err), TxoBaseError):
        _show(known)
        return FAILED
    if traceback.extract_tb(err.__traceback__)[-1].name != "echo":
        return _show_bug(err, args)
    fall_silent(sys.stdout)
    if has_gone(err):
        return 0
    _show(unwritable(err))
    return FAILED


def workspace_of(ctx: click.Context) -> Any:
    """Return the workspace that `--workspace` names, or the nearest one."""
    from txojobs.workspace import Workspace  # noqa: PLC0415

    named = ctx.find_root().obj
    return Workspace.at(Path(named)) if named else Workspace.find()
