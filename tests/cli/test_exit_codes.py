"""Each exit code, through the real command."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.invoking import invoke
from tests.engine.pages_server import PagesServer, customers
from tests.engine.workplace import FETCH, LOAD, Workplace, third_party
from txojobs import errors
from txojobs.cli.exit_codes import Terminated, exit_code, run_code
from txojobs.cli.main import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUG = third_party("Bug", 'return {}["oops"]')


def test_0_when_everything_is_done(work: Workplace) -> None:
    assert work.command("run", "job", "acme", "test").code == 0


def test_1_when_the_job_fails(work: Workplace) -> None:
    work.job(FETCH)
    assert work.command("run", "job", "acme", "test").code == 1


INVALID: dict[str, tuple[str, ...]] = {
    "no such command": ("rum", "job"),
    "no such option": ("run", "job", "acme", "test", "--nonsense", "1"),
    "no such job": ("run", "jib", "acme", "test"),
    "no organisation": ("run", "job"),
    "no environment": ("run", "job", "acme"),
    "one word too many": ("run", "job", "acme", "test", "more"),
    "no such configuration": ("run", "job", "acme", "prod"),
    "bad organisation": ("run", "job", "../acme", "test"),
    "bad environment": ("run", "job", "acme", "te-st"),
    "limit 0": ("run", "job", "acme", "test", "--limit", "0"),
    "param without =": ("run", "job", "acme", "test", "-p", "country"),
    "no such param": ("run", "job", "acme", "test", "-p", "country=SE"),
    "no such workspace": ("-w", "nowhere", "run", "job", "acme", "test"),
    "an invalid job": ("run", "wrong", "acme", "test"),
}


@pytest.mark.parametrize("case", INVALID)
def test_2_when_something_is_invalid(work: Workplace, case: str) -> None:
    work.job("version: 1\nsteps: 5\n", "wrong")
    done = work.command(*INVALID[case])
    assert done.code == 2, done
    assert not done.out, done
    assert done.err
    assert "Traceback" not in done.err
    assert not (work.root / "output").exists()


def test_2_when_what_was_checked_is_invalid(work: Workplace) -> None:
    work.job("version: 1\nsteps: 5\n", "wrong")
    assert work.command("validate", "jobs/wrong.yaml").code == 2


NOTHING_REQUESTED: dict[str, tuple[dict[str, object], str, str]] = {
    "a secret is missing": ({"auth": {"type": "bearer"}}, FETCH, "az-token"),
    "an api is not configured": (
        {},
        FETCH + "api: helpdesk\n",
        "no api 'helpdesk' (known: default, which is",
    ),
    "the api of a step is not configured": (
        {},
        FETCH.replace("    fetch:", "    api: helpdesk\n    fetch:"),
        "no api 'helpdesk'",
    ),
    "an if gives a text": (
        {},
        (
            "version: 1\nparams: {country: {default: SE}}\nsteps:\n  - {id: c, fetch: {entity: C, key: [Id]}}\n"
            "  - {if: '${{ params.country }}', save: c.csv}\n"
        ),
        "if must be true or false, and gives a text",
    ),
    "a file is not there": (
        {},
        FETCH + "  - load: data/nix.jsonl\n  - save: nix.csv\n",
        "data/nix.jsonl is not in the workspace",
    ),
}


@pytest.mark.parametrize("case", NOTHING_REQUESTED)
def test_2_when_something_is_missing_and_nothing_was_requested(work: Workplace, case: str) -> None:
    service, job, told = NOTHING_REQUESTED[case]
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url, **service})
        work.job(job)
        done = work.command("run", "job", "acme", "test")
        assert (done.code, server.asked) == (2, []), done
    assert told in done.err
    assert not work.outputs()


def test_2_when_the_service_has_no_address(work: Workplace) -> None:
    work.config({})
    work.job("version: 1\nsteps:\n  - load: data/n.jsonl\n  - save: n.csv\n" + FETCH.partition("steps:\n")[2])
    done = work.command("run", "job", "acme", "test")
    assert done.code == 2, done
    assert "global.api-base-url is missing" in done.err
    assert not work.outputs()


def test_0_when_what_is_missing_is_needed_by_a_step_that_is_switched_off(work: Workplace) -> None:
    work.steps(LOAD + "  - {if: false, load: data/nix.jsonl}\n  - save: nix.csv\n")
    assert work.command("run", "job", "acme", "test").code == 0


def test_3_when_records_were_put_aside(work: Workplace) -> None:
    work.data("n.csv", "n\nx\n1\n")
    work.steps("  - {rejects: r.csv, load: {file: data/n.csv, types: {n: integer}}}\n  - save: n.csv\n")
    done = work.command("run", "job", "acme", "test")
    assert done.code == 3, done
    assert "1 record was put aside" in done.out
    assert "finished in part" in done.out


def test_3_when_a_step_that_may_fail_has_failed(work: Workplace) -> None:
    work.steps(LOAD + "  - {on-error: continue, load: data/none.jsonl}\n  - save: none.csv\n")
    done = work.command("run", "job", "acme", "test")
    assert done.code == 3, done
    assert "none.jsonl" in done.out
    assert set(work.outputs()) == {"n.csv"}


def test_70_when_a_step_has_a_bug(work: Workplace) -> None:
    plugins = work.plugin(BUG, bug="Bug")
    work.steps("  - load: data/n.jsonl\n  - bug: {}\n  - save: n.csv\n")
    done = work.command("run", "job", "acme", "test", env={"PYTHONPATH": str(plugins)})
    assert done.code == 70, done
    assert "KeyError" in done.err
    assert "report" in done.err
    assert "Traceback" not in done.out + done.err
    (log,) = (work.root / "logs").glob("*.log")
    assert "Traceback" in log.read_text()
    assert not work.left_behind()


def test_75_when_another_run_holds_the_lock(work: Workplace) -> None:
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        server.hold(1)
        first = work.start("run", "job", "acme", "test")
        try:
            server.wait_for(1)
            assert work.command("run", "job", "acme", "test").code == 75
            if sys.platform != "win32":
                first.send_signal(signal.SIGTERM)
                assert first.wait(30) == 143
        finally:
            first.kill()
            first.communicate()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.JobLockedError("held"), 75),
        (errors.InvalidJobError("wrong", ()), 2),
        (errors.ConfigurationError("wrong"), 2),
        (errors.MissingKeyError("missing", "add it"), 2),
        (errors.ValidationError("wrong"), 2),
        (errors.StepError("failed"), 1),
        (errors.ApiTimeoutError("late"), 1),
        (errors.FileOperationError("full"), 1),
        (errors.RunCancelledError("stop"), 130),
        (errors.RunCancelledError("stop", signal_number=15), 143),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
        (KeyError("x"), 70),
        (MemoryError(), 70),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_code_of_an_error_outside_a_run(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: run_code("done", None), 0),
        (lambda: run_code("partial", None), 3),
        (lambda: run_code("refused", None), 4),
        (lambda: run_code("failed", errors.StepError("x")), 1),
        (lambda: run_code("failed", errors.ValidationError("x")), 1),
        (lambda: run_code("failed", errors.InvalidJobError("x", ())), 1),
        (lambda: run_code("failed", errors.InvalidJobError("x", ()), begun=False), 2),
        (lambda: run_code("failed", errors.MissingKeyError("x", "y"), begun=False), 2),
        (lambda: run_code("failed", errors.FileOperationError("x"), begun=False), 1),
        (lambda: run_code("failed", KeyError("x")), 70),
        (lambda: run_code("interrupted", KeyboardInterrupt()), 130),
        (lambda: run_code("interrupted", errors.StepError("x"), signal_number=15), 143),
        (lambda: run_code("interrupted", errors.StepError("x")), 130),
    ],
)
def test_the_code_of_a_run(call: Callable[[], int], code: int) -> None:
    assert call() == code


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the stream")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("words", ["--version", "-V", "validate jobs/job.yaml", "list", "run job acme test"])
def test_0_also_where_a_stream_is_closed(work: Workplace, words: str, closed: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m txojobs {words} {closed}', sys.executable],
        cwd=work.root,
        env=work.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are Unicode there")
@pytest.mark.parametrize("words", [(), ("--dry-run",)], ids=["run", "dry run"])
def test_a_name_that_the_file_system_cannot_spell_is_no_bug_of_ours(
    work: Workplace, words: tuple[str, ...]
) -> None:
    work.steps("  - load: data/n.jsonl\n  - save: Kräftig.csv\n")
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = work.command("run", "job", "acme", "test", *words, env=ascii_alone)
    assert done.code == 1, done
    assert "file names are in ascii here, which lacks " in done.err
    assert "LC_ALL=C.UTF-8 txojobs run ..." in done.err
    assert work.outputs() == {}


def test_130_says_so_where_a_command_is_only_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "interrupted_while_loading.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(COMMANDS, "steps", ("interrupted_while_loading:steps", ""))
    done = invoke("steps")
    assert (done.code, done.out) == (130, "")
    assert done.err.strip() == "interrupted"
