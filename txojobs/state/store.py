"""Keep in state.db, with SQLite, what outlives runs, such as where an incremental read ended.

A damaged file, one of a newer txojobs and one of another program are errors with a way out; none is ever made anew,
since that would read as "nothing was exported so far". The file is 0600 and appears whole, tables and all. Each use
opens it and closes it again, so that no lock is held while a run reads.

A rollback journal and not WAL: WAL shares memory between the processes, which a network drive cannot do, and state
is moved to such drives; a run writes once. Versions are counted in `user_version`, `application_id` says whose file
it is.

Source: sqlite.org: wal.html (section 1), pragma.html, rescode.html, uri.html.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import sys
from typing import TYPE_CHECKING

from txojobs.errors import FileOperationError
from txojobs.workspace import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NAME = "state.db"
APPLICATION_ID = 0x54584F4A
"""`TXOJ`: what `file` and we know our file by."""
BUSY_S = 20.0
"""How long another process may keep the file locked; each holds it for milliseconds."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE watermark (
        job TEXT NOT NULL, org TEXT NOT NULL, env TEXT NOT NULL, api TEXT NOT NULL, entity TEXT NOT NULL,
        step TEXT NOT NULL, params TEXT NOT NULL,
        "by" TEXT NOT NULL, value TEXT NOT NULL, reading_s INTEGER NOT NULL, question TEXT NOT NULL,
        run_id TEXT NOT NULL, set_at TEXT NOT NULL,
        PRIMARY KEY (job, org, env, api, entity, step, params)
    ) WITHOUT ROWID;
    """,
)
"""What brings a file from each version to the next; version 0 is an empty one. Entries are only ever added."""

_READS_ALL = "then every incremental job reads everything once"


@contextlib.contextmanager
def opened(
    folder: Path, *, create: bool = True, migrations: Sequence[str] = MIGRATIONS
) -> Iterator[sqlite3.Connection | None]:
    """Yield a connection to the state.db of a folder; None when there is none and `create` is off.

    Raises:
        FileOperationError: it cannot be opened, is damaged, busy, or made by somebody else; also for what goes wrong
            inside the block.
    """
    path = folder / NAME
    with explained(path):
        if create and not os.path.lexists(path):
            private_folder(folder)
            _make(path, migrations)
        if not os.path.lexists(path):
            yield None
            return
        _keep_private(path)
        with contextlib.closing(_connected(path)) as connection:
            _bring_up_to_date(connection, path, migrations)
            yield connection


@contextlib.contextmanager
def changing(connection: sqlite3.Connection) -> Iterator[None]:
    """Make what happens inside the block one change: all of it, durable, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _connected(path: Path) -> sqlite3.Connection:
    """Open a file that is there; SQLite itself would make a new one."""
    uri = path.absolute().as_uri()
    if not uri.startswith("file:///"):  # a share on Windows: SQLite knows no host in an address
        uri = "file:////" + uri.removeprefix("file://")
    connection = sqlite3.connect(uri + "?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: Path, migrations: Sequence[str]) -> None:
    """Make the file beside its place and put it there whole; one that another process has put there stays."""
    temp = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    os.close(os.open(temp, flags, 0o600))
    try:
        with contextlib.closing(_connected(temp)) as connection:
            with changing(connection):
                connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            _migrate(connection, migrations)
        with contextlib.suppress(FileExistsError):
            try:
                os.link(temp, path)
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links
                if not path.exists():
                    temp.rename(path)
    finally:
        temp.unlink(missing_ok=True)


def _keep_private(path: Path) -> None:
    if sys.platform != "win32" and path.stat().st_mode & 0o077:
        with contextlib.suppress(OSError):  # of another user: what is in it is no secret that we know
            path.chmod(0o600)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    if not path.stat().st_size:
        raise _damaged(path, "it is empty")
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise FileOperationError(
            f"{path} belongs to another program",
            how_to_fix=f"move it away ({_READS_ALL}), or give txojobs a folder of its own",
            example="TXOJOBS_STATE=/var/lib/txojobs txojobs run ...",
        )
    version = _pragma(connection, "user_version")
    if version > len(migrations):
        raise FileOperationError(
            f"{path} was made by a newer txojobs: its version is {version}, and this one knows {len(migrations)}",
            how_to_fix="use the newer txojobs, or give this one a folder of its own",
            example="TXOJOBS_STATE=/var/lib/txojobs txojobs run ...",
        )
    found = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise _damaged(path, str(found[0]) if found else "it cannot be checked")
    if version < len(migrations):
        _migrate(connection, migrations)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Apply what is missing, in one change; the version is read inside it: another process may have been first."""
    with changing(connection):
        for number in range(_pragma(connection, "user_version"), len(migrations)):
            for statement in migrations[number].split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(migrations)}")


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into a FileOperationError with a way out."""
    try:
        yield
    except sqlite3.OperationalError as err:
        raise _refused(path, str(err)) from err
    except sqlite3.DatabaseError as err:
        if type(err) is not sqlite3.DatabaseError:  # of a class below it: a fault of ours, not of the file
            raise
        raise _damaged(path, str(err)) from err
    except OSError as err:
        raise _refused(path, err.strerror or str(err)) from err


def _refused(path: Path, why: str) -> FileOperationError:
    if "locked" in why:
        return FileOperationError(
            f"{path} was locked by another process for {BUSY_S:.0f} s ({why})",
            how_to_fix="run again; if it fails each time, a program keeps it open, or its drive knows no locks: move "
            "the state to a local disk",
            example="TXOJOBS_STATE=/var/lib/txojobs txojobs run ...",
        )
    return FileOperationError(
        f"{path} cannot be used: {why}",
        how_to_fix="check that you may write in that folder and that its disk has room, or move the state elsewhere",
        example="TXOJOBS_STATE=/var/lib/txojobs txojobs run ...",
    )


def _damaged(path: Path, why: str) -> FileOperationError:
    return FileOperationError(
        f"{path} is damaged: {why}",
        how_to_fix=f"put a copy of it back, or move it away: {_READS_ALL}",
        example=f"{'move' if sys.platform == 'win32' else 'mv'} {path} {path}.damaged",
    )
