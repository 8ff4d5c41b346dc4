"""Logs and reports of runs go when they are old; nothing else does, and never what a run still writes."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import LOAD
from txojobs.engine.old_logs import DAYS, LONGEST_RUN, days_to_keep, remove_old_logs
from txojobs.engine.running import RUN_TIMEOUT_S
from txojobs.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.workplace import Workplace

NOW = datetime(2026, 1, 15, 14, 30, tzinfo=timezone.utc)
OLD = NOW - timedelta(days=100)


def put(folder: Path, name: str, written: datetime = OLD) -> Path:
    path = folder / name
    path.write_text("x")
    os.utime(path, (written.timestamp(), written.timestamp()))
    return path


def stamp(begun: datetime) -> str:
    return f"{begun:%Y-%m-%dT%H%MZ}"


@pytest.mark.parametrize(
    "name",
    [
        "acme-prod-customers_{}.log",
        "acme-prod-customers_{}.json",
        "acme-prod-customers_{}-2.log",
        "acme-prod-customers_{}-17.json",
        "acme-prod-customers_{}.log.1",
        "acme-prod-customers_{}-2.log.5",
        "big-acme-t_1-open.orders-v2_x_{}.log",
    ],
)
def test_what_a_run_has_written_goes_when_it_is_old(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name.format(stamp(OLD)))
    remove_old_logs(tmp_path, now=NOW, days=101)
    assert path.exists()
    remove_old_logs(tmp_path, now=NOW, days=90)
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    [
        "acme.log",
        "script.log.1",
        "acme-prod-customers.log",
        "acme-prod-customers_2025-10.log",
        "customers_{}.log",
        "acme-customers_{}.log",
        "acme-prod-customers_{}.csv",
        "acme-prod-customers_{}.log.gz",
        "acme-prod-customers_{}.log.bak",
        "acme-prod-customers_{}-copy.log",
        "my notes acme-prod-customers_{}.log",
        ".acme-prod-customers_{}.log",
        "acme-prod-customers_{}.json~",
    ],
)
def test_what_no_run_has_written_stays_however_old(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name.format(stamp(OLD)))
    remove_old_logs(tmp_path, now=NOW, days=1)
    assert path.exists()


def test_folders_and_links_stay_and_what_a_link_names(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    target = put(tmp_path, f"acme-prod-a_{stamp(OLD)}.log")
    link = tmp_path / "logs" / f"acme-prod-b_{stamp(OLD)}.log"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this user may not make links")
    folder = tmp_path / "logs" / f"acme-prod-c_{stamp(OLD)}.log"
    folder.mkdir()
    remove_old_logs(tmp_path / "logs", now=NOW, days=1)
    assert target.exists()
    assert link.is_symlink()
    assert folder.is_dir()


def test_a_log_that_a_run_may_still_write_stays(tmp_path: Path) -> None:
    assert LONGEST_RUN.total_seconds() >= RUN_TIMEOUT_S
    begun_last = NOW - timedelta(days=1) - LONGEST_RUN
    late = put(tmp_path, f"acme-prod-a_{stamp(begun_last)}.log", begun_last)
    written = put(tmp_path, f"acme-prod-b_{stamp(OLD)}.log", NOW - timedelta(hours=47))
    early = put(
        tmp_path,
        f"acme-prod-c_{stamp(begun_last - timedelta(minutes=1))}.log",
        begun_last - timedelta(minutes=1),
    )
    remove_old_logs(tmp_path, now=NOW, days=1)
    assert late.exists()
    assert written.exists()
    assert not early.exists()


def test_nothing_goes_when_logs_are_kept_for_ever(tmp_path: Path) -> None:
    path = put(tmp_path, f"acme-prod-a_{stamp(OLD)}.log")
    remove_old_logs(tmp_path, now=NOW, days=0)
    assert path.exists()


def test_what_cannot_be_removed_now_is_no_error_and_keeps_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = put(tmp_path, f"acme-prod-a_{stamp(OLD)}.log")
    free = put(tmp_path, f"acme-prod-b_{stamp(OLD)}.log")
    real = os.unlink

    def unlink(path: str) -> None:
        if os.fspath(path) == str(held):
            raise PermissionError(13, "another process has it open")  # as on Windows
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    remove_old_logs(tmp_path, now=NOW, days=1)
    assert held.exists()
    assert not free.exists()


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_old_logs(tmp_path / "none", now=NOW, days=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "days"), [(None, DAYS), ("", DAYS), (" 7 ", 7), ("0", 0), ("3650", 3650)])
def test_the_variable_says_how_long(text: str | None, days: int) -> None:
    assert days_to_keep({} if text is None else {"TXOJOBS_LOG_DAYS": text}) == days


@pytest.mark.parametrize("text", ["-1", "1.5", "ninety", "90d", "1_0", "999999"])
def test_a_variable_that_is_no_number_of_days_is_an_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="TXOJOBS_LOG_DAYS is") as caught:
        days_to_keep({"TXOJOBS_LOG_DAYS": text})
    assert caught.value.example == "TXOJOBS_LOG_DAYS=90"


def test_a_run_removes_old_logs_and_a_dry_run_none(work: Workplace) -> None:
    work.numbers("n.jsonl", 3)
    work.steps(LOAD)
    (work.root / "logs").mkdir()
    begun = datetime.now(timezone.utc) - timedelta(days=DAYS + 3)
    old = put(work.root / "logs", f"acme-test-other_{stamp(begun)}.log", begun)
    mine = put(work.root / "logs", f"notes_{stamp(begun)}.log", begun)
    work.good_run(dry_run=True)
    work.good_run(environ={"TXOJOBS_LOG_DAYS": "0"})
    assert old.exists()
    report = work.good_run(environ={})
    assert not old.exists()
    assert mine.exists()
    assert report.log is not None
    assert report.log.with_suffix(".json").exists()
    assert report.warnings == []


def test_a_wrong_variable_is_told_before_anything_runs(work: Workplace) -> None:
    work.numbers("n.jsonl", 3)
    work.steps(LOAD)
    done = work.command("run", "job", "acme", "test", env={"TXOJOBS_LOG_DAYS": "soon"})
    assert done.code == 2
    assert "TXOJOBS_LOG_DAYS is 'soon'" in done.err
    assert not (work.root / "output").exists()
