"""`python -m txojobs`, and the entry of the `txojobs` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code; `--version` alone loads nothing more."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from txojobs._version import __version__  # noqa: PLC0415  # the fast path

        sys.stdout.write(f"txojobs {__version__}\n")
        sys.exit(0)
    from txojobs.cli.main import run_command_line  # noqa: PLC0415

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
