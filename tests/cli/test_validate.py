"""`txojobs validate`: every problem of every file in one go."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.workplace import Workplace
from txojobs.cli.reporters import as_github, as_json, as_sarif
from txojobs.errors import Mark, Problem

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "  - load: data/n.jsonl\n  - save: n.csv\n"
BAD = "  - load: data/n.jsonl\n  - filter: {were: n > `1`}\n  - svae: n.csv\n"
WARNED = "  - load: data/n.jsonl\n  - transform: {add: {country: {const: NO}}}\n  - save: n.csv\n"


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    place = Workplace(tmp_path)
    place.steps(GOOD, "good")
    return place


def test_good_files_say_one_line(work: Workplace) -> None:
    done = work.command("validate")
    assert (done.code, done.out, done.err) == (0, "2 files checked, no problem\n", "")


@pytest.mark.parametrize(
    "names",
    [
        ("jobs/good.yaml",),
        ("jobs/good.yaml", "config/acme-test-config.json"),
        ("jobs/warned.yaml",),
        ("jobs/good.yaml", "jobs/bad.yaml"),
        ("jobs/nowhere.yaml",),
        ("jobs",),
        ("jobs/go*.yaml",),
        ("~/jobs/good.yaml",),
        ("",),
    ],
    ids=" ".join,
)
def test_files_that_are_named_are_told_the_same_without_a_command_line_as_with_one(
    work: Workplace, names: tuple[str, ...]
) -> None:
    work.steps(WARNED, "warned")
    work.steps(BAD, "bad")
    short = work.command("validate", *names)
    long = work.command("validate", "--format", "text", *names)
    assert (short.code, short.out, short.err) == (long.code, long.out, long.err)


def test_every_problem_of_every_file_is_shown_with_its_line_and_a_way_out(work: Workplace) -> None:
    work.steps(BAD, "bad")
    work.config({"api-base-url": 5}, env="prod")
    done = work.command("validate")
    assert done.code == 2
    assert done.err == ""
    assert "jobs/bad.yaml:4:14: error: filter has no option 'were'" in done.out
    assert (
        "    4 |   - filter: {were: n > `1`}\n      |              ^^^^\nfix: did you mean 'where'?"
        in done.out
    )
    assert "jobs/bad.yaml:5:5" in done.out
    assert "did you mean 'save'?" in done.out
    assert "config/acme-prod-config.json:1:" in done.out
    assert done.out.rstrip().endswith("in 2 of 4 files")


def test_a_warning_ends_with_0_and_is_an_error_when_asked(work: Workplace) -> None:
    work.steps(WARNED, "warned")
    done = work.command("validate")
    assert done.code == 0
    assert "warning: NO is read as text" in done.out
    assert "1 warning in 1 of 3 files" in done.out
    assert work.command("validate", "--strict").code == 2


def test_a_job_that_writes_nothing_is_a_warning(work: Workplace) -> None:
    work.steps("  - load: data/n.jsonl\n  - filter: n > 1\n", "silent")
    done = work.command("validate")
    assert done.code == 0
    assert "jobs/silent.yaml:4:5: warning: this job writes nothing: it has no save step" in done.out
    assert "fix: add `- save: silent.xlsx` below it" in done.out
    assert "1 warning in 1 of 3 files" in done.out


def test_a_param_that_nothing_uses_is_a_warning(work: Workplace) -> None:
    work.job(
        "version: 1\nparams:\n  a: {type: integer}\n  b: {type: boolean}\n  c: {}\n  d: {}\n  e: {}\nsteps:\n"
        "  - {id: x, if: '${{ params.b }}', rejects: 'r-${{ params.c }}.csv', load: data/n.jsonl}\n"
        "  - {from: x, filter: 'n > ${{ params.a }}', api: '${{ params.d }}'}\n  - save: n.csv\n"
    )
    done = work.command("validate", "jobs/job.yaml")
    assert "jobs/job.yaml:7:3: warning: no step uses the param 'e'" in done.out
    assert "1 warning in 1 of 1 file" in done.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("required: true, default: 1", True),
        ("required: false, default: 1", False),
        ("required: true", False),
        ("default: 1", False),
    ],
)
def test_a_required_param_with_a_default_is_a_warning(work: Workplace, *, options: str, told: bool) -> None:
    work.job(
        f"version: 1\nparams:\n  a: {{type: integer, {options}}}\nsteps:\n"
        "  - load: data/n.jsonl\n  - filter: n > ${{ params.a }}\n  - save: n.csv\n"
    )
    said = "jobs/job.yaml:3:3: warning: the param 'a' has a default, so `required` has no effect"
    assert (said in work.command("validate", "jobs/job.yaml").out) is told


@pytest.mark.parametrize("command", [("validate", "jobs/job.yaml"), ("run", "job", "acme", "test")])
def test_the_line_that_is_shown_is_that_of_the_mark(work: Workplace, command: tuple[str, ...]) -> None:
    """A line ends where YAML 1.2 and editors end it: U+2028 and U+0085 stand within one."""
    work.job(
        'version: 1\ndescription: "a\u2028b\x85c"\nsteps:\n  - load: data/n.jsonl\n  - filter: >-\n'
        "      n > 1 &&\n      n = 2\n  - save: n.csv\n"
    )
    done = work.command(*command)
    assert (
        "jobs/job.yaml:7:9: error: a single = compares nothing\n    7 |       n = 2\n      |         ^\n"
    ) in done.out + done.err


STABLE = "  - load: data/n.jsonl\n  - save: {file: %s, stamp: false}\n"


def test_two_jobs_that_write_the_same_file_are_warned_of_at_both(work: Workplace) -> None:
    work.steps(STABLE % "Sub/All.csv", "one")
    work.steps(STABLE % "sub/all.csv", "two")
    work.steps(STABLE % "other.csv", "three")
    work.steps("  - load: data/n.jsonl\n  - save: sub/all.csv\n", "stamped")
    work.steps(
        "  - load: data/n.jsonl\n  - {disabled: true, save: {file: sub/all.csv, stamp: false}}\n", "off"
    )
    done = work.command("validate")
    assert done.code == 0
    assert "jobs/one.yaml:4:18: warning: jobs/two.yaml writes 'Sub/All.csv', too" in done.out
    assert "jobs/two.yaml:4:18: warning: jobs/one.yaml writes 'sub/all.csv', too" in done.out
    assert "2 warnings in 2 of 7 files" in done.out


def test_a_file_of_a_job_that_is_not_checked_now_is_compared_too(work: Workplace) -> None:
    work.steps(STABLE % "all.csv", "one")
    work.steps(STABLE % "all.csv", "two")
    done = work.command("validate", "jobs/two.yaml")
    assert "warning: jobs/one.yaml writes 'all.csv', too" in done.out
    assert "1 warning in 1 of 1 file" in done.out


def test_only_what_is_named_is_checked_and_needs_no_workspace(work: Workplace, tmp_path: Path) -> None:
    work.steps(BAD, "bad")
    assert work.command("validate", "jobs/good.yaml").code == 0
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "x.yaml").write_text("version: 1\nsteps:\n" + BAD)
    done = work.command("validate", "x.yaml", cwd=tmp_path / "alone")
    assert done.code == 2, done
    assert "x.yaml:4:14" in done.out


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("jobs/none.yaml", "error: there is no file jobs/none.yaml\nfix: see: txojobs list\n"),
        ("data", "neither a job"),
        ("jobs", "neither a job"),
        ("config/x.json", "x.json"),
    ],
)
def test_a_file_that_is_none_is_told(work: Workplace, name: str, told: str) -> None:
    done = work.command("validate", name)
    assert done.code == 2, done
    assert told in done.out
    assert done.err == ""


def test_nothing_to_check_is_told(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    for path in (work.root / "config").iterdir():
        path.unlink()
    done = work.command("validate")
    assert done.code == 2
    assert done.out == ""
    assert "nothing to check" in done.err
    assert "txojobs init" in done.err


def test_a_file_that_is_no_text(work: Workplace) -> None:
    (work.root / "jobs" / "latin.yaml").write_bytes(b"version: 1\ndescription: Gr\xfc\xdfe\n")
    done = work.command("validate", "jobs/latin.yaml")
    assert done.code == 2
    assert "jobs/latin.yaml:2:1" in done.out
    assert "UTF-8" in done.out


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a POSIX shell")
def test_a_reader_that_leaves_early_changes_nothing(work: Workplace) -> None:
    for number in range(20):
        work.steps(BAD * 30, f"bad-{number:02}")
    line = f"'{sys.executable}' -m txojobs validate | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=work.root,
        env=work.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("jobs/bad-00.yaml:4:14: error: ")
    assert done.stderr == ""


def test_what_a_pipe_cannot_show_is_spelled_out(work: Workplace) -> None:
    work.steps("  - load: data/n.jsonl\n  - filter: {wårö: n}\n", "bad")
    for form in ("text", "github"):
        done = work.command("validate", "--format", form, env={"PYTHONIOENCODING": "ascii"})
        assert done.code == 2, done
        assert "filter has no option 'w\\xe5r\\xf6'" in done.out


@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_machines_get_their_format_on_standard_output_and_nothing_else(work: Workplace, form: str) -> None:
    work.steps(BAD, "bad")
    done = work.command("validate", "--format", form)
    assert done.code == 2
    assert done.err == ""
    if form == "json":
        found = json.loads(done.out)
        assert found["files"] == 3
        assert found["problems"][0]["line"] == 4
    elif form == "sarif":
        (run,) = json.loads(done.out)["runs"]
        place = run["results"][0]["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "jobs/bad.yaml"
        assert place["region"] == {"startLine": 4, "startColumn": 14, "endColumn": 18}
    else:
        assert done.out.startswith(
            "::error file=jobs/bad.yaml,line=4,col=14,endColumn=18::filter has no option"
        )


def test_no_problem_is_an_empty_document(work: Workplace) -> None:
    assert json.loads(work.command("validate", "--format", "json").out) == {"files": 2, "problems": []}
    assert work.command("validate", "--format", "github").out.strip() == ""


ODD = Problem("50 % of\nall: \u202e", Mark("jobs/a, b:c.yaml", 3, 7), "mend, it", length=2)


def test_github_lines_cannot_be_broken_out_of() -> None:
    text = as_github([ODD], checked=1)
    assert text.splitlines() == [text]
    assert text.startswith("::error file=jobs/a%2C b%3Ac.yaml,line=3,col=7,endColumn=9::50 %25 of%0Aall: ")


def test_sarif_names_files_as_addresses() -> None:
    log = json.loads(as_sarif([ODD, Problem("without a place")], checked=1))
    results = log["runs"][0]["results"]
    assert (
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "jobs/a%2C%20b%3Ac.yaml"
    )
    assert "locations" not in results[1]


def test_json_holds_all_facts() -> None:
    (facts,) = json.loads(as_json([ODD], checked=1))["problems"]
    assert facts["file"] == "jobs/a, b:c.yaml"
    assert facts["fix"] == "mend, it"


@pytest.mark.parametrize("name", ["config/big-test-config.json", "jobs/big.yaml"])
def test_a_file_of_one_long_line_is_not_printed_whole(work: Workplace, name: str) -> None:
    rest = ", ".join(f'"x-{number}": "{"y" * 90}"' for number in range(4000))
    head = '"globel": {"api-base-url": "https://a.example"}' if "config" in name else '"versoin": 1'
    (work.root / name).write_text(f'{{{head}, "my-feature": {{{rest}}}}}', encoding="utf-8")
    done = work.command("validate", name)
    assert done.code == 2, done
    assert "globel" in done.out or "versoin" in done.out
    assert max(map(len, done.out.splitlines())) < 400
    assert len(done.out) < 4000


def test_an_address_that_leads_nowhere_is_found_before_anything_is_asked(work: Workplace) -> None:
    work.steps("  - fetch: {entity: Customers, key: [Id]}\n  - save: c.csv\n")
    work.config({"api-base-url": "http://127.0.0.1:99999"})
    checked = work.command("validate")
    assert checked.code == 2, checked
    assert "config/acme-test-config.json:1:" in checked.out
    run = work.command("run", "job", "acme", "test")
    assert run.code == 2, run
    assert "can be no address: its port" in run.err
    assert not (work.root / "logs").exists()


@pytest.mark.parametrize("entity", ["../Customers", "a/%2e%2e/Customers", "a\\Customers"])
def test_an_entity_that_leaves_the_service_is_found_before_anything_is_asked(
    work: Workplace, entity: str
) -> None:
    work.steps(f"  - fetch: {{entity: '{entity}', key: [Id]}}\n  - save: c.csv\n")
    for words in (("validate", "jobs/job.yaml"), ("run", "job", "acme", "test")):
        done = work.command(*words)
        assert done.code == 2, done
        told = done.out + done.err
        assert "jobs/job.yaml:3:13" in told
        assert "leaves the service" in told
        assert "fix: write it without `..` and backslashes" in told
    assert not (work.root / "logs").exists()


def test_two_files_of_one_name_are_refused_by_validate_and_run(work: Workplace) -> None:
    (work.root / "jobs" / "good.yml").write_text("version: 1\nsteps:\n" + GOOD, encoding="utf-8")
    for words in (("validate",), ("validate", "jobs/good.yaml"), ("validate", "jobs/good.yml")):
        done = work.command(*words)
        assert done.code == 2, done
        assert "has the same name on the command line" in done.out
    run = work.command("run", "good", "acme", "test")
    assert run.code == 2, run
    assert "two jobs are called 'good': jobs/good.yaml and jobs/good.yml" in run.err
    work.numbers("n.jsonl", 3)
    assert work.command("run", "jobs/good.yml", "acme", "test").code == 0


def test_what_has_the_name_of_a_job_and_is_no_file_is_told(work: Workplace) -> None:
    (work.root / "jobs" / "folder.yaml").mkdir()
    done = work.command("validate")
    assert done.code == 2, done
    assert "jobs/folder.yaml:1:1: error: the file cannot be read: " in done.out
    assert "fix: this is a folder" in done.out


@pytest.mark.skipif(sys.platform == "win32", reason="few people may make links there")
@pytest.mark.parametrize("name", ["jobs/link.yaml", "config/link-test-config.json"])
def test_a_link_that_leads_nowhere_is_told(work: Workplace, name: str) -> None:
    (work.root / name).symlink_to(work.root / "nowhere")
    done = work.command("validate")
    assert done.code == 2, done
    assert f"{name}:1:1: error: " in done.out
    assert "fix: " in done.out


def test_the_help_of_a_job_that_does_not_exist_names_the_nearest(work: Workplace) -> None:
    done = work.command("run", "goood", "--help")
    assert done.code == 2, done
    assert "there is no job 'goood' in jobs/" in done.err
    assert "did you mean 'good'?" in done.err
