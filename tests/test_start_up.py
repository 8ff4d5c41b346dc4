"""What `txojobs --version` and `txojobs validate` of a good job may import: start-up is most of their time.

The times themselves are in benchmarks/start_up.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.metadata.documents import large_document

ROOT = Path(__file__).parents[1]
LIBRARIES = {"ruamel", "jmespath"}
"""Of good files that are named no command line is made, so click is none of them."""
HEAVY = {
    *("asyncio", "concurrent", "email", "http", "logging", "multiprocessing", "socket", "sqlite3", "ssl"),
    *(
        "subprocess",
        "tempfile",
        "unittest",
        "urllib.request",
        "xml",
        "zipfile",
        "importlib.metadata",
        "difflib",
    ),
}
OF_VALIDATE = {
    *("_version", "__main__", "cli", "errors", "expressions", "files", "job", "records", "rest"),
    *(
        "steps",
        "suggest",
        "workspace",
        "yaml_compose",
        "yaml_faults",
        "yaml_limits",
        "yaml_slips",
        "yaml_source",
    ),
}
OF_FILES_AND_REST = {
    "txojobs.files.formats",
    "txojobs.files",
    "txojobs.rest",
    "txojobs.rest.literals",
    "txojobs.rest.typed_literals",
}


def imported_by(*args: str, cwd: Path = ROOT) -> set[str]:
    """Return each module that a command imports and does not have from the interpreter itself."""
    code = (
        "import atexit, os, sys\n"
        "before = set(sys.modules)\n"
        "def tell():\n"
        "    sys.stderr.write('\\n'.join(set(sys.modules) - before) + '\\n')\n"
        "    sys.stderr.flush()\n"
        "leave = os._exit\n"
        "os._exit = lambda code: (tell(), leave(code))\n"
        "atexit.register(tell)\n"
        f"sys.argv = ['txojobs', *{list(args)!r}]\n"
        "from txojobs.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def of_the_libraries() -> set[str]:
    """Return what the three libraries bring by themselves: on Python 3.10 click loads subprocess, for one."""
    code = "import sys, click, ruamel.yaml, jmespath; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def third_party(modules: set[str]) -> set[str]:
    tops = {name.split(".")[0] for name in modules}
    return {top for top in tops if top not in sys.stdlib_module_names and not top.startswith("_")} - {
        "txojobs"
    }


def test_the_version_imports_next_to_nothing() -> None:
    modules = imported_by("--version")
    assert third_party(modules) == set()
    assert {name for name in modules if name.startswith("txojobs")} == {
        "txojobs",
        "txojobs.__main__",
        "txojobs._version",
    }


def test_validate_of_a_good_job_imports_only_what_it_needs() -> None:
    modules = imported_by("validate", "jobs/export-customers.yaml")
    assert (
        third_party(modules) - {"org"} <= LIBRARIES
    )  # ruamel.yaml asks whether it runs in Jython: org.python
    assert not (modules & HEAVY) - of_the_libraries()
    ours = {name.split(".")[1] for name in modules if name.startswith("txojobs.")}
    assert ours <= OF_VALIDATE
    beside = {name for name in modules if name.startswith(("txojobs.files", "txojobs.rest"))}
    assert beside <= OF_FILES_AND_REST


def test_validate_against_a_large_snapshot_reads_its_xml_once(tmp_path: Path) -> None:
    job = tmp_path / "jobs" / "things.yaml"
    snapshot = tmp_path / "schemas" / "services" / "default.metadata.xml"
    for path in (job, snapshot):
        path.parent.mkdir(parents=True)
    job.write_text("version: 1\nsteps:\n  - fetch: {entity: Things7, key: [No], filter: Field_1 gt 5}\n")
    job.write_text(job.read_text() + "  - save: things.csv\n")
    snapshot.write_bytes(large_document())
    first = imported_by("validate", "jobs/things.yaml", cwd=tmp_path)
    assert {"pyexpat", "txojobs.metadata.csdl"} <= first
    later = imported_by("validate", "jobs/things.yaml", cwd=tmp_path)
    assert third_party(later) - {"org"} <= LIBRARIES
    assert not (later & {*HEAVY, "pyexpat"}) - of_the_libraries()
    ours = {name.split(".")[1] for name in later if name.startswith("txojobs.")}
    assert ours <= {*OF_VALIDATE, "metadata", "state"}
    assert "txojobs.metadata.csdl" not in later


def test_importing_the_package_configures_nothing() -> None:
    code = "import sys; before = set(sys.modules); import txojobs; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"logging", "requests", "pandas", "click"} & set(done.stdout.split())
