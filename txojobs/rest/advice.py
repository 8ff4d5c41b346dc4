"""What a person can do about a service's error code: the code decides, whatever language the message is in.

A listed code wins over the kind it belongs to, and an inner code over an outer one, because services put the
precise code inside a general one (OData 4.01 JSON Format section 21: `details` and `innererror`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from txojobs.rest.vendor_codes import CODES, Advice

if TYPE_CHECKING:
    from collections.abc import Sequence

FAMILIES: dict[str, Advice] = {
    # the categories of Business Central's codes, same source
    "BadRequest_": Advice(
        "correct the request: the service's message names what it does not understand",
        "txojobs show JOB ORG ENV shows the address that a job asks",
    ),
    "Authentication_": Advice(
        "check the credential: is the secret right and still valid, and is it the one for this service?",
        "txojobs config ORG ENV shows which credential is used",
    ),
    "Authorization_": Advice(
        "give this application or user permission on what it asks for, or ask your administrator",
        "in Business Central: Microsoft Entra Applications > the application > Permission sets > D365 READ",
    ),
    "Internal_": Advice(
        "try again later; if it stays, the data or setup of the service is at fault: give its support the id "
        "named here",
        "Business Central admin center > Environments > Report production outage",
    ),
    "Application_": Advice(
        "a rule of the business refuses it: correct what the service's message names",
        "a customer that is blocked cannot be invoiced",
    ),
    # SAP: help.sap.com, "Error responses": a business exception says what the user did, a technical one what broke
    "/IWBEP/CX_MGW_BUSI_EXCEPTION": Advice(
        "the application behind the service refuses it: correct what its message names",
        "transaction /IWFND/ERROR_LOG, with the transaction id named here",
    ),
    "/IWBEP/CX_MGW_TECH_EXCEPTION": Advice(
        "the application behind the service failed: give its developers the transaction id named here",
        "transaction /IWFND/ERROR_LOG, with the transaction id named here",
    ),
    "/IWCOR/CX_OD_NOT_FOUND": Advice(
        "the service finds nothing at this address: check service, entity set and key",
        "base-url: https://HOST/sap/opu/odata/sap/API_SALES_ORDER_SRV",
    ),
}
"""Beginnings of codes: what holds for every code of a kind that is not listed."""

_BY_CODE = {code.casefold(): advice for code, advice in CODES.items()}
_BY_BEGINNING = {beginning.casefold(): advice for beginning, advice in FAMILIES.items()}


def advice_for(codes: Sequence[str]) -> Advice | None:
    """Return what is known about the codes of one error, the outermost first; None when nothing is."""
    known = [_BY_CODE[code.casefold()] for code in codes if code.casefold() in _BY_CODE]
    if known:
        return known[-1]
    return next(
        (
            advice
            for code in codes
            for beginning, advice in _BY_BEGINNING.items()
            if code.casefold().startswith(beginning)
        ),
        None,
    )
