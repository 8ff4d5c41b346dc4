"""Addresses that lead nowhere are found with the other faults of a configuration, before a run begins."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txojobs.config.check import check_config_text
from txojobs.errors import ForeignOriginError
from txojobs.rest.origin import origin_of

NOWHERE = {
    "https://a.example:99999": "port",
    "https://a.example:0/v2": "port",
    "https://a.example:": "port",
    "https://a.example:80a": "port",
    "https://a..example": "name",
    "https://.example": "name",
    "https://" + "a" * 64 + ".example": "name",
    "https://*.example": "name",
    "https://[::1": "IPv6",
    "https://[zz]": "IPv6",
}
GOOD = [
    "https://a.example",
    "http://127.0.0.1:8801/x",
    "https://[::1]:8443/v2",
    "https://ä.example.",
    "demo:",
]


def said(config: object) -> list[str]:
    return [each.message for each in check_config_text(json.dumps(config)) if each.severity == "error"]


@pytest.mark.parametrize("address", NOWHERE)
def test_an_address_that_leads_nowhere_is_an_error_wherever_it_stands(address: str) -> None:
    good = {"api-base-url": "https://a.example"}
    for config in (
        {"global": {"api-base-url": address}},
        {"global": good, "apis": {"helpdesk": {"base-url": address}}},
        {"global": good, "environments": {"test": {"api-endpoint": address}}},
        {"global": {**good, "trusted-origins": [address]}},
    ):
        (message,) = said(config)
        assert "can be no address" in message
        assert NOWHERE[address] in message


@pytest.mark.parametrize("address", GOOD)
def test_an_address_that_may_lead_somewhere_is_none(address: str) -> None:
    assert said({"global": {"api-base-url": address}}) == []


@given(st.text("ab.-:[]0159%*_", min_size=1, max_size=12))
def test_what_the_client_would_refuse_is_refused_before(authority: str) -> None:
    address = f"https://{authority}/x"
    try:
        origin_of(address)
    except ForeignOriginError:
        assert said({"global": {"api-base-url": address}}) != []
