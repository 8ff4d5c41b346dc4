"""A workspace without a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import Workplace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)
