"""One run may ask several services: each with its own address, credential and demo."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import FaultServer, answer, says
from txojobs.engine.run import RunRequest, execute
from txojobs.errors import Mark, MissingKeyError
from txojobs.job.load import load_job
from txojobs.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from txojobs.engine.report import RunReport

TWO = """\
version: 1
steps:
  - id: customers
    fetch: {entity: Customers, key: [Id]}
  - save: {file: customers.json, stamp: false}
  - id: tickets
    api: help-desk
    fetch: {entity: Tickets, key: [Id]}
  - save: {file: tickets.json, stamp: false}
"""


def run(root: Path, config: dict[str, Any], job: str, **secrets: str) -> RunReport:
    for folder in ("jobs", "config"):
        (root / folder).mkdir()
    (root / "config" / "acme-test-config.json").write_text(json.dumps(config))
    path = root / "jobs" / "two.yaml"
    path.write_text(job)
    loaded = load_job(path, shown_as="jobs/two.yaml").job
    assert loaded is not None
    workspace = Workspace(root)
    return execute(RunRequest(job=loaded, workspace=workspace, org="acme", env="test", environ=secrets))


def output(root: Path, name: str) -> Any:
    return json.loads((root / "output" / f"acme-test-{name}").read_text(encoding="utf-8"))


def test_p5_each_step_asks_its_own_service_with_its_own_credential(tmp_path: Path) -> None:
    customers = says({"@odata.count": 1, "value": [{"Id": 1}]})
    tickets = says({"@odata.count": 2, "value": [{"Id": 7}, {"Id": 8}]})
    with FaultServer([customers]) as default, FaultServer([tickets]) as desk:
        config = {
            "global": {"api-base-url": f"{default.url}/v2"},
            "apis": {
                "help-desk": {"base-url": f"{desk.url}/api", "auth": {"type": "api-key", "name": "X-Desk"}}
            },
        }
        report = run(
            tmp_path,
            config,
            TWO,
            TXO_ACME_TEST_AZ_TOKEN="of-the-default",
            TXO_ACME_TEST_HELP_DESK_API_KEY="of-the-desk",
        )
    assert (report.outcome, report.error) == ("done", None)
    assert output(tmp_path, "customers.json") == [{"Id": 1}]
    assert output(tmp_path, "tickets.json") == [{"Id": 7}, {"Id": 8}]
    assert {request.target.split("?")[0] for request in default.requests} == {"/v2/Customers"}
    assert {request.target.split("?")[0] for request in desk.requests} == {"/api/Tickets"}
    assert {request.headers["authorization"] for request in default.requests} == {"Bearer of-the-default"}
    assert {request.headers["x-desk"] for request in desk.requests} == {"of-the-desk"}
    assert "of-the-default" not in repr(desk.requests)
    assert "of-the-desk" not in repr(default.requests)


DEMOS = """\
version: 1
steps:
  - fetch: {entity: Customers, select: [CustomerNo], filter: CustomerNo eq 'C00001', key: [CustomerNo]}
  - save: {file: a.json, stamp: false}
  - api: other
    fetch: {entity: Customers, select: [CustomerNo], filter: CustomerNo eq 'C00001', key: [CustomerNo]}
  - save: {file: b.json, stamp: false}
"""


def test_services_that_are_the_demo_share_one(tmp_path: Path) -> None:
    config = {"global": {"api-base-url": "demo:"}, "apis": {"other": {"base-url": "demo:"}}}
    report = run(tmp_path, config, DEMOS)
    assert (report.outcome, report.error) == ("done", None)
    assert output(tmp_path, "a.json") == output(tmp_path, "b.json")
    (traffic,) = report.traffic
    assert traffic["requests"] == 2, "each api has its own client; the report counts by origin"


def test_a_service_beside_the_default_one_may_be_the_demo_alone(tmp_path: Path) -> None:
    job = DEMOS.replace("  - fetch", "  - api: other\n    fetch")
    report = run(tmp_path, {"apis": {"other": {"base-url": "demo:"}}}, job)
    assert (report.outcome, report.error) == ("done", None)


@pytest.mark.parametrize(
    ("job", "line", "column"),
    [
        ("version: 1\napi: dsk\nsteps:\n  - fetch: {entity: A, key: [Id]}\n  - save: c.json\n", 2, 6),
        ("version: 1\nsteps:\n  - fetch: {entity: A, key: [Id]}\n    api: dsk\n  - save: c.json\n", 4, 10),
    ],
    ids=["of the job", "of the step"],
)
def test_a_service_that_is_not_configured_is_marked_where_the_job_names_it(
    tmp_path: Path, job: str, line: int, column: int
) -> None:
    config = {
        "global": {"api-base-url": "https://a.example"},
        "apis": {"desk": {"base-url": "https://b.example"}},
    }
    error = run(tmp_path, config, job).error
    assert isinstance(error, MissingKeyError)
    assert "'dsk'" in error.what_went_wrong
    assert error.where == Mark("jobs/two.yaml", line, column)


def test_an_address_that_is_missing_is_told_with_the_file_it_is_missing_in(tmp_path: Path) -> None:
    job = "version: 1\nsteps:\n  - fetch: {entity: Customers, key: [Id]}\n  - save: c.json\n"
    error = run(tmp_path, {"apis": {"desk": {"base-url": "https://b.example"}}}, job).error
    assert str(error) == "global.api-base-url is missing in config/acme-test-config.json"


def test_two_services_on_one_host_leave_it_alone_together(tmp_path: Path) -> None:
    job = TWO.replace("- id: customers\n", "- id: customers\n    on-error: continue\n")
    with FaultServer([answer(429, Retry_After="5000")]) as host:
        config = {
            "global": {"api-base-url": f"{host.url}/v2"},
            "apis": {"help-desk": {"base-url": f"{host.url}/api"}},
        }
        report = run(tmp_path, config, job)
        assert len(host.requests) == 1
    assert report.error is not None
    assert "asked to be left alone" in str(report.error)
