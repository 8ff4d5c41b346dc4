"""Keep a token on disk, so that runs one after the other and side by side ask for one token together.

One file for each application and scope, in a folder of its own below the state folder: mode 0600 in 0700,
created by os.open, replaced as a whole. Whoever asks for a token holds the lock beside the file, so several
processes without a token make one request. A file that others could read or write, that is damaged or about
another application is never trusted: it is replaced, and the log says why. A disk that cannot be written costs
a token request, never the run.

On Windows the folder's own permissions decide who can read it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

from txojobs.file_lock import lock_at
from txojobs.rest.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from txojobs.rest.timing import Limits, Timing

_log = logging.getLogger("txojobs.rest")

VERSION = 1
LOCK_PATIENCE_S = 90.0
"""How long another process may hold the lock; after that a token is asked for without it (promise P6)."""
_POLL_S = 0.05
_SLACK_S = 5.0
"""How far a wall clock may be corrected while a token is kept."""
_MAX_BYTES = 256 * 1024
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_OTHERS = 0o077


class _UntrustedError(Exception):
    """Why a file is not used; it never leaves this module."""


class TokenFile:
    """The file of the token that `facts` describe: who asks whom for what."""

    def __init__(self, state_dir: Path, facts: Mapping[str, str], timing: Timing) -> None:
        self._facts = dict(facts)
        self._timing = timing
        name = hashlib.sha256(json.dumps(self._facts, sort_keys=True).encode()).hexdigest()[:32]
        self._state_dir = state_dir
        self.folder = state_dir / "tokens"
        self.path = self.folder / f"{name}.json"

    @contextlib.contextmanager
    def held(self, limits: Limits) -> Iterator[bool]:
        """Hold the lock, and say whether the file can be used; what goes wrong with the disk is logged.

        Raises:
            RunCancelledError, ApiTimeoutError: the limits of the run ended the wait.
        """
        descriptor = None
        try:
            self._make_folder()
            descriptor = self._lock(limits)
        except OSError as err:
            _log.warning("the token is not kept in %s: %s", self.folder, err.strerror or err)
        try:
            yield descriptor is not None
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _make_folder(self) -> None:
        self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if os.name != "nt" and stat.S_IMODE(self.folder.stat().st_mode) & _OTHERS:
            self.folder.chmod(0o700)
            _log.warning("others could look into %s; now only its owner can", self.folder)

    def _lock(self, limits: Limits) -> int | None:
        path = self.path.with_suffix(".lock")
        patience = self._timing.clock() + LOCK_PATIENCE_S
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _SAFE, 0o600)
            try:
                if lock_at(path, descriptor):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if self._timing.clock() > patience:
                _log.warning(
                    "another process has held %s for %.0f s; not waiting for it", path, LOCK_PATIENCE_S
                )
                return None
            self._timing.pause(_POLL_S, limits, reason="another process asks for a token")

    def read(self) -> Token | None:
        """Return the token in the file, also one that is about to expire; None when there is none to trust."""
        try:
            return self._trusted(self._text())
        except FileNotFoundError:
            return None
        except (OSError, _UntrustedError) as err:
            why = getattr(err, "strerror", None) or err
            _log.warning("the kept token %s is not used: %s; it is replaced", self.path, why)
            return None

    def _text(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _SAFE)
        try:
            _raise_if_exposed(os.fstat(descriptor))
            return os.read(descriptor, _MAX_BYTES)
        finally:
            os.close(descriptor)

    def _trusted(self, text: bytes) -> Token:
        try:
            kept = json.loads(text)
            known = (kept["version"], kept["for"]) == (VERSION, self._facts)
            lifetime_s, expires_at = float(kept["lifetime"]), float(kept["expires_at"])
            value = kept["access_token"]
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            raise _UntrustedError("it is damaged") from None
        if not known:
            raise _UntrustedError("it is of another kind or application")
        if not isinstance(value, str) or not value or not math.isfinite(lifetime_s + expires_at):
            raise _UntrustedError("it is damaged")
        left_s = expires_at - self._timing.wall_clock()
        if left_s > lifetime_s + _SLACK_S:
            raise _UntrustedError("it would live longer than it may: the clock was set back")
        return Token.of(value, lifetime_s=lifetime_s, left_s=left_s, now=self._timing.clock())

    def write(self, token: Token) -> None:
        """Put a token into the file; one without a lifetime is not kept."""
        if not math.isfinite(token.expires_at):
            return
        left_s = token.expires_at - self._timing.clock()
        kept: dict[str, Any] = {
            "version": VERSION,
            "for": self._facts,
            "access_token": token.value,
            "lifetime": token.lifetime_s,
            "expires_at": self._timing.wall_clock() + left_s,
        }
        try:
            self._replace(json.dumps(kept).encode("ascii"))
        except OSError as err:
            _log.warning("the token cannot be kept in %s: %s", self.path, err.strerror or err)

    def _replace(self, text: bytes) -> None:
        beside = self.path.with_suffix(".new")
        beside.unlink(missing_ok=True)  # left by a crash: only the holder of the lock comes here
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text)
            beside.replace(self.path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _raise_if_exposed(found: os.stat_result) -> None:
    """Refuse a file that others may know or may have written."""
    if not stat.S_ISREG(found.st_mode):
        raise _UntrustedError("it is no ordinary file")
    if sys.platform == "win32":
        return
    if found.st_uid != os.geteuid():
        raise _UntrustedError("it belongs to another user")
    if stat.S_IMODE(found.st_mode) & _OTHERS:
        raise _UntrustedError("other users can read or write it")
