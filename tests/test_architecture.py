"""The rooms and their directions, read from the source.

`supervision` stands on `actors`, `actors` on trio and little else, and no two modules
need each other.
"""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import actors

ROOT = Path(__file__).resolve().parent.parent
BELOW = {"attrs", "outcome", "trio", "trio_util"}
TEST_KIT = {"hypothesis", "pytest", "pytest_trio"}
# {room above the supervisors: what it may stand on, beside what is below all}
ROOMS = {
    "supervision.service": {"rich"},
    "supervision.control": {"hypercorn", "starlette"},
    "supervision.cli": {"rich"},
    "supervision._drawing": {"rich"},
    "supervision.demo": {"rich"},
    "supervision.acp": {"acp", "pydantic"},
}
LINES_AIMED_AT = 350
LINES_AT_MOST = 400


def files_of(*rooms: str) -> list[Path]:
    """List the Python files of these top-level folders, in a fixed order."""
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def name_of(path: Path) -> str:
    """Give the dotted name of the module in this file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports_of(path: Path) -> set[str]:
    """List what a file imports, at any depth: `from a import b` gives `a` and `a.b`."""
    package = path.relative_to(ROOT).parent.parts  # also right for an __init__.py
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            here = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*here, *filter(None, [node.module])))
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def module_imports() -> dict[str, set[str]]:
    """Give `{module: modules of ours that it imports}`."""
    paths = {name_of(path): path for path in files_of("actors", "supervision")}
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        wanted = imports_of(path) & paths.keys()
        # `from .ref import ActorRef` in `actors.seat` needs `actors.ref`, not the
        # package around both; `from actors import ActorRef` does need the package.
        package = name_of(path.parent / "__init__.py")
        if not any(is_import_of(node, package) for node in ast.walk(tree_of(path))):
            wanted.discard(package)
        graph[name] = wanted - {name}
    return graph


def is_import_of(node: ast.AST, package: str) -> bool:
    """Tell whether a name is taken from the package itself, written in full."""
    return (
        isinstance(node, ast.ImportFrom)
        and node.level == 0
        and (node.module == package)
    )


def uses_of(path: Path, module: str, names: set[str]) -> list[int]:
    """List the lines that use `module.name` or import `name` from the module."""
    return [
        node.lineno
        for node in ast.walk(tree_of(path))
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == module
            and node.attr in names
        )
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == module
            and any(alias.name in names for alias in node.names)
        )
    ]


def documented_names(path: Path) -> set[str]:
    """List a file's classes, functions and assigned names that have a docstring."""
    body = tree_of(path).body
    found: set[str] = set()
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node):
                found.add(node.name)
        elif (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update(
                target.id for target in targets if isinstance(target, ast.Name)
            )
    return found


def test_actors_never_imports_supervision() -> None:
    """An actor does not know that it is supervised."""
    offenders = {
        name_of(path)
        for path in files_of("actors")
        if any(name.split(".")[0] == "supervision" for name in imports_of(path))
    }

    assert offenders == set()


@pytest.mark.parametrize("path", files_of("actors", "supervision"), ids=name_of)
def test_a_room_stands_on_few_packages(path: Path) -> None:
    """Below us are trio, attrs, outcome, trio_util and the standard library."""
    allowed = BELOW | {"actors"} | sys.stdlib_module_names
    if name_of(path).startswith("supervision"):
        allowed |= {"supervision"}
    if name_of(path).startswith("actors.testing"):
        allowed |= TEST_KIT
    allowed |= ROOMS.get(".".join(name_of(path).split(".")[:2]), set())

    assert {name.split(".")[0] for name in imports_of(path)} <= allowed


def test_who_is_shown_does_not_know_who_shows() -> None:
    """Supervisors stand below the service, and the service below all that asks it."""
    users: dict[str, set[str]] = {}
    for path in files_of("supervision"):
        *_, room = path.relative_to(ROOT).parent.parts
        above = {
            "supervision": set(ROOMS),
            "service": set(ROOMS) - {"supervision.service"},
            "control": {"supervision.cli", "supervision.demo"},
        }.get(room, set())
        if path != ROOT / "supervision" / "__init__.py":
            users[name_of(path)] = imports_of(path) & above

    assert {name: found for name, found in users.items() if found} == {}


def test_only_the_test_kit_knows_the_test_kit() -> None:
    """A running service never loads `actors.testing`."""
    users = {
        name
        for name, wanted in module_imports().items()
        if any(other.startswith("actors.testing") for other in wanted)
    }

    assert {name for name in users if not name.startswith("actors.testing")} == set()


def test_no_two_modules_need_each_other() -> None:
    """There is an order in which every module comes after those it imports."""
    try:
        order = list(TopologicalSorter(module_imports()).static_order())
    except CycleError as cycle:
        pytest.fail(" imports ".join(reversed(cycle.args[1])))

    assert "actors" in order


@pytest.mark.parametrize(
    "path",
    files_of("actors", "supervision", "benchmarks", "examples", "tests"),
    ids=name_of,
)
def test_no_imports_for_the_type_checker_only(path: Path) -> None:
    """A cycle hidden under `TYPE_CHECKING` is a cycle."""
    assert uses_of(path, "typing", {"TYPE_CHECKING"}) == []


@pytest.mark.parametrize(
    "path", files_of("actors", "supervision", "examples", "tests"), ids=name_of
)
def test_time_is_the_time_of_trio(path: Path) -> None:
    """Neither the wall clock nor a blocking sleep: a mock clock drives everything.

    But for the commands that ask a service: they are programs without Trio.
    """
    if name_of(path).startswith("supervision.cli"):
        return
    assert uses_of(path, "time", {"sleep", "time"}) == []


@pytest.mark.parametrize(
    "path",
    files_of("actors", "supervision", "benchmarks", "examples", "tests"),
    ids=name_of,
)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """A file opens with its docstring."""
    assert ast.get_docstring(tree_of(path))


def test_every_public_name_is_documented() -> None:
    """What `actors` exports has a docstring where it is made."""
    documented = {
        name for path in files_of("actors") for name in documented_names(path)
    }

    assert set(actors.__all__) - documented == set()


@pytest.mark.parametrize("path", files_of("actors", "supervision"), ids=name_of)
def test_a_file_is_one_idea(path: Path) -> None:
    """No file is longer than 400 lines."""
    assert line_count(path) <= LINES_AT_MOST


def test_most_files_are_short() -> None:
    """At most one file in five is longer than 350 lines."""
    paths = files_of("actors", "supervision")
    long = [name_of(path) for path in paths if line_count(path) > LINES_AIMED_AT]

    assert len(long) <= len(paths) / 5, long


def line_count(path: Path) -> int:
    """Count a file's lines."""
    return len(path.read_text(encoding="utf-8").splitlines())
