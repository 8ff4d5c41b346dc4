"""Pages that are asked for before their turn: the same records in the same order, or page by page."""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rest.fault_server import FaultServer, answer
from txojobs.errors import ApiError, IncompleteReadError, RunCancelledError
from txojobs.rest.client import TxoRestAPI
from txojobs.rest.odata import ODataReader
from txojobs.rest.query import EntityQuery
from txojobs.rest.settings import ApiSettings, ReadingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import Connection

    Connect = Callable[..., TxoRestAPI]


class Positions:
    """A service of `rows` records that pages by position.

    With `gather` it answers no further page before so many are asked for at the same time. `sizes` are the sizes of
    its pages, the last one again and again; `option` is how its links name the position, `wrong` what it answers at
    a position instead of the page.
    """

    def __init__(
        self,
        rows: int,
        *,
        sizes: tuple[int, ...] = (3,),
        option: str = "$skip",
        gather: int = 0,
        tells: bool = True,
    ) -> None:
        self.rows = rows
        self.option = option
        self.tells = tells
        self.asked: list[int] = []
        self.wrong: dict[int, int] = {}
        self.most = 0
        self._begins = {0: sizes[0]}
        begin, index = 0, 0
        while begin < rows:
            size = sizes[min(index, len(sizes) - 1)]
            self._begins[begin] = size
            begin, index = begin + size, index + 1
        self._together = threading.Barrier(gather) if gather else None
        self._lock = threading.Lock()
        self._now = 0

    def step(self, connection: Connection) -> bool:
        query = parse_qs(urlsplit(connection.request.target).query)
        begin = int(query.get(self.option, ["0"])[0])
        with self._lock:
            self.asked.append(begin)
            self._now += 1
            self.most = max(self.most, self._now)
        if self._together is not None and begin:
            self._together.wait(20)
        with self._lock:
            self._now -= 1
        if begin in self.wrong:
            return answer(self.wrong[begin], b"{}")(connection)
        size = self._begins.get(begin, 1)
        body: dict[str, Any] = {
            "value": [{"No": number} for number in range(begin, min(begin + size, self.rows))]
        }
        if self.tells and not begin:
            body["@odata.count"] = self.rows
        if begin + size < self.rows:
            body["@odata.nextLink"] = f"C?{self.option.replace('$', '%24')}={begin + size}&x=1"
        return answer(200, json.dumps(body).encode(), content_type="application/json")(connection)


def read(
    client: TxoRestAPI, *, parallel: int, complete: Any = "auto", **query: Any
) -> tuple[list[int], ODataReader]:
    reader = ODataReader(
        client, EntityQuery(**{"entity": "C", "key": ("No",), **query}), parallel=parallel, complete=complete
    )
    numbers: list[Any] = [row["No"] for page in reader.pages() for row in page]
    return numbers, reader


@pytest.mark.parametrize("option", ["$skip", "$skiptoken"])
def test_so_many_pages_are_asked_for_at_once_and_come_in_order(option: str, connect: Connect) -> None:
    service = Positions(
        3 * 9, option=option, gather=4
    )  # 8 pages behind the first: twice four at the same time
    with FaultServer([service.step]) as server:
        got, reader = read(connect(server), parallel=4)
    assert got == list(range(27))
    assert service.most == 4
    assert sorted(service.asked) == list(range(0, 27, 3))
    assert (reader.proof.strength, reader.proof.pages, reader.proof.requests) == ("counted", 9, 9)


def test_without_it_one_page_is_asked_for_after_the_other(connect: Connect) -> None:
    service = Positions(27)
    with FaultServer([service.step]) as server:
        assert read(connect(server), parallel=1)[0] == list(range(27))
    assert service.most == 1
    assert service.asked == list(range(0, 27, 3))


