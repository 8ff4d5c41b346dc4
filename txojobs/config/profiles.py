"""What is known of the products that services run on: values that count where the configuration is silent.

Each profile is written like a service's part of the configuration, so each value of it can be written there, too, and
then counts. The numbers are what the makers publish, or less; nobody guarantees them.

Source: Business Central, "Working with API limits" (20,000 records a page, 6,000 requests in five minutes) and
"Using read scale-out" (Data-Access-Intent); Dataverse, "Count rows using OData" ($count up to 5,000), "Page results
using OData" (5,000 records a page) and "Service protection API limits" (6,000 requests in five minutes).
"""

from __future__ import annotations

from typing import Any

PROFILES: dict[str, dict[str, Any]] = {
    "generic": {},
    "business-central": {
        "rate-limiting": {"calls-per-second": 8, "burst-size": 8},
        "reading": {
            "max-parallel": 4,
            "page-size": 5000,  # 20,000 are allowed, but a page of that size may take longer than a call may
            "headers": {
                "Data-Access-Intent": "ReadOnly"
            },  # a copy of the database for readers, where there is one
            "null-dates": [  # what is sent for no date, and for no record that a field refers to
                "0001-01-01",
                "0001-01-01T00:00:00Z",
                "00000000-0000-0000-0000-000000000000",
            ],
        },
    },
    "dataverse": {
        "rate-limiting": {"calls-per-second": 15, "burst-size": 15},
        "reading": {"page-size": 5000, "counts-up-to": 5000, "max-parallel": 8},
    },
    "sap-v2": {
        "odata": "v2",
        "rate-limiting": {"calls-per-second": 2, "burst-size": 2},
        "reading": {"max-parallel": 2},
    },
    "sap-v4": {"rate-limiting": {"calls-per-second": 2, "burst-size": 2}, "reading": {"max-parallel": 2}},
}


def known_of_profile(own: Any, shared: Any) -> dict[str, Any]:
    """Return what the profile of a service says; `own` is its part of the configuration, `shared` that of all.

    A pause between calls that somebody has written is the pace then.
    """
    name = own["profile"] if isinstance(own, dict) and "profile" in own else None
    known = PROFILES.get(name, {}) if isinstance(name, str) else {}
    if any(isinstance(part, dict) and "api-delay-seconds" in part for part in (own, shared)):
        return {key: value for key, value in known.items() if key != "rate-limiting"}
    return known
