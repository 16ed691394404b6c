"""The rules of the house: each is a function that lists who breaks it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

from tests.house import House, Room, arrows_of, rooms_of, tree_of

LINES_AT_MOST: Final = 400
FILES_AT_MOST: Final = 12
ANCESTORS_AT_MOST: Final = 2


def homeless(house: House, plan: Mapping[str, Room]) -> list[str]:
    """List modules that stand in no room of the plan."""
    return sorted(house.modules().keys() - rooms_of(house, plan).keys())


def empty_rooms(house: House, plan: Mapping[str, Room]) -> list[str]:
    """List rooms without a module, and files of rooms that are not there."""
    named = {
        f"{folder}/{file}.py"
        for folder, _, files in (row.files.partition(": ") for row in plan.values())
        for file in files.split()
    }
    lost = [file for file in named if not (house.root / file).exists()]
    return sorted({*plan} - {*rooms_of(house, plan).values()}) + sorted(lost)


def upward_rows(plan: Mapping[str, Room]) -> list[str]:
    """List rows that name a room which is not above them in the table."""
    rooms = list(plan)
    return [
        f"{room}: {other}"
        for number, room in enumerate(rooms)
        for other in plan[room].rooms.split()
        if other not in rooms[:number]
    ]


def forbidden(house: House, plan: Mapping[str, Room]) -> list[str]:
    """List arrows that no row allows."""
    allowed = allowed_by(plan)
    return [
        f"{here} may not import {there}: {who}"
        for (here, there), whos in sorted(arrows_of(house, plan).items())
        if (here, there) not in allowed and there not in sys.stdlib_module_names
        for who in whos
    ]


def unused(house: House, plan: Mapping[str, Room]) -> list[str]:
    """List what a row allows and nobody does."""
    arrows = arrows_of(house, plan).keys()
    return [f"{here}: {there}" for here, there in sorted(allowed_by(plan) - arrows)]


def allowed_by(plan: Mapping[str, Room]) -> set[tuple[str, str]]:
    """Give the arrows that the table has."""
    return {
        (room, other)
        for room, row in plan.items()
        for other in (*row.rooms.split(), *row.packages.split())
    }


def circle(house: House) -> list[str]:
    """Give a circle of modules that need each other, if there is one."""
    names = house.modules()
    graph = {
        name: house.imports(path, names) & names.keys() for name, path in names.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as found:
        return list(reversed(found.args[1]))
    return []


def crowded(house: House) -> list[str]:
    """List folders with more than a dozen files, doors not counted."""
    return [
        folder
        for folder, files in sorted(house.folders().items())
        if len(files) > FILES_AT_MOST
    ]


def too_long(house: House) -> list[str]:
    """List files of more than 400 lines."""
    return [house.name(path) for path in house.files() if lines(path) > LINES_AT_MOST]


def lines(path: Path) -> int:
    """Count a file's lines."""
    return len(path.read_text(encoding="utf-8").splitlines())


def doorless(house: House) -> list[str]:
    """List folders of modules that are no packages: nothing says what they are for."""
    return [
        folder
        for folder, files in sorted(house.folders().items())
        if files and not (house.root / folder / "__init__.py").exists()
    ]


def silent_doors(house: House) -> list[str]:
    """List doors that do not say what the room is for, or leave out a room in it."""
    found: list[str] = []
    for folder, files in sorted(house.folders().items()):
        door = house.root / folder / "__init__.py"
        said = ast.get_docstring(tree_of(door), clean=False) if door.exists() else None
        inner = [path.parent.name + "/" for path in door.parent.glob("*/__init__.py")]
        rooms = [*(path.stem for path in files), *sorted(inner)]
        purpose, _, plan = (said or "").partition("\n")
        unsaid = [room for room in rooms if not _is_named(room, plan)]
        if not purpose or unsaid:
            found.append(f"{folder}: {' '.join(unsaid) or 'no purpose'}")
    return found


def _is_named(room: str, plan: str) -> bool:
    """Tell whether an indented line of a plan names this room."""
    rows = "\n".join(row for row in plan.splitlines() if row.startswith("    "))
    return re.search(rf"(?<![\w/]){re.escape(room)}(?!\w)", rows) is not None


def ladders(classes: Iterable[type], public: set[type]) -> list[type]:
    """List classes with more than two ancestors of ours; a public one counts as one."""
    return [
        each for each in classes if len(_ancestors(each, public)) > ANCESTORS_AT_MOST
    ]


def _ancestors(each: type, public: set[type]) -> set[type]:
    found: set[type] = set()
    for base in each.__bases__:
        if base.__module__.partition(".")[0] in {"actors", "supervision", "tests"}:
            found.add(base)
            if base not in public:
                found |= _ancestors(base, public)
    return found
