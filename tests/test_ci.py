"""The programs of .ci/: what finds nothing to do has not done it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("what", ["all", "install"])
def test_without_any_python_it_fails(tmp_path: Path, what: str) -> None:
    env = {**os.environ, "PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "each_python.py"), what],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "was found: install" in done.stderr
