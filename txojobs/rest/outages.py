"""What the clients of one run know together of an origin: until when to leave it alone, how often to try it again.

Two services of a configuration may stand on one host, each with a rate and a circuit of its own. What the host itself
asks for (429, Retry-After) is asked of all of them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txojobs.rest.origin import Origin


class RetryBudget:
    """Tokens that retries cost and successes give back; safe to share between threads."""

    CAPACITY = 500
    COST = 14
    COST_THROTTLED = 5

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = self.CAPACITY

    def take(self, *, throttled: bool) -> int:
        """Pay for one retry and return what it cost; 0 when the budget is spent."""
        cost = self.COST_THROTTLED if throttled else self.COST
        with self._lock:
            if cost > self._left:
                return 0
            self._left -= cost
            return cost

    def refund(self, paid: int) -> None:
        """Give back what a call has paid that succeeded in the end, and one token for a call that paid nothing."""
        with self._lock:
            self._left = min(self.CAPACITY, self._left + max(1, paid))


class Outage:
    """What is known of one origin; moments are on the monotonic clock."""

    def __init__(self) -> None:
        self.budget = RetryBudget()
        self._lock = threading.Lock()
        self._quiet_until = float("-inf")

    @property
    def quiet_until(self) -> float:
        """Until when nobody may ask."""
        return self._quiet_until

    def pause(self, until: float) -> None:
        """Let nobody ask before `until`."""
        with self._lock:
            self._quiet_until = max(self._quiet_until, until)


class Outages:
    """What is known of each origin; safe to share between clients and their threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Origin, Outage] = {}

    def at(self, origin: Origin) -> Outage:
        """Return what is known of an origin."""
        with self._lock:
            return self._known.setdefault(origin, Outage())
