"""Changes of one record against the scripted services: each vendor's word for a version that is missing or gone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.rest.conftest import FakeClock
from tests.vendors import business_central, dataverse, sap
from tests.vendors.business_central import BusinessCentral, customer, guid
from tests.vendors.dataverse import Dataverse, account
from tests.vendors.sap import SapGateway, order
from txojobs.errors import ApiValidationError, EntityNotFoundError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.settings import ApiSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.vendors.scripted import ScriptedService

CUSTOMER = f"companies({guid(1)})/customers({guid(1)})"
ACCOUNT = f"accounts({account(1)['accountid']})"
ORDER = "Orders('0000000001')"


@contextmanager
def talking_to(service: ScriptedService, api: str, **settings: Any) -> Iterator[TxoRestAPI]:
    with service.serve() as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url + api, **settings), timing=FakeClock().timing())
        yield client
        client.close()


def central(**more: Any) -> BusinessCentral:
    return BusinessCentral(companies={"CRONUS": [customer(1)]}, **more)


@pytest.mark.parametrize("stale", [409, 412])
def test_business_central_takes_the_version_from_the_header_alone(stale: int) -> None:
    service = central(stale_status=stale)
    with talking_to(service, business_central.API) as client:
        record = client.get(CUSTOMER)
        own = {"If-Match": record["@odata.etag"]}
        changed = client.patch(CUSTOMER, {"displayName": "Å"}, headers=own)
        assert (changed["displayName"], changed["@odata.etag"] == record["@odata.etag"]) == ("Å", False)
        with pytest.raises(ApiValidationError) as gone:
            client.patch(CUSTOMER, {"displayName": "B"}, headers=own)
        with pytest.raises(ApiValidationError) as missing:
            client.patch(CUSTOMER, {"displayName": "C", "@odata.etag": changed["@odata.etag"]})
    assert (gone.value.status, gone.value.code) == (stale, "Request_EntityChanged")
    assert "read it again" in str(gone.value.how_to_fix)
    assert not gone.value.outcome_unknown
    assert (missing.value.status, missing.value.code) == (400, "BadRequest_InvalidToken")
    assert "If-Match" in str(missing.value.how_to_fix)
    assert service.companies["CRONUS"][0]["displayName"] == "Å"


@pytest.mark.parametrize("stale", [409, 412])
def test_a_change_of_business_central_whose_answer_is_lost_is_made_once_and_found(stale: int) -> None:
    service = central(stale_status=stale, lost=frozenset({1}))
    with talking_to(service, business_central.API) as client:
        record = client.get(CUSTOMER)
        changed = client.patch(CUSTOMER, {"displayName": "Å"}, headers={"If-Match": record["@odata.etag"]})
    assert changed["displayName"] == "Å"
    assert service.changes == 1


def test_dataverse_makes_no_record_where_one_is_to_be_changed() -> None:
    service = Dataverse(accounts=[account(1)])
    absent = f"accounts({account(2)['accountid']})"
    with talking_to(service, dataverse.API) as client:
        record = client.get(ACCOUNT)
        client.patch(ACCOUNT, {"name": "Å"}, headers={"If-Match": record["@odata.etag"]})
        with pytest.raises(ApiValidationError) as gone:
            client.patch(ACCOUNT, {"name": "B"}, headers={"If-Match": record["@odata.etag"]})
        with pytest.raises(EntityNotFoundError):
            client.patch(absent, {"name": "C"}, headers={"If-Match": "*"})
        assert len(service.accounts) == 1
        client.patch(absent, {"name": "D"})
    assert (gone.value.status, gone.value.code) == (412, "0x80060882")
    assert "read it again" in str(gone.value.how_to_fix)
    assert [each["name"] for each in service.accounts] == ["Å", "D"]


def test_sap_wants_a_token_and_a_version() -> None:
    service = SapGateway(orders=[order(1)])
    with talking_to(service, sap.API, odata="v2") as client:
        etag = client.get(ORDER)["d"]["__metadata"]["etag"]
        client.patch(ORDER, {"Note": "Å"}, headers={"If-Match": etag})
        with pytest.raises(ApiValidationError) as gone:
            client.patch(ORDER, {"Note": "B"}, headers={"If-Match": etag})
        service.session += 1  # the gateway has ended the session
        fresh = client.get(ORDER)["d"]["__metadata"]["etag"]
        client.patch(ORDER, {"Note": "C"}, headers={"If-Match": fresh})
    assert gone.value.status == 412
    assert service.orders[0]["Note"] == "C"
    assert sum(asked.headers.get("x-csrf-token", "").lower() == "fetch" for asked in service.asked) == 2
