"""Every command and every YAML or JSON block of README.md and docs/ is executed or validated here."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from txojobs.config import check_config_text
from txojobs.job.load import load_text

if TYPE_CHECKING:
    from txojobs.errors import Problem

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCE = "  - fetch: {entity: Customers, key: [CustomerNo], order-by: [CustomerNo]}\n"
PARAMS = "params:\n  country: {default: SE}\n  min-balance: {type: number, default: 0}\n"
CHECKED_BY_CI = {"make demo", "make test", "pip install ."}


class Block(NamedTuple):
    page: str
    line: int
    language: str
    text: str

    @property
    def label(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [
            Block(page.name, text.count("\n", 0, match.start()) + 1, match[1], match[2])
            for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
            if match[1] in languages
        ]
    return found


def as_job(text: str) -> str:
    """Return a block as a whole job: a list of steps is put below what it needs."""
    if text.startswith("version:"):
        return text
    body = "".join(f"  {line}" for line in text.splitlines(keepends=True))
    begins_with_source = body.lstrip().startswith(("- fetch", "- load", "- id"))
    ids = "".join(
        f"  - {{id: {name}, fetch: {{entity: X}}}}\n"
        for name in re.findall(r"sheets: \{[^}]*\}", body)
        for name in re.findall(r": ([a-z]+)", name)
    )
    return f"version: 1\n{PARAMS}steps:\n{ids}{'' if begins_with_source else SOURCE}{body}"


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: block.label)
def test_yaml_is_a_valid_job(block: Block) -> None:
    problems = load_text(as_job(block.text), file=block.label, stem="example").problems
    assert [problem for problem in problems if problem.severity == "error"] == []


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.label)
def test_json_is_a_valid_configuration(block: Block) -> None:
    if "global" in json.loads(block.text):
        errors: list[Problem] = [each for each in check_config_text(block.text) if each.severity == "error"]
        assert errors == []
    else:
        assert all(isinstance(secret, str) for secret in json.loads(block.text).values())


def test_commands_of_the_readme_run_in_their_order(tmp_path: Path) -> None:
    """Only the service of `acme prod` is another, the demo service, and its secret is written where the dots are."""
    readme = [block for block in blocks("console", "yaml", "json") if block.page == "README.md"]
    commands = [line[2:] for each in readme if each.language == "console" for line in each.text.splitlines()]
    assert len(commands) >= 6
    jobs = [block.text for block in readme if block.language == "yaml"]
    config, secrets, *_ = (block.text for block in readme if block.language == "json")
    here = tmp_path
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in commands:
        words = shlex.split(command)
        if words[0] == "cd":
            here /= words[1]
            (here / "jobs" / "swedish-customers.yaml").write_text(jobs[0], encoding="utf-8")
            address = json.loads(config)
            address["global"] = {"api-base-url": "demo:"}
            (here / "config" / "acme-prod-config.json").write_text(json.dumps(address), encoding="utf-8")
            (here / "config" / "acme-prod-config-secrets.json").write_text(
                secrets.replace('"..."', '"c4n4ry"'), encoding="utf-8"
            )
            (here / "config" / "acme-prod-config-secrets.json").chmod(0o600)
            continue
        assert words[0] == "txojobs"
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=here, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    written = sorted(path.name.split("_")[0] for path in (here / "output").glob("*.xlsx"))
    assert written == ["acme-prod-customers", "demo-test-customers", "demo-test-swedish-customers"]


def test_the_commands_of_the_page_about_metadata_run_in_their_order(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    commands = [block.text for block in blocks("console") if block.page == "metadata.md"]
    for command in ["$ txojobs init", *"".join(commands).splitlines()]:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command[2:])],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "schemas" / "services" / "default.metadata.xml").is_file()
    assert len(list((tmp_path / "output").glob("demo-test-items_*.xlsx"))) == 1


def test_the_shell_commands_of_the_readme_are_those_that_ci_runs() -> None:
    commands = {line for block in blocks("sh") for line in block.text.splitlines()}
    assert commands == CHECKED_BY_CI
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake test\n" in ci
    assert ci.count("make -C ") == ci.count('" demo\n') == 2
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo: .*\n\t.*txojobs run export-customers demo test$", makefile, re.MULTILINE)
    for block in blocks("bat"):
        for word in re.findall(r"requirements\\(\w+\.txt)", block.text):
            assert (ROOT / "requirements" / word).is_file()


def test_every_command_is_in_the_table_of_the_readme() -> None:
    from txojobs.cli.main import COMMANDS  # noqa: PLC0415

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `txojobs (\w+)", text, re.MULTILINE)) == set(COMMANDS)
