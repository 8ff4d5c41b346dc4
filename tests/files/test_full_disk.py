"""What writers and publishing do when the system refuses: no space, no rights, too large."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import FileOperationError
from txojobs.files.formats import FORMATS, format_of, write_table
from txojobs.files.os_errors import UNCHANGED, file_error
from txojobs.files.publish import Publication, recover
from txojobs.files.table import WriteOptions
from txojobs.records import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from txojobs.files.table import TableWriter
    from txojobs.records import Batch, Columns

ROOT = Path(__file__).parents[2]
COLUMNS = (Column("No"), Column("Name"), Column("Balance"))
EACH_FORMAT = pytest.mark.parametrize("extension", FORMATS)
KNOWN = pytest.mark.parametrize("columns", [COLUMNS, None], ids=["known", "learnt"])


def batches(rows: int) -> Iterator[Batch]:
    for start in range(0, rows, 1000):
        # hexadecimal digests of a sort: nothing that compresses well
        yield [
            {"No": f"{n:06}", "Name": f"{n * 2654435761 % 2**32:x}{n * 40503:x}", "Balance": Decimal(n) / 100}
            for n in range(start, min(start + 1000, rows))
        ]


def export(
    output: Path, journal: Path, *, extension: str, columns: Columns | None, rows: int = 20_000
) -> None:
    with Publication(journal) as run:
        temp = run.add(output / f"out{extension}", stamped=False)
        options = WriteOptions(name=f"out{extension}")
        write_table(temp, batches(rows), file_format=FORMATS[extension], columns=columns, options=options)
        run.commit()


@pytest.mark.parametrize("is_there", [True, False])
def test_of_the_file_before_is_spoken_only_where_there_was_one(tmp_path: Path, *, is_there: bool) -> None:
    path = tmp_path / "out.csv"
    if is_there:
        path.write_bytes(b"old")
    error = file_error(OSError(errno.ENOSPC, "full"), path, doing="write", safe=UNCHANGED)
    assert str(error).endswith(
        "the disk is full" + "; the file that was there before is unchanged" * is_there
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("extension", [".csv", ".json", ".jsonl"])
def test_a_full_device_is_an_error_with_a_way_out(extension: str) -> None:
    with pytest.raises(FileOperationError, match="the disk is full") as caught:
        write_table(
            Path("/dev/full"), batches(2000), file_format=FORMATS[extension], columns=COLUMNS,
            options=WriteOptions(),
        )  # fmt: skip
    assert "unchanged" in str(caught.value)
    assert "free some space" in (caught.value.how_to_fix or "")


@contextmanager
def small_disk(folder: Path, *, kib: int) -> Iterator[Path]:
    """Mount a disk of so many KiB, or skip the test."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_of_the_state_folder_is_told_as_that_disk(tmp_path: Path) -> None:
    """The outputs lie on a disk with room; the record of the publication is what finds none."""
    with small_disk(tmp_path / "state", kib=32) as state:
        filler = state / "filler"
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        old = tmp_path / "out.csv"
        old.write_bytes(b"old")
        with pytest.raises(
            FileOperationError, match=r"cannot write .*\.publication: the disk is full"
        ) as caught:
            export(tmp_path, state / "publish", extension=".csv", columns=COLUMNS, rows=10)
        assert str(old) not in str(caught.value)
        assert f"free some space on the disk of {state / 'publish'}" in (caught.value.how_to_fix or "")
        assert caught.value.example == "TXOJOBS_STATE=/var/lib/txojobs txojobs run ..."
        assert old.read_bytes() == b"old"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "state"]


@EACH_FORMAT
@KNOWN
def test_a_full_disk_leaves_the_old_output_and_nothing_else(
    tmp_path: Path, extension: str, columns: Columns | None
) -> None:
    with small_disk(tmp_path / "disk", kib=512) as disk:
        old = disk / f"out{extension}"
        old.write_bytes(b"old")
        with pytest.raises(FileOperationError, match=r"cannot write .*out\..*: the disk is full"):
            export(disk, tmp_path / "journal", extension=extension, columns=columns)
        assert [path.name for path in disk.iterdir()] == [old.name]
        assert old.read_bytes() == b"old"


