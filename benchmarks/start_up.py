"""How long short commands take, as a ratio to `python -c pass`: through an installed entry script.

`python benchmarks/start_up.py` builds the wheel into a temporary environment, runs each command often and
interleaved, and prints medians of wall and of processor time. Limits: --version below 4, validate of one good job
below 8.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))
from tests.metadata.documents import large_document  # noqa: E402  # the benchmark is run as a script

ROUNDS = 31
LIMITS = {"txojobs --version": 4.0, "txojobs validate (one good job)": 8.0}


def measure(command: list[str], cwd: Path) -> tuple[float, float]:
    """Return wall and processor seconds of one run."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _described(folder: Path) -> Path:
    """Make a workspace with one job and the snapshot of a service as large as Business Central."""
    job, snapshot = folder / "jobs" / "things.yaml", folder / "schemas" / "services" / "default.metadata.xml"
    job.parent.mkdir(parents=True)
    snapshot.parent.mkdir(parents=True)
    steps = "  - fetch: {entity: Things7, key: [No], filter: Field_1 gt 5}\n  - save: things.csv\n"
    job.write_text(f"version: 1\nsteps:\n{steps}", encoding="utf-8")
    snapshot.write_bytes(large_document(sets=700, fields=50))
    return folder


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="txojobs-start-") as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
        inner = folder / "env" / "bin"
        subprocess.run([inner / "python", "-m", "pip", "--quiet", "install", ROOT], check=True)
        (folder / "jobs").mkdir()
        shutil.copy(ROOT / "jobs" / "export-customers.yaml", folder / "jobs")
        described = _described(folder / "described")
        python = str(inner / "python")
        commands = {
            "python -c pass": [python, "-c", "pass"],
            "import click, ruamel.yaml, jmespath": [python, "-c", "import click, ruamel.yaml, jmespath"],
            "txojobs --version": [str(inner / "txojobs"), "--version"],
            "txojobs validate (one good job)": [
                str(inner / "txojobs"),
                "validate",
                "jobs/export-customers.yaml",
            ],
            "txojobs validate (against a snapshot of 2 MB)": [
                str(inner / "txojobs"),
                "--workspace",
                str(described),
                "validate",
                str(described / "jobs" / "things.yaml"),
            ],
        }
        found: dict[str, list[tuple[float, float]]] = {label: [] for label in commands}
        for _ in range(ROUNDS):
            for label, command in commands.items():
                found[label].append(measure(command, folder))
    walls = {label: statistics.median(wall for wall, _ in runs) for label, runs in found.items()}
    cpus = {label: statistics.median(cpu for _, cpu in runs) for label, runs in found.items()}
    floor_wall, floor_cpu = walls["python -c pass"], cpus["python -c pass"]
    lines = ["| command | wall, ratio | processor, ratio | limit |", "|---|---|---|---|"]
    for label, wall in walls.items():
        limit = f"{LIMITS[label]:.0f}" if label in LIMITS else ""
        lines.append(f"| {label} | {wall / floor_wall:.2f} | {cpus[label] / floor_cpu:.2f} | {limit} |")
    table = "\n".join(lines)
    print(table)
    out = HERE / "results"
    out.mkdir(exist_ok=True)
    version = ".".join(map(str, sys.version_info[:3]))
    text = f"# Start-up\n\nPython {version}, median of {ROUNDS} interleaved runs.\n\n{table}\n"
    (out / "start_up.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
