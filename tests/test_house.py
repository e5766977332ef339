"""The rules of the house: who may import whom, what is banned, how large a room may grow."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import simdata
from simdata.registry import Registry

ROOT = Path(__file__).parent.parent

# A room imports only from lower steps; a package is one room, its files may import each other.
STEPS: dict[str, int] = {
    "errors": 0,
    "model": 0,
    "color": 0,
    "noise": 1,
    "coverage": 1,
    "geometry": 1,
    "lens": 1,
    "mask": 1,
    "mesh": 1,
    "registry": 1,
    "rng": 1,
    "sensor": 1,
    "sensor_kind": 6,
    "active_stereo": 7,
    "camera": 2,
    "distributions": 2,
    "rig": 3,
    "calibration": 7,
    "viewpoint": 8,
    "asset": 3,
    "asset_gate": 4,
    "picture_gate": 4,
    "limited": 1,
    "mesh_file": 1,
    "placement": 6,
    "light": 3,
    "sky": 3,
    "material": 3,
    "silhouette": 3,
    "texture": 4,
    "spec": 4,
    "body": 5,
    "scope": 5,
    "scene": 5,
    "config": 5,
    "frame": 5,
    "config_file": 6,
    "annotation": 6,
    "physics": 6,
    "raycast": 6,
    "reach": 7,
    "labelled": 6,
    "target": 7,
    "sighting": 6,
    "render": 8,
    "amodal": 7,
    "truth": 7,
    "annotate": 8,
    "write": 8,
    "dataset": 8,
    "check": 9,
    "pipeline": 9,
    "replay": 10,
    "preview": 10,
    "workers": 10,
    "doctor": 11,
    "api": 11,
    "torch": 12,
    "cli": 12,
    "__main__": 13,
    "__init__": 13,
}
# Only these may touch the engine, Ray, …
SEAMS = {
    "pybullet": {"physics.py", "render/tiny.py", "doctor.py"},
    "ray": {"workers/ray_data.py", "workers/ray_executor.py"},
    "torch": {f"torch/{path.name}" for path in (ROOT / "simdata/torch").glob("*.py")},
    "embreex": {"raycast.py", "doctor.py"},
    "mitsuba": {f"render/mitsuba/{path.name}" for path in (ROOT / "simdata/render/mitsuba").glob("*.py")},
    "drjit": {"render/mitsuba/probe.py", "render/mitsuba/stage.py", "render/mitsuba/window.py"},
    "moderngl": {f"render/gl/{path.name}" for path in (ROOT / "simdata/render/gl").glob("*.py")},
}
FILE_LINES, FUNCTION_LINES, NESTING = 400, 40, 4


def sources() -> list[Path]:
    package = ROOT / "simdata"
    return sorted(
        p for p in package.rglob("*.py") if not {"scenes", "assets"} & set(p.relative_to(package).parts)
    )


def extensions() -> list[Path]:
    return sorted([*(ROOT / "scenes").glob("*.py"), *(ROOT / "assets").glob("*.py")])


def room(path: Path) -> str:
    return path.relative_to(ROOT / "simdata").parts[0].removesuffix(".py")


def imported(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def steps_of(path: Path, names: list[str]) -> set[str]:
    rooms = {name.split(".")[1] for name in names if name.startswith("simdata.")}
    return {r for r in rooms if r in STEPS}


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_from_lower_steps(path: Path) -> None:
    here = room(path)
    assert here in STEPS, f"{here} has no step; give it one in this file and in docs/architecture.md"
    wrong = [r for r in steps_of(path, imported(path)) if r != here and STEPS[r] >= STEPS[here]]
    assert not wrong, f"{here} (step {STEPS[here]}) imports {wrong}"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_rooms_never_import_scenes_or_assets(path: Path) -> None:
    assert not [n for n in imported(path) if n.startswith(("simdata.scenes", "simdata.assets"))]


@pytest.mark.parametrize("package", SEAMS)
def test_engines_stay_behind_their_seam(package: str) -> None:
    users = {
        str(path.relative_to(ROOT / "simdata"))
        for path in sources()
        if any(name.split(".")[0] == package for name in imported(path))
    }
    assert users <= SEAMS[package], f"{package} is imported by {sorted(users - SEAMS[package])}"


@pytest.mark.parametrize("path", [*sources(), *extensions()], ids=lambda p: str(p.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES, f"{path.name} is a crowded room: move a wall"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= FUNCTION_LINES, f"{path.name}:{node.lineno} {node.name} has {lines} lines"
            assert depth(node) <= NESTING, f"{path.name}:{node.lineno} {node.name} nests {depth(node)} deep"


def depth(node: ast.AST) -> int:
    """Return how deep loops, branches and withs nest below `node`."""
    blocks = (ast.For, ast.While, ast.If, ast.With, ast.Try)
    below = [
        # `elif` is an If alone in the else of another: no deeper for the reader.
        depth(child) + (isinstance(child, blocks) and not _is_elif(node, child))
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, ast.FunctionDef | ast.ClassDef)
    ]
    return max(below, default=0)


def _is_elif(parent: ast.AST, child: ast.AST) -> bool:
    return isinstance(parent, ast.If) and isinstance(child, ast.If) and parent.orelse == [child]


@pytest.mark.parametrize("path", [*sources(), *extensions()], ids=lambda p: str(p.relative_to(ROOT)))
def test_public_things_have_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path.name} does not say its job"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.name}:{node.lineno} {node.name} has no docstring"


CLOCKS = (
    "time.time",
    "time.monotonic",
    "time.perf_counter",
    "datetime.now",
    "datetime.utcnow",
    "uuid.",
    "os.urandom",
)
RANDOM = (
    "np.random.seed",
    "np.random.rand",
    "np.random.normal",
    "np.random.uniform",
    "np.random.default_rng",
)


@pytest.mark.parametrize("path", [*sources(), *extensions()], ids=lambda p: str(p.relative_to(ROOT)))
def test_no_global_randomness_and_no_clock(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    text = ast.unparse(ast.parse(path.read_text()))
    assert not [word for word in RANDOM if word in text]
    assert not [n for n in imported(path) if n in ("random", "secrets", "uuid")]
    if not name.startswith(("simdata/workers", "simdata/cli")):
        assert not [word for word in CLOCKS if word in text]


def registries() -> list[tuple[str, Registry]]:
    found = []
    for info in pkgutil.walk_packages(simdata.__path__, "simdata."):
        if info.name.startswith(
            ("simdata.scenes", "simdata.assets", "simdata.__main__", "simdata.workers.child")
        ):
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, Registry):
                found.append((f"{info.name}.{name}", value))
    return found


def test_tables_are_sorted_and_load() -> None:
    tables = registries()
    assert {registry.kind for _, registry in tables} >= {"scene builder", "renderer", "annotator", "writer"}
    for where, registry in tables:
        assert list(registry.table) == sorted(registry.table), f"{where} is not sorted"
        for name in registry.table:
            assert registry.load(name), f"{where}: {name}"


def test_every_room_is_on_the_plan() -> None:
    plan = (ROOT / "docs/architecture.md").read_text()
    rooms = {room(path) for path in sources()} - {"__init__", "__main__"}
    assert not [r for r in rooms if f"`{r}`" not in plan and f"`{r}/`" not in plan]


def test_this_test_can_fail() -> None:
    """A checker that never fires proves nothing: feed it the faults it is there for."""
    assert "simdata.cli" in imported_text("from simdata import cli\nimport simdata.cli")
    nested = "def f():\n for a in b:\n  if a:\n   while a:\n    with a:\n     if a:\n      pass"
    assert depth(ast.parse(nested).body[0]) == 5


def imported_text(text: str) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names
