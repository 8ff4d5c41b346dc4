from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from txojobs.errors import FileOperationError, ValidationError
from txojobs.files.publish import Publication, recover

OLD, NEW, STAMPED = b"old\n", b"new content\n" * 50, b"stamped content\n" * 50


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "stable.csv").write_bytes(OLD)
    return folder


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "state" / "publish"


def start(journal: Path, output: Path) -> Publication:
    """A run with one output that replaces a file and two that do not."""
    run = Publication(journal, run="r1")
    run.add(output / "stable.csv", stamped=False).write_bytes(NEW)
    run.add(output / "one_2026Z.csv", stamped=True).write_bytes(STAMPED)
    run.add(output / "two_2026Z.csv", stamped=True).write_bytes(STAMPED)
    return run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ALL = ["one_2026Z.csv", "stable.csv", "two_2026Z.csv"]


def is_published(output: Path) -> bool:
    return (
        names(output) == ALL
        and (output / "stable.csv").read_bytes() == NEW
        and (output / "one_2026Z.csv").read_bytes() == STAMPED
        and (output / "two_2026Z.csv").read_bytes() == STAMPED
    )


def is_untouched(output: Path) -> bool:
    return names(output) == ["stable.csv"] and (output / "stable.csv").read_bytes() == OLD


def test_publishes_all_outputs_and_leaves_nothing_else(journal: Path, output: Path) -> None:
    run = start(journal, output)
    assert (output / "stable.csv").read_bytes() == OLD
    assert run.commit() == [output / "stable.csv", output / "one_2026Z.csv", output / "two_2026Z.csv"]
    assert is_published(output)
    assert names(journal) == []


def test_abandoning_leaves_the_old_files_and_nothing_else(journal: Path, output: Path) -> None:
    run = start(journal, output)
    run.abandon()
    run.abandon()
    assert is_untouched(output)
    assert names(journal) == []
    with pytest.raises(ValidationError):
        run.commit()


def test_leaving_the_block_without_commit_abandons(journal: Path, output: Path) -> None:
    with pytest.raises(KeyboardInterrupt), start(journal, output):
        raise KeyboardInterrupt
    assert is_untouched(output)


def test_a_run_without_outputs_touches_nothing(journal: Path) -> None:
    assert Publication(journal).commit() == []
    assert not journal.exists()
    assert recover(journal) == []


def test_the_temporary_file_stands_beside_its_final_name_and_has_the_usual_mode(
    journal: Path, output: Path
) -> None:
    umask = os.umask(0o027)
    try:
        with Publication(journal, run="run-7") as run:
            temp = run.add(output / "a.csv", stamped=True)
            assert temp.parent == output
            assert temp.name.startswith(".")
            assert "run-7" in temp.name
            if os.name == "posix":
                assert stat.S_IMODE(temp.stat().st_mode) == 0o640
                assert stat.S_IMODE(next(journal.iterdir()).stat().st_mode) == 0o600
    finally:
        os.umask(umask)


def test_a_name_of_the_greatest_length_can_be_published(journal: Path, output: Path) -> None:
    final = output / ("ö" * 118 + ".csv")
    run = Publication(journal)
    run.add(final, stamped=True).write_bytes(NEW)
    assert run.commit() == [final]


def test_a_stamped_name_that_is_taken_gets_a_number(journal: Path, output: Path) -> None:
    for content in (b"1", b"2", b"3"):
        run = Publication(journal)
        run.add(output / "a_2026Z.csv", stamped=True).write_bytes(content)
        run.commit()
    assert [
        path.read_bytes() for path in sorted(output.glob("a_*"), key=lambda p: (len(p.name), p.name))
    ] == [
        b"1",
        b"2",
        b"3",
    ]
    assert names(output) == ["a_2026Z-2.csv", "a_2026Z-3.csv", "a_2026Z.csv", "stable.csv"]


def test_a_numbered_name_never_meets_another_output_of_the_run(journal: Path, output: Path) -> None:
    (output / "a.csv").write_bytes(OLD)
    run = Publication(journal)
    run.add(output / "a.csv", stamped=True).write_bytes(b"stamped")
    run.add(output / "a-2.csv", stamped=False).write_bytes(b"stable")
    assert run.commit() == [output / "a-3.csv", output / "a-2.csv"]
    assert (output / "a-3.csv").read_bytes() == b"stamped"


