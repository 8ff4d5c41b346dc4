"""What the body of a poll says about a long operation: it goes on, it failed, it is done.

Services tell it under names of their own; `async-operations` in the configuration says which. Capital letters,
spaces, `-` and `_` make no difference. A body without the field is the result itself.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from txojobs.errors import ValidationError
from txojobs.exact_json import decode
from txojobs.rest.service_text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from txojobs.rest.answers import Answer
    from txojobs.rest.settings import OperationSettings


class Progress(Enum):
    """How far an operation is."""

    RUNNING = "running"
    FAILED = "failed"
    DONE = "done"
    UNKNOWN = "unknown"


def progress_of(answer: Answer, settings: OperationSettings) -> tuple[Progress, str]:
    """Return how far the operation is, and the service's own word for it, fit for a message.

    An unlisted word is a state of the result, not of the operation, unless the words for success are listed.
    """
    word = _word(answer, settings.status_field)
    if word is None:
        return Progress.DONE, ""
    for progress, words in (
        (Progress.DONE, settings.succeeded),
        (Progress.FAILED, settings.failed),
        (Progress.RUNNING, settings.running),
    ):
        if _plain(word) in _all_plain(words):
            return progress, clean_text(word, limit=60)
    return Progress.UNKNOWN if settings.succeeded else Progress.DONE, clean_text(word, limit=60)


def _word(answer: Answer, path: str) -> str | None:
    if "json" not in answer.media_type:
        return None
    try:
        value = decode(answer.body)
    except ValidationError:
        return None
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _all_plain(words: Iterable[str]) -> set[str]:
    return {_plain(word) for word in words}


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]", "", word).casefold()
