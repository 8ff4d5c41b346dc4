"""Run the checks that need more than one Python: `install` on the oldest and newest, `all` tests on every one.

Interpreters are looked for on PATH (python3.10 ...) and among pyenv's versions. Environments live in .venvs/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
OLDEST_AND_NEWEST = ("3.10", "3.13")


def interpreters(wanted: tuple[str, ...]) -> dict[str, str]:
    """Return a working interpreter for each wanted version that is installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, str] = {}
    for version in wanted:
        candidates = [
            shutil.which(f"python{version}"),
            *map(str, sorted(pyenv.glob(f"{version}.*/bin/python"))),
        ]
        for candidate in candidates:
            if candidate and says(candidate) == version:
                found[version] = candidate
                break
    return found


def says(python: str) -> str:
    """Return the version that an interpreter says it is, or nothing when it does not start."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command, show it, and end with its code when it fails."""
    print("+", *command, flush=True)
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def environment(python: str, folder: Path) -> Path:
    """Return the interpreter of an environment, made when it is not there."""
    inner = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not inner.exists():
        run(python, "-m", "venv", folder)
    return inner


def pip(python: Path, *words: str | Path) -> None:
    """Install with pip, quietly."""
    run(python, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet", "install", *words)


def install_everywhere() -> None:
    """Build the wheel, install it into an empty environment of each version, and run the main job there."""
    found = interpreters(OLDEST_AND_NEWEST)
    missing = [version for version in OLDEST_AND_NEWEST if version not in found]
    if missing:
        sys.exit(f"no Python {', '.join(missing)} was found: install it, or put it on PATH")
    with tempfile.TemporaryDirectory(prefix="txojobs-install-") as name:
        top = Path(name)
        run(sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir", top, ROOT)
        wheel = next(top.glob("txojobs-*.whl"))
        for version, python in found.items():
            inner = environment(python, top / f"python{version}")
            pip(inner, wheel)
            workspace = top / f"workspace {version}"
            command = inner.parent / "txojobs"
            run(command, "init", workspace)
            run(command, "validate", cwd=workspace)
            run(inner, "-m", "txojobs", "run", "export-customers", "demo", "test", cwd=workspace)
            written = list((workspace / "output").glob("demo-test-customers_*.xlsx"))
            if len(written) != 1:
                sys.exit(f"the main job wrote {len(written)} files on Python {version}")
            print(f"Python {version}: installed, and the main job wrote {written[0].name}", flush=True)


def test_everywhere() -> None:
    """Run all tests on each version that is installed, one after the other, and tell at the end which failed."""
    failed = []
    found = interpreters(VERSIONS)
    if not found:
        sys.exit(f"no Python of {', '.join(VERSIONS)} was found: install one, or put it on PATH")
    for version, python in found.items():
        inner = environment(python, ROOT / ".venvs" / version)
        pip(inner, "--no-deps", "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
        pip(inner, "--no-deps", "--require-hashes", "-r", ROOT / "requirements" / "dev.txt")
        pip(inner, "--no-deps", "--no-build-isolation", "-e", ROOT)
        command = [str(inner), "-m", "pytest", "-q", "-n", "2"]
        print("+", *command, flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(version)
    if failed:
        sys.exit(f"tests failed on Python {', '.join(failed)}")


if __name__ == "__main__":
    {"install": install_everywhere, "all": test_everywhere}[sys.argv[1]]()
