"""The options of `txojobs run`, on the jobs that are shipped."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from txojobs.demo import data

if TYPE_CHECKING:
    from pathlib import Path

    from tests.jobs.conftest import Shipped

ALL = ("export-customers", "orders-with-lines", "airports-of-country", "trade-workbook")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def test_limit_takes_the_first_records_and_says_so_in_the_name(workspace: Shipped) -> None:
    assert workspace.run("airports-of-country", "demo", "test", "--limit", "7").code == 0
    found = json.loads(workspace.file("demo-test-airports-SE_first-7_*.json").read_text(encoding="utf-8"))
    swedish = sorted(str(airport["Icao"]) for airport in data.airports() if airport["Country"] == "SE")
    assert [airport["Icao"] for airport in found] == swedish[:7]


def test_limit_counts_records_of_the_source_not_rows_of_the_file(workspace: Shipped) -> None:
    assert workspace.run("orders-with-lines", "demo", "test", "--limit", "3").code == 0
    with workspace.file("*_first-3_*.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    orders = sorted(
        str(order["OrderNo"]) for order in data.sales_orders() if str(order["OrderDate"]) >= "2025-01-01"
    )
    lines = [line for line in data.sales_order_lines() if line["OrderNo"] in orders[:3]]
    assert [(row[0], row[1]) for row in rows] == [(line["OrderNo"], str(line["LineNo"])) for line in lines]


@pytest.mark.parametrize("job", ALL)
def test_a_dry_run_writes_nothing_and_names_what_it_would(workspace: Shipped, job: str) -> None:
    done = workspace.run(job, "demo", "test", "--dry-run")
    assert done.code == 0, done.err
    assert names(workspace.root / "output") == []
    assert [name for name in names(workspace.root / "logs") if not name.endswith(".log")] == []
    assert "would write output/demo-test-" in done.out


def test_output_puts_the_file_elsewhere_and_nothing_into_the_workspace(
    workspace: Shipped, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "new folder"
    done = workspace.run("airports-of-country", "demo", "test", "--output", str(elsewhere))
    assert done.code == 0, done.err
    assert len(names(elsewhere)) == 1
    assert str(next(elsewhere.iterdir())) in done.out
    assert names(workspace.root / "output") == []


def test_json_is_one_document_and_nothing_else_on_standard_output(workspace: Shipped) -> None:
    done = workspace.run("airports-of-country", "demo", "test", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["version"], report["outcome"], report["params"]) == (1, "done", {"country": "SE"})
    fetched = report["steps"][0]
    swedish = sum(airport["Country"] == "SE" for airport in data.airports())
    assert (fetched["verb"], fetched["records"]) == ("fetch", swedish)
    assert report["outputs"] == [str(workspace.file("*.json"))]


def test_json_of_a_run_that_fails_is_one_document_too(workspace: Shipped) -> None:
    (workspace.root / "jobs" / "broken.yaml").write_text(
        "version: 1\nsteps:\n  - fetch: {entity: Nothing, key: [No], order-by: [No]}\n  - save: nothing.csv\n",
        encoding="utf-8",
    )
    done = workspace.run("broken", "demo", "test", "--json")
    assert done.code == 1
    report = json.loads(done.out)
    assert (report["outcome"], report["error"]["type"]) == ("failed", "EntityNotFoundError")
    assert names(workspace.root / "output") == []


def test_quiet_shows_nothing_and_writes_the_file(workspace: Shipped) -> None:
    done = workspace.run("airports-of-country", "demo", "test", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    workspace.file("demo-test-airports-SE_*.json")


@pytest.mark.parametrize("job", ALL)
def test_the_help_of_a_job_names_its_params(workspace: Shipped, job: str) -> None:
    done = workspace.run(job, "--help")
    assert done.code == 0
    assert f"Params of {job}:" in done.out
