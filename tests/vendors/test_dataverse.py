"""Jobs and scripts against a scripted Dataverse: counts that end, paging cookies, labels, protection limits."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.workplace import Workplace
from tests.rest.conftest import FakeClock
from tests.vendors.dataverse import API, RETRY_AFTER_S, Dataverse, account
from txojobs.errors import EntityNotFoundError, IncompleteReadError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import ApiSettings

if TYPE_CHECKING:
    from pathlib import Path

MANY = [account(number) for number in range(1, 5004)]


@pytest.fixture
def work(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def job(work: Workplace, url: str, *, profile: str = "dataverse", more: str = "") -> None:
    work.config({"api-base-url": url + API, "profile": profile, "rate-limiting": {"enabled": False}})
    work.steps(
        "  - fetch: {entity: accounts, select: [accountid, name], key: [accountid], "
        f"{more}}}\n  - save: accounts.jsonl\n"
    )


def proof(report: Any) -> dict[str, Any]:
    return dict(report.as_json()["steps"][0]["fetched"])


def test_more_records_than_a_count_can_tell_are_read_and_called_unproven(work: Workplace) -> None:
    with Dataverse(accounts=MANY).serve() as server:
        job(work, server.url)
        report = work.good_run()
    assert len(work.rows("accounts.jsonl")) == 5003
    assert (proof(report)["strength"], proof(report)["count"]) == ("unproven", 5000)
    assert proof(report)["count-note"] == "the service counts up to 5,000 only"
    assert any("nothing proves that all records came" in each for each in report.warnings)


def test_with_verify_and_a_key_such_a_read_is_proven(work: Workplace) -> None:
    service = Dataverse(accounts=MANY)
    with service.serve() as server:
        job(work, server.url, more="complete: verify")
        report = work.good_run()
    assert len(work.rows("accounts.jsonl")) == 5003
    assert proof(report)["strength"] == "verified"


def test_without_the_profile_the_run_fails_and_names_it(work: Workplace) -> None:
    with Dataverse(accounts=MANY).serve() as server:
        job(work, server.url, profile="generic")
        report = work.run()
    assert isinstance(report.error, IncompleteReadError)
    assert '"profile": "dataverse"' in str(report.error.how_to_fix)
    assert not work.outputs()


def test_a_larger_page_than_allowed_only_means_more_pages(work: Workplace) -> None:
    service = Dataverse(accounts=MANY)
    with service.serve() as server:
        job(work, server.url, more="page-size: 20000")
        report = work.good_run()
    assert proof(report)["pages"] == 2
    assert len(work.rows("accounts.jsonl")) == 5003


def test_labels_stand_beside_their_codes(work: Workplace) -> None:
    with Dataverse(accounts=MANY[:2]).serve() as server:
        work.config({"api-base-url": server.url + API, "profile": "dataverse"})
        fetch = "{entity: accounts, key: [accountid], labels: true}"
        work.steps(f"  - fetch: {fetch}\n  - save: accounts.jsonl\n")
        work.good_run()
    first, second = (json.loads(line) for line in work.rows("accounts.jsonl"))
    assert (first["industrycode"], first["industrycode_label"]) == (1, "Accounting")
    assert first["_ownerid_value_label"] == "Åsa O'Neil"
    assert (second["industrycode"], second.get("industrycode_label")) == (None, None)
    assert not any("@" in name for name in first)


def test_the_wait_that_a_protection_limit_asks_for_is_kept() -> None:
    service, clock = Dataverse(accounts=MANY[:6], quota=2, refused=2), FakeClock()
    with service.serve() as server:
        settings = ApiSettings(base_url=server.url + API)
        with closing(TxoRestAPI(settings, timing=clock.timing())) as client:
            query = EntityQuery(entity="accounts", key=("accountid",), page_size=1)
            records = [each for page in ODataReader(client, query).pages() for each in page]
    assert records == [
        {name: value for name, value in each.items() if not name.startswith("@")} for each in MANY[:6]
    ]
    assert [wait for wait in clock.waits if wait < RETRY_AFTER_S] == []
    assert sum(clock.waits) >= 4 * RETRY_AFTER_S


def test_an_unknown_table_is_explained(work: Workplace) -> None:
    with Dataverse(accounts=MANY[:1]).serve() as server:
        work.config({"api-base-url": server.url + API})
        work.steps("  - fetch: {entity: acounts, key: [accountid]}\n  - save: a.csv\n")
        report = work.run()
    assert isinstance(report.error, EntityNotFoundError)
    assert report.error.code == "0x8006088a"
