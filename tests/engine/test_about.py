"""A workbook tells where it comes from: the run, what was asked, how many records came, and what proves them all."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import openpyxl

from tests.engine.pages_server import Asked, PagesServer, Reply, as_reply, page_of
from tests.engine.workplace import Workplace
from txojobs._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "k-471147-canary"
JOB = """\
version: 1
description: Who owes us
params: {word: {default: x}, number: {type: number, default: 1.50}, none: {default: null, required: false}}
steps:
  - {id: customers, fetch: {entity: Customers, key: [Id]}}
  - {id: others, fetch: {entity: Others, complete: none}, if: "${{ params.number }} > 5"}
  - {from: customers, filter: Balance > 3}
  - save: {file: owed.xlsx, about-sheet: true}
  - {from: customers, save: all.csv}
  - {from: others, save: others.csv}
"""


def script(asked: Asked) -> Reply:
    return as_reply(page_of(asked, rows=20, size=10))


def about(path: Path) -> dict[str, Any]:
    book: Any = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Data", "About"]
    return dict(book["About"].iter_rows(values_only=True, min_row=2))


def test_the_last_sheet_tells_run_question_counts_and_proof(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(script) as server:
        work.config({"api-base-url": server.url, "auth": {"type": "api-key", "name": "key", "in": "query"}})
        work.secrets(api_key=CANARY)
        work.job(JOB)
        done = work.command("run", "job", "acme", "test", "-p", f"word=say {CANARY}")
        assert done.code == 0, done.err
    (path,) = (work.root / "output").glob("acme-test-owed_*.xlsx")
    facts = about(path)
    kept = facts.pop("Records on sheet Data")
    begun, run = facts.pop("Begun (UTC)"), facts.pop("Run")
    assert run.startswith(f"{begun[:4]}{begun[5:7]}{begun[8:10]}T")
    assert facts.pop("Step customers, asked") == f"GET {server.url}/Customers?$orderby=Id&$count=true"
    sheet = facts.pop("SHA-256 of xl/worksheets/sheet1.xml (sheet Data)")
    assert len(sheet) == 64
    assert 0 < kept < 20
    assert facts == {
        "Job": "job",
        "Description": "Who owes us",
        "Organisation": "acme",
        "Environment": "test",
        "Parameter word": "say ***",
        "Parameter number": 1.5,
        "Parameter none": "(none)",
        "Step customers": "fetch Customers",
        "Step customers, records": 20,
        "Step customers, counted by the service": 20,
        "Step customers, proof": "complete: rows = $count, no key twice",
        "Step filter-3": "filter",
        "Step filter-3, records": kept,
        "SHA-256 of the job file": hashlib.sha256(JOB.encode()).hexdigest(),
        "txojobs": __version__,
    }
    assert CANARY.encode() not in path.read_bytes()


def test_a_trial_is_called_one(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    with PagesServer(script) as server:
        work.config({"api-base-url": server.url})
        work.job(JOB)
        done = work.command("run", "job", "acme", "test", "--limit", "5")
        assert done.code == 0, done.err
    (path,) = (work.root / "output").glob("acme-test-owed_first-5_*.xlsx")
    facts = about(path)
    assert facts["Trial"] == "at most 5 records of each source"
    assert facts["Step customers, proof"] == "the first records only: limit"


def test_a_sheet_per_value_and_the_last_one_through_a_job(tmp_path: Path) -> None:
    work = Workplace(tmp_path)
    work.data(
        "n.jsonl", '{"No": 1, "Country": "NO"}\n{"No": 2, "Country": "SE"}\n{"No": 3, "Country": "NO"}\n'
    )
    work.steps(
        "  - load: data/n.jsonl\n  - save: {file: n.xlsx, sheet-per: Country, about-sheet: true}\n  - save: n.csv\n"
    )
    assert work.command("run", "job", "acme", "test").code == 0
    (path,) = (work.root / "output").glob("*.xlsx")
    book: Any = openpyxl.load_workbook(path)
    assert book.sheetnames == ["NO", "SE", "About"]
    assert [row[0] for row in book["NO"].iter_rows(values_only=True)] == ["No", 1, 3]
    assert dict(book["About"].iter_rows(values_only=True))["Step load-1"] == "load data/n.jsonl"
    assert len(work.rows("n.csv")) == 4
