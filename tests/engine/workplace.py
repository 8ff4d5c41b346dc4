"""A workspace for one test: its files, and runs of its jobs in this process or as the real command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txojobs.engine.run import RunRequest, execute
from txojobs.job.load import load_job
from txojobs.job.snapshots import Snapshots
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from txojobs.engine.events import Listener
    from txojobs.engine.report import RunReport

PROJECT = Path(__file__).parents[2]
QUICK = {"retry-strategy": {"max-retries": 0}, "rate-limiting": {"enabled": False}}
STAMP = re.compile(r"_\d{4}-\d\d-\d\dT\d{4}Z(-\d+)?")

LOAD = "  - load: data/n.jsonl\n  - save: n.csv\n"

FETCH = """\
version: 1
steps:
  - id: customers
    fetch: {entity: Customers, key: [Id]}
  - filter: Balance > 0
  - transform: {columns: {Number: Id, Name: Name, Balance: Balance}}
  - save: customers.csv
"""


IMPORTS = """\
import dataclasses
from typing import ClassVar
from txojobs.records import RecordStream
from txojobs.steps.base import Role, Step
"""


def third_party(name: str, run: str, *, option: str = "") -> str:
    """Return the source of a transform that somebody else has written; `run` is the body of its method.

    Its verb is its name in lower case; `plugin` writes the imports before it.
    """
    return f"""
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class {name}(Step):
    verb: ClassVar[str] = "{name.lower()}"
    role: ClassVar[Role] = Role.TRANSFORM
    {option}
    def run(self, ctx, records):
{textwrap.indent(textwrap.dedent(run).strip(), " " * 8)}
"""


class Workplace:
    def __init__(self, root: Path) -> None:
        self.root = root / "work"
        for folder in ("jobs", "config", "data"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.config({"api-base-url": "http://127.0.0.1:9/api"})

    # -- its files ----------------------------------------------------------------------------------------------

    def config(
        self,
        service: dict[str, Any],
        *,
        org: str = "acme",
        env: str = "test",
        behaviour: dict[str, Any] | None = None,
    ) -> None:
        content = {"global": service, "script-behavior": QUICK if behaviour is None else behaviour}
        (self.root / "config" / f"{org}-{env}-config.json").write_text(json.dumps(content), encoding="utf-8")

    def secrets(self, **values: str) -> None:
        path = self.root / "config" / "acme-test-config-secrets.json"
        path.write_text(json.dumps({name.replace("_", "-"): each for name, each in values.items()}))
        path.chmod(0o600)

    def snapshot(self, document: bytes, api: str = "default") -> None:
        """Keep a `$metadata` document as `txojobs metadata --save` does."""
        folder = self.root / "schemas" / "services"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{api}.metadata.xml").write_bytes(document)

    def job(self, text: str, name: str = "job") -> None:
        (self.root / "jobs" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def steps(self, text: str, name: str = "job") -> None:
        """Write a job of these steps alone."""
        self.job("version: 1\nsteps:\n" + text, name)

    def data(self, name: str, text: str) -> None:
        (self.root / "data" / name).write_text(text, encoding="utf-8")

    def numbers(self, name: str, count: int) -> None:
        """Write data/<name>: the records {n: 1} to {n: count}."""
        self.data(name, "".join(f'{{"n": {each}, "text": "t{each}"}}\n' for each in range(1, count + 1)))

    def plugin(self, source: str, **verbs: str) -> Path:
        """Install a package of third-party steps into a folder of its own, and return the folder."""
        folder = self.root.parent / "plugins"
        info = folder / "shop-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / "shop_steps.py").write_text(IMPORTS + source, encoding="utf-8")
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
        lines = [f"{verb} = shop_steps:{name}" for verb, name in verbs.items()]
        (info / "entry_points.txt").write_text("[txojobs.steps]\n" + "\n".join(lines) + "\n")
        return folder

    # -- what a run leaves behind -------------------------------------------------------------------------------

    def outputs(self) -> dict[str, str]:
        """Return every file of the output folder by its name without organisation, environment and stamp."""
        folder = self.root / "output"
        found = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
        return {
            STAMP.sub("", path.name).removeprefix("acme-test-"): path.read_bytes().decode("utf-8", "replace")
            for path in found
        }

    def rows(self, name: str) -> list[str]:
        """Return the lines of an output."""
        return self.outputs()[name].splitlines()

    def left_behind(self) -> list[str]:
        """Return what a run must have cleaned up: temporary files, journals, spools."""
        state = self.root / ".txojobs"
        temporary = [path for path in self.root.rglob("*") if ".part" in path.name]
        kept = [path for name in ("publish", "spools") for path in (state / name).glob("*")]
        return [str(path.relative_to(self.root)) for path in (*temporary, *kept)]

    def texts(self) -> str:
        """Return every byte of every file that runs have made, as text."""
        made = [path for name in ("output", "logs", ".txojobs") for path in (self.root / name).rglob("*")]
        return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in made if path.is_file())

    # -- runs ---------------------------------------------------------------------------------------------------

    def request(self, name: str = "job", **options: Any) -> RunRequest:
        workspace = Workspace(self.root)
        path = self.root / "jobs" / f"{name}.yaml"
        loaded = load_job(path, shown_as=f"jobs/{name}.yaml", snapshots=Snapshots(workspace))
        assert loaded.job is not None, loaded.problems
        return RunRequest(job=loaded.job, workspace=workspace, **{"org": "acme", "env": "test", **options})

    def run(self, name: str = "job", listener: Listener | None = None, **options: Any) -> RunReport:
        return execute(self.request(name, **options), listener)

    def good_run(self, name: str = "job", **options: Any) -> RunReport:
        report = self.run(name, **options)
        if report.error is not None:
            raise report.error
        return report

    def start(
        self, *words: str, env: dict[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start the real command in the workspace; its output is in pipes unless said otherwise."""
        return subprocess.Popen(
            [sys.executable, "-m", "txojobs", *words],
            env=self.environment(env),
            **{
                "cwd": self.root,
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "start_new_session": True,
                **options,
            },
        )

    def python(self, code: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the workspace to its end; `words` are its arguments."""
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TXO", "COV_")) and name not in ("CI", "NO_COLOR", "FORCE_COLOR")
        }
        more = dict(more or {})
        path = os.pathsep.join(filter(None, (more.pop("PYTHONPATH", ""), str(PROJECT))))
        return {**env, "PYTHONPATH": path, **more}

    def command(self, *words: str, env: dict[str, str] | None = None, **options: Any) -> Done:
        """Run the real command to its end."""
        process = self.start(*words, env=env, **options)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        return Done(process.returncode, (out or b"").decode("utf-8"), (err or b"").decode("utf-8"))


class Done:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"
