"""The wheel, installed as a user installs it: into an empty environment, with what it depends on and no more.

No network is needed: the environment borrows the dependencies from the one that runs the tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from txojobs._version import __version__

ROOT = Path(__file__).parents[1]


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as somebody does who knows nothing of this checkout."""
    ours = ("PYTHON", "VIRTUAL_ENV", "TXO", "COV_", "COVERAGE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**env, "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def tool(module: str, *words: str | Path, cwd: Path) -> None:
    """Run a tool of the environment of the tests, or skip the test."""
    done = run(sys.executable, "-m", module, *words, cwd=cwd)
    if done.returncode and "No module named" in done.stderr:
        pytest.skip(f"{module} is not installed here")
    assert done.returncode == 0, done.stderr


def needed(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Return the distributions that one depends on when it runs here, itself left out."""
    found: set[str] = set()
    waiting = [(name, extras)]
    while waiting:
        current, wanted = waiting.pop()
        for text in distribution(current).requires or ():
            each = Requirement(text)
            applies = each.marker is None or any(
                each.marker.evaluate({"extra": extra}) for extra in ("", *wanted)
            )
            if applies and each.name not in found:
                found.add(each.name)
                waiting.append((each.name, frozenset(each.extras)))
    return found


def lend(names: set[str], folder: Path) -> None:
    """Put what these distributions have installed into a folder, as links where the system allows it."""
    folder.mkdir()
    for name in names:
        try:
            files = distribution(name).files or ()
        except PackageNotFoundError:
            continue  # of another system, which the marker does not tell
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            source, target = Path(str(distribution(name).locate_file(top))), folder / top
            if target.exists() or not source.exists():
                continue
            try:
                target.symlink_to(source, target_is_directory=source.is_dir())
            except OSError:  # Windows lets few people make links
                (shutil.copytree if source.is_dir() else shutil.copy)(source, target)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and what it depends on."""
    top = tmp_path_factory.mktemp("wheel")
    tool("hatchling", "build", "-t", "wheel", "-d", top / "dist", cwd=ROOT)
    tool("venv", "--without-pip", top / "empty", cwd=top)
    inner = top / "empty" / ("Scripts" if os.name == "nt" else "bin")
    lend(needed("txojobs"), top / "lent")
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(run(inner / "python", "-c", code, cwd=top).stdout.strip())
    (site / "lent.pth").write_text(f"{top / 'lent'}\n", encoding="utf-8")
    (wheel,) = (top / "dist").glob("*.whl")
    tool(
        *("uv", "pip", "install", "--quiet", "--offline", "--no-cache", "--no-deps", "--no-config"),
        *("--python", inner / "python", wheel),
        cwd=top,
    )
    return inner


def test_the_environment_holds_the_wheel_and_no_more_than_it_needs(scripts: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.util as u, importlib.metadata as m, txojobs;"
        "print(m.version('txojobs'), txojobs.__file__, [u.find_spec(n) for n in ('pytest', 'pandas', 'ruff')])"
    )
    done = run(scripts / "python", "-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    version, file, rest = done.stdout.strip().split(" ", 2)
    assert version == __version__
    assert Path(file).is_relative_to(scripts.parent)
    assert rest == "[None, None, None]"


def test_the_command_makes_a_workspace_in_an_empty_folder_and_runs_a_job_there(
    scripts: Path, tmp_path: Path
) -> None:
    here = tmp_path / "an empty földer"
    here.mkdir()
    for words, told in (
        (["--version"], f"txojobs {__version__}"),
        (["init"], "txojobs run export-customers demo test"),
        (["validate"], "no problem"),
        (["schema", "--check"], ""),
        (["run", "export-customers", "demo", "test"], "output"),
    ):
        done = run(scripts / "txojobs", *words, cwd=here)
        assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
        assert told in done.stdout
    (written,) = (here / "output").glob("demo-test-customers_*.xlsx")
    assert re.fullmatch(r"demo-test-customers_\d{4}-\d\d-\d\dT\d{4}Z\.xlsx", written.name)
    done = run(scripts / "python", "-m", "txojobs", "validate", "jobs/export-customers.yaml", cwd=here)
    assert done.returncode == 0, done.stderr
