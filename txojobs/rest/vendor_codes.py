"""The error codes of common services, and what a person can do about each: one literal table.

Only codes that their makers document, or that were seen in answers of several independent systems, stand
here; above each group is where. Nothing is decided by these codes but the advice that is shown.
"""

from __future__ import annotations

from typing import NamedTuple


class Advice(NamedTuple):
    """The Solution and the Example of an error; both are shown as they stand."""

    how_to_fix: str
    example: str


CODES: dict[str, Advice] = {
    # Business Central: learn.microsoft.com, "Troubleshooting REST API/OData calls" (dynamics-error-codes)
    "Authentication_InvalidCredentials": Advice(
        "register the application in Business Central and enable it there; a valid token is not enough",
        "in Business Central: Microsoft Entra Applications > New > Client ID, State: Enabled",
    ),
    "BadRequest": Advice(
        "correct the value that the service names: a date is 2026-01-31, a number has a point",
        "filter: postingDate ge 2026-01-31 and amount gt 100.5",
    ),
    "BadRequest_InvalidRequestUrl": Advice(
        "correct the names in `select`, `expand`, `filter` and `order-by`; the service's $metadata lists them",
        "select: [number, displayName]",
    ),
    "BadRequest_NotFound": Advice(
        "correct the syntax of the filter or key: a text stands in quotes, a GUID, a number and a date do not",
        "filter: displayName eq 'Adatum' and id ne 6a1a1c1e-0000-4000-8000-000000000001",
    ),
    "BadRequest_ResourceNotFound": Advice(
        "check each name in the address: environment, api/v2.0 or publisher/group/version, company, entity set",
        "api-base-url: https://api.businesscentral.dynamics.com/v2.0/TENANT/Production/api/v2.0/companies(ID)",
    ),
    "BadRequest_InvalidOperation": Advice(
        "leave out the field that the service names: it cannot be written",
        'api.patch(url, {"displayName": "Adatum"})   # without lastModifiedDateTime',
    ),
    "BadRequest_InvalidToken": Advice(
        "send the record's @odata.etag as the header If-Match with each change; in the body it does not count",
        'api.patch(url, changes, headers={"If-Match": record["@odata.etag"]})',
    ),
    "BadRequest_RequiredParamNotProvided": Advice(
        "give a value to the field that the service names",
        'api.post("companies(ID)/customers", {"displayName": "Adatum"})',
    ),
    "BadRequest_MethodNotAllowed": Advice(
        "this entity set does not allow this kind of change; use the one that does",
        "a page with InsertAllowed = false cannot be posted to",
    ),
    "BadRequest_MethodNotImplemented": Advice(
        "the entity set does not offer this action or option; leave it out, or ask whoever develops the page",
        "the actions of an entity set stand in its $metadata",
    ),
    "Request_EntityChanged": Advice(
        "someone else changed the record since it was read: read it again and decide",
        'fresh = api.get(url); api.patch(url, changes, headers={"If-Match": fresh["@odata.etag"]})',
    ),
    "Internal_CompanyNotFound": Advice(
        "name the company in the address; the service has no default one",
        "api-base-url: .../ODataV4/Company('CRONUS%20International%20Ltd.')",
    ),
    "Internal_RecordNotFound": Advice(
        "a record that the service needs does not exist, often in a setup table: create it, or correct the key",
        "the service's message names the table and the key",
    ),
    "Internal_DataNotFoundFilter": Advice(
        "no record is within the filter that the service's own code sets: check filter and setup",
        "the service's message names the table",
    ),
    "Internal_InvalidTableRelation": Advice(
        "the value refers to a record that does not exist: create that one first, or correct the value",
        "a vendor number in a journal line must be one of the vendors",
    ),
    "Internal_EntityWithSameKeyExists": Advice(
        "a record with this key exists already: change it instead of creating it, or use another key",
        "read it with filter: number eq '10000'",
    ),
    "Internal_ServerError": Advice(
        "the service cannot reach its database: try again later, then give its support the id named here",
        "Business Central admin center > Environments: is the environment active?",
    ),
    "Internal_TenantUnavailable": Advice(
        "the environment does not answer, perhaps because it is being updated: try again later",
        "Business Central admin center > Environments: is the environment active?",
    ),
    "Application_DialogException": Advice(
        "a rule of the business refuses it: correct what the service's message names",
        "an item with an open sales quote cannot be deleted",
    ),
    "Application_CallbackNotAllowed": Advice(
        "the service's own code asks a question on the screen, which no program can answer: tell its developer",
        "AL code that runs without a screen checks GuiAllowed before it calls Confirm",
    ),
    "Application_EvaluateException": Advice(
        "the value is of another type than the field: use one that the field allows",
        "an option field takes the names that $metadata lists for it",
    ),
    "Application_StringExceededLength": Advice(
        "the text is longer than the field: shorten it",
        "the service's message names the longest length",
    ),
    "Application_InvalidGUID": Advice(
        "write the GUID as 8-4-4-4-12 digits and letters from a to f",
        "6a1a1c1e-0000-4000-8000-000000000001",
    ),
    "Application_FilterErrorException": Advice(
        "correct the filter: the value is too long for the field, or holds a sign with a meaning (* | & < > ..)",
        "filter: number eq '10000'",
    ),
    "Application_FieldValidationException": Advice(
        "fill in the field that the service names, perhaps on the record that this one refers to",
        "a customer needs a customer posting group before it can be invoiced",
    ),
    # 429 of Business Central: seen in answers of several systems; how many are allowed is documented under
    # "Operational limits"
    "Application_TooManyRequests": Advice(
        "ask less often: enable `rate-limiting` in script-behavior and lower `calls-per-second`; other programs "
        "of this user count as well",
        '"rate-limiting": {"enabled": true, "calls-per-second": 5}',
    ),
    # Microsoft Graph and Entra: learn.microsoft.com, "Microsoft Graph error responses and resource types",
    # "Resolve Microsoft Graph authorization errors", "Azure AD Graph API error codes and error handling"
    "Authorization_RequestDenied": Advice(
        "give this application permission on what it asks for, or ask your administrator",
        "in Business Central: Microsoft Entra Applications > the application > Permission sets > D365 READ; for "
        "Graph: Entra admin center > App registrations > API permissions > Grant admin consent",
    ),
    "InvalidAuthenticationToken": Advice(
        "the token is missing, expired or meant for another service: check `oauth-scope`",
        '"oauth-scope": "https://graph.microsoft.com/.default"',
    ),
    "Request_ResourceNotFound": Advice(
        "the object does not exist, or this application may not see it: check its id and the permission",
        "an object that was just created appears after a little while",
    ),
    "Request_UnsupportedQuery": Advice(
        "this collection does not support the option: leave out `page-size`, `order-by` or the filter on it",
        "Graph wants ConsistencyLevel: eventual and $count=true for advanced filters",
    ),
    "accessDenied": Advice(
        "grant the application the permission on what it asks for",
        "Entra admin center > App registrations > API permissions > Grant admin consent",
    ),
    "itemNotFound": Advice(
        "the object does not exist: check its id or path in the address",
        "drives/ID/root:/Reports/2026.xlsx",
    ),
    "resyncRequired": Advice(
        "the link to the changes has expired: read everything again from the beginning",
        "leave out the stored deltaLink",
    ),
    "TooManyRequests": Advice(
        "ask less often: enable `rate-limiting` in script-behavior and lower `calls-per-second`",
        '"rate-limiting": {"enabled": true, "calls-per-second": 5}',
    ),
    # Dataverse: learn.microsoft.com, "Web service error codes", "Service protection API limits", "Create and
    # use custom APIs" (0x8006088a), dual-write troubleshooting (0x80072560); 0x80060888 and 0x80048306 are not
    # documented, but seen in answers of many systems
    "0x80072322": Advice(
        "more than the allowed requests in five minutes (6,000 by default): lower `calls-per-second`",
        '"rate-limiting": {"enabled": true, "calls-per-second": 15}',
    ),
    "0x80072321": Advice(
        "the requests of five minutes took more than the allowed time (20 minutes by default): lower "
        "`calls-per-second`, and ask for less with `select` and a smaller `page-size`",
        '"rate-limiting": {"enabled": true, "calls-per-second": 5}',
    ),
    "0x80072326": Advice(
        "too many requests at the same time (52 by default): run fewer jobs side by side",
        "rate_limited_parallel(fetch_one, items, calls_per_second=5, max_workers=4)",
    ),
    "0x80040217": Advice(
        "the record does not exist, or this user may not see it: check its id",
        "accounts(6a1a1c1e-0000-4000-8000-000000000001)",
    ),
    "0x80060891": Advice(
        "no record has this alternate key: check the values, also those of lookups",
        "accounts(accountnumber='10000')",
    ),
    "0x8006088a": Advice(
        "check each name in the address: entity sets are plural, upper and lower case count",
        "entity: accounts   # not account",
    ),
    "0x80060888": Advice(
        "correct the names in `select`, `filter` and `order-by`: a lookup is read as _NAME_value",
        "select: [name, _primarycontactid_value]",
    ),
    "0x80041103": Advice(
        "the table has no such column: use its logical name, in lower case",
        "select: [name, accountnumber]",
    ),
    "0x80040220": Advice(
        "give the application user a security role with the privilege that the service's message names",
        "Power Platform admin center > Environments > Users > Application users > Edit security roles",
    ),
    "0x80048306": Advice(
        "give the application user a security role with access to this table and record",
        "Power Platform admin center > Environments > Users > Application users > Edit security roles",
    ),
    "0x8004F506": Advice(
        "the filter or order names a secured column: give the application user a column security profile",
        "Settings > Column security profiles > Users",
    ),
    "0x80072560": Advice(
        "create an application user for this application in the environment",
        "Power Platform admin center > Environments > Users > Application users > New app user",
    ),
    "0x80040225": Advice(
        "enable the user in the environment, and put it into a business unit",
        "Power Platform admin center > Environments > Users",
    ),
    "0x80060882": Advice(
        "someone else changed the record since it was read: read it again and decide",
        'fresh = api.get(url); api.patch(url, changes, headers={"If-Match": fresh["@odata.etag"]})',
    ),
    "0x80040237": Advice(
        "a record with this key exists already: change it instead of creating it",
        "api.patch(\"accounts(accountnumber='10000')\", changes)",
    ),
    "0x80060892": Advice(
        "a record with this alternate key exists already: change it instead of creating it",
        "api.patch(\"accounts(accountnumber='10000')\", changes)",
    ),
    "0x80044151": Advice(
        "the database took too long: ask for less with `select`, a narrower filter or a smaller `page-size`",
        "page-size: 500",
    ),
    "0x8004E023": Advice(
        "an aggregation covers too many records (50,000 by default): narrow the filter",
        "filter: createdon ge 2026-01-01T00:00:00Z",
    ),
    "0x80072491": Advice(
        "change tracking is off for this table: enable it, or read the whole table",
        "Power Apps > Tables > the table > Properties > Advanced options > Track changes",
    ),
    # SAP Gateway: texts of its message classes (help.sap.com, sapdatasheet.org, erplingo.com), SAP Note 1797736
    # (error analysis), OpenUI5's own tests; the codes of 32 digits are seen in answers of several systems
    "/IWFND/MED/170": Advice(
        "the service is not registered under this name and version, or the address misses a part: check it, "
        "or have the service activated",
        "transaction /IWFND/MAINT_SERVICE > Add Service",
    ),
    "/IWFND/CM_COS/064": Advice(
        "have a system alias assigned to the service",
        "transaction /IWFND/MAINT_SERVICE > the service > Add System Alias",
    ),
    "/IWFND/CM_CONSUMER/101": Advice(
        "have the user authorised for this service (authorisation object S_SERVICE)",
        "transaction PFCG > the user's role > Menu: TADIR service IWSG; transaction SU53 shows what is missing",
    ),
    "/IWBEP/CM_MGW_RT/020": Advice(
        "check the entity set and the key in the address: the service finds no such record",
        "A_SalesOrder('1')",
    ),
    "/IWBEP/CM_MGW_RT/190": Advice(
        "someone else changed the record since it was read: read it again and decide",
        'api.patch(url, changes, headers={"If-Match": record["__metadata"]["etag"]})',
    ),
    "/IWBEP/CM_V4_RUNTIME/021": Advice(
        "someone else changed the record since it was read: read it again and decide",
        'api.patch(url, changes, headers={"If-Match": record["@odata.etag"]})',
    ),
    "/IWBEP/CM_MGW_RT/194": Advice(
        "send the record's ETag as the header If-Match",
        'api.patch(url, changes, headers={"If-Match": record["__metadata"]["etag"]})',
    ),
    "/IWFND/CM_MGW/094": Advice(
        "send the ETag in If-Match exactly as the service wrote it, with W/ and quotes",
        'headers={"If-Match": "W/\\"datetime\'2026-01-31T00%3A00%3A00\'\\""}',
    ),
    "005056A509B11EE1B9A8FEA8DE87F78E": Advice(
        "the entity type has no such property: correct `select`, `filter` and `order-by`; $metadata lists them",
        "select: [SalesOrder, CreationDate]",
    ),
    "005056A509B11EE1B9A8FEC11C21D78E": Advice(
        "the service has no such entity set or navigation: check each name in the address",
        "base-url: https://HOST/sap/opu/odata/sap/API_SALES_ORDER_SRV",
    ),
    "005056A509B11EE1B9A8FEC11C21578E": Advice(
        "a parameter of the function is missing, misspelt or of another type; $metadata lists them",
        "a text stands in quotes: Release?SalesOrder='1'",
    ),
    "SY/530": Advice(
        "the application behind the service refuses it: its message says why; the rest is in its log",
        "transaction /IWFND/ERROR_LOG, with the transaction id named here",
    ),
}
