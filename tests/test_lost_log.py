"""A log whose folder goes away costs lines, never somebody else's file."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from txojobs.logs import start_logging
from txojobs.redact import Redactor

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder with an open file")


def test_p1_no_line_goes_into_the_file_that_is_opened_next(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with start_logging(folder / "run.log", redactor=Redactor()) as log:
        shutil.rmtree(folder)
        log.logger.info("lost")
        with (tmp_path / "output.csv").open("wb") as output:
            log.logger.info("lost, too")
            output.write(b"No.,Name")
    assert (tmp_path / "output.csv").read_bytes() == b"No.,Name"
    assert isinstance(log.failure, FileNotFoundError)


def test_the_log_goes_on_when_its_folder_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with start_logging(folder / "run.log", redactor=Redactor()) as log:
        shutil.rmtree(folder)
        log.logger.info("lost")
        folder.mkdir()
        log.logger.info("kept")
    assert "kept" in (folder / "run.log").read_text()
    assert log.failure is not None
