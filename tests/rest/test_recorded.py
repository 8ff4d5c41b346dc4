"""What a client keeps of its answers: all that a later process needs, and no header that holds a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rest.fault_server import says
from txojobs.rest.recorded import RecordedApi
from txojobs.rest.settings import AuthSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer
    from txojobs.rest.answers import Answer
    from txojobs.rest.client import TxoRestAPI


class Memory(dict[bytes, bytes]):
    """Keeps in memory."""

    def find(self, key: bytes) -> bytes | None:
        return self.get(key)

    def keep(self, key: bytes, content: bytes) -> None:
        self[key] = content


def as_it_is(answer: Answer) -> Answer:
    return answer


def test_an_answer_is_found_with_its_facts_and_without_the_header_of_the_key(
    serve: Callable[..., FaultServer], connect: Callable[..., TxoRestAPI]
) -> None:
    server = serve(says({"n": 1}, x_shop="k3y-of-the-shop", etag="7"), says({"n": 2}))
    client = connect(server, auth=AuthSettings(type="api-key", secret="k3y-of-the-shop", key_name="X-Shop"))
    memory = Memory()
    first = RecordedApi(client, memory, step="1").fetch("GET", "a", parse=as_it_is)
    assert b"k3y-of-the-shop" not in b"".join(memory.values())
    later = RecordedApi(client, memory, step="1")
    again = later.fetch("GET", "a", parse=as_it_is)
    assert (again.status, again.body, again.url) == (first.status, first.body, first.url)
    assert again.headers["etag"] == "7"
    assert again.session == first.session != ""
    assert later.found == 1
    fresh = later.fetch("GET", "a", parse=as_it_is)  # asked a second time, it is asked
    assert fresh.body == b'{"n": 2}'
    assert fresh.session != first.session
    assert len(server.requests) == 2
