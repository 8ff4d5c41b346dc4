"""Records come and go while they are read: with `verify` no wrong result passes, with `count` no wrong number."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rest.conftest import FakeClock
from tests.rest.fault_server import FaultServer, answer
from tests.rest.moving_service import Change, MovingService
from txojobs.errors import ApiError, IncompleteReadError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import ApiSettings, LimiterSettings

if TYPE_CHECKING:
    from tests.rest.fault_server import Connection
    from txojobs.rest.completeness import Complete, Proof

QUERY = EntityQuery(entity="Things", filter="Kind eq 'a'", key=("No",), adds_to_order=("No",))

CHANGES = st.lists(
    st.lists(st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 12)), max_size=3), max_size=10
)
KEYS = st.lists(st.integers(0, 12), unique=True, max_size=9)
PAGING = st.sampled_from(["skip", "token", "key"])


def read(
    service: MovingService, complete: Complete, query: EntityQuery = QUERY
) -> tuple[list[int], Proof] | None:
    """Return the keys that were read and the proof, None when the reader says that something is wrong."""
    with service.serve() as server:
        client = TxoRestAPI(
            ApiSettings(base_url=server.url, limiter=LimiterSettings()), timing=FakeClock().timing()
        )
        reader = ODataReader(client, query, complete=complete)
        try:
            rows: list[Any] = [record["No"] for page in reader.pages() for record in page]
        except IncompleteReadError:
            return None
        finally:
            client.close()
        return rows, reader.proof


def check(service: MovingService, rows: list[int]) -> None:
    assert len(rows) == len(set(rows))
    assert service.alive_throughout <= set(rows)
    assert set(rows) <= service.ever


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=KEYS, changes=CHANGES, paging=PAGING, size=st.integers(1, 3))
@example(keys=[1, 2, 3, 4, 5], changes=[[("delete", 0), ("insert", 12)]], paging="skip", size=2)
def test_p2_verify_never_gives_a_wrong_result(
    keys: list[int], changes: list[list[Change]], paging: str, size: int
) -> None:
    service = MovingService(keys, changes, page_size=size, paging=paging)
    result = read(service, "verify")
    if result is not None:
        rows, proof = result
        check(service, rows)
        assert proof.strength == "verified"
        assert proof.links in ("by key", "one page")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=KEYS, changes=CHANGES, paging=PAGING, size=st.integers(1, 3))
@example(keys=[1, 2, 3, 4, 5], changes=[[("delete", 0), ("insert", 12)]], paging="skip", size=2)
def test_p2_an_order_of_its_own_is_verified_by_a_second_reading_of_the_keys(
    keys: list[int], changes: list[list[Change]], paging: str, size: int
) -> None:
    service = MovingService(keys, changes, page_size=size, paging=paging)
    query = EntityQuery(
        entity="Things", filter="Kind eq 'a'", key=("No",), order_by=("Kind",), adds_to_order=("No",)
    )
    result = read(service, "verify", query)
    if result is not None:
        rows, proof = result
        check(service, rows)
        assert proof.second_reading is (proof.pages > 1)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=KEYS, changes=CHANGES, paging=PAGING, size=st.integers(1, 3))
def test_p2_count_never_gives_a_wrong_number_of_rows(
    keys: list[int], changes: list[list[Change]], paging: str, size: int
) -> None:
    service = MovingService(keys, changes, page_size=size, paging=paging)
    result = read(service, "count")
    if result is not None:
        assert len(result[0]) in (service.counts[0], service.counts[-1])
        assert len(result[0]) == len(set(result[0]))


def test_a_gap_that_a_count_does_not_see_is_one_that_verify_sees() -> None:
    """One record goes before the place of the next page, another one comes behind it: the number stays."""
    changes = [[("delete", 0), ("insert", 12)]]
    counted = MovingService([1, 2, 3, 4, 5], [list(each) for each in changes])
    result = read(counted, "count")
    assert result is not None
    assert 3 not in result[0], "this is what positional links do"
    assert result[1].strength == "counted"
    assert result[1].links == "positional"
    assert read(MovingService([1, 2, 3, 4, 5], [list(each) for each in changes]), "verify") is None
    swapped = MovingService([1, 2, 3, 4, 5], [[("delete", 4), ("insert", 12)]])
    result = read(swapped, "verify")
    assert result is not None
    assert result[0] == [1, 2, 3, 4, 12], "what has not been read yet may change"


def test_a_service_that_cannot_compare_keys_is_read_twice() -> None:
    service = MovingService([1, 2, 3, 4, 5], [[("delete", 0), ("insert", 12)]], refuses=frozenset({"gt"}))
    assert read(service, "verify") is None
    quiet = MovingService([1, 2, 3, 4, 5], [], refuses=frozenset({"gt"}))
    result = read(quiet, "verify")
    assert result is not None
    rows, proof = result
    assert rows == [1, 2, 3, 4, 5]
    assert (proof.second_reading, proof.links, proof.strength) == (True, "positional", "verified")
    assert "$select=No" in quiet.asked[-4]


@pytest.mark.parametrize("paging", ["skip", "key"])
def test_the_error_names_what_is_missing(paging: str) -> None:
    service = MovingService(
        [1, 2, 3, 4, 5], [[("delete", 0)]], refuses=frozenset({"gt"}), paging=paging, page_size=2
    )
    with service.serve() as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url), timing=FakeClock().timing())
        reader = ODataReader(client, QUERY, complete="verify")
        if paging == "key":
            text = r"Things was not read whole and once: 1 record is gone by now$"
        else:
            text = r"records of Things came or went between two pages while they were read"
        with pytest.raises(IncompleteReadError, match=text):
            list(reader.pages())
        client.close()


WORDS = ["1", "B", "_", "`", "a", "c"]
"""As a service sorts them that compares code points: when it ignores case, `B` stands behind `a`, not before `_`."""


def text_service(found: list[str], query: dict[str, str], *, counts: bool) -> dict[str, Any]:
    """Answer like SAP CAP: the order ignores case, the comparison does not; three words for a page."""
    words = sorted(found, key=str.lower)
    behind = re.fullmatch(r"No gt '(.*)'", query.get("$filter", ""))
    if behind:
        words = [word for word in words if word > behind[1]]
    start = int(query.get("$skiptoken", 0))
    page: dict[str, Any] = {"value": [{"No": word} for word in words[start : start + 3]]}
    if counts and "$count" in query:
        page["@odata.count"] = len(words)
    if start + 3 < len(words):
        page["@odata.nextLink"] = "Things?" + urlencode({**query, "$skiptoken": start + 3})
    return page


@pytest.mark.parametrize("moves", [True, False], ids=["moving", "still"])
@pytest.mark.parametrize("counts", [True, False], ids=["counted", "uncounted"])
def test_p2_text_is_not_read_in_an_order_that_may_skip_a_record(*, counts: bool, moves: bool) -> None:
    """A record that comes while it is read would hide from the count that another one was skipped."""
    words, answers = list(WORDS), count(1)

    def step(connection: Connection) -> bool:
        asked = parse_qs(urlsplit(connection.request.target).query)
        reply = text_service(words, {name: values[0] for name, values in asked.items()}, counts=counts)
        if moves and next(answers) == 1:
            words.append("z")
        return answer(200, json.dumps(reply).encode(), content_type="application/json")(connection)

    query = EntityQuery(entity="Things", key=("No",), adds_to_order=("No",))
    with FaultServer([step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url), timing=FakeClock().timing())
        reader = ODataReader(client, query, complete="verify")
        rows = [str(record["No"]) for page in reader.pages() for record in page]
        client.close()
    assert sorted(rows) == sorted(words)
    assert (reader.proof.strength, reader.proof.second_reading) == ("verified", True)


NUMBERS = [3, 4, 7, 5, 1, 2]


@pytest.mark.parametrize("size", [2, 3])
def test_p2_a_service_that_passes_over_the_order_loses_nothing_in_silence(size: int) -> None:
    """It takes `gt` at its word, counts nothing, and sorts as it likes: what is behind 4 is not what is left."""

    def step(connection: Connection) -> bool:
        asked = {
            name: values[0] for name, values in parse_qs(urlsplit(connection.request.target).query).items()
        }
        behind = re.fullmatch(r"No gt (.*)", asked.get("$filter", ""))
        rows = [each for each in NUMBERS if behind is None or each > int(behind[1])]
        start = int(asked.get("$skiptoken", 0))
        page: dict[str, Any] = {"value": [{"No": each} for each in rows[start : start + size]]}
        if start + size < len(rows):
            page["@odata.nextLink"] = "Things?" + urlencode({**asked, "$skiptoken": start + size})
        return answer(200, json.dumps(page).encode(), content_type="application/json")(connection)

    query = EntityQuery(entity="Things", key=("No",), adds_to_order=("No",))
    with FaultServer([step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url), timing=FakeClock().timing())
        reader = ODataReader(client, query, complete="verify")
        if size == 2:
            with pytest.raises(ApiError, match="asked for in the order of No and comes in another one"):
                list(reader.pages())
        else:  # the first page is in order by chance, and there is nothing behind its last record
            with pytest.raises(IncompleteReadError, match="3 records did not come"):
                list(reader.pages())
        client.close()


@pytest.mark.parametrize("parallel", [1, 2])
def test_p2_a_record_that_goes_comes_back_and_goes_again_hides_no_other(parallel: int) -> None:
    """Both readings would lose the same record, the one that takes its place on the page before."""
    numbers = list(range(1, 13))

    def step(connection: Connection) -> bool:
        asked = {
            name: values[0] for name, values in parse_qs(urlsplit(connection.request.target).query).items()
        }
        if "gt" in asked.get("$filter", ""):
            return answer(400)(connection)
        start = int(asked.get("$skip", 0))
        rows = sorted(numbers)
        shown = [] if asked.get("$top") == "0" else rows[start : start + 3]
        page: dict[str, Any] = {"value": [{"No": each} for each in shown]}
        if "$count" in asked:
            page["@odata.count"] = len(rows)
        if shown and start + 3 < len(rows):
            page["@odata.nextLink"] = f"Things?$skip={start + 3}"
        if shown and start == 0:
            numbers.remove(1)
        elif shown and start + 3 >= len(rows):
            numbers.append(1)
        return answer(200, json.dumps(page).encode(), content_type="application/json")(connection)

    query = EntityQuery(entity="Things", key=("No",), adds_to_order=("No",))
    with FaultServer([step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url), timing=FakeClock().timing())
        reader = ODataReader(client, query, complete="verify", parallel=parallel)
        with pytest.raises(IncompleteReadError):
            list(reader.pages())
        client.close()


def test_an_order_that_only_we_add_is_left_out_when_the_service_refuses_it() -> None:
    service = MovingService([3, 1, 2], [], page_size=5, refuses=frozenset({"orderby"}))
    result = read(service, "auto")
    assert result is not None
    assert result[1].strength == "counted"
    both = MovingService([3, 1, 2], [], page_size=5, refuses=frozenset({"orderby", "count"}))
    result = read(both, "auto")
    assert result is not None
    assert (result[1].strength, result[1].count_note) == ("unproven", "the service refuses to count (400)")


@pytest.mark.parametrize("refuses", [frozenset({"count"}), frozenset({"count", "orderby"})])
def test_count_is_an_error_where_the_service_does_not_count(refuses: frozenset[str]) -> None:
    for keys in ([], [1, 2, 3]):
        with pytest.raises(ApiError, match="refuses to count"):
            read(MovingService(list(keys), [], refuses=refuses), "count")


def test_a_key_of_several_fields_is_compared_part_by_part() -> None:
    from txojobs.rest.keyset import behind  # noqa: PLC0415

    query = EntityQuery(entity="T", filter="A ne 'x' or B gt 1", key=("A", "B"), select=("A", "B"))
    address = behind(query, {"A": "O'Neil & Sons", "B": 7})
    assert address == (
        "T?$select=A,B&$filter=(A%20ne%20'x'%20or%20B%20gt%201)%20and%20((A%20gt%20'O''Neil%20%26%20Sons')"
        "%20or%20(A%20eq%20'O''Neil%20%26%20Sons'%20and%20B%20gt%207))&$orderby=A,B"
    )
    assert behind(query, {"A": None, "B": 1}) is None
    typed = EntityQuery(entity="T", key=("Id",), types={"Id": "Edm.Guid"}, odata="v2")
    guid = "6f2c1a52-0000-4000-8000-000000000001"
    assert behind(typed, {"Id": guid}) == f"T?$filter=Id%20gt%20guid'{guid}'&$orderby=Id"
