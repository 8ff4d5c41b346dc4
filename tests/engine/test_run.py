"""One run as a whole: its report, its log, its limits, and what it leaves as it was."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, customers, page_of
from tests.engine.workplace import FETCH, LOAD, Workplace
from txojobs.engine.events import Listener
from txojobs.errors import (
    ConfigurationError,
    FileOperationError,
    InvalidJobError,
    JobLockedError,
    RunCancelledError,
    TxoBaseError,
    ValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from txojobs.engine.report import RunReport, StepResult


@pytest.fixture
def work(work: Workplace) -> Workplace:
    work.numbers("n.jsonl", 250)
    work.steps(LOAD)
    return work


def test_the_report_is_kept_beside_the_log(work: Workplace) -> None:
    report = work.good_run()
    assert report.log is not None
    kept = json.loads(report.log.with_suffix(".json").read_text(encoding="utf-8"))
    assert kept["run-id"] == report.run_id
    assert kept["outcome"] == "done"
    assert kept["outputs"] == [str(path) for path in report.outputs]
    assert [step["records"] for step in kept["steps"]] == [250, 250]
    assert kept["error"] is None
    assert datetime.fromisoformat(kept["started"]).utcoffset() is not None


def test_a_param_that_names_a_file_stands_in_the_report_and_in_records(work: Workplace) -> None:
    steps = (
        "  - load: ${{ params.f }}\n  - transform: {add: {From: {const: '${{ params.f }}'}}}\n"
        "  - save: n.json\n  - save: ${{ params.to }}\n"
    )
    params = (
        "params: {f: {type: file}, to: {type: file, default: sub/n.csv}, unused: {type: file, default: a}}\n"
    )
    work.job(f"version: 1\n{params}steps:\n{steps}")
    report = work.good_run(params={"f": "data/n.jsonl"})
    assert report.log is not None
    kept = json.loads(report.log.with_suffix(".json").read_text(encoding="utf-8"))
    assert kept["params"] == {"f": "data/n.jsonl", "to": "sub/n.csv", "unused": "a"}
    assert json.loads(work.outputs()["n.json"])[0] == {"n": 1, "text": "t1", "From": "data/n.jsonl"}
    done = work.command("run", "job", "acme", "test", "-p", "f=data/n.jsonl", "--json")
    assert done.code == 0, done
    assert json.loads(done.out)["params"] == kept["params"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their paths are always Unicode")
def test_the_report_of_a_workspace_whose_path_is_no_utf_8_is_json_for_everybody(tmp_path: Path) -> None:
    work = Workplace(tmp_path / os.fsdecode(b"lat\xe4"))
    work.numbers("n.jsonl", 3)
    work.steps(LOAD)
    report = work.good_run()
    assert report.log is not None
    text = report.log.with_suffix(".json").read_bytes().decode("utf-8")
    assert json.loads(text)["outputs"] == [str(report.outputs[0]).replace("\udce4", "\\udce4")]
    assert msgspec.json.decode(text)["outcome"] == "done"


def test_the_report_counts_requests_retries_bytes_and_waits_by_cause_for_each_origin(work: Workplace) -> None:
    sent: list[bytes] = []

    def script(asked: Asked) -> Reply:
        busy = Reply(503, b'{"error": {"message": "busy"}}', {"Retry-After": "0"})
        reply = busy if asked.number == 2 else as_reply(page_of(asked, rows=30, size=10))
        sent.append(reply.body)
        return reply

    with PagesServer(script) as server:
        behaviour = {
            "retry-strategy": {"max-retries": 1},
            "rate-limiting": {"enabled": True, "calls-per-second": 3},
        }
        work.config({"api-base-url": server.url}, behaviour=behaviour)
        work.job(FETCH)
        report = work.good_run()
    assert report.log is not None
    (traffic,) = json.loads(report.log.with_suffix(".json").read_text(encoding="utf-8"))["traffic"]
    waits = traffic.pop("waits-seconds")
    assert traffic == {
        "origin": server.url.removesuffix("/api"),
        "requests": 4,
        "retries": 1,
        "bytes-received": sum(map(len, sent)),
    }
    assert set(waits) == {"rate limit"}
    assert 0 < waits["rate limit"] <= 1


def test_two_runs_of_one_minute_have_each_their_log_and_report(work: Workplace) -> None:
    logs = {work.good_run().log for _ in range(3)}
    assert len(logs) == 3
    reports = [json.loads(log.with_suffix(".json").read_text()) for log in logs if log]
    assert len({report["run-id"] for report in reports}) == 3
    assert all(log.read_text().count(" begins") == 1 for log in logs if log)


def test_a_dry_run_reads_a_little_and_writes_nothing(work: Workplace) -> None:
    work.steps("  - load: data/n.jsonl\n  - save: n.csv\n  - save: n.xlsx\n")
    report = work.good_run(dry_run=True)
    assert [step.records for step in report.steps] == [100, 100, 100]
    assert not (work.root / "output").exists()
    assert [name.rsplit("/", 1)[-1][:12] for name in report.would_write] == ["acme-test-n_"] * 2
    assert not list((work.root / "logs").glob("*.json"))
    assert not (work.root / ".txojobs" / "locks").exists()


def test_a_dry_run_finds_two_outputs_with_one_name(work: Workplace) -> None:
    """Names that only the run knows; those that stand in the job are found before it."""
    names = "params: {a: {}, b: {}}\n"
    steps = "  - load: data/n.jsonl\n  - save: ${{ params.a }}.csv\n  - save: ${{ params.b }}.csv\n"
    work.job(f"version: 1\n{names}steps:\n{steps}")
    for dry_run in (True, False):
        report = work.run(dry_run=dry_run, params={"a": "left", "b": "LEFT"})
        assert isinstance(report.error, ValidationError)
        assert "one name" in str(report.error)


def test_p7_jobs_of_one_name_in_two_folders_are_two_jobs(work: Workplace) -> None:
    for folder in ("", "north/", "south/"):
        (work.root / "jobs" / folder).mkdir(exist_ok=True)
        work.job(FETCH, f"{folder}customers")
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url})
        server.hold(1)
        first = threading.Thread(target=work.run, args=("north/customers",))
        first.start()
        try:
            server.wait_for(1)
            for name in ("customers", "south/customers"):
                assert work.run(name).outcome == "done"
            with pytest.raises(JobLockedError):
                work.run("north/customers")
        finally:
            server.let_go()
            first.join()
    locks = sorted(path.name for path in (work.root / ".txojobs" / "locks").iterdir())
    assert "customers.acme.test.lock" in locks
    assert sum(bool(re.fullmatch(r"customers-[0-9a-f]{8}\.acme\.test\.lock", name)) for name in locks) == 2
    assert len(locks) == 3
    logs = sorted(path.name.partition("_")[0] for path in (work.root / "logs").glob("*.log"))
    assert logs[0] == "acme-test-customers"
    assert sum(bool(re.fullmatch(r"acme-test-customers-[0-9a-f]{8}", name)) for name in set(logs)) == 2
    assert len(logs) == 3


def test_p7_a_job_is_the_same_job_however_its_file_is_named(work: Workplace) -> None:
    (work.root / "jobs" / "north").mkdir()
    work.steps(LOAD, "north/job")
    for job in ("north/job", "jobs/north/job.yaml"):
        assert work.command("run", job, "acme", "test").code == 0
    assert work.command("run", "job.yaml", "acme", "test", cwd=work.root / "jobs" / "north").code == 0
    assert len(list((work.root / ".txojobs" / "locks").iterdir())) == 1


def test_two_runs_that_begin_together_have_each_their_log(work: Workplace) -> None:
    names = [f"{folder}/job" for folder in "abcdefgh"]
    for name in names:
        (work.root / "jobs" / name).parent.mkdir()
        work.steps(LOAD.replace("n.csv", f"{name[0]}.csv"), name)
    with ThreadPoolExecutor(len(names)) as pool:
        logs = [report.log for report in pool.map(work.good_run, names)]
    assert len(set(logs)) == len(names)
    assert all(log.read_text().count(" begins") == 1 for log in logs if log)


def test_a_limit_marks_the_file_so_that_nobody_takes_it_for_the_whole(work: Workplace) -> None:
    report = work.good_run(limit=7)
    assert "first-7" in report.outputs[0].name
    assert report.steps[0].records == 7


SKIP = (
    "  - load: data/n.jsonl\n  - filter: n > 999\n  - save: {file: n.csv, when-empty: skip, stamp: false}\n"
)


def test_an_older_file_that_a_skipped_output_leaves_is_named(work: Workplace) -> None:
    work.steps(SKIP.replace("999", "0"))
    work.good_run()
    before = work.outputs()
    work.steps(SKIP)
    report = work.good_run()
    assert report.warnings == ["save n.csv: nothing was written; output/acme-test-n.csv is from before"]
    assert report.as_json()["steps"][-1]["not-written"] == "n.csv"
    assert report.outputs == []
    assert work.outputs() == before
    done = work.command("run", "job", "acme", "test")
    assert done.code == 0
    assert re.search(r"^  save n.csv +0 rows +nothing was written$", done.out, re.MULTILINE), done
    assert "warning: save n.csv: nothing was written; output/acme-test-n.csv is from before" in done.out


def test_a_skipped_output_without_an_older_file_of_its_name_is_no_warning(work: Workplace) -> None:
    work.steps(SKIP)
    report = work.good_run()
    assert report.warnings == []
    assert report.as_json()["steps"][-1]["not-written"] == "n.csv"
    (work.root / "output").mkdir()
    (work.root / "output" / "acme-test-n_2026-01-15T1430Z.csv").write_text("its name says when it was made")
    assert work.good_run().warnings == []


def test_an_older_file_outside_the_workspace_is_named_with_its_whole_path(
    work: Workplace, tmp_path: Path
) -> None:
    work.steps(SKIP)
    (tmp_path / "else").mkdir()
    old = tmp_path / "else" / "acme-test-n.csv"
    old.write_text("old")
    report = work.good_run(output=tmp_path / "else")
    assert report.warnings == [f"save n.csv: nothing was written; {old} is from before"]
    assert work.good_run(output=tmp_path / "else", dry_run=True).warnings == []


def test_an_older_file_that_a_failed_step_leaves_is_named(work: Workplace) -> None:
    good = "  - load: data/n.jsonl\n  - save: other.csv\n"
    work.steps(good + "  - load: data/n.jsonl\n  - save: {file: n.csv, stamp: false}\n")
    work.good_run()
    work.steps(
        good + "  - {on-error: continue, load: data/none.jsonl}\n  - save: {file: n.csv, stamp: false}\n"
    )
    report = work.run()
    assert report.outcome == "partial"
    assert report.warnings[-1] == "n.csv was not written; output/acme-test-n.csv is from before"


def test_a_name_that_cannot_be_keeps_no_other_output_back(work: Workplace) -> None:
    work.steps(LOAD + f"  - {{on-error: continue, save: {{file: {'x' * 210}.csv}}}}\n")
    report = work.run()
    assert report.error is None
    assert report.outcome == "partial"
    assert set(work.outputs()) == {"n.csv"}


def test_outputs_can_go_elsewhere(work: Workplace, tmp_path: Path) -> None:
    report = work.good_run(output=tmp_path / "else" / "where")
    assert report.outputs[0].parent == tmp_path / "else" / "where"
    assert not (work.root / "output").exists()


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_file_in_place_of_the_output_folder_is_one_readable_error(
    work: Workplace, *, dry_run: bool
) -> None:
    (work.root / "output").write_text("mine")
    report = work.run(dry_run=dry_run)
    assert isinstance(report.error, FileOperationError)
    assert "output" in str(report.error)
    assert report.error.how_to_fix
    assert (work.root / "output").read_text() == "mine"


def test_a_file_in_place_of_the_log_folder_is_one_readable_error(work: Workplace) -> None:
    (work.root / "logs").write_text("mine")
    report = work.run()
    assert isinstance(report.error, FileOperationError)
    assert report.error.how_to_fix
    assert report.log is None
    assert not work.outputs()


def test_a_log_that_cannot_go_on_is_told(work: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closer(Listener):
        def step_moved(self, step: StepResult) -> None:
            del step
            monkeypatch.setattr("txojobs.logs._FileHandler._rotate_before", full)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    report = work.run(listener=Closer())
    assert any("the log is not complete" in warning for warning in report.warnings)


def test_what_is_wrong_before_a_request_is_raised(work: Workplace) -> None:
    with pytest.raises(ConfigurationError, match="acme-prod-config"):
        work.run(env="prod")
    with pytest.raises(InvalidJobError):
        work.run(params={"unknown": "1"})
    with pytest.raises(ValidationError):
        work.run(org="a/b")
    assert not (work.root / "output").exists()


def test_a_second_run_is_refused_while_the_first_goes_on_and_told_who_holds_it(work: Workplace) -> None:
    seen: list[TxoBaseError] = []

    class Second(Listener):
        def run_started(self, report: RunReport) -> None:
            del report
            try:
                work.run()
            except JobLockedError as err:
                seen.append(err)

    assert work.run(listener=Second(), command="txojobs run job acme test").outcome == "done"
    assert str(os.getpid()) in str(seen[0])
    assert "txojobs run job acme test" in str(seen[0])


def test_who_waits_for_a_lock_says_so_and_can_be_interrupted(work: Workplace) -> None:
    told: list[str] = []
    cancel = threading.Event()

    class Waiting(Listener):
        def waiting(self, text: str) -> None:
            told.append(text)
            cancel.set()

    class First(Listener):
        def run_started(self, report: RunReport) -> None:
            del report
            with pytest.raises(RunCancelledError):
                work.run(listener=Waiting(), wait=True, cancel=cancel)

    assert work.run(listener=First()).outcome == "done"
    assert len(told) == 1


def test_a_run_that_is_asked_to_stop_is_interrupted_not_failed(work: Workplace) -> None:
    cancel = threading.Event()

    class Stop(Listener):
        def step_moved(self, step: StepResult) -> None:
            del step
            cancel.set()

    report = work.run(listener=Stop(), cancel=cancel)
    assert report.outcome == "interrupted"
    assert not work.outputs()
    assert not work.left_behind()


def test_what_publishes_and_cleans_up_stands_in_the_shield(work: Workplace) -> None:
    inside: list[list[str]] = []

    @contextlib.contextmanager
    def shield() -> Iterator[None]:
        before = sorted(work.outputs())
        yield
        inside.append([*before, "->", *sorted(work.outputs())])

    work.good_run(shield=shield)
    published, ended = inside
    assert published[-1] == "n.csv"
    assert "n.csv" not in published[:-1]
    assert ended == ["n.csv", "->", "n.csv"]


def test_nothing_is_published_when_the_stop_came_just_before(work: Workplace) -> None:
    cancel = threading.Event()

    @contextlib.contextmanager
    def shield() -> Iterator[None]:
        cancel.set()
        yield

    assert work.run(shield=shield, cancel=cancel).outcome == "interrupted"
    assert not work.outputs()
    assert not work.left_behind()


def test_a_title_with_a_value_is_that_of_the_run(work: Workplace) -> None:
    work.job(
        "version: 1\nparams: {name: {default: n}}\n"
        "steps:\n  - load: 'data/${{ params.name }}.jsonl'\n  - save: 'x-${{ params.name }}.csv'\n"
    )
    work.numbers("m.jsonl", 2)
    report = work.good_run(params={"name": "m"})
    assert [step.title for step in report.steps] == ["data/m.jsonl", "x-m.csv"]


def test_a_run_leaves_logging_signals_and_folder_as_they_were(work: Workplace) -> None:
    def facts() -> list[object]:
        package = logging.getLogger("txojobs")
        return [
            os.getcwd(),  # noqa: PTH109  # the very thing that is compared
            signal.getsignal(signal.SIGINT),
            signal.getsignal(signal.SIGTERM),
            list(logging.root.handlers),
            logging.root.level,
            list(package.handlers),
            package.level,
            package.propagate,
            dict(os.environ),
            threading.active_count(),
        ]

    before = facts()
    work.good_run()
    (work.root / "data" / "n.jsonl").write_text("{")
    assert work.run().outcome == "failed"
    assert facts() == before


def test_two_runs_in_two_threads_keep_their_logs_apart(tmp_path: Path) -> None:
    works = [Workplace(tmp_path / name) for name in ("one", "two")]
    both_run = threading.Barrier(2, timeout=30)

    class Together(Listener):
        def run_started(self, report: RunReport) -> None:
            del report
            both_run.wait()

        def run_finished(self, report: RunReport) -> None:
            del report
            both_run.wait()

    def script(asked: Asked) -> Reply:
        if asked.page == 2 and "Again" not in asked.headers and len(server.asked) < 9:
            return Reply(503, b"", {"Retry-After": "0"})
        return as_reply(page_of(asked, rows=20, size=10))

    with PagesServer(script) as server:
        reports: dict[int, RunReport] = {}

        def run(number: int) -> None:
            work = works[number]
            work.config(
                {"api-base-url": f"{server.url}/{number}"},
                behaviour={"retry-strategy": {"max-retries": 5, "backoff-factor": 1}},
            )
            work.job(FETCH, f"job{number}")
            reports[number] = work.run(f"job{number}", listener=Together())

        threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in (0, 1):
        report = reports[number]
        assert report.outcome == "done", report.error
        assert report.log is not None
        text = report.log.read_text()
        assert f"/api/{number}/" in text
        assert f"/api/{1 - number}/" not in text
        assert "attempt 1" in text
        assert report.job == f"job{number}"


def test_a_time_zone_without_data_is_a_helpful_error(work: Workplace) -> None:
    work.job("version: 1\ntimezone: Europe/Stockholm\nsteps:\n" + LOAD)
    request = "import sys; sys.modules['tzdata'] = None; from tests.engine.workplace import Workplace; "
    code = (
        "from pathlib import Path; import zoneinfo; zoneinfo.reset_tzpath(()); "
        "from txojobs.engine import run\n"
        "try: run._zone('Europe/Stockholm')\n"
        "except Exception as err: print(type(err).__name__, err.how_to_fix)"
    )
    done = subprocess.run(
        [sys.executable, "-c", request + code],
        env=work.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("ConfigurationError install the package tzdata")


def test_the_demo_service_ends_with_a_run_that_fails(work: Workplace) -> None:
    work.config({"api-base-url": "demo:"})
    work.steps("  - fetch: Customers\n  - transform: {columns: {X: Nonsense}}\n  - save: x.csv\n")
    before = children()
    report = work.run()
    assert "Nonsense" in str(report.error)
    assert children() == before


def children() -> set[str]:
    """Return the processes that this one has started and that are alive."""
    if not os.path.isdir("/proc"):  # noqa: PTH112
        pytest.skip("looks into /proc")
    found = set()
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if entry.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                    facts = file.read().rsplit(")", 1)[1].split()
                if int(facts[1]) == os.getpid() and facts[0] != "Z":
                    found.add(entry)
    return found


def test_a_server_that_is_not_there_is_a_readable_error(work: Workplace) -> None:
    work.job(FETCH)
    report = work.run()
    assert "refused" in str(report.error)
    assert report.steps[0].state == "failed"
    assert not work.left_behind()


def test_whatever_the_service_says_stays_in_its_place(work: Workplace) -> None:
    with PagesServer(customers(rows=3)) as server:
        work.config({"api-base-url": server.url})
        work.job(FETCH)
        work.good_run()
        assert [asked.path for asked in server.asked] == ["/api/Customers"]


def test_values_that_no_file_name_can_hold_are_kept_apart_and_told(work: Workplace) -> None:
    work.job(
        "version: 1\nparams: {f: {}}\nsteps:\n  - load: data/n.jsonl\n"
        "  - save: {file: 'p-${{ params.f }}.csv', stamp: false}\n"
    )
    for value in ("a-b", "a/b", "a:b"):
        report = work.good_run(params={"f": value})
        (path,) = report.outputs
        part = path.stem.removeprefix("acme-test-p-")
        if value == "a-b":
            assert (part, report.warnings) == (value, [])
        else:
            told = (
                f"the file name p-{part}.csv has {part!r} for {value!r}, which cannot stand in one as it is"
            )
            assert report.warnings == [told]
    assert len(work.outputs()) == 3


def test_the_time_of_a_run_stands_in_a_file_name_without_ado(work: Workplace) -> None:
    work.steps("  - load: data/n.jsonl\n  - save: 'at-${{ run.now }}.csv'\n")
    report = work.good_run()
    assert report.warnings == []
    assert re.fullmatch(r"at-[\dT.+-]+\.csv", next(iter(work.outputs())))


@pytest.mark.parametrize(
    ("odata", "option", "message"),
    [
        ("v4", "query: {top: 5}", "the query option top is set by its own field"),
        ("v3", "search: bicycle", "OData V3 has no $search"),
        (
            "v2",
            "expand: {Lines: {filter: Sum gt 1}}",
            "expand: Lines has a filter, order-by or limit, which ",
        ),
    ],
)
def test_what_the_version_of_the_service_cannot_be_asked_is_invalid_before_anything_is(
    work: Workplace, odata: str, option: str, message: str
) -> None:
    with PagesServer(customers()) as server:
        work.config({"api-base-url": server.url, "odata": odata})
        work.steps(f"  - fetch: {{entity: Customers, key: [No], {option}}}\n  - save: n.jsonl\n")
        done = work.command("run", "job", "acme", "test")
    assert done.code == 2
    assert message in " ".join(done.err.split())
    assert server.asked == []


@pytest.mark.parametrize(("parallel", "told"), [(1, False), (3, True)])
def test_a_parallel_that_the_links_of_the_service_do_not_allow_is_told(
    work: Workplace, *, parallel: int, told: bool
) -> None:
    with PagesServer(customers(rows=30, size=10)) as server:
        work.config({"api-base-url": server.url})
        work.steps(f"  - fetch: {{entity: Customers, parallel: {parallel}}}\n  - save: n.jsonl\n")
        report = work.good_run()
    assert any("parallel had no effect" in each for each in report.warnings) is told
