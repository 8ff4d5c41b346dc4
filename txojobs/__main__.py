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


_REPLACED = frozenset("*?[~$%")
"""Characters in a name that a console of Windows would have click replace."""


def main() -> None:
    """Run the command line and exit with its code; `--version` alone loads nothing more."""
    args = sys.argv[1:]
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the one who started us has closed it
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # for the life of the process
            setattr(sys, name, nowhere)
    if args in (["--version"], ["-V"]):
        from txojobs._version import __version__  # noqa: PLC0415  # the fast path

        with contextlib.suppress(OSError):  # then the long way tells
            sys.stdout.write(f"txojobs {__version__}\n")
            sys.stdout.flush()
            sys.exit(0)
    gc.disable()
    try:
        if args[:1] == ["validate"] and (said := _all_good(args[1:])):
            with contextlib.suppress(OSError):  # then the long way tells
                sys.stdout.write(f"{said}\n")
                _end(0)
        from txojobs.cli.main import run_command_line  # noqa: PLC0415

        code = run_command_line(args)
    except KeyboardInterrupt:  # before anything could catch it
        sys.stderr.write("interrupted\n")
        code = 130
    if HOLD_SOMETHING.isdisjoint(args):
        _end(code)
    sys.exit(code)


def _all_good(names: list[str]) -> str | None:
    """Return what `validate` says of good files; None for whatever is not as simple as that: the long way tells."""
    if not names or any(name.startswith("-") or not _REPLACED.isdisjoint(name) for name in names):
        return None
    try:
        from txojobs.cli.checking import good_files  # noqa: PLC0415  # the fast path

        return good_files(names)
    except Exception:  # noqa: BLE001  # nothing was written yet, and the long way meets it again
        return None


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
