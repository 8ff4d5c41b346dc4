"""A standard output that takes nothing: one message, exit code 1, and what was done stays done."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.workplace import Done, Workplace

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")

COMMANDS = (
    ("schema",),
    ("list",),
    ("list", "--json"),
    ("validate",),
    ("validate", "jobs/job.yaml"),
    ("validate", "--format", "json"),
    ("show", "job"),
    ("steps",),
    ("config", "acme", "test"),
    ("config", "acme", "test", "--json"),
    ("completion", "bash"),
    ("run", "job", "acme", "test"),
    ("run", "job", "acme", "test", "--json"),
    ("run", "--help"),
    ("--help",),
    ("--version",),
)


def onto_a_full_device(work: Workplace, *words: str, env: dict[str, str] | None = None) -> Done:
    with FULL.open("wb") as device:
        return work.command(*words, env=env, stdout=device)


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_it_is_told_once_and_the_exit_code_is_1(
    work: Workplace, words: tuple[str, ...], unbuffered: str
) -> None:
    done = onto_a_full_device(work, *words, env={"PYTHONUNBUFFERED": unbuffered})
    assert done.code == 1, done
    assert done.err.count("standard output cannot be written: No space left on device") == 1, done
    assert "bug" not in done.err
    assert "Traceback" not in done.err


def test_a_run_has_written_all_the_same(work: Workplace) -> None:
    onto_a_full_device(work, "run", "job", "acme", "test")
    assert set(work.outputs()) == {"n.csv"}
    assert len(list((work.root / "logs").glob("*.json"))) == 1


def test_why_there_was_no_run_weighs_more(work: Workplace) -> None:
    done = onto_a_full_device(work, "run", "job", "acme", "nowhere", "--json")
    assert done.code == 2, done
    assert "acme-test-config.json" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
@pytest.mark.parametrize("words", ["list", "schema", "steps", "run job acme test"])
def test_a_reader_that_has_gone_is_no_failure(work: Workplace, words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = work.command(*words.split(), stdout=writer)
    finally:
        os.close(writer)
    assert done.code == 0, done
    assert done.err == ""
