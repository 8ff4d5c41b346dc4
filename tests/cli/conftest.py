"""A workspace with a job that loads three records and saves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import LOAD, Workplace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    place = Workplace(tmp_path)
    place.numbers("n.jsonl", 3)
    place.steps(LOAD)
    return place
