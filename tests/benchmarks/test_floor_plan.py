"""The folders of the benchmarks are rooms: few files, a plan, known directions."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST = 12

# {room: rooms that it may import from}; "" is the floor on which all rooms stand
ARROWS: dict[str, set[str]] = {
    "": {""},
    "measuring": {""},
    "showing": {"", "measuring", "judging"},
    "judging": {"", "measuring"},
    "floors": {""},
    "peers": {"", "floors"},
    "replay": {""},
    "scenarios": {"", "replay"},
    "postgres": set(),
    "chaos": {"postgres"},
    "nodes": {"", "postgres", "chaos", "peers"},
    "apart": {""},
}
ENTRANCES = {"__main__.py", "cli.py", "options.py"}
"""The command line, which knows all rooms."""

KNOW_OURS = {"scenarios", "replay", "chaos", "nodes", "apart"}
"""Rooms that may know `actors` and `supervision`."""


def name_of(path: Path) -> str:
    """The path within the checkout."""
    return str(path.relative_to(ROOT))


def folders(*tops: str) -> list[Path]:
    """Every folder with Python files, at any depth."""
    return sorted({path.parent for top in tops for path in (ROOT / top).rglob("*.py")})


def imported(path: Path) -> set[str]:
    """The modules that a file imports from."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def room_of(module: str) -> str:
    """The room of a module of ours, by its dotted name."""
    parts = module.split(".")
    here = len(parts) > 1 and (ROOT / "benchmarks" / parts[1]).is_dir()
    return parts[1] if here else ""


FILES = sorted((ROOT / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize(
    "folder", folders("benchmarks", "tests/benchmarks"), ids=name_of
)
def test_a_folder_has_a_dozen_files_at_most(folder: Path) -> None:
    """More is not a plan."""
    assert len(list(folder.glob("*.py"))) <= MOST


@pytest.mark.parametrize("folder", folders("benchmarks"), ids=name_of)
def test_a_folder_opens_with_its_plan(folder: Path) -> None:
    """Every file and every folder in it is named, and what it may know is said."""
    plan = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8")))
    assert plan is not None
    words = set(re.findall(r"[\w/]+", plan))

    for path in folder.glob("*.py"):
        if not path.stem.startswith("__"):
            assert path.stem in words, path
    for path in folder.iterdir():
        if path.is_dir() and path.name != "__pycache__":
            assert {path.name, f"{path.name}/"} & words, path
    assert re.search(r"\b([Mm]ay know|Knows) ", plan)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_room_knows_those_that_it_may(path: Path) -> None:
    """The arrows between rooms are these and no others."""
    parts = path.relative_to(ROOT / "benchmarks").parts
    if parts[0] in ENTRANCES:
        return
    room = parts[0] if len(parts) > 1 else ""

    found = {room_of(each) for each in imported(path) if each.startswith("benchmarks")}

    assert found - {room} <= ARROWS[room]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_public_names_of_ours_are_used(path: Path) -> None:
    """What is private may move; and floors and peers know nothing of ours at all."""
    ours = {
        each
        for each in imported(path)
        if each.split(".")[0] in {"actors", "supervision"}
    }
    room = path.relative_to(ROOT / "benchmarks").parts[0]

    assert not any(part.startswith("_") for each in ours for part in each.split("."))
    assert not ours or room in KNOW_OURS
