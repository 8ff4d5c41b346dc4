"""`txojobs completion`: the scripts, in the shells themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from tests.cli.invoking import JOB, invoke, make_workspace
from tests.metadata.documents import V2, V4
from txojobs.cli.main import cli

REPOSITORY = Path(__file__).parents[2]
SHELLS = ("bash", "zsh", "fish")
CHOICE = (
    "version: 1\nparams: {all: {type: boolean, default: false}, of: {enum: [SE, SK, NO], default: SE}, x: {}}\n"
    "steps:\n  - load: data/a.csv\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with three jobs and three configurations, and a `txojobs` command on the path."""
    if os.name == "nt":
        pytest.skip("these shells run programs in another way there")
    root = make_workspace(tmp_path / "workspace", export_orders=JOB, export_items=JOB)
    for name in ("acme-test", "beta-dev"):
        (root / "config" / f"{name}-config.json").write_text("{}", encoding="utf-8")
    (root / "config" / "acme-prod-config-secrets.json").write_text("{}", encoding="utf-8")
    command = tmp_path / "bin" / "txojobs"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m txojobs "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return root


def shell(name: str, script: str, workspace: Path) -> list[str]:
    """Run a script in a shell and return its lines."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [program, "-c", script],
        cwd=workspace,
        env={
            **os.environ,
            "PATH": f"{workspace.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def offered_by_bash(workspace: Path, *words: str) -> list[str]:
    """What bash offers after `txojobs` and these words, the last of which is being written."""
    quoted = " ".join(f"'{word}'" for word in ("txojobs", *words))
    script = (
        'eval "$(txojobs completion bash)"\n'
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words)}\n"
        '_txojobs_completion txojobs\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    return shell("bash", script, workspace)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sho",), ["show"]),
        (("run", ""), ["customers", "export-items", "export-orders"]),
        (("run", "export-o"), ["export-orders"]),
        (("show", "cust"), ["customers"]),
        (("run", "customers", ""), ["acme", "beta"]),
        (("run", "customers", "acme", ""), ["prod", "test"]),
        (("show", "customers", "beta", ""), ["dev"]),
        (("config", "a"), ["acme"]),
        (("steps", "tr"), ["transform"]),
        (("run", "--lim"), ["--limit"]),
        (("run", "customers", "acme", "prod", "-p", ""), ["country=", "limit="]),
        (("run", "customers", "acme", "prod", "-p", "co"), ["country="]),
        (("run", "customers", "acme", "prod", "--param", "l"), ["limit="]),
        (("run", "customers", "acme", "prod", "--co"), ["--country"]),
        (("run", "customers", "--li"), ["--limit"]),
        (("show", "customers", "-p", "co"), ["country="]),
        (("run", "no-such-job", "acme", "prod", "-p", ""), []),
    ],
    ids=" ".join,
)
def test_bash_offers_what_fits(workspace: Path, words: tuple[str, ...], offered: list[str]) -> None:
    assert offered_by_bash(workspace, *words) == offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("of", "=", "S"), ["SE", "SK"]),
        (("of", "="), ["SE", "SK", "NO"]),
        (("of=S",), ["of=SE", "of=SK"]),  # of somebody who took the = from COMP_WORDBREAKS
        (("all", "=", "t"), ["true"]),
    ],
    ids=" ".join,
)
def test_bash_offers_the_values_of_a_param_although_it_splits_at_the_equals_sign(
    workspace: Path, words: tuple[str, ...], offered: list[str]
) -> None:
    make_workspace(workspace, choice=CHOICE)
    assert offered_by_bash(workspace, "run", "choice", "acme", "prod", "-p", *words) == offered


def test_the_workspace_that_is_named_is_looked_at(workspace: Path, tmp_path: Path) -> None:
    other = make_workspace(tmp_path / "other", monthly=JOB)
    assert offered_by_bash(workspace, "--workspace", str(other), "run", "m") == ["monthly"]


def test_without_a_workspace_nothing_is_offered_and_nothing_is_said(workspace: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert offered_by_bash(workspace, "--workspace", nowhere, "run", "") == []


def test_bash_puts_no_space_behind_the_name_of_a_param() -> None:
    script = invoke("completion", "bash").out
    assert script.index("== *= ]]") < script.index("compopt -o nospace") < script.index("return 0")


def test_zsh_puts_no_space_behind_the_name_of_a_param_either() -> None:
    script = invoke("completion", "zsh").out
    assert "compadd -U -S '' -V unsorted -a open" in script
    assert "unsorted -a completions\n" not in script


def test_zsh_tells_what_is_still_to_be_written_from_what_is_whole(workspace: Path) -> None:
    script = (
        'compdef() { :; }\neval "$(txojobs completion zsh)"\n'
        'compadd() { print -r -- "${(q)@}" "${(P@)@[-1]}"; }\n'
        'words=(txojobs run customers acme prod -p ""); CURRENT=7; _txojobs_completion\n'
        "words=(txojobs run export-o); CURRENT=3; _txojobs_completion\n"
    )
    assert " ".join(shell("zsh", script, workspace)) == (
        "-U -S '' -V unsorted -a open country= limit= -U -V unsorted -a whole export-orders"
    )


def test_values_of_params_are_offered_where_they_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_workspace(tmp_path, choice=CHOICE))

    def offered(*words: str) -> list[str]:
        complete = ShellComplete(cli, {}, "txojobs", "_TXOJOBS_COMPLETE")
        return [item.value for item in complete.get_completions(["run", "choice", *words[:-1]], words[-1])]

    assert offered("-p", "of=S") == ["of=SE", "of=SK"]
    assert offered("-p", "all=") == ["all=true", "all=false"]
    assert offered("-p", "x=") == []
    assert offered("-p", "no=") == []
    assert offered("--o") == ["--output", "--of"]
    assert offered("acme", "prod", "--of", "S") == ["SE", "SK"]
    assert offered("acme", "prod", "--x", "S") == []
    assert offered("acme", "prod", "--no", "S") == []


@pytest.mark.parametrize("begun", ["jobs/", "jobs/export-", "./jo", "../elsewhere/jobs/a"])
def test_a_job_that_begins_like_a_path_is_completed_as_a_file(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, begun: str
) -> None:
    monkeypatch.chdir(workspace)
    complete = ShellComplete(cli, {}, "txojobs", "_TXOJOBS_COMPLETE")
    for command in ("run", "show"):
        (item,) = complete.get_completions([command], begun)
        assert (item.type, item.value) == ("file", begun)


def test_the_name_of_a_job_in_a_folder_is_no_path(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "jobs" / "monthly").mkdir()
    (workspace / "jobs" / "monthly" / "sales.yaml").write_text(JOB, encoding="utf-8")
    monkeypatch.chdir(workspace)
    complete = ShellComplete(cli, {}, "txojobs", "_TXOJOBS_COMPLETE")
    assert [(item.type, item.value) for item in complete.get_completions(["run"], "monthly/s")] == [
        ("plain", "monthly/sales")
    ]


def test_zsh_takes_the_script(workspace: Path) -> None:
    script = 'autoload -Uz compinit && compinit -D\neval "$(txojobs completion zsh)"\nwhence -w _txojobs_completion\n'
    assert "function" in shell("zsh", script, workspace)


def test_fish_takes_the_script(workspace: Path) -> None:
    script = "txojobs completion fish | source\ncomplete -C 'txojobs run export-o'\n"
    assert shell("fish", script, workspace) == ["export-orders"]


def test_fish_offers_values_and_paths_and_shows_descriptions_with_commas(workspace: Path) -> None:
    make_workspace(workspace, choice=CHOICE)
    script = (
        "txojobs completion fish | source\n"
        "complete -C 'txojobs run choice acme prod -p of=S'\n"
        "complete -C 'txojobs run choice acme prod --of S'\n"
        "complete -C 'txojobs show jobs/export-o'\n"
        "complete -C 'txojobs doct'\n"
    )
    assert " ".join(shell("fish", script, workspace)).startswith(
        "of=SE of=SK SE SK jobs/export-orders.yaml doctor Check workspace, configuration, "
    )


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_says_first_how_to_install_it(name: str) -> None:
    done = invoke("completion", name)
    assert done.code == 0
    first = done.out.splitlines()[0]
    assert first.startswith("# ")
    assert f"txojobs completion {name}" in first
    assert "_TXOJOBS_COMPLETE" in done.out


def test_takes_the_shell_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/local/bin/fish")
    assert invoke("completion").out == invoke("completion", "fish").out


def test_a_shell_that_it_does_not_know_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    done = invoke("completion")
    assert done.code == 2
    assert "bash, zsh, fish" in done.err


def test_entity_sets_come_from_the_snapshot_of_the_api(workspace: Path) -> None:
    folder = workspace / "schemas" / "services"
    folder.mkdir(parents=True)
    shutil.copy(V4, folder / "default.metadata.xml")
    shutil.copy(V2, folder / "sap.metadata.xml")
    assert offered_by_bash(workspace, "metadata", "acme", "prod", "O") == ["Orders"]
    assert offered_by_bash(workspace, "metadata", "acme", "prod", "") == [
        *("Customers", "Orders", "People", "Notes", "Foreigners", "Unknown", "Me"),
    ]
    assert offered_by_bash(workspace, "metadata", "--api", "sap", "acme", "prod", "") == [
        "Customers",
        "Orders",
    ]
    assert offered_by_bash(workspace, "metadata", "--api", "none", "acme", "prod", "") == []
