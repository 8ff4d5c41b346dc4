"""Light to import: checking a job pays for it each time."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("msgspec", "requests", "datetime", "calendar", "difflib", "ruamel", "jsonschema")


def test_importing_and_filtering_loads_nothing_heavy() -> None:
    program = (
        "import sys; from txojobs.expressions import parse, to_literal;"
        "assert parse('a > ' + to_literal(1)).evaluate({'a': 2}) is True;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
