"""Promise P4: `--resume` goes on with the same run, asks for nothing twice, and gives what one whole run gives."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, customers, record
from tests.engine.workplace import Done, Workplace
from txojobs.engine.resume import clean_up
from txojobs.errors import ApiError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS, SIZE = 60, 5
JOB = """\
version: 1
params: {least: {type: integer, default: 0}}
steps:
  - id: all
    fetch: {entity: Customers, key: [Id]}
  - filter: Balance >= ${{ params.least }}
  - transform: {add: {Run: {const: "${{ run.id }}"}, At: {const: "${{ run.now }}"}}}
  - save: customers.jsonl
  - {from: all, save: {file: stable.csv, stamp: false}}
"""


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    made = Workplace(tmp_path)
    made.job(JOB)
    return made


def kept(work: Workplace) -> list[Path]:
    return sorted(path for path in (work.root / ".txojobs" / "resume").rglob("*") if path.is_file())


def run_of(work: Workplace) -> dict[str, Any]:
    return dict(json.loads(next(path for path in kept(work) if path.name == "run.json").read_bytes()))


def killed_at(work: Workplace, server: PagesServer, page: int, *words: str) -> None:
    """Kill a run while its request number `page` waits for its answer."""
    server.hold(page)
    process = work.start("run", "job", "acme", "test", *words)
    try:
        server.wait_for(page)
    finally:
        process.kill()
        process.communicate()
        server.let_go()
    server.asked.clear()


def resumed(work: Workplace, *words: str) -> Done:
    return work.command("run", "job", "acme", "test", "--resume", *words)


def expected(server: PagesServer, tmp_path: Path) -> tuple[str, str]:
    """Return what one whole run gives, without its own id and clock."""
    other = Workplace(tmp_path / "other")
    other.job(JOB)
    other.config({"api-base-url": server.url})
    other.good_run()
    return without_run(other.outputs()["customers.jsonl"]), other.outputs()["stable.csv"]


def without_run(text: str) -> str:
    records = [json.loads(line) for line in text.splitlines()]
    return "\n".join(json.dumps({**each, "Run": "", "At": ""}) for each in records)


kill = pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")


@kill
def test_p4_a_killed_run_goes_on_with_the_next_page_under_its_own_id_and_clock(
    work: Workplace, tmp_path: Path
) -> None:
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        killed_at(work, server, 8)
        before = run_of(work)
        done = resumed(work)
        assert done.code == 0, done
        # page 7 once more: it shows that nothing has come or gone since
        assert [asked.page for asked in server.asked] == [8, 7, 9, 10, 11, 12]
        server.asked.clear()
        whole = expected(server, tmp_path)
    records = [json.loads(line) for line in work.rows("customers.jsonl")]
    assert {each["Run"] for each in records} == {before["run-id"]}
    assert {datetime.fromisoformat(each["At"].replace("Z", "+00:00")) for each in records} == {
        datetime.fromisoformat(before["started"])
    }
    assert (without_run(work.outputs()["customers.jsonl"]), work.outputs()["stable.csv"]) == whole
    assert not kept(work)
    assert not work.left_behind()
    assert "7 answers of the run before were used" in done.out


def kill_at_some_moment(process: subprocess.Popen[bytes], dice: random.Random) -> None:
    """Kill after some lines of the screen, or a little later."""
    assert process.stdout is not None
    for _ in range(dice.randint(1, 7)):
        process.stdout.readline()
    for _ in range(dice.choice([0, 200, 2000, 20_000])):
        process.poll()
    process.kill()


@kill
@pytest.mark.parametrize("seed", range(8))
def test_p4_killed_at_any_moment_and_resumed_until_it_ends_the_result_is_that_of_one_run(
    work: Workplace, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        whole = expected(server, tmp_path)
        server.asked.clear()
        words: tuple[str, ...] = ()
        for _ in range(3):
            process = work.start("run", "job", "acme", "test", *words, stderr=subprocess.STDOUT)
            try:
                kill_at_some_moment(process, dice)
            finally:
                process.kill()
                process.communicate()
            words = ("--resume",) if kept(work) else ()
        done = work.command("run", "job", "acme", "test", *words)
        assert done.code == 0, done
    assert work.outputs()["stable.csv"] == whole[1]
    names = list((work.root / "output").glob("*customers*.jsonl"))
    assert without_run(max(names, key=lambda path: path.stat().st_mtime).read_text("utf-8")) == whole[0]
    assert not work.left_behind()


@kill
def test_p4_no_answer_that_is_kept_is_asked_for_again(work: Workplace) -> None:
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        asked: Counter[str] = Counter()
        for page in (3, 4, 2):
            server.hold(page)
            process = work.start("run", "job", "acme", "test", *(["--resume"] if kept(work) else []))
            try:
                server.wait_for(page)
            finally:
                process.kill()
                process.communicate()
                server.let_go()
            asked.update(str(each.page) for each in server.asked)
            server.asked.clear()
        assert resumed(work).code == 0
        asked.update(str(each.page) for each in server.asked)
    # what was on its way when a process died has no answer, and the last page before each death is compared
    assert asked == {**{str(page): 1 for page in range(1, 13)}, "2": 2, "3": 2, "4": 3, "5": 3}


def test_p4_a_run_that_failed_goes_on_when_the_service_is_well_again(work: Workplace) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(403) if asked.page == 9 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        report = work.run()
        assert isinstance(report.error, ApiError)
        assert report.can_resume
        assert report.as_json()["can-resume"] is True
        server.asked.clear()
        server.script = good
        report = work.good_run(resume=True)
    assert [asked.page for asked in server.asked] == [9, 8, 10, 11, 12]
    assert report.resumed
    assert report.as_json()["resumed"] is True
    assert len(work.rows("customers.jsonl")) == ROWS


def test_the_screen_tells_how_to_go_on(work: Workplace) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        done = work.command("run", "job", "acme", "test", "-p", "least=7")
    assert done.code == 1
    assert "Go on: txojobs run job acme test --resume" in done.err


def test_p4_the_params_of_the_run_are_kept_and_no_others_taken(work: Workplace) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        work.run(params={"least": "41"})
        server.script = good
        done = resumed(work, "-p", "least=42")
        assert done.code == 2
        assert "least = 41, not 42" in done.err
        assert resumed(work).code == 0
    assert len(work.rows("customers.jsonl")) == 20


CHANGES: dict[str, tuple[Callable[[Workplace], object], str]] = {
    "the job": (lambda work: work.job(JOB + "# a word\n"), "the job has changed"),
    "the configuration": (
        lambda work: work.config({"api-base-url": "http://127.0.0.1:9/other"}),
        "the configuration has changed",
    ),
    "its default": (lambda work: work.job(JOB.replace("default: 0", "default: 1")), "the job has changed"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_p4_a_run_whose_job_or_configuration_has_changed_is_not_gone_on_with(
    work: Workplace, what: str
) -> None:
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else as_reply(page(asked))) as server:
        work.config({"api-base-url": server.url})
        work.run()
        change, message = CHANGES[what]
        change(work)
        server.asked.clear()
        done = resumed(work)
    assert done.code == 2
    assert message in done.err
    assert "run it anew" in done.err
    assert not server.asked
    assert not work.outputs()


def test_p4_a_variable_that_sets_a_param_must_say_what_it_said(work: Workplace) -> None:
    work.job(JOB.replace("default: 0", "default: 0, env: LEAST"))
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else as_reply(page(asked))) as server:
        work.config({"api-base-url": server.url})
        work.run(environ={"LEAST": "1"})
        with pytest.raises(ConfigurationError, match="a param"):
            work.run(resume=True, environ={"LEAST": "2"})


def test_p4_another_version_of_txojobs_does_not_go_on(
    work: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else as_reply(page(asked))) as server:
        work.config({"api-base-url": server.url})
        work.run()
        monkeypatch.setattr("txojobs.engine.resume.__version__", "99")
        with pytest.raises(ConfigurationError, match="txojobs itself has changed"):
            work.run(resume=True)


def page(asked: Asked) -> Any:
    return json.loads(customers(rows=ROWS, size=SIZE)(asked).body)


def test_a_renewed_secret_is_no_other_configuration(work: Workplace) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(401) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url, "auth": {"type": "bearer"}})
        work.secrets(az_token="t0ken-that-has-expired")
        work.run()
        work.secrets(az_token="t0ken-that-is-new-now")
        server.script = good
        assert work.good_run(resume=True).outcome == "done"
    assert "t0ken" not in work.texts()


@pytest.mark.parametrize("words", [[], ["-p", "least=1"], ["--limit", "3"]])
def test_without_a_run_to_go_on_with_nothing_is_asked(work: Workplace, words: list[str]) -> None:
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        work.good_run()
        server.asked.clear()
        done = resumed(work, *words)
        assert not server.asked
    assert done.code == 2
    assert "there is no run of job for acme-test to go on with" in done.err


def test_a_new_run_gives_up_the_one_before(work: Workplace) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        work.run()
        first = run_of(work)["run-id"]
        work.run()
        assert run_of(work)["run-id"] != first
        server.script = good
        work.good_run()
    assert not kept(work)


def test_a_read_that_proved_incomplete_is_read_anew(work: Workplace) -> None:
    wrong = customers(rows=ROWS, size=SIZE)

    def script(asked: Asked) -> Reply:
        found = json.loads(wrong(asked).body)
        if asked.page == 1:
            found["@odata.count"] = ROWS + 1
        return as_reply(found)

    with PagesServer(script) as server:
        work.config({"api-base-url": server.url})
        report = work.run()
        assert not report.can_resume
    assert not kept(work)


def test_p4_a_link_that_the_service_has_forgotten_meanwhile_makes_it_read_anew_and_say_so(
    work: Workplace,
) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(403) if asked.page == 6 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        work.run()
        server.asked.clear()
        server.script = lambda asked: Reply(410) if len(server.asked) == 1 else good(asked)
        report = work.good_run(resume=True)
    assert [asked.page for asked in server.asked] == [6, *range(1, 13)]
    assert any("all was read twice" in warning for warning in report.warnings)
    assert len(work.rows("customers.jsonl")) == ROWS


def killed_while_publishing(work: Workplace, server: PagesServer) -> None:
    work.config({"api-base-url": server.url})
    code = (
        "import os, runpy, signal, sys, txojobs.files.publish as publish\n"
        "publish.roll_forward = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.argv = ['txojobs', 'run', 'job', 'acme', 'test']\n"
        "runpy.run_module('txojobs', run_name='__main__')\n"
    )
    assert work.python(code).returncode == -signal.SIGKILL
    server.asked.clear()


@kill
def test_p1_a_run_that_was_killed_while_publishing_is_only_published(work: Workplace) -> None:
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        killed_while_publishing(work, server)
        done = resumed(work)
        assert done.code == 0, done
        assert not server.asked
    assert len(work.rows("customers.jsonl")) == ROWS
    assert len(list((work.root / "output").iterdir())) == 2
    assert "only publishing was left to do" in done.out
    assert not kept(work)


@kill
@pytest.mark.parametrize("lost", [False, True], ids=["as it was", "removed since"])
def test_p1_what_another_job_has_published_meanwhile_is_not_published_twice(
    work: Workplace, *, lost: bool
) -> None:
    work.steps(
        "  - fetch: {entity: Customers, key: [Id]}\n  - save: {file: other.csv, stamp: false}\n", "other"
    )
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        killed_while_publishing(work, server)
        other = work.command("run", "other", "acme", "test")
        assert other.code == 0, other
        assert "was finished: an earlier run was stopped" in other.out
        server.asked.clear()
        before = work.outputs()
        if lost:
            (work.root / "output" / "acme-test-stable.csv").unlink()
        done = resumed(work)
        assert done.code == 0, done
        assert not server.asked
    assert ("only publishing was left to do" in done.out) is not lost
    assert work.outputs()["stable.csv"] == before["stable.csv"]
    assert len(list((work.root / "output").iterdir())) == (4 if lost else 3)
    assert not kept(work)


class Rows:
    """A service that pages by position over rows that the test changes, `size` on a page."""

    def __init__(self, *numbers: int, size: int = 3) -> None:
        self.numbers = list(numbers)
        self.size = size
        self.dies_at: int | None = None

    def __call__(self, asked: Asked) -> Reply:
        begin = int(asked.query.get("$skip", "0"))
        if begin == self.dies_at:
            return Reply(403)
        size = 0 if asked.query.get("$top") == "0" else self.size
        found: dict[str, Any] = {"value": [record(each) for each in self.numbers[begin : begin + size]]}
        if asked.query.get("$count") == "true":
            found["@odata.count"] = len(self.numbers)
        if size and begin + size < len(self.numbers):
            found["@odata.nextLink"] = f"{asked.path}?$skip={begin + size}"
        return as_reply(found)


def ids(work: Workplace) -> list[int]:
    return [json.loads(line)["Balance"] for line in work.rows("customers.jsonl")]


@pytest.mark.parametrize("key", ["key: [Id]", "complete: count"])
@pytest.mark.parametrize("fetch", ["parallel: 1", "parallel: 3"])
def test_p2_records_that_come_and_go_before_a_run_goes_on_are_neither_missed_nor_kept(
    fetch: str, key: str, work: Workplace
) -> None:
    work.job(JOB.replace("key: [Id]", f"{key}, {fetch}"))
    rows = Rows(*range(1, 10))
    rows.dies_at = 6
    with PagesServer(rows) as server:
        work.config({"api-base-url": server.url})
        assert work.run().can_resume
        rows.dies_at = None
        rows.numbers.remove(2)
        rows.numbers.append(10)  # as many as before: no count tells
        report = work.good_run(resume=True)
    assert ids(work) == [1, *range(3, 11)]
    assert any("have come or gone since the earlier process" in warning for warning in report.warnings)


def test_p2_a_seam_that_no_process_has_compared_yet_is_compared_by_the_next(work: Workplace) -> None:
    rows = Rows(*range(1, 13))
    rows.dies_at = 6
    with PagesServer(rows) as server:
        work.config({"api-base-url": server.url})
        work.run()
        rows.numbers.remove(2)
        rows.numbers.append(13)
        rows.dies_at = 3  # the page behind the seam comes, the comparison does not
        assert work.run(resume=True).can_resume
        rows.dies_at = None
        work.good_run(resume=True)
    assert ids(work) == [1, *range(3, 14)]


def test_what_proved_incomplete_is_not_found_again_by_a_later_process(work: Workplace) -> None:
    rows = Rows(*range(1, 13))
    rows.dies_at = 6
    with PagesServer(rows) as server:
        work.config({"api-base-url": server.url})
        work.run()
        rows.numbers.remove(2)
        rows.numbers.append(13)
        rows.dies_at = 9  # in the second reading: the first one ends at the seam
        assert work.run(resume=True).can_resume
        rows.dies_at = None
        server.asked.clear()
        work.good_run(resume=True)
        assert [asked.query.get("$skip") for asked in server.asked] == ["9", "6"]
    assert ids(work) == [1, *range(3, 14)]


def test_where_only_a_changed_job_helps_nobody_is_told_to_go_on(work: Workplace) -> None:
    work.job(
        JOB.replace("Balance >= ${{ params.least }}", "Balance > '5'").replace(
            "params: {least: {type: integer, default: 0}}\n", ""
        )
    )
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        report = work.run()
    assert report.outcome == "failed"
    assert not report.can_resume
    assert not kept(work)


def test_a_dry_run_keeps_nothing(work: Workplace) -> None:
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        work.good_run(dry_run=True)
    assert not kept(work)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_p5_what_is_kept_is_private(work: Workplace) -> None:
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else as_reply(page(asked))) as server:
        work.config({"api-base-url": server.url})
        work.run()
    assert {path.stat().st_mode & 0o777 for path in kept(work)} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in kept(work)} == {0o700}
    state = work.root / ".txojobs"
    folders = [state, *(path for path in state.rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_where_nothing_can_be_kept_the_run_goes_on_and_says_so(work: Workplace) -> None:
    (work.root / ".txojobs").mkdir(exist_ok=True)
    (work.root / ".txojobs" / "resume").write_text("a file where a folder should be")
    with PagesServer(customers(rows=ROWS, size=SIZE)) as server:
        work.config({"api-base-url": server.url})
        report = work.good_run()
    assert report.outcome == "done"
    assert any("cannot be resumed" in warning for warning in report.warnings)


def test_what_is_old_or_too_much_goes_and_the_run_at_hand_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(timezone.utc)
    days_and_sizes = (("old", 8, 10), ("big", 3, 900), ("young", 1, 300), ("own", 9, 10), ("live", 0, 900))
    for name, days, size in days_and_sizes:
        folder = tmp_path / "resume" / name
        folder.mkdir(parents=True)
        (folder / "answers").write_bytes(b"x" * size)
        stamp = (now - timedelta(days=days)).timestamp()
        os.utime(folder / "answers", (stamp, stamp))
        os.utime(folder, (stamp, stamp))
    (tmp_path / "resume" / "begun").mkdir()  # another run has just made it
    monkeypatch.setattr("txojobs.engine.resume.MOST_BYTES", 500)
    clean_up(tmp_path, now=now, keeping=tmp_path / "resume" / "own")
    assert sorted(path.name for path in (tmp_path / "resume").iterdir()) == ["begun", "live", "own"]
    shutil.rmtree(tmp_path / "resume")
    clean_up(tmp_path, now=now, keeping=tmp_path)


def test_another_run_in_between_is_noticed(work: Workplace) -> None:
    good = customers(rows=ROWS, size=SIZE)
    with PagesServer(lambda asked: Reply(403) if asked.page == 3 else good(asked)) as server:
        work.config({"api-base-url": server.url})
        work.run()
        server.script = good
        request = work.request(resume=True)
        work.good_run()
        with pytest.raises(ConfigurationError, match="to go on with"):
            work.run(resume=True)
        assert request.resume
