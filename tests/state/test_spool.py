"""Records that were put aside come back exactly, and nothing stays on the disk."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.errors import FileOperationError
from txojobs.state.spool import Spool

if TYPE_CHECKING:
    from txojobs.records import Batch

ROOT = Path(__file__).parents[2]
EXACT: Batch = [
    {"No": "00123", "Big": 9007199254740993, "Amount": Decimal("10.00"), "Tiny": Decimal("1E-30")},
    {"No": "Ł\ud800\n\x00", "Big": 10**30, "Amount": None, "Nested": [{"a": [True, False, ""]}, {}]},
]

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
batches_of_records = st.lists(
    st.lists(st.dictionaries(st.text(max_size=4), json_values, max_size=3), min_size=1, max_size=4),
    max_size=5,
)


@given(batches=batches_of_records, plain_bytes=st.sampled_from([0, 64, 10**9]))
def test_reads_what_was_written_any_number_of_times(
    tmp_path_factory: pytest.TempPathFactory, batches: list[Batch], plain_bytes: int
) -> None:
    with Spool(tmp_path_factory.getbasetemp(), plain_bytes=plain_bytes) as spool:
        for batch in batches:
            spool.write(batch)
        assert spool.count == sum(map(len, batches))
        for _ in range(2):
            assert list(spool.read()) == batches


@pytest.mark.parametrize("plain_bytes", [0, 10**9])
def test_digits_and_letters_stay(tmp_path: Path, plain_bytes: int) -> None:
    with Spool(tmp_path, plain_bytes=plain_bytes) as spool:
        spool.write(EXACT)
        (batch,) = spool.read()
    assert repr(batch) == repr(EXACT)


def test_no_batches_and_empty_batches_read_as_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.write([])
        assert spool.count == 0
        assert list(spool.read()) == []


def test_two_readers_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        for number in range(10):
            spool.write([{"n": number}])
        assert [(a[0]["n"], b[0]["n"]) for a, b in zip(spool.read(), spool.read(), strict=True)] == [
            (number, number) for number in range(10)
        ]
        seen: list[list[Batch]] = []
        threads = [threading.Thread(target=lambda: seen.append(list(spool.read()))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [list(spool.read())] * 4


def test_large_spools_are_deflated(tmp_path: Path) -> None:
    batch: Batch = [{"Name": f"customer {number}", "Country": "SE"} for number in range(1000)]
    with Spool(tmp_path, plain_bytes=1) as spool:
        spool.write(batch)
        plain = spool.size_bytes
        spool.write(batch)
        assert spool.size_bytes - plain < plain / 3
        assert list(spool.read()) == [batch, batch]


def test_memory_holds_one_batch(tmp_path: Path) -> None:
    batch: Batch = [{"n": number, "text": "x" * 50} for number in range(1000)]
    with Spool(tmp_path) as spool:
        tracemalloc.start()
        try:
            for _ in range(200):
                spool.write(batch)
            for _ in spool.read():
                pass
            assert tracemalloc.get_traced_memory()[1] < 2_000_000
        finally:
            tracemalloc.stop()
        assert spool.size_bytes > 12_000_000


@pytest.mark.skipif(os.name == "nt", reason="Windows shows the name until the handle is closed")
def test_has_no_name_on_the_disk(tmp_path: Path) -> None:
    with Spool(tmp_path / "spools") as spool:
        spool.write(EXACT)
        assert list((tmp_path / "spools").iterdir()) == []
        assert stat.S_IMODE((tmp_path / "spools").stat().st_mode) == 0o700
        assert stat.S_IMODE(os.fstat(spool._descriptor).st_mode) == 0o600


def test_a_killed_process_leaves_nothing(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from txojobs.state.spool import Spool
spool = Spool(Path(sys.argv[1]))
spool.write([{"a": 1}])
print("written", flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_reading_and_writing(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write(EXACT)
    batches = spool.read()
    spool.close()
    spool.close()
    with pytest.raises(FileOperationError):
        spool.write(EXACT)
    with pytest.raises(FileOperationError):
        spool.read()
    with pytest.raises(FileOperationError):
        next(batches)


def test_writing_ends_with_the_first_reading(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.write(EXACT)
        spool.read()
        with pytest.raises(FileOperationError, match="takes no more records"):
            spool.write(EXACT)


FULL = """
import resource, sys
from pathlib import Path
from txojobs.errors import FileOperationError
from txojobs.state.spool import Spool
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
spool = Spool(Path(sys.argv[1]))
try:
    for number in range(1000):
        spool.write([{"text": "x" * 1000}])
except FileOperationError as err:
    print(err, "|", err.how_to_fix)
for use in (lambda: spool.write([{"a": 1}]), spool.read):
    try:
        use()
    except FileOperationError as err:
        print(err)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of the file size")
def test_a_full_disk_is_an_error_and_the_half_is_never_read(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, second, third = done.stdout.splitlines()
    assert first.startswith(f"records put aside in {tmp_path} cannot be written: File too large | make room")
    assert "takes no more records" in second
    assert "cannot be read" in third


def test_a_file_that_lost_its_end_is_an_error(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.write(EXACT)
        os.ftruncate(spool._descriptor, spool.size_bytes - 1)
        with pytest.raises(FileOperationError, match="ends early"):
            list(spool.read())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileOperationError, match="cannot be opened"):
        Spool(tmp_path / "file" / "spools")
