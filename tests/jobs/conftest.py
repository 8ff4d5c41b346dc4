"""A copy of the workspace that txojobs ships, and its command line as a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).parents[2]


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


class Shipped:
    """A workspace with the shipped jobs, configuration and schemas, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("jobs", "config", "schemas"):
            shutil.copytree(REPOSITORY / name, root / name)

    def run(self, *arguments: str) -> Done:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TXO")}
        done = subprocess.run(
            [sys.executable, "-m", "txojobs", "run", *arguments],
            cwd=self.root,
            env={**environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def file(self, pattern: str) -> Path:
        """The one file of output/ that fits."""
        found = list((self.root / "output").glob(pattern))
        assert len(found) == 1, found
        return found[0]


@pytest.fixture
def workspace(tmp_path: Path) -> Shipped:
    return Shipped(tmp_path)