def test_the_configuration_says_how_many_at_the_most(connect: Connect) -> None:
    service = Positions(27, gather=2)
    with FaultServer([service.step]) as server:
        client = connect(server, reading=ReadingSettings(max_parallel=2))
        assert read(client, parallel=8)[0] == list(range(27))
    assert service.most == 2


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(0, 40),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=6),
    parallel=st.integers(2, 5),
    tells=st.booleans(),
    option=st.sampled_from(["$skip", "$skiptoken", "$after"]),
)
def test_p2_whatever_the_sizes_of_the_pages_the_records_are_those_of_one_after_the_other(
    rows: int,
    sizes: list[int],
    parallel: int,
    tells: bool,  # noqa: FBT001  # hypothesis names it
    option: str,
) -> None:
    service = Positions(rows, sizes=tuple(sizes), option=option, tells=tells)
    with FaultServer([service.step]) as server:
        client = TxoRestAPI(ApiSettings(base_url=server.url))
        try:
            assert read(client, parallel=parallel)[0] == list(range(rows))
        finally:
            client.close()


def test_a_page_that_fails_before_its_turn_fails_in_its_turn(connect: Connect) -> None:
    service = Positions(27)
    service.wrong = {12: 403}
    with FaultServer([service.step]) as server:
        reader = ODataReader(connect(server), EntityQuery(entity="C"), parallel=4)
        came: list[Any] = []
        with pytest.raises(ApiError, match=r"403.*page 5 of C"):
            came.extend(row["No"] for page in reader.pages() for row in page)
    assert came == list(range(12))


def test_a_failure_behind_the_end_is_nobodys(connect: Connect) -> None:
    service = Positions(9, tells=False)
    service.wrong = {9: 400, 12: 500}
    with FaultServer([service.step]) as server:
        got, _ = read(connect(server), parallel=4)
    assert got == list(range(9))


def test_the_end_that_the_service_counts_is_not_asked_beyond(connect: Connect) -> None:
    service = Positions(9)
    with FaultServer([service.step]) as server:
        read(connect(server), parallel=4)
    assert max(service.asked) == 6


def test_a_limit_is_not_asked_beyond(connect: Connect) -> None:
    service = Positions(300)
    with FaultServer([service.step]) as server:
        got, _ = read(connect(server), parallel=4, limit=7)
    assert got == list(range(7))
    assert max(service.asked) == 6


def test_p2_a_page_too_many_in_the_middle_is_found_by_the_key(connect: Connect) -> None:
    service = Positions(27)
    step = service.step

    def moved(connection: Connection) -> bool:
        if re.search("skip=6", connection.request.target):
            connection.request.target = connection.request.target.replace("skip=6", "skip=3")
        return step(connection)

    with FaultServer([moved]) as server, pytest.raises((IncompleteReadError, ApiError)):
        read(connect(server), parallel=4)


def test_verify_reads_the_keys_a_second_time_in_parallel(connect: Connect) -> None:
    service = Positions(27)
    with FaultServer([service.step]) as server:
        got, reader = read(connect(server), parallel=4, complete="verify")
    assert got == list(range(27))
    assert (reader.proof.strength, reader.proof.second_reading) == ("verified", True)


def test_who_reads_no_further_waits_for_nothing(connect: Connect) -> None:
    service, may_answer = Positions(300), threading.Event()

    def slow(connection: Connection) -> bool:
        if "skip" in connection.request.target:
            may_answer.wait(20)
        return service.step(connection)

    with FaultServer([slow]) as server:
        reader = ODataReader(connect(server), EntityQuery(entity="C"), parallel=4)
        pages = reader.pages()
        next(pages)
        reader.stop()
        with pytest.raises(RunCancelledError):
            next(pages)
        may_answer.set()


@pytest.mark.parametrize(("status", "size"), [(408, 2), (413, 2), (504, 2)])
def test_a_page_that_is_too_much_proposes_a_smaller_one(status: int, size: int, connect: Connect) -> None:
    service = Positions(27, sizes=(5,))
    service.wrong = {5: status}
    with FaultServer([service.step]) as server, pytest.raises(ApiError) as caught:
        read(connect(server), parallel=1)
    assert str(caught.value.example).startswith(f"page-size: {size} ")
