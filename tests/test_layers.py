"""The package falls one way: each layer imports only what stands below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from txojobs.steps.catalogue import STEPS

PACKAGE = Path(__file__).parents[1] / "txojobs"

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "records", "redact", "escapes", "_version", "suggest", "interrupts"),
    ("checkup",),
    ("yaml_slips", "yaml_limits", "yaml_positions"),
    ("yaml_faults",),
    ("yaml_compose",),
    (
        "exact_json",
        "file_lock",
        "log_text",
        "yaml_source",
        "workspace",
        "expressions",
        "metadata",
        "parallel",
    ),
    ("config", "logs"),
    ("rest", "files", "state", "demo"),
    ("context",),
    ("steps",),
    ("job",),
    ("engine",),
    ("api",),
    ("cli",),
    ("__main__",),
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}
GROUND = LAYERS[0]
# names with which parts of one layer may know each other: both stand at its foot and import nothing of it
SAME_LAYER = {("errors", "records"), ("records", "errors"), ("redact", "records"), ("redact", "escapes")}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports(path: Path) -> list[tuple[str, int]]:
    """Each txojobs module that a file imports, at its top, inside functions or for types, with the line."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno} imports relatively"
            module = node.module or ""
            if module in {"txojobs", *(f"txojobs.{part}" for part in RANK)}:
                found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
            else:
                found.append((module, node.lineno))
    return [(name, line) for name, line in found if name.split(".")[0] == "txojobs"]


FILES = sorted(path for path in PACKAGE.rglob("*.py") if "shipped" not in path.parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_what_stands_below(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module, line in imports(path):
        target = part_of(module)
        if part in ("__init__", target):
            continue
        assert module != "txojobs", f"{path}:{line} imports from the front door"
        assert RANK[target] < RANK[part] or (part, target) in SAME_LAYER, (
            f"{path}:{line}: {part} imports {module}, which does not stand below it"
        )


def test_every_part_has_a_layer() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert parts - {"__init__"} <= set(RANK)


def test_the_front_door_hands_names_on_lazily() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in top}
    assert names <= {"__future__", "txojobs._version", "typing"}


FILE, FUNCTION, STEP = 300, 40, 150
"""The ceilings of the house, in lines; what passes one is split by noun."""
STEP_FILES = {PACKAGE.parent / f"{place.partition(':')[0].replace('.', '/')}.py" for place in STEPS.values()}


def functions(path: Path) -> list[tuple[str, int]]:
    """Return the name of each function of a file with its number of lines, the docstring included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f"{node.name}:{node.lineno}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_and_no_function_passes_its_ceiling(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= (STEP if path in STEP_FILES else FILE)
    assert [each for each in functions(path) if each[1] > FUNCTION] == []


def test_every_step_is_held_to_the_ceiling_of_a_step() -> None:
    assert {path.stem for path in STEP_FILES} >= {"fetch", "load", "filter", "transform", "save"}
    assert set(FILES) >= STEP_FILES
