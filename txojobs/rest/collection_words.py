"""What is told of reading REST collections, and the numbers behind it."""

from __future__ import annotations

from txojobs.rest.completeness import Wording

REST = Wording(
    count="total",
    uncounted="name where the service tells how many there are (`total` or `total-header`), or write complete: auto, "
    "which says in the report that nothing was counted; with a `key`, complete: verify proves more",
    verify="reads all of it a second time and compares the key ({key})",
)
EXPIRED = "run again, or ask for less at a time: narrower conditions, a larger page-size"
FORGETS = ("link-header", "next-url", "cursor")
"""Ways in which the service remembers where we are, and may forget it."""

SMALLEST_PAGE = 10
"""No service caps its pages below that: fewer records than these are no page that was cut."""
NO_SUCH_PAGE = (400, 404, 416, 422)
"""How services answer when they are asked for a page behind the last."""
SAME_CURSOR = (
    "when the service gives its last cursor again at the end, say with has-more whether there is more; else report "
    "it to the provider of the service"
)
SAME_AGAIN = (
    "check `as` in paging: the service may not know it; and when it gives its last page again to whoever asks behind "
    "it, say what ends the sequence: total, total-pages or has-more"
)
BEHIND_THE_END = (
    "if there is no such page, say what ends the sequence: total, total-pages or has-more; else correct what the "
    "service names"
)