@pytest.mark.parametrize("second", ["stable.csv", "STABLE.csv", "sub/../stable.csv"])
def test_two_outputs_with_one_name_are_refused(journal: Path, output: Path, second: str) -> None:
    with Publication(journal) as run:
        run.add(output / "stable.csv", stamped=False)
        with pytest.raises(ValidationError, match=r"stable\.csv.*(?i:stable)\.csv"):
            run.add(output / second, stamped=True)


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
@pytest.mark.parametrize("stamped", [True, False])
def test_a_link_under_the_final_name_is_not_followed(journal: Path, output: Path, *, stamped: bool) -> None:
    target = output.parent / "precious.txt"
    target.write_bytes(OLD)
    (output / "a.csv").symlink_to(target)
    run = Publication(journal)
    run.add(output / "a.csv", stamped=stamped).write_bytes(NEW)
    (final,) = run.commit()
    assert target.read_bytes() == OLD
    assert final.read_bytes() == NEW
    assert not final.is_symlink()
    assert final.name == ("a-2.csv" if stamped else "a.csv")


def test_a_folder_under_the_final_name_is_an_error_before_anything_is_published(
    journal: Path, output: Path
) -> None:
    run = start(journal, output)
    (output / "sub").mkdir()
    run.add(output / "sub", stamped=False).write_bytes(NEW)
    with pytest.raises(FileOperationError, match="folder has this name") as caught:
        run.commit()
    assert "unchanged" in str(caught.value)
    assert caught.value.how_to_fix
    run.abandon()
    (output / "sub").rmdir()
    assert is_untouched(output)


def test_a_missing_folder_is_an_error_with_the_path(journal: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with Publication(journal) as run:
        for final in (tmp_path / "none" / "a.csv", tmp_path / "file" / "a.csv"):
            with pytest.raises(FileOperationError, match=r"cannot write .*a\.csv"):
                run.add(final, stamped=True)


def test_the_files_of_a_live_run_are_left_alone(journal: Path, output: Path) -> None:
    run = start(journal, output)
    assert recover(journal) == []
    run.commit()
    assert is_published(output)


def test_recover_in_another_process_leaves_a_live_run_alone(journal: Path, output: Path) -> None:
    run = start(journal, output)
    script = "import sys; from pathlib import Path; from txojobs.files.publish import recover\n"
    script += "assert recover(Path(sys.argv[1])) == []"
    subprocess.run([sys.executable, "-c", script, str(journal)], check=True, cwd=Path(__file__).parents[2])
    run.commit()
    assert is_published(output)


def test_an_output_that_was_changed_after_the_crash_is_noticed_once(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(journal, output)
    fail_to_commit(run, monkeypatch)
    (temp,) = output.glob(".one*")
    temp.write_bytes(b"shorter")
    with pytest.raises(FileOperationError, match="was changed") as caught:
        recover(journal)
    assert "run the job again" in (caught.value.how_to_fix or "")
    assert (output / "stable.csv").read_bytes() == OLD
    assert recover(journal) == []


def test_an_output_that_vanished_after_the_crash_is_noticed(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(journal, output)
    fail_to_commit(run, monkeypatch)
    next(iter(output.glob(".two*"))).unlink()
    with pytest.raises(FileOperationError, match=r"two_2026Z\.csv is not there"):
        recover(journal)


def fail_to_commit(run: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt a run after the line that decides, before anything has its final name."""
    with monkeypatch.context() as fault:
        fault.setattr(os, "replace", _refuse)
        with pytest.raises(FileOperationError, match="or the next run"):
            run.commit()
    run.abandon()


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_failed_commit_can_be_tried_again(
    journal: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(journal, output)
    with monkeypatch.context() as fault:
        fault.setattr(os, "link", _disk_fault)
        with pytest.raises(FileOperationError):
            run.commit()
    run.commit()
    assert is_published(output)


def _disk_fault(*_: object, **__: object) -> None:
    raise OSError(5, "Input/output error")


def test_a_torn_line_in_the_registry_is_ignored(journal: Path, output: Path) -> None:
    run = start(journal, output)
    (registry,) = journal.iterdir()
    with registry.open("ab") as file:
        file.write(b'\n{"commit": [{"number": 0, "na')
    run._registry.release()  # type: ignore[union-attr]  # as the system does when the process dies
    assert recover(journal) == []
    assert is_untouched(output)
    assert names(journal) == []


def test_recover_removes_only_files_that_are_named_like_ours(journal: Path, output: Path) -> None:
    journal.mkdir(parents=True)
    precious = output / "stable.csv"
    entry = (
        f'{{"add": 0, "temp": "{precious.as_posix()}", "final": "{precious.as_posix()}", "stamped": false}}'
    )
    (journal / "x.publication").write_text(entry)
    assert recover(journal) == []
    assert precious.read_bytes() == OLD
