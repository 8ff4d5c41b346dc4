"""What a first user and a careful reader found, kept so that it stays mended."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.pages_server import PagesServer, customers

if TYPE_CHECKING:
    from tests.engine.workplace import Workplace


def test_a_rejected_record_is_what_the_file_holds(work: Workplace) -> None:
    work.data("a.csv", "No,Amount\n00123,abc\n00124,1\n")
    work.steps(
        "  - rejects: bad.csv\n    load: {file: data/a.csv, types: {No: integer, Amount: decimal}}\n  - save: b.csv\n"
    )
    report = work.run()
    assert report.outcome == "partial"
    (bad,) = [path for path in report.outputs if "bad" in path.name]
    assert "00123,abc" in bad.read_text(encoding="utf-8-sig")


def test_a_record_that_is_rejected_again_carries_the_new_reason(work: Workplace) -> None:
    work.data("a.csv", "reject-reason,reject-position,n\nold,99,x\n")
    work.steps("  - rejects: bad.csv\n    load: {file: data/a.csv, types: {n: integer}}\n  - save: b.csv\n")
    (bad,) = [path for path in work.run().outputs if "bad" in path.name]
    text = bad.read_text(encoding="utf-8-sig")
    assert "old" not in text
    assert "99" not in text


def test_an_if_that_fails_is_gone_on_without_where_the_step_says_so(work: Workplace) -> None:
    work.numbers("a.jsonl", 2)
    work.job(
        "version: 1\nparams: {word: {default: abc}}\nsteps:\n  - {id: a, load: data/a.jsonl}\n  - save: good.jsonl\n"
        "  - {from: a, on-error: continue, if: '${{ params.word }} > 0', save: bad.jsonl}\n"
    )
    report = work.run()
    assert report.outcome == "partial"
    assert [path.name.split("_")[0] for path in report.outputs] == ["acme-test-good"]


def test_an_output_with_the_name_of_a_rejects_file_is_found_before_the_run(work: Workplace) -> None:
    work.steps("  - rejects: x.csv\n    load: data/a.csv\n  - save: x.csv\n")
    done = work.command("validate", "jobs/job.yaml")
    assert done.code == 2
    assert "two steps write" in done.out


def test_a_dry_run_shows_what_it_would_ask_and_leaves_no_file(work: Workplace) -> None:
    with PagesServer(customers(rows=5)) as server:
        work.config({"api-base-url": server.url})
        work.steps("  - fetch: {entity: Customers, key: [Id]}\n  - save: {file: c.csv, when-empty: fail}\n")
        before = {path for path in work.root.rglob("*") if path.is_file()}
        done = work.command("run", "job", "acme", "test", "--dry-run")
    assert done.code == 0, done.err
    assert f"would ask GET {server.url}/Customers" in done.out
    assert {path for path in work.root.rglob("*") if path.is_file()} == before


def test_once_something_was_requested_a_job_is_no_longer_called_invalid(work: Workplace) -> None:
    with PagesServer(customers(rows=5)) as server:
        work.config({"api-base-url": server.url})
        work.job(
            "version: 1\nsteps:\n  - {id: c, fetch: {entity: Customers}}\n  - save: c.csv\n"
            "  - load: data/${{ steps.c.count }}\n  - save: d.csv\n"
        )
        done = work.command("run", "job", "acme", "test")
    assert done.code == 1, done.err
    assert not work.outputs()


def test_digits_of_params_stay_in_the_report(work: Workplace) -> None:
    work.numbers("a.jsonl", 1)
    work.job(
        "version: 1\nparams: {x: {type: number, default: 12345678901234567.89}}\nsteps:\n"
        "  - load: data/a.jsonl\n  - filter: n < ${{ params.x }}\n  - save: b.jsonl\n"
    )
    done = work.command("run", "job", "acme", "test", "--json")
    assert '"x": 12345678901234567.89' in done.out
    assert json.loads(done.out)["outcome"] == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="the shell closes the output")
def test_a_run_without_a_standard_output_works(work: Workplace) -> None:
    work.numbers("a.jsonl", 1)
    work.steps("  - load: data/a.jsonl\n  - save: b.jsonl\n")
    line = f"exec '{sys.executable}' -m txojobs run job acme test >&- 2>&-"
    done = subprocess.run(["sh", "-c", line], cwd=work.root, env=work.environment(), check=False)
    assert done.returncode == 0
    assert len(work.outputs()) == 1
