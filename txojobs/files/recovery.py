"""Finish or clean up what runs left behind: the part of publishing that survives a crash (promise P1).

Every step can be interrupted and done again: no output is published twice, none is lost, and the outputs of
one run are never published in part without being finished by the next start.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txojobs.errors import FileOperationError
from txojobs.files import disk
from txojobs.files.names import clean_part
from txojobs.files.os_errors import explained
from txojobs.files.placing import drop_claim, free_name, place
from txojobs.files.registry import SUFFIX, Registry, entries_of
from txojobs.files.table import drop_scratch

LATER = "its new content is complete and kept; txojobs publish, or the next run, publishes it"
_CLOCK_STEP_NS = 2_000_000_000
"""FAT stores times in steps of two seconds."""


@dataclass(slots=True)
class Output:
    """One output of a run; `name` is the final name really used, not `final` when that was taken."""

    number: int
    temp: Path
    final: Path
    stamped: bool
    name: Path
    size: int = -1
    mtime_ns: int = 0
    done: bool = False


def recover(journal_dir: Path, *, only: list[Path] | None = None) -> list[Path]:
    """Finish what runs committed and did not live to publish, and clean up after runs that died before.

    With `only` these registries alone.

    Returns the final names that were published now, or by such a run itself at its end. Runs that are alive
    are left alone. May be interrupted and called again, also by several processes at a time.

    Raises:
        FileOperationError: an output could not be published (it stays for the next call), or is gone or
        changed
            (the registry is set aside, and this is raised once). Everything else was finished before.
    """
    with explained(journal_dir, doing="read"):
        found = sorted(journal_dir.glob(f"*{SUFFIX}") if only is None else only, key=age)
    errors: list[FileOperationError] = []
    published = [name for path in found for name in _recover_one(path, errors)]
    if errors:
        first = errors[0]
        raise FileOperationError("; ".join(map(str, errors)), how_to_fix=first.how_to_fix) from first
    return published


def _recover_one(path: Path, errors: list[FileOperationError]) -> list[Path]:
    """Recover one run; its error waits in `errors`, so that the runs after it are recovered too."""
    try:
        with explained(path, doing="read"):
            registry = Registry.take_over(path)
        return [] if registry is None else _finish(registry)
    except FileOperationError as err:
        errors.append(err)
        return []


def _finish(registry: Registry) -> list[Path]:
    try:
        with explained(registry.path, doing="clean up after"):
            outputs, committed = replay(registry.entries())
            if not committed:
                clean_up(registry, outputs)
                return []
        for output in outputs:
            if not output.done:
                with explained(output.name, doing="publish", safe=LATER):
                    drop_claim(output.name)
        roll_forward(registry, outputs)
        with explained(registry.path, doing="remove"):
            registry.remove()
        return [output.name for output in outputs]
    finally:
        registry.release()


def replaced_in(outputs: list[Output]) -> set[Path]:
    """Return the folders in which outputs replace the files of runs before."""
    return {output.final.parent for output in outputs if not output.stamped}


def awaited(journal_dir: Path, folders: set[Path], *, but: Path) -> list[Path]:
    """Return the registries, other than `but`, of runs that are decided and have still to replace files in `folders`.

    Whoever publishes there before they have ended would mix with them: they go on with what is not replaced yet.
    """
    wanted = {os.path.realpath(folder) for folder in folders}
    found = []
    for path in journal_dir.glob(f"*{SUFFIX}"):
        if path == but:
            continue
        with suppress(FileNotFoundError):  # its run has just ended
            outputs, committed = replay(entries_of(path))
            if committed and any(os.path.realpath(folder) in wanted for folder in replaced_in(outputs)):
                found.append(path)
    return found


def token_of(run: str) -> str:
    """Return what the names of a run's registry and temporary files begin with."""
    return clean_part(run)[:40]


