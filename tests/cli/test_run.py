"""`txojobs run` with bad input and on bad days: one readable message, a way out, nothing half done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.engine.pages_server import PagesServer, Reply, as_reply, customers
from tests.engine.workplace import FETCH, LOAD, Workplace
from txojobs.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = "version: 1\nsteps:\n  - load: data/n.jsonl\n"
BAD_JOBS: dict[str, tuple[str, str, str]] = {
    "empty": ("", "job.yaml:1:1", "steps|empty|mapping"),
    "no YAML": ("version: 1\nsteps:\n  - load: [data\n", "jobs/job.yaml:", "YAML|closed"),
    "a tab": ("version: 1\nsteps:\n\t- load: x.csv\n", "jobs/job.yaml:3:1", "spaces"),
    "no steps": ("version: 1\n", "jobs/job.yaml:1:1", "steps"),
    "unknown verb": ("version: 1\nsteps:\n  - lod: x.csv\n", "jobs/job.yaml:3:5", "did you mean 'load'"),
    "unknown option": (HEAD + "  - filter: {were: n > `1`}\n", "jobs/job.yaml:4:14", "did you mean 'where'"),
    "unknown key": (HEAD + "  - fltr: 1\n    save: x.csv\n", "jobs/job.yaml:4:5", "fltr"),
    "unknown param": (HEAD + "  - filter: n > ${{ params.x }}\n", "jobs/job.yaml:4:", "params has no 'x'"),
    "wrong type": (HEAD + "  - save: {file: x.csv, stamp: maybe}\n", "jobs/job.yaml:4:", "true or false"),
    "unknown step in from": (HEAD + "  - {from: lod, save: x.csv}\n", "jobs/job.yaml:4:", "lod"),
    "circle": (
        "version: 1\nsteps:\n  - {id: a, from: b, filter: n > `1`}\n  - {id: b, from: a, filter: n > `1`}\n",
        "jobs/job.yaml:3:",
        "circle",
    ),
    "unread": (HEAD + "  - load: data/n.jsonl\n  - save: x.csv\n", "jobs/job.yaml:3:5", "nobody reads"),
    "twice": (HEAD + "    load: x.csv\n", "jobs/job.yaml:4:5", "twice|load"),
    "unknown extension": (HEAD + "  - save: x.pdf\n", "jobs/job.yaml:4:", "pdf"),
    "broken expression": (HEAD + "  - filter: n >\n", "jobs/job.yaml:4:", "n >|expression|ends"),
    "backtick": (HEAD + "  - filter: `1` < n\n", "jobs/job.yaml:4:13", "quote"),
    "at": (HEAD + "  - filter: @.n > 1\n", "jobs/job.yaml:4:13", "quote"),
    "star": (HEAD + "  - query: *.n\n", "jobs/job.yaml:4:12", "quote"),
    "bang": (HEAD + "  - filter: !n\n", "jobs/job.yaml:4:13", "quote|tag"),
    "colon": (HEAD + "  - filter: text == 'a: b'\n", "jobs/job.yaml:4:", "quote|colon"),
    "hash": (HEAD + "  - filter: text == 'a #b'\n", "jobs/job.yaml:4:", "quote"),
    "template in braces": (
        "version: 1\nparams: {p: {default: 1}}\nsteps:\n  - load: {file: ${{ params.p }}}\n  - save: x.csv\n",
        "jobs/job.yaml:4:",
        "quoted",
    ),
    "quotes around a value": (
        (
            "version: 1\nparams: {p: {default: a}}\nsteps:\n  - load: data/n.jsonl\n"
            "  - filter: text == '${{ params.p }}'\n  - save: x.csv\n"
        ),
        "jobs/job.yaml:5:",
        "remove the quotes",
    ),
    "field in if": (HEAD + "  - {if: n > `1`, save: x.csv}\n", "jobs/job.yaml:4:", "filter step"),
    "column that is not there": (
        HEAD + "  - transform: {columns: {A: n}}\n  - filter: B > `1`\n  - save: x.csv\n",
        "jobs/job.yaml:5:",
        "'B'",
    ),
}


@pytest.mark.parametrize("case", BAD_JOBS)
def test_a_bad_job_is_refused_with_place_and_way_out(work: Workplace, case: str) -> None:
    text, where, told = BAD_JOBS[case]
    work.job(text)
    done = work.command("run", "job", "acme", "test")
    assert done.code == 2, done
    assert where in done.err, done
    assert any(word in done.err for word in told.split("|")), done
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (work.root / "output").exists()
    assert not (work.root / ".txojobs").exists()


AT_RUN: dict[str, tuple[str, int, str]] = {
    "a field that no record has": (
        "  - load: data/n.jsonl\n  - filter: txt == 'a'\n  - save: x.csv\n",
        1,
        "did you mean",
    ),
    "a text without quotes": ("  - load: data/n.jsonl\n  - filter: text == t2\n  - save: x.csv\n", 1, "'t2'"),
    "double quotes": ('  - load: data/n.jsonl\n  - filter: text == "t2"\n  - save: x.csv\n', 1, "'t2'"),
    "no verdict": ("  - load: data/n.jsonl\n  - filter: text\n  - save: x.csv\n", 1, "true or false"),
    "a wrong type": ("  - load: data/n.jsonl\n  - filter: text > `1`\n  - save: x.csv\n", 1, "record 1"),
    "a file that is not there": ("  - load: data/m.jsonl\n  - save: x.csv\n", 2, "n.jsonl"),
    "nothing to write": (
        "  - load: data/n.jsonl\n  - filter: n > `9`\n  - save: {file: x.csv, when-empty: fail}\n",
        1,
        "when-empty",
    ),
}


@pytest.mark.parametrize("case", AT_RUN)
def test_what_comes_to_light_in_the_run_fails_it_with_place_and_way_out(work: Workplace, case: str) -> None:
    steps, code, told = AT_RUN[case]
    work.steps(steps)
    done = work.command("run", "job", "acme", "test")
    assert done.code == code, done
    assert told in done.err, done
    assert "jobs/job.yaml:" in done.err
    assert "Solution:" in done.err
    assert "Nothing was written." in done.err
    assert "Traceback" not in done.err
    assert not work.outputs()
    assert not work.left_behind()


def test_a_job_that_does_not_exist_names_the_nearest(work: Workplace) -> None:
    work.steps(LOAD, "export-customers")
    done = work.command("run", "export-custmers", "acme", "test")
    assert done.code == 2
    assert "did you mean 'export-customers'?" in done.err


def test_a_missing_configuration_names_what_there_is(work: Workplace) -> None:
    done = work.command("run", "job", "acme", "tets")
    assert done.code == 2
    assert "acme-test-config.json" in done.err
    assert "did you mean acme test?" in done.err


def test_a_configuration_that_breaks_its_schema_is_shown_with_its_place(work: Workplace) -> None:
    work.config({"api-base-url": 5, "api-versoin": "v2"})
    done = work.command("run", "job", "acme", "test")
    assert done.code == 2
    assert "config/acme-test-config.json:1:" in done.err
    assert "api-version" in done.err
    assert not (work.root / "logs").exists()


def test_a_service_that_cannot_be_reached(work: Workplace) -> None:
    work.job(FETCH)
    done = work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert "nothing listens there" in done.err
    assert "Solution:" in done.err
    assert "jobs/job.yaml:4:5 in step customers" in done.err


def test_an_entity_set_that_does_not_exist(work: Workplace) -> None:
    with PagesServer(lambda _: as_reply({"error": {"code": "404", "message": "no"}}, status=404)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH.replace("Customers", "Custmers"))
        done = work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert "Custmers" in done.err
    assert "Solution:" in done.err


def test_a_misspelt_option_names_the_nearest(work: Workplace) -> None:
    done = work.command("run", "job", "acme", "test", "--dry-rum")
    assert done.code == 2
    assert "did you mean '--dry-run'" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--all", "--until", "x"), "--all needs a value: --all=true"),
        (("--all",), "--all needs a value: --all=true"),
        (("--until",), "--until needs a value: --until=VALUE"),
        (("--until", "--all", "true"), "--until needs a value: --until=VALUE"),
    ],
)
def test_a_param_without_its_value_says_what_to_write(
    work: Workplace, words: tuple[str, ...], said: str
) -> None:
    params = "params: {all: {type: boolean, default: false}, until: {default: z}}\n"
    work.job(f"version: 1\n{params}steps:\n" + LOAD)
    done = work.command("run", "job", "acme", "test", *words)
    assert (done.code, done.err.splitlines()[0]) == (2, f"Error: {said}")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("job", "acme-test"), "ORG and ENV are two words: acme test"),
        (("job", "acme", "test", "c=1"), "'c=1' is one argument too many; params are given with -p c=1"),
        (("job", "acme", "test", "x"), "'x' is one argument too many; params are given with -p NAME=VALUE"),
        (
            ("job", "acme", "test", "-p", "least="),
            "leave it out to take the param's default",
        ),
        (
            ("job", "acme", "test", "--output", ""),
            "it is empty (is a variable not set?); write . for this folder",
        ),
        (("job", "acme", "test", "--limit", "0"), "it takes a whole number from 1 on, not '0'"),
        (("job", "acme", "test", "--limit", "ten"), "it takes a whole number from 1 on, not 'ten'"),
    ],
)
def test_a_slip_on_the_command_line_is_answered_with_what_was_meant(
    work: Workplace, words: tuple[str, ...], said: str
) -> None:
    work.job("version: 1\nsteps:\n" + LOAD)
    done = work.command("run", *words)
    assert done.code == 2
    assert done.err.splitlines()[0].endswith(said)


def test_help_says_how_lists_and_flags_are_given(work: Workplace) -> None:
    work.job("version: 1\nparams: {all: {type: boolean}, of: {type: list}, c: {}}\nsteps:\n" + LOAD)
    shown = work.command("run", "job", "--help").out
    for given in ("-p all=true ", "-p of=A,B,... ", "-p c=... "):
        assert given in shown


def test_a_param_that_is_given_twice_is_refused(work: Workplace) -> None:
    work.job("version: 1\nparams: {c: {default: x}}\nsteps:\n" + LOAD)
    done = work.command("run", "job", "acme", "test", "-p", "c=1", "--c", "2")
    assert done.code == 2
    assert "'c' is given twice" in done.err


def test_params_are_given_in_each_spelling(work: Workplace) -> None:
    work.job(
        "version: 1\nparams: {least: {type: integer, default: 0}, word: {default: x}}\n"
        "steps:\n  - load: data/n.jsonl\n  - filter: n > ${{ params.least }}\n  - save: 'n-${{ params.word }}.csv'\n"
    )
    for words in (
        ("-p", "least=2", "--word", "a b"),
        ("--least=2", "--word=a b"),
        ("--least", "2", "-pword=a b"),
    ):
        done = work.command("run", "job", *words[:2], "acme", "test", *words[2:])
        assert done.code == 0, done
        assert "least=2" in done.out.splitlines()[0]
    assert set(work.outputs()) == {"n-a-b-c8687a08.csv"}
    assert len(work.rows("n-a-b-c8687a08.csv")) == 2


def test_a_negative_number_is_a_value(work: Workplace) -> None:
    work.job(
        "version: 1\nparams: {least: {type: integer}}\nsteps:\n"
        "  - load: data/n.jsonl\n  - filter: n > ${{ params.least }}\n  - save: n.csv\n"
    )
    assert work.command("run", "job", "acme", "test", "--least", "-5").code == 0
    assert len(work.rows("n.csv")) == 4


def test_a_param_with_the_name_of_an_option_is_warned_of(work: Workplace) -> None:
    work.job("version: 1\nparams: {limit: {type: integer, default: 9}}\nsteps:\n" + LOAD)
    done = work.command("run", "job", "acme", "test", "--limit", "2")
    assert done.code == 0
    assert "-p limit=VALUE" in done.err


def test_without_time_zone_data_the_way_out_is_named(work: Workplace, tmp_path: Path) -> None:
    work.job("version: 1\ntimezone: Europe/Stockholm\nsteps:\n" + LOAD)
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text("import sys\nsys.modules['tzdata'] = None\n")
    env = {"PYTHONPATH": str(tmp_path / "hook"), "PYTHONTZPATH": ""}
    done = work.command("run", "job", "acme", "test", env=env)
    assert done.code == 2, done
    assert "jobs/job.yaml:2:11" in done.err
    assert "pip install tzdata" in done.err
    assert work.command("run", "job", "acme", "test").code == 0


# -- disks ----------------------------------------------------------------------------------------------------------


def test_a_file_where_the_output_folder_should_be(work: Workplace) -> None:
    (work.root / "output").write_text("mine")
    done = work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert "output" in done.err
    assert "Solution:" in done.err
    assert (work.root / "output").read_text() == "mine"


def test_a_file_where_the_log_folder_should_be(work: Workplace) -> None:
    (work.root / "logs").write_text("mine")
    done = work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert "logs" in done.err
    assert "Traceback" not in done.err


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from txojobs.cli.main import run_command_line
sys.exit(run_command_line(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("file", ["n.csv", "n.jsonl", "n.json", "n.xlsx"])
def test_a_file_that_may_not_grow_fails_the_run_and_keeps_the_old_one(work: Workplace, file: str) -> None:
    work.steps(f"  - load: data/n.jsonl\n  - save: {{file: {file}, stamp: false}}\n")
    assert work.command("run", "job", "acme", "test").code == 0
    before = work.outputs()
    work.numbers("n.jsonl", 60_000)
    done = work.python(LIMITED, "100000", "run", "job", "acme", "test")
    assert done.returncode == 1, done.stderr
    assert "larger than" in done.stderr
    assert "Traceback" not in done.stderr
    assert work.outputs() == before
    assert not work.left_behind()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True)
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts a small disk, which only root may")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("file", ["n.csv", "n.xlsx"])
def test_a_full_disk_fails_the_run_and_keeps_the_old_file(work: Workplace, file: str) -> None:
    with small_disk(work.root / "output"):
        work.steps(f"  - load: data/n.jsonl\n  - save: {{file: {file}, stamp: false}}\n")
        assert work.command("run", "job", "acme", "test").code == 0
        before = work.outputs()
        work.numbers("n.jsonl", 60_000)
        done = work.command("run", "job", "acme", "test")
        assert done.code == 1, done
        assert "the disk is full" in done.err
        assert "Nothing was written." in done.err
        assert work.outputs() == before
        assert not work.left_behind()


def test_a_full_disk_under_a_spool_is_told(work: Workplace) -> None:
    with small_disk(work.root / "state"):
        work.numbers("n.jsonl", 60_000)
        work.steps(
            "  - {id: a, load: data/n.jsonl}\n  - {from: a, save: n.csv}\n  - {from: a, save: m.csv}\n"
        )
        env = {"TXOJOBS_STATE": str(work.root / "state")}
        done = work.command("run", "job", "acme", "test", env=env)
        assert done.code == 1, done
        assert "TXOJOBS_STATE" in done.err
        assert not work.outputs()


# -- --json ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--dry-run",), ("--quiet",), ("--debug",)])
def test_json_is_one_document_and_all_else_goes_to_standard_error(
    work: Workplace, words: tuple[str, ...]
) -> None:
    done = work.command("run", "job", "acme", "test", "--json", *words)
    assert done.code == 0, done
    document = json.loads(done.out)
    assert document["outcome"] == "done"
    assert document["steps"][0]["records"] == 3
    assert ("--quiet" in words) == (not done.err)


FAILING: dict[str, tuple[str, tuple[str, ...], int, str]] = {
    "in the run": ("  - load: data/n.jsonl\n  - filter: m > 0\n  - save: x.csv\n", (), 1, "failed"),
    "a job that is wrong": ("  - lod: x\n", (), 2, "refused-to-start"),
    "no configuration": (LOAD, ("acme", "prod"), 2, "refused-to-start"),
    "no environment": (LOAD, ("acme",), 2, "refused-to-start"),
    "a param": (LOAD, ("acme", "test", "-p", "x=1"), 2, "refused-to-start"),
    "a value that an option does not take": (LOAD, ("acme", "test", "--limit", "x"), 2, "refused-to-start"),
    "an option without its value": (LOAD, ("--json", "acme", "test", "-p"), 2, "refused-to-start"),
}


@pytest.mark.parametrize("case", FAILING)
def test_json_is_one_document_of_a_failure_too(work: Workplace, case: str) -> None:
    steps, words, code, outcome = FAILING[case]
    work.steps(steps)
    asked = [*(words or ("acme", "test")), *([] if "--json" in words else ["--json"])]
    done = work.command("run", "job", *asked)
    assert done.code == code, done
    document = json.loads(done.out)
    assert document["outcome"] == outcome
    assert document["job"] == (None if words[-1:] == ("-p",) else "job")
    assert document["error"]["problem"]
    assert document["outputs"] == []
    assert done.err


def test_json_tells_that_no_job_was_named(work: Workplace) -> None:
    done = work.command("run", "--json")
    assert done.code == 2
    document = json.loads(done.out)
    assert document["job"] is None
    assert document["error"]["problem"] == "Missing argument 'JOB'."
    assert "Missing argument 'JOB'." in done.err


def test_json_that_is_no_option_is_none(work: Workplace) -> None:
    assert work.command("run", "--limit", "x", "job", "--", "--json").out == ""


def test_quiet_keeps_the_warnings_of_a_job_from_the_screen(work: Workplace) -> None:
    work.job("version: 1\nparams: {p: {default: NO}}\nsteps:\n" + LOAD + "  - filter: n != ${{ params.p }}\n")
    loud = work.command("run", "job", "acme", "test")
    assert "NO is read as text" in loud.err
    quiet = work.command("run", "job", "acme", "test", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_quiet_shows_nothing_but_errors(work: Workplace) -> None:
    done = work.command("run", "job", "acme", "test", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    work.steps("  - load: data/n.jsonl\n  - filter: m > 0\n  - save: x.csv\n")
    done = work.command("run", "job", "acme", "test", "-q")
    assert done.code == 1
    assert done.out == ""
    assert "Problem:" in done.err


def test_debug_puts_the_log_on_standard_error(work: Workplace) -> None:
    done = work.command("run", "job", "acme", "test", "--debug")
    assert "INFO: run " in done.err
    assert "INFO: the run ends: done" in done.err
    assert done.out.rstrip().splitlines()[-1].startswith("output/")


@pytest.mark.parametrize("debug", [True, False])
def test_debug_shows_each_request_and_answer_on_the_screen_and_in_the_log(
    work: Workplace, *, debug: bool
) -> None:
    with PagesServer(customers(rows=20, size=10)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        done = work.command("run", "job", "acme", "test", *(["--debug"] if debug else []))
    assert done.code == 0, done
    (log,) = (work.root / "logs").glob("*.log")
    for text in (done.err, log.read_text(encoding="utf-8")):
        assert text.count(f" GET {server.url}/Customers") == (4 if debug else 0)
        assert text.count(" 200 OK to GET ") == (2 if debug else 0)
        assert ('{"value": [{"Id": "C00011"' in text) is debug
    assert "C00011" not in done.out


# -- help -----------------------------------------------------------------------------------------------------------

PARAMS = """\
version: 1
params:
  country: {default: SE, enum: [SE, NO], description: ISO 3166 country code}
  least: {type: integer, env: LEAST, required: true}
