"""Static OData pages over HTTP, served by a process of its own so that the server is never what is measured.

Run as a program: `python benchmarks/pages.py ROWS [LATENCY_S]`; it prints its address and serves until its standard
input is closed.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 1000
TEMPLATES = 10
"""Pages that are made; the others repeat them with keys of their own."""


def record(number: int) -> dict[str, object]:
    """Return a customer of about 440 bytes with 13 members, a nested address and numbers of up to 19 digits."""
    draw = random.Random(number)
    return {
        "@odata.etag": f'W/"{draw.getrandbits(80):020x}"',
        "CustomerNo": f"C{number:08d}",
        "DisplayName": f"Customer {draw.choice(['Älv', 'Fjord', 'Bergen', 'Lund'])} {number} AB",
        "Country": draw.choice(["SE", "NO", "DK", "FI", "DE"]),
        "BalanceDue": f"@{draw.randint(-10_000_000, 90_000_000) / 100:.2f}@",
        "CreditLimit": f"@{draw.randint(10**13, 10**14)}.{draw.randint(10**4, 10**5)}@",
        "Blocked": draw.random() < 0.1,
        "Phone": f"+46 {draw.randint(10**8, 10**9)}",
        "Email": f"customer{number}@example.com",
        "PaymentTerms": draw.choice(["14 DAYS", "30 DAYS", "CM"]),
        "Group": draw.choice(["DOMESTIC", "EU", "FOREIGN"]),
        "Changed": f"2026-01-{draw.randint(1, 28):02d}T08:15:30Z",
        "Address": {
            "Street": f"Storgatan {number % 400}",
            "City": "Malmö",
            "PostalCode": "00123",
            "Country": "SE",
        },
    }


def page_template(first: int) -> str:
    """Return the array of one page as JSON, its numbers written with their digits."""
    text = json.dumps(
        [record(first + offset) for offset in range(PAGE)], ensure_ascii=False, separators=(",", ":")
    )
    return re.sub(r'"@(-?[0-9.]+)@"', r"\1", text)


class Pages:
    """The answers: page k is template k modulo TEMPLATES, with the keys of page k."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.bodies = [page_template(number * PAGE) for number in range(TEMPLATES)]

    def body(self, number: int, host: str) -> bytes:
        """Return page `number` with its link to the next one."""
        array = self.bodies[number % TEMPLATES]
        if number >= TEMPLATES:
            shift = f'"CustomerNo":"C{number // TEMPLATES:04d}'
            array = array.replace('"CustomerNo":"C0000', shift)
        head = f'{{"@odata.context":"http://{host}/$metadata#Customers","@odata.count":{self.rows},"value":'
        last = (number + 1) * PAGE >= self.rows
        tail = "}" if last else f',"@odata.nextLink":"http://{host}/Customers?$skiptoken={number + 1}"}}'
        return (head + array + tail).encode()


def handler(pages: Pages, latency_s: float) -> type[BaseHTTPRequestHandler]:
    """Return the request handler for some pages."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            number = int(query.get("$skiptoken", ["0"])[0])
            body = pages.body(number, self.headers["Host"])
            if latency_s:
                time.sleep(latency_s)
            self.send_response(200)
            self.send_header("Content-Type", "application/json;odata.metadata=minimal")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            del format, args

    return Handler


def main() -> None:
    """Serve until standard input is closed."""
    rows = int(sys.argv[1])
    latency_s = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(Pages(rows), latency_s))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
