"""`python -m txojobs`, and the entry of the `txojobs` command.

Starting is most of what a short command costs, so the collector rests until a job runs, and a command that holds
nothing open ends the process at once: taking the modules apart would cost a quarter of the time of `validate`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys

HOLD_SOMETHING = frozenset({"run", "demo"})
"""Commands with threads, processes or files of their own: they end as any program does."""


def main() -> None:
    """Run the command line and exit with its code; `--version` alone loads nothing more."""
    args = sys.argv[1:]
    if args in (["--version"], ["-V"]):
        from txojobs._version import __version__  # noqa: PLC0415  # the fast path

        with contextlib.suppress(OSError):  # then the long way tells
            sys.stdout.write(f"txojobs {__version__}\n")
            sys.stdout.flush()
            sys.exit(0)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the one who started us has closed it
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # for the life of the process
            setattr(sys, name, nowhere)
    gc.disable()
    try:
        from txojobs.cli.main import run_command_line  # noqa: PLC0415

        code = run_command_line(args)
    except KeyboardInterrupt:  # before anything could catch it
        sys.stderr.write("interrupted\n")
        code = 130
    if HOLD_SOMETHING.isdisjoint(args):
        _end(code)
    sys.exit(code)


def _end(code: int) -> None:
    """End the process now, once everything written has left it."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read our output has gone; the interpreter says so in its own way
        return
    os._exit(code)


if __name__ == "__main__":
    main()