steps:
"""


@pytest.mark.parametrize(
    "words",
    [
        ("run", "job", "--help"),
        ("run", "--limit", "5", "job", "-h"),
        ("run", "-q", "job", "a", "b", "--help"),
    ],
)
def test_help_lists_the_params_of_the_job(work: Workplace, words: tuple[str, ...]) -> None:
    work.job(PARAMS + LOAD)
    found = CliRunner().invoke(cli, ["-w", str(work.root), *words])
    assert found.exit_code == 0, found.output
    text = " ".join(found.output.split())
    assert "-p country=... ISO 3166 country code (string, default SE, one of SE, NO)" in text
    assert "-p least=... (integer, required, else from LEAST)" in text


def test_help_without_a_job_and_of_a_broken_job(work: Workplace) -> None:
    assert CliRunner().invoke(cli, ["-w", str(work.root), "run", "--help"]).exit_code == 0
    work.job("version: 1\n")
    found = CliRunner().invoke(cli, ["-w", str(work.root), "run", "job", "--help"])
    assert found.exit_code == 0, found.output
    assert "txojobs validate" in found.output


# -- whoever reads our output goes away ---------------------------------------------------------------------------


def test_a_run_goes_on_when_nobody_reads_its_output(work: Workplace) -> None:
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        server.hold(1)
        process = work.start("run", "job", "acme", "test")
        assert process.stdout is not None
        server.wait_for(1)
        process.stdout.close()
        server.let_go()
        assert process.stderr is not None
        problems = process.stderr.read()
        process.stderr.close()
        assert process.wait(30) == 0, problems
    assert problems == b""
    assert len(work.rows("customers.csv")) == 51


def test_what_the_service_writes_obeys_nothing_on_the_screen(work: Workplace) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 \u202etxt.exe\r\nfake line"
    with PagesServer(lambda _: as_reply({"error": {"code": "E", "message": evil}}, status=400)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        done = work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert "owned" in done.err
    assert not {"\x1b", "\u202e", "\x07"} & set(done.err + done.out)
    assert "\nfake line" not in done.err


def test_a_reply_that_is_no_page_is_told_in_words(work: Workplace) -> None:
    with PagesServer(lambda _: Reply(body=b"<html>", headers={"Content-Type": "text/html"})) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        done = work.command("run", "job", "acme", "test")
    assert done.code == 1
    assert "Solution:" in done.err


def test_a_file_without_a_heading_and_blank_rows_are_told(work: Workplace) -> None:
    import openpyxl  # noqa: PLC0415  # here alone

    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, 2], [None, None], [3, 4], [None, None]):
        book.worksheets[0].append(row)
    book.save(work.root / "data" / "rows.xlsx")
    work.data("none.csv", "")
    work.data("one.csv", "a;b\n1;2\n")
    work.steps(
        "  - load: data/rows.xlsx\n  - save: a.jsonl\n  - load: data/none.csv\n  - save: b.csv\n"
        "  - load: {file: data/one.csv, delimiter: '|'}\n  - save: c.csv\n"
    )
    done = work.command("run", "job", "acme", "test")
    assert done.code == 0
    assert (
        "warning: data/rows.xlsx has 1 blank row, which is a record without a value; "
        "a filter leaves out what is not meant"
    ) in done.out.splitlines()
    assert "warning: data/none.csv is empty: not even a heading stands in it" in done.out.splitlines()
    assert (
        "warning: data/one.csv has one column, 'a;b': is its delimiter another one?" in done.out.splitlines()
    )
    assert done.out.count("warning: ") == 3