def write_all(writer: TableWriter) -> None:
    try:
        for batch in batches(20_000):
            writer.write(batch)
        writer.close()
    finally:
        writer.abort()


@pytest.mark.parametrize("extension", [".parquet", ".parquet.gz"])
@pytest.mark.parametrize("kib", [256, 512, 768])
def test_a_full_disk_leaves_nothing_of_several_files(tmp_path: Path, extension: str, kib: int) -> None:
    """The disk fills up among the rows, in the whole, or in one of the files that it is cut into."""
    with small_disk(tmp_path / "disk", kib=kib) as disk, Publication(tmp_path / "journal") as run:
        writer = format_of(f"out{extension}").open_parts(
            lambda number: run.add(disk / f"out_{number}{extension}", stamped=False),
            columns=None, options=WriteOptions(name=f"out{extension}"), rows_per_file=2000,
        )  # fmt: skip
        with pytest.raises(FileOperationError, match="the disk is full"):
            write_all(writer)
        del writer
        gc.collect()  # a file that is still open would be a warning, which is an error here
        run.abandon()
        assert not list(disk.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("extension", [".parquet", ".parquet.gz"])
def test_a_disk_that_fills_up_in_the_second_of_several_files_is_an_error(
    tmp_path: Path, extension: str
) -> None:
    writer = format_of(f"out{extension}").open_parts(
        lambda number: tmp_path / "1" if number == 1 else Path("/dev/full"),
        columns=None, options=WriteOptions(name=f"out{extension}"), rows_per_file=10_000,
    )  # fmt: skip
    with pytest.raises(FileOperationError, match="the disk is full"):
        write_all(writer)
    del writer
    gc.collect()  # a file that is still open would be a warning, which is an error here
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_workbook_is_whole_or_absent_on_a_disk_of_any_size(tmp_path: Path) -> None:
    """The disk fills up among the rows, in a part of the workbook, in the zip file; no error comes late."""
    fitted = []
    for kib in range(256, 2305, 128):
        with small_disk(tmp_path / f"disk-{kib}", kib=kib) as disk:
            try:
                export(disk, tmp_path / "journal", extension=".xlsx", columns=COLUMNS, rows=5000)
                fitted.append(True)
            except FileOperationError as err:
                assert "the disk is full" in str(err)  # noqa: PT017  # both outcomes are looked at
                fitted.append(False)
            gc.collect()
            assert [path.name for path in disk.iterdir()] == ["out.xlsx"] * fitted[-1]
    assert fitted == sorted(fitted)
    assert {True, False} == set(fitted)


LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_full_disk import COLUMNS, export
from txojobs.errors import FileOperationError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    export(Path(sys.argv[1]), Path(sys.argv[2]), extension=sys.argv[3],
           columns=COLUMNS if sys.argv[5] == "known" else None)
except FileOperationError as err:
    print(err)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes are POSIX")
@EACH_FORMAT
@pytest.mark.parametrize("known", ["known", "learnt"])
def test_a_file_beyond_the_limit_of_the_session_leaves_the_old_one(
    tmp_path: Path, extension: str, known: str
) -> None:
    output = tmp_path / "output"
    output.mkdir()
    old = output / f"out{extension}"
    old.write_bytes(b"old")
    command = [sys.executable, "-c", LIMITED, str(output), str(tmp_path / "journal"), extension]
    done = subprocess.run(
        [*command, str(Path(__file__).parent), known],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "larger than this disk or this session allows" in done.stdout
    assert done.stderr == ""
    assert [path.name for path in output.iterdir()] == [old.name]
    assert old.read_bytes() == b"old"


EACH_SIZE = """
import gc, resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from txojobs.files import xlsx_writing
from test_full_disk import COLUMNS, export
from txojobs.errors import FileOperationError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
pack = xlsx_writing.pack
def limited(*args):  # the parts of the workbook are on the disk by then
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    pack(*args)
xlsx_writing.pack = limited
for size in range(100, 8000, 100):
    try:
        export(Path(sys.argv[1]), Path(sys.argv[2]), extension=".xlsx", columns=COLUMNS, rows=40)
        said = "whole"
    except FileOperationError as err:
        said = "refused" if "larger than" in str(err) else str(err)
    gc.collect()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(said)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes are POSIX")
def test_a_small_workbook_that_is_cut_at_any_byte_gives_one_error_and_no_late_one(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    places = [str(tmp_path / "output"), str(tmp_path / "journal"), str(Path(__file__).parent)]
    command = [sys.executable, "-c", EACH_SIZE, *places]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    said = done.stdout.split()
    assert said == ["refused"] * said.count("refused") + ["whole"] * said.count("whole")
    assert {"refused", "whole"} == set(said)


CUT_OFF = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_full_disk import batches
from txojobs.files.formats import FORMATS
from txojobs.files.publish import Publication
from txojobs.files.table import WriteOptions

run = Publication(Path(sys.argv[2]))
temp = run.add(Path(sys.argv[1]) / f"out{sys.argv[3]}", stamped=True)
writer = FORMATS[sys.argv[3]].open_writer(temp, columns=None, options=WriteOptions())
for batch in batches(3000):
    writer.write(batch)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@EACH_FORMAT
def test_what_a_killed_writer_leaves_is_removed_at_the_next_start(tmp_path: Path, extension: str) -> None:
    output, journal = tmp_path / "output", tmp_path / "journal"
    output.mkdir()
    command = [
        sys.executable,
        "-c",
        CUT_OFF,
        str(output),
        str(journal),
        extension,
        str(Path(__file__).parent),
    ]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode < 0
    assert list(output.iterdir())
    assert recover(journal) == []
    assert list(output.iterdir()) == []
    assert list(journal.iterdir()) == []


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="the administrator may write anywhere"
)
def test_a_folder_without_rights_is_an_error(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir(mode=0o500)
    with pytest.raises(FileOperationError, match="permission is missing"):
        export(output, tmp_path / "journal", extension=".csv", columns=COLUMNS)


@pytest.mark.parametrize(
    ("number", "words", "fix"),
    [
        (errno.ENOSPC, "the disk is full", "free some space on the disk of {folder}"),
        (errno.EDQUOT, "quota is used up", "ask for more"),
        (errno.EFBIG, "larger than", "ulimit"),
        (errno.EACCES, "permission is missing", "close the program"),
        (errno.EROFS, "read-only", "make {folder} writable"),
        (errno.ENAMETOOLONG, "name is too long", "shorter"),
        (errno.EIO, "reported a fault", "check the disk of {folder}"),
        (errno.ETXTBSY, "busy", "check the folder {folder}"),
    ],
)
def test_every_refusal_has_a_reason_what_is_safe_and_a_fix(
    tmp_path: Path, number: int, words: str, fix: str
) -> None:
    path = tmp_path / "a{b}.csv"
    err = file_error(OSError(number, os.strerror(number)), path, doing="write", safe="all is well")
    assert str(path) in str(err)
    assert words in str(err)
    assert str(err).endswith("; all is well")
    assert fix.format(folder=tmp_path) in (err.how_to_fix or "")


def test_a_file_that_another_program_has_open_on_windows(tmp_path: Path) -> None:
    refused = OSError(errno.EACCES, "denied")
    refused.winerror = 32  # type: ignore[attr-defined,unused-ignore]  # exists on Windows only
    err = file_error(refused, tmp_path / "a.xlsx", doing="publish")
    assert "open in another program" in str(err)
    assert "Excel" in (err.how_to_fix or "")
