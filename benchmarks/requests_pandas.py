"""What a user would write today: requests, a list of records, a DataFrame, to_csv or to_excel.

`python benchmarks/requests_pandas.py URL OUT`
"""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd
import requests


def main() -> None:
    """Run the job."""
    url, out = sys.argv[1:]
    link: str | None = f"{url}/Customers"
    rows: list[dict[str, Any]] = []
    while link:
        answer = requests.get(link, timeout=60)
        answer.raise_for_status()
        page = answer.json()
        rows += page["value"]
        link = page.get("@odata.nextLink")
    frame = pd.json_normalize(rows)
    frame = frame[(frame["BalanceDue"] > 10000.1) & (frame["Country"] == "SE")]
    frame = frame[["CustomerNo", "DisplayName", "Address.City", "Country", "BalanceDue", "Changed"]]
    frame.columns = pd.Index(["Customer No.", "Name", "City", "Country", "Balance", "Changed"])
    if out.endswith(".xlsx"):
        frame.to_excel(out, index=False)
    else:
        frame.to_csv(out, index=False)


if __name__ == "__main__":
    main()
