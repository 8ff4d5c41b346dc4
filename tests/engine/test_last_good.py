"""The file that a failed run calls the last good one is of this very job, organisation, environment and output."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    place = Workplace(tmp_path)
    place.numbers("n.jsonl", 3)
    return place


def steps(file: str, *, broken: bool = False) -> str:
    return f"  - load: data/n.jsonl\n  - filter: {'gone' if broken else 'n'} > 0\n  - save: {file}\n"


def written(work: Workplace, file: str, name: str = "job", **options: Any) -> Path:
    work.steps(steps(file), name)
    (path,) = work.good_run(name, **options).outputs
    return path


def named(work: Workplace, file: str, name: str = "job", **options: Any) -> list[Path]:
    """Return what a run that fails says of the last good files."""
    work.steps(steps(file, broken=True), name)
    report = work.run(name, **options)
    assert report.error is not None
    return report.previous


def test_it_is_the_newest_that_the_job_itself_has_written(work: Workplace) -> None:
    assert named(work, "write.csv") == []
    written(work, "write.csv")
    mine = written(work, "write.csv")
    written(work, "write.csv", "another")
    assert named(work, "write.csv") == [mine]
    assert named(work, "{file: write.csv, stamp: false}") == [mine]


def test_the_screen_names_it(work: Workplace) -> None:
    mine = written(work, "write.csv")
    written(work, "write.csv", "another")
    work.steps(steps("write.csv", broken=True))
    done = work.command("run", "job", "acme", "test")
    assert re.findall(r"The last good file is (\S+)", done.err) == [f"output/{mine.name}"]
    work.steps(steps("other.csv", broken=True))
    assert "last good file" not in work.command("run", "job", "acme", "test").err


def test_a_file_of_another_environment_or_organisation_or_output_is_none(work: Workplace) -> None:
    work.config({}, env="prod")
    work.config({}, org="acme-test")
    written(work, "write.csv", env="prod")
    written(work, "write.csv", org="acme-test")
    written(work, "write-2.csv")
    written(work, "sub/write.csv")
    assert named(work, "write.csv") == []


def test_names_that_can_be_read_in_two_ways_are_not_mixed_up(work: Workplace) -> None:
    work.config({}, org="acme-test", env="x")
    written(work, "write.csv", org="acme-test", env="x")
    assert named(work, "x-write.csv", "x-job") == []


def test_a_job_of_the_same_name_in_another_folder_has_other_files_and_other_logs(work: Workplace) -> None:
    (work.root / "jobs" / "sub").mkdir()
    written(work, "write.csv", "sub/job")
    assert named(work, "write.csv") == []
    mine = written(work, "write.csv")
    assert named(work, "write.csv", "sub/job") != [mine]
    logs = {re.sub(r"_.*", "", path.name) for path in (work.root / "logs").glob("*.log")}
    assert len(logs) == 2
    assert "acme-test-job" in logs
    assert all(re.fullmatch(r"acme-test-job(-[0-9a-f]{8})?", name) for name in logs)


def test_a_folder_of_that_name_is_none(work: Workplace) -> None:
    (work.root / "output" / "acme-test-air.csv").mkdir(parents=True)
    assert named(work, "air.csv") == []


def test_a_file_that_somebody_has_changed_since_is_none(work: Workplace) -> None:
    path = written(work, "{file: write.csv, stamp: false}")
    assert named(work, "{file: write.csv, stamp: false}") == [path]
    path.write_text("edited")
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))
    assert named(work, "{file: write.csv, stamp: false}") == []
    path.unlink()
    assert named(work, "{file: write.csv, stamp: false}") == []


def test_a_trial_with_a_limit_is_none(work: Workplace) -> None:
    written(work, "write.csv", limit=2)
    assert named(work, "write.csv") == []
    assert named(work, "write_first-2.csv") == []  # which is how the trial's file is called


def test_a_report_that_is_damaged_hides_no_other(work: Workplace) -> None:
    mine = written(work, "write.csv")
    logs = work.root / "logs"
    for number, text in enumerate(
        ("", "[]", "{}", '{"org": "acme", "env": "test", "job": "job", "limit": null}')
    ):
        (logs / f"acme-test-job_9999-{number}.json").write_text(text)
    assert named(work, "write.csv") == [mine]


def test_of_an_output_in_several_files_it_is_all_of_one_run(work: Workplace) -> None:
    split = "{file: n.csv, split: files, rows-per-file: 2}"
    work.steps(steps(split))
    work.good_run()
    work.numbers("n.jsonl", 5)
    newest = work.good_run().outputs
    assert [path.name.partition("-n_")[2][:2] for path in newest] == ["1_", "2_", "3_"]
    assert named(work, split) == newest
    assert named(work, "n.csv") == []
    newest[1].unlink()
    assert named(work, split) == []