def roll_forward(registry: Registry, outputs: list[Output]) -> None:
    """Give each committed output its final name; whatever is done already is passed over.

    Raises:
        FileOperationError: an output is gone or was changed, and nothing was done; or the system refused, and
            the rest waits for the next call.
    """
    _settle(registry, outputs)
    for output in outputs:
        if not output.done:
            with explained(output.name, doing="publish", safe=LATER):
                _give_name(registry, output, outputs)
            output.done = True
            with suppress(OSError):  # only spares the next start a closer look
                registry.append({"done": output.number}, durable=False)
    for folder in {output.final.parent for output in outputs}:
        with explained(folder, doing="publish", safe=LATER):
            disk.sync_folder(folder)
    for output in outputs:
        drop_scratch(output.temp)


def _give_name(registry: Registry, output: Output, outputs: list[Output]) -> None:
    if output.stamped:
        output.name = place(
            output.temp, name=output.name, another=lambda: _another(registry, output, outputs)
        )
    else:
        disk.replace(output.temp, output.final)


def _another(registry: Registry, output: Output, outputs: list[Output]) -> Path:
    """Choose the next free name, and take it down before it is tried."""
    output.name = free_name(output.final, taken={other.final for other in outputs} | {output.name})
    registry.append({"name": str(output.name), "number": output.number})
    return output.name


def clean_up(registry: Registry, outputs: list[Output]) -> None:
    """Remove the temporary files of a run that was not committed, then its registry."""
    for output in outputs:
        drop_scratch(output.temp)
        disk.remove(output.temp)
    registry.remove()


def replay(entries: list[dict[str, Any]]) -> tuple[list[Output], bool]:
    """Return the outputs of a registry as they stood, and whether they are committed."""
    outputs: dict[int, Output] = {}
    committed = False
    for entry in entries:
        if "add" in entry:
            temp, final = Path(entry["temp"]), Path(entry["final"])
            if temp.parent == final.parent and temp.name.startswith(".") and temp.suffix == ".part":
                outputs[entry["add"]] = Output(entry["add"], temp, final, entry["stamped"], final)
        elif "commit" in entry:
            committed = True
            for facts in entry["commit"]:
                output = outputs[facts["number"]]
                output.name = Path(facts["name"])
                output.size, output.mtime_ns = facts["size"], facts["mtime"]
        elif "cancel" in entry:
            committed = False
        elif "name" in entry:
            outputs[entry["number"]].name = Path(entry["name"])
        elif "done" in entry:
            outputs[entry["done"]].done = True
    return list(outputs.values()), committed


def _settle(registry: Registry, outputs: list[Output]) -> None:
    """Mark what has its final name already; refuse to publish a part of what was proven."""
    damage = []
    for output in outputs:
        if output.done:
            continue
        if os.path.lexists(output.temp):
            if not is_as_proven(output.temp, size=output.size, mtime_ns=output.mtime_ns):
                damage.append(f"{output.temp} was changed after it was finished")
        elif is_as_proven(output.name, size=output.size, mtime_ns=output.mtime_ns):
            output.done = True
        else:
            damage.append(f"{output.name} is not there, and its temporary file is gone")
    if damage:
        with explained(registry.path, doing="set aside"):
            aside = registry.set_aside()
        raise FileOperationError(
            f"the outputs of a run cannot be published: {'; '.join(damage)}",
            how_to_fix=f"run the job again; what that run left behind is listed in {aside}",
        )


def is_as_proven(path: Path, *, size: int, mtime_ns: int) -> bool:
    """Tell whether a file is the one that was proven, by what identifies it."""
    try:
        facts = path.stat(follow_symlinks=False)
    except OSError:
        return False
    return (
        stat.S_ISREG(facts.st_mode)
        and facts.st_size == size
        and abs(facts.st_mtime_ns - mtime_ns) <= _CLOCK_STEP_NS
    )


def may_be_committed(registry: Registry) -> bool:
    """Say whether a later start would find the line that decides."""
    try:
        return replay(registry.entries())[1]
    except OSError:
        return True  # nobody knows: then nothing is thrown away


def age(path: Path) -> int:
    """Return when a registry was last written; those of runs that have just ended come first."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:  # its run has just ended
        return 0
