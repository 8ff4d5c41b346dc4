"""What all tests share: property tests without a stop-watch, and no colours from the outside."""

from __future__ import annotations

import os

from hypothesis import settings

# a slow machine is no defect: speed is measured in benchmarks/
settings.register_profile("default", deadline=None, print_blob=True)
settings.load_profile("default")

for name in ("FORCE_COLOR", "TXOJOBS_WORKSPACE", "TXOJOBS_STATE"):
    os.environ.pop(name, None)

# thousands of tests start processes: compiled anew each time, the package would take most of their time
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
