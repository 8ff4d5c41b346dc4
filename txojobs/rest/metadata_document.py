"""Read the `$metadata` of a service: its bytes, complete, and not the page of a login form.

The client's limits hold: the body is read in pieces, unpacked, and refused when it is longer than `max_body_bytes`.

Source: OData 4.01 Part 1 section 11.1.2 (metadata document request).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.rest.content import unreadable

if TYPE_CHECKING:
    from txojobs.rest.answers import Answer
    from txojobs.rest.client import TxoRestAPI

_BLANK = b"\xef\xbb\xbf \t\r\n"
_PAGE = (b"<!doctype html", b"<html")


def read_metadata(client: TxoRestAPI, *, deadline: float | None = None) -> bytes:
    """Return the document as the service sent it.

    Raises:
        ApiError: it could not be read after all attempts, or what came is none.
    """
    headers = {"Accept": "application/xml"}
    if client.settings.odata == "v4":
        headers["OData-MaxVersion"] = "4.0"  # as for records: the two must speak of the same
    return client.fetch("GET", "$metadata", parse=_document, headers=headers, deadline=deadline)


def _document(answer: Answer) -> bytes:
    start = answer.body[:1000].lstrip(_BLANK).lower()
    if not start:
        raise unreadable(answer, "the answer is empty", "ask the provider of the service why")
    if start.startswith(_PAGE):
        raise unreadable(
            answer,
            "a web page came where $metadata was expected",
            "the address leads to a login page or a proxy: check `base-url` and the credential",
        )
    if start[:1] in b"{[":
        raise unreadable(
            answer,
            "JSON came where $metadata was expected as XML",
            "check that `base-url` is the root of an OData service",
        )
    return answer.body
