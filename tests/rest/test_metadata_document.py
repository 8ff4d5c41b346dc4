"""Reading `$metadata`: whole, as it came, and never the page of a login form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rest import fault_server as fault
from tests.rest.fault_server import answer, says
from txojobs.errors import ApiError
from txojobs.rest.metadata_document import read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.rest.fault_server import FaultServer, Step
    from txojobs.rest.client import TxoRestAPI

    Connect = Callable[..., TxoRestAPI]
    Serve = Callable[..., FaultServer]

DOCUMENT = b'\xef\xbb\xbf<?xml version="1.0"?>\n<Edmx \xc3\xa4="1"/>\n'


def test_the_document_is_given_as_it_came(serve: Serve, connect: Connect) -> None:
    server = serve(answer(body=DOCUMENT, content_type="application/xml"))
    assert read_metadata(connect(f"{server.url}/v2")) == DOCUMENT
    request = server.requests[0]
    assert request.target == "/v2/$metadata"
    assert request.headers["accept"] == "application/xml"
    assert request.headers["odata-maxversion"] == "4.0"


def test_a_service_of_v2_is_not_asked_for_a_version_of_v4(serve: Serve, connect: Connect) -> None:
    server = serve(answer(body=DOCUMENT))
    read_metadata(connect(server.url, odata="v2"))
    assert "odata-maxversion" not in server.requests[0].headers


def test_it_is_asked_for_again_when_the_connection_is_lost(serve: Serve, connect: Connect) -> None:
    server = serve(fault.hang_up, answer(body=DOCUMENT))
    assert read_metadata(connect(server.url)) == DOCUMENT
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("step", "told", "fix"),
    [
        (answer(body=b""), "the answer is empty", "ask the provider"),
        (fault.html_login(), "web page|login", "credential"),
        (answer(body=b" <html>no</html>"), "a web page came", "check `base-url`"),
        (says({"value": []}), "JSON came", "root of an OData service"),
        (says([1]), "JSON came", "root of an OData service"),
        (answer(404), r"\$metadata", ""),
    ],
    ids=["empty", "login", "page", "object", "list", "404"],
)
def test_what_is_none_is_an_error_with_a_way_out(
    step: Step, told: str, fix: str, serve: Serve, connect: Connect
) -> None:
    with pytest.raises(ApiError, match=told) as caught:
        read_metadata(connect(serve(step).url))
    assert fix in (caught.value.how_to_fix or "")


def test_one_that_is_too_long_is_not_read(serve: Serve, connect: Connect) -> None:
    server = serve(answer(body=b"<Edmx>" + b" " * 5000))
    with pytest.raises(ApiError, match=r"more than the 1,000 allowed"):
        read_metadata(connect(server.url, max_body_bytes=1000))
