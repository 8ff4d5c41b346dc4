"""An entity set that the service does not have: the error says which ones it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, says
from tests.rest.reading import read
from txojobs.errors import EntityNotFoundError
from txojobs.rest.service_document import offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

V4 = {
    "value": [
        {"name": "Customers", "kind": "EntitySet", "url": "Customers"},
        {"name": "Items", "url": "Items"},
        {"name": "Me", "kind": "Singleton", "url": "Me"},
        {"name": "TopCustomers", "kind": "FunctionImport", "url": "TopCustomers"},
    ]
}


def unknown(serve: Serve, root: Step, connect: Connect, entity: str) -> tuple[EntityNotFoundError, Any]:
    server = serve(fault.by_target({"/v2": root}))
    with pytest.raises(EntityNotFoundError) as caught:
        read(connect(f"{server.url}/v2"), entity=entity, count=False)
    return caught.value, [request.target for request in server.requests]


@pytest.mark.parametrize("root", [V4, {"d": {"EntitySets": ["Customers", "Items", "Me"]}}], ids=["v4", "v2"])
def test_a_misspelt_entity_set_gets_a_did_you_mean(root: Any, serve: Serve, connect: Connect) -> None:
    error, targets = unknown(serve, says(root), connect, "Custmers")
    assert error.how_to_fix == "did you mean 'Customers'? The service has Customers, Items, Me"
    assert targets == ["/v2/Custmers", "/v2"]


def test_a_name_like_none_gets_the_list_shortened(serve: Serve, connect: Connect) -> None:
    root = says({"value": [{"name": f"Set{number}", "url": f"Set{number}"} for number in range(40)]})
    error, _ = unknown(serve, root, connect, "Warehouse")
    assert error.how_to_fix == (
        "the service has Set0, Set1, Set2, Set3, Set4, Set5, Set6, Set7, Set8, Set9, Set10, Set11, ..."
    )


@pytest.mark.parametrize(
    "root", [answer(403), answer(404), says({"value": 1}), says([1]), says({"d": {}}), fault.html_login()]
)
def test_a_service_that_tells_nothing_leaves_the_first_error(
    root: Step, serve: Serve, connect: Connect
) -> None:
    error, _ = unknown(serve, root, connect, "Custmers")
    assert error.status == 404
    assert "check the name of the entity" in (error.how_to_fix or "")


@pytest.mark.parametrize("entity", ["Company('A')/Custmers", "Customers('1')", "Customers/Ordrs"])
def test_a_fault_behind_the_first_name_of_a_path_is_not_blamed_on_that_name(
    entity: str, serve: Serve, connect: Connect
) -> None:
    error, _ = unknown(serve, says(V4), connect, entity)
    assert "check the name of the entity" in (error.how_to_fix or "")


@pytest.mark.parametrize("entity", ["Custmers('1')/Orders", "Custmers/Orders"])
def test_the_first_name_of_a_path_gets_a_did_you_mean(entity: str, serve: Serve, connect: Connect) -> None:
    error, _ = unknown(serve, says(V4), connect, entity)
    assert "did you mean 'Customers'?" in (error.how_to_fix or "")


def test_a_whole_address_is_not_compared_with_names(serve: Serve, connect: Connect) -> None:
    server = serve(fault.by_target({"/v2": says(V4)}))
    with pytest.raises(EntityNotFoundError):
        read(connect(f"{server.url}/v2"), entity=f"{server.url}/v2/Custmers", count=False)
    assert [request.target for request in server.requests] == ["/v2/Custmers"]


def test_functions_are_no_entity_sets() -> None:
    assert offered(V4) == ("Customers", "Items", "Me")
