"""Jobs against a scripted Business Central: companies, quotas, paging, empty dates."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.workplace import Workplace
from tests.rest.conftest import FakeClock
from tests.vendors.business_central import (
    API,
    CORRELATION,
    WEB_SERVICES,
    BusinessCentral,
    customer,
    guid,
)
from tests.vendors.scripted import Reply
from txojobs.errors import ApiError, CircuitOpenError, ConfigurationError, IncompleteReadError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import ApiSettings

if TYPE_CHECKING:
    from pathlib import Path

COMPANIES = {
    "CRONUS International Ltd.": [customer(number) for number in range(1, 8)],
    "O'Neil & Söner (50 %)": [customer(number) for number in range(3, 6)],
    "Empty": [],
}
JOB = """\
version: 1
steps:
  - fetch:
      entity: customers
      companies: {companies}
      select: [number, displayName, lastPaymentDate]
      key: [number]
      page-size: 3
      {more}
  - save: customers.jsonl
"""


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def central() -> BusinessCentral:
    return BusinessCentral(companies=COMPANIES)


def job(work: Workplace, url: str, companies: str, *, more: str = "", **behaviour: Any) -> None:
    work.config(
        {"api-base-url": url, "profile": "business-central"},
        behaviour={"rate-limiting": {"enabled": False}, **behaviour},
    )
    work.job(JOB.format(companies=companies, more=more))


def rows(work: Workplace) -> list[dict[str, Any]]:
    return [json.loads(line) for line in work.rows("customers.jsonl")]


@pytest.mark.parametrize("base", [API, WEB_SERVICES])
def test_every_company_is_read_whole_and_named_in_each_record(
    base: str, work: Workplace, central: BusinessCentral
) -> None:
    with central.serve() as server:
        job(work, server.url + base, "all")
        report = work.good_run()
    assert [(row["_company"], row["number"]) for row in rows(work)] == [
        (name, record["number"]) for name, records in COMPANIES.items() for record in records
    ]
    ids = {row["_company_id"] for row in rows(work)}
    assert ids == ({None} if base == WEB_SERVICES else {guid(1), guid(2)})
    facts = report.as_json()["steps"][0]
    assert [(each["name"], each["state"], each["fetched"]["rows"]) for each in facts["companies"]] == [
        (name, "read", len(records)) for name, records in COMPANIES.items()
    ]
    assert (facts["fetched"]["strength"], facts["fetched"]["rows"], facts["fetched"]["count"]) == (
        "counted",
        10,
        10,
    )
    assert report.outcome == "done"
    assert report.steps[0].expected == 10  # of all companies, not of the last one


def test_what_the_profile_knows_is_asked_and_applied(work: Workplace, central: BusinessCentral) -> None:
    with central.serve() as server:
        job(work, server.url + API, "all")
        report = work.good_run()
    customers = [asked for asked in central.asked if asked.path.endswith("/customers")]
    assert {asked.headers["data-access-intent"] for asked in customers} == {"ReadOnly"}
    assert {asked.page_size for asked in customers} == {3}
    assert {row["lastPaymentDate"] for row in rows(work)} == {None, "2025-12-31"}
    assert report.as_json()["steps"][0]["empty-dates"] == 6
    assert all(
        set(row) == {"_company", "_company_id", "number", "displayName", "lastPaymentDate"}
        for row in rows(work)
    )


def test_named_companies_come_in_the_order_in_which_they_are_named(
    work: Workplace, central: BusinessCentral
) -> None:
    with central.serve() as server:
        job(work, server.url + API, f'["O\'Neil & Söner (50 %)", {guid(1)}]')
        work.good_run()
    assert [row["number"] for row in rows(work)] == [
        each["number"]
        for name in ("O'Neil & Söner (50 %)", "CRONUS International Ltd.")
        for each in COMPANIES[name]
    ]


def test_p2_a_param_that_names_no_company_does_not_read_outside_of_all(
    work: Workplace, central: BusinessCentral
) -> None:
    text = JOB.format(companies="${{ params.companies }}", more="")
    with central.serve() as server:
        job(work, server.url + API, "all")
        work.job(text.replace("steps:", "params: {companies: {type: list, default: []}}\nsteps:"))
        report = work.run()
    assert report.outcome == "failed"
    assert "companies names no company" in str(report.error)
    assert not central.asked


def test_a_misspelt_company_is_refused_with_the_one_that_was_meant(
    work: Workplace, central: BusinessCentral
) -> None:
    with central.serve() as server:
        job(work, server.url + API, "[CRONUS Internatoinal Ltd.]")
        report = work.run()
    assert isinstance(report.error, ConfigurationError)
    assert "did you mean 'CRONUS International Ltd.'?" in str(report.error.how_to_fix)
    assert not work.outputs()


def test_an_address_that_names_a_company_is_refused(work: Workplace, central: BusinessCentral) -> None:
    with central.serve() as server:
        job(work, f"{server.url}{API}/companies({guid(1)})", "all")
        report = work.run()
    assert "names a company already" in str(report.error)
    assert not central.asked


def test_p2_a_list_of_companies_that_is_not_whole_is_refused(work: Workplace) -> None:
    central = BusinessCentral(companies={name: list(each) for name, each in COMPANIES.items()}, hidden=1)
    with central.serve() as server:
        job(work, server.url + API, "all")
        report = work.run()
    assert isinstance(report.error, IncompleteReadError)
    assert "companies was not read whole and once: the service counts 4 records and 3 came" in str(
        report.error
    )
    assert not work.outputs()


def test_p2_a_field_that_is_called_as_ours_is_refused(work: Workplace) -> None:
    companies = {"One": [{"number": "1", "_company": "evil", "displayName": "x", "lastPaymentDate": None}]}
    with BusinessCentral(companies=companies).serve() as server:
        job(work, server.url + API, "all")
        work.steps(
            "  - fetch: {entity: customers, companies: all, key: [number]}\n  - save: customers.jsonl\n"
        )
        report = work.run()
    assert "'_company' of their own" in str(report.error)
    assert not work.outputs()


def test_a_user_without_any_company_is_told_so(work: Workplace) -> None:
    nothing = BusinessCentral()
    with nothing.serve() as server:
        job(work, server.url + API, "all")
        report = work.run()
    assert "no company at all" in str(report.error)
    assert not work.outputs()


def test_p2_a_company_that_cannot_be_read_fails_the_run_and_is_named(
    work: Workplace, central: BusinessCentral
) -> None:
    central.denied = frozenset({"O'Neil & Söner (50 %)"})
    with central.serve() as server:
        job(work, server.url + API, "all")
        report = work.run()
    assert report.outcome == "failed"
    assert isinstance(report.error, ApiError)
    assert "(company O'Neil & Söner (50 %))" in str(report.error)
    assert report.error.correlation_id == CORRELATION
    assert not work.outputs()


def test_p2_going_on_without_a_company_ends_in_part_and_holds_none_of_its_records(
    work: Workplace, central: BusinessCentral
) -> None:
    broken = Reply(400, {"error": {"code": "Application_DialogException", "message": "second page"}})
    central.on_page = {
        2: broken,
        4: broken,
    }  # page 2 of the first company, both times: three records have come
    with central.serve() as server:
        job(work, server.url + API, "all", more="on-company-error: continue")
        report = work.good_run()
    assert report.outcome == "partial"
    assert {row["_company"] for row in rows(work)} == {"O'Neil & Söner (50 %)"}
    facts = report.as_json()["steps"][0]
    assert [(each["name"], each["state"]) for each in facts["companies"]] == [
        ("CRONUS International Ltd.", "failed"), ("O'Neil & Söner (50 %)", "read"), ("Empty", "read"),
    ]  # fmt: skip
    assert "second page" in facts["companies"][0]["problem"]
    assert facts["fetched"]["strength"] == "unproven"
    assert facts["lacks"] == [report.warnings[0]]
    assert report.warnings[0].startswith("company CRONUS International Ltd. was left out")
    assert work.left_behind() == []


def test_going_on_without_every_company_is_a_failure(work: Workplace, central: BusinessCentral) -> None:
    central.denied = frozenset(COMPANIES)
    with central.serve() as server:
        job(work, server.url + API, "all", more="on-company-error: continue")
        report = work.run()
    assert report.outcome == "failed"
    assert not work.outputs()


def test_a_company_whose_records_changed_meanwhile_is_read_once_more(
    work: Workplace, central: BusinessCentral
) -> None:
    wrong = {"@odata.count": 9, "value": [{"number": "1", "displayName": "x", "lastPaymentDate": None}]}
    central.on_page = {1: Reply(200, wrong), 2: Reply(200, {"@odata.count": 9, "value": []})}
    with central.serve() as server:
        job(work, server.url + API, "all", more="on-company-error: continue")
        report = work.good_run()
    assert report.outcome == "done"
    assert len(rows(work)) == 10


def test_p2_a_service_that_is_down_is_no_matter_of_one_company(
    work: Workplace, central: BusinessCentral
) -> None:
    central.companies = {f"Company {number}": [customer(number)] for number in range(1, 10)}
    central.on_page = {number: Reply(500, {}) for number in range(2, 99)}
    with central.serve() as server:
        once = {"retry-strategy": {"max-retries": 0}}
        job(work, server.url + API, "all", more="on-company-error: continue", **once)
        report = work.run()
    assert isinstance(report.error, CircuitOpenError)
    assert not work.outputs()


def test_a_limit_counts_over_all_companies(work: Workplace, central: BusinessCentral) -> None:
    with central.serve() as server:
        job(work, server.url + API, "all")
        work.good_run(limit=8)
    name = next(name for name in work.outputs() if "first-8" in name)
    assert len(work.outputs()[name].splitlines()) == 8
    assert not any("Empty" in asked.path or guid(3) in asked.path for asked in central.asked)


def test_a_quota_without_retry_after_takes_time_and_loses_nothing() -> None:
    central, clock = BusinessCentral(companies=COMPANIES, quota=2), FakeClock()
    with central.serve() as server:
        settings = ApiSettings(base_url=server.url + API, profile="business-central")
        with closing(TxoRestAPI(settings, timing=clock.timing())) as client:
            query = EntityQuery(entity=f"companies({guid(1)})/customers", key=("number",), page_size=1)
            records = [each for page in ODataReader(client, query).pages() for each in page]
    assert [each["number"] for each in records] == [each["number"] for each in next(iter(COMPANIES.values()))]
    refused = sum(wait >= 4 for wait in clock.waits)
    assert refused == 3


@pytest.mark.parametrize(
    ("fetch", "problem"),
    [
        ("{entity: customers, on-company-error: continue}", "no effect without companies"),
        (f"{{entity: 'companies({guid(1)})/customers', companies: all}}", "names a company already"),
        ("{entity: customers, companies: some}", "companies takes"),
    ],
)
def test_validate_finds_what_does_not_go_together(fetch: str, problem: str, work: Workplace) -> None:
    work.steps(f"  - fetch: {fetch}\n  - save: c.csv\n")
    done = work.command("validate")
    assert done.code == 2
    assert problem in " ".join(done.out.split())
