"""The names of files that steps read and write, checked before anything runs."""

from __future__ import annotations


def checked_extension(name: str) -> str:
    """Return the extension of a file that can exist, in a format that we know, like `.csv`.

    Raises:
        ValidationError: some system refuses the name, or the extension is unknown.
    """
    from txojobs.files.formats import format_of  # noqa: PLC0415  # only where files are used
    from txojobs.workspace import path_parts  # noqa: PLC0415

    path_parts(name)
    return format_of(name).extension
