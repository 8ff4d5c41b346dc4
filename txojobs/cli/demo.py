"""`txojobs demo serve`: the embedded service in the foreground."""

from __future__ import annotations

import click

from txojobs.cli.console import stdout
from txojobs.cli.main import HelpfulGroup


@click.group(cls=HelpfulGroup, epilog="Try it:  txojobs demo serve --port 8801")
def demo() -> None:
    """The demo data: airports, customers, items and sales orders, served over OData V4.

    A configuration with `"api-base-url": "demo:"` needs none of this: a run starts the service by itself.
    """


@demo.command(
    epilog="""\b
Examples:
  txojobs demo serve
  txojobs demo serve --port 8801
"""
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port; a free one if left out."
)
def serve(port: int) -> None:
    """Serve the demo data on this machine until you stop it."""
    from txojobs.demo.serve import serve as serve_demo  # noqa: PLC0415

    console = stdout(goes_on=True)

    def ready(url: str) -> None:
        console.line(f"{url}/Customers?$top=5")
        console.line(f'In a configuration:  "api-base-url": "{url}"')
        console.line("Stop it with Ctrl-C.")

    serve_demo(port=port, ready=ready)
