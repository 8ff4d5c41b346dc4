"""Profiles: what is known of a product counts where the configuration is silent, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.fault_server import says
from tests.rest.reading import read
from txojobs.config import check_config_text
from txojobs.config.profiles import PROFILES
from txojobs.config.schema import load_schema
from txojobs.errors import ApiOperationError, IncompleteReadError
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import ApiSettings, LimiterSettings, ReadingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]


def settings(profile: str | None, service: dict[str, Any] | None = None, **config: Any) -> ApiSettings:
    named = {} if profile is None else {"profile": profile}
    return ApiSettings.from_config(
        {"global": {"api-base-url": "https://a.example", **named, **(service or {})}, **config}
    )


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_written_out_is_a_sound_configuration_and_means_the_same(name: str) -> None:
    service = {"api-base-url": "https://a.example", "profile": name}
    assert check_config_text(json.dumps({"global": {**service, **PROFILES[name]}})) == []
    assert settings(name, PROFILES[name]) == settings(name)


def test_the_schema_knows_each_profile_and_no_other() -> None:
    for part in ("global", "apis"):
        known = load_schema()["properties"][part]
        known = known.get("additionalProperties") if part == "apis" else known
        assert known["properties"]["profile"]["enum"] == list(PROFILES)


def test_without_a_profile_nothing_is_known() -> None:
    assert settings(None) == settings("generic")
    assert settings(None).reading == ReadingSettings()


def test_each_value_of_a_profile_can_be_overridden_alone() -> None:
    own = settings("business-central", {"reading": {"null-dates": []}}).reading
    assert own.null_dates == ()
    assert own.headers == (("Data-Access-Intent", "ReadOnly"),)
    shared = settings("dataverse", **{"script-behavior": {"rate-limiting": {"calls-per-second": 3}}})
    assert shared.limiter == LimiterSettings(calls_per_second=3, burst_size=15)
    assert settings("sap-v2").odata == "v2"
    assert settings("sap-v2", {"odata": "v4"}).odata == "v4"
    off = settings("sap-v2", {"rate-limiting": {"enabled": False}})
    assert off.limiter == LimiterSettings()


@pytest.mark.parametrize("place", ["global", "script-behavior"])
def test_a_pause_that_somebody_wrote_is_the_pace(place: str) -> None:
    config = {place: {"api-delay-seconds": 0.5}}
    paced = settings("sap-v4", config.get("global"), **({} if place == "global" else config))
    assert paced.limiter == LimiterSettings(calls_per_second=2.0)


def test_pages_are_asked_for_in_the_size_and_with_the_headers_of_the_profile(
    serve: Serve, connect: Connect
) -> None:
    server = serve(says({"value": [{"No": 1}], "@odata.count": 1}))
    read(connect(server, reading=settings("business-central").reading))
    sent = server.requests[0].headers
    assert sent["prefer"] == "odata.maxpagesize=5000"
    assert sent["data-access-intent"] == "ReadOnly"


def test_what_a_query_says_counts_before_the_profile(serve: Serve, connect: Connect) -> None:
    server = serve(says({"value": [], "@odata.count": 0}))
    client = connect(server, reading=settings("business-central").reading)
    read(client, page_size=7, headers={"data-access-intent": "ReadWrite"})
    assert server.requests[0].headers["prefer"] == "odata.maxpagesize=7"
    assert server.requests[0].headers["data-access-intent"] == "ReadWrite"


def test_an_empty_date_is_null_at_every_depth_and_counted(serve: Serve, connect: Connect) -> None:
    empty, moment = "0001-01-01", "0001-01-01T00:00:00Z"
    record = {
        "Due": empty, "At": moment, "Text": f"{empty} ", "None": None,
        "Lines": [{"Shipped": empty, "No": 1}, "0001-01-01"], "Of": {"Paid": moment},
    }  # fmt: skip
    server = serve(says({"value": [record], "@odata.count": 1}))
    records, reader = read(connect(server, reading=settings("business-central").reading))
    assert records == [
        {
            "Due": None, "At": None, "Text": f"{empty} ", "None": None,
            "Lines": [{"Shipped": None, "No": 1}, "0001-01-01"], "Of": {"Paid": None},
        }
    ]  # fmt: skip
    assert reader.empty_dates == 4


def test_the_id_of_no_record_is_null_in_business_central_alone(serve: Serve, connect: Connect) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for profile, expected in (("business-central", None), ("dataverse", nobody), ("generic", nobody)):
        server = serve(says({"value": [{"No": 1, "currencyId": nobody}], "@odata.count": 1}))
        records, _ = read(connect(server, reading=settings(profile).reading))
        assert records == [{"No": 1, "currencyId": expected}]


def test_without_the_profile_the_text_stays(serve: Serve, connect: Connect) -> None:
    records, reader = read(connect(serve(says({"value": [{"Due": "0001-01-01"}], "@odata.count": 1}))))
    assert records == [{"Due": "0001-01-01"}]
    assert reader.empty_dates == 0


CAPPED = ReadingSettings(counts_up_to=3)


def pages(*sizes: int, count: int) -> list[Step]:
    made: list[Step] = []
    number = 0
    for index, size in enumerate(sizes):
        page: dict[str, Any] = {"value": [{"No": number + each} for each in range(size)]}
        number += size
        if index == 0:
            page["@odata.count"] = count
        if index < len(sizes) - 1:
            page["@odata.nextLink"] = f"C?page={index + 2}"
        made.append(says(page))
    return made


def test_a_count_that_reaches_its_end_proves_nothing_and_refuses_nothing(
    serve: Serve, connect: Connect
) -> None:
    records, reader = read(connect(serve(*pages(3, 2, count=3)), reading=CAPPED), key=("No",))
    assert len(records) == 5
    assert reader.count is None
    proof = reader.proof
    assert (proof.strength, proof.count, proof.count_note) == (
        "unproven",
        3,
        "the service counts up to 3 only",
    )


def test_a_count_below_its_end_is_compared_as_ever(serve: Serve, connect: Connect) -> None:
    _, reader = read(connect(serve(*pages(1, 1, count=2)), reading=CAPPED))
    assert reader.proof.strength == "counted"
    with pytest.raises(IncompleteReadError, match="2 records and 1 came"):
        read(connect(serve(*pages(1, count=2), *pages(1, count=2)), reading=CAPPED))


def test_fewer_records_than_a_count_at_its_end_are_too_few(serve: Serve, connect: Connect) -> None:
    with pytest.raises(IncompleteReadError, match="counts 3 records and 2 came: 1 missing"):
        read(connect(serve(*pages(2, count=3), *pages(2, count=3)), reading=CAPPED))


def test_a_job_that_demands_a_count_is_told_that_there_is_none(serve: Serve, connect: Connect) -> None:
    client = connect(serve(*pages(3, 2, count=3)), reading=CAPPED)
    reader = ODataReader(client, EntityQuery(entity="C"), complete="count")
    with pytest.raises(ApiOperationError, match="counts up to 3 only") as caught:
        next(reader.pages())
    assert "complete: verify" in str(caught.value.how_to_fix)


def test_a_count_of_five_thousand_is_explained_where_more_came(serve: Serve, connect: Connect) -> None:
    served = pages(5001, count=5000)
    with pytest.raises(IncompleteReadError) as caught:
        read(connect(serve(*served, *served)))
    assert '"profile": "dataverse"' in str(caught.value.how_to_fix)


def test_scripts_see_the_dates_as_they_came(serve: Serve, connect: Connect) -> None:
    client = connect(
        serve(says({"value": [{"Due": "0001-01-01"}], "@odata.count": 1})),
        reading=settings("business-central").reading,
    )
    assert client.get_odata_entities(None, "C") == [{"Due": "0001-01-01"}]
