"""The house as it is written: files, what they import, where they stand.

Read from the source alone, so that a breach is found where nothing runs it.  An import
by name (`import_module("...")`) is an import like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

DOORS: Final = ("__init__", "__main__")


@attrs.frozen
class Room:
    """A row of the floor plan."""

    files: str
    """`folder`, or `folder: file file` for some of its files; the rest is `folder`."""
    rooms: str = ""
    """Rooms that it may import, each from a row above."""
    packages: str = ""
    """Packages of others that it may import, beside the standard library."""


@attrs.frozen
class House:
    """The Python files below some folders of a checkout."""

    root: Path
    tops: tuple[str, ...] = ("actors", "supervision")

    def files(self) -> list[Path]:
        """List them, in a fixed order."""
        return sorted(
            path for top in self.tops for path in (self.root / top).rglob("*.py")
        )

    def modules(self) -> dict[str, Path]:
        """Give `{dotted name: file}`."""
        return {self.name(path): path for path in self.files()}

    def name(self, path: Path) -> str:
        """Give the dotted name of the module in this file."""
        parts = path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def folders(self) -> dict[str, list[Path]]:
        """Give `{folder: its files, without the door}`."""
        found: dict[str, list[Path]] = {}
        for path in self.files():
            folder = path.parent.relative_to(self.root).as_posix()
            found.setdefault(folder, [])
            if path.stem not in DOORS:
                found[folder].append(path)
        return found

    def imports(self, path: Path, modules: Collection[str]) -> set[str]:
        """List what a file imports: some of these modules, else names of packages.

        `from .ref import ActorRef` in `actors` needs `actors.ref`; that Python loads
        the package around it too is no arrow.
        """
        package = path.relative_to(self.root).parent.parts
        found: set[str] = set()
        for base, names in _imported(tree_of(path), package):
            for name in names or [""]:
                inner = f"{base}.{name}"
                module = inner if inner in modules else base
                found.add(module if module in modules else base.split(".")[0])
        return found - {self.name(path)}


def tree_of(path: Path) -> ast.Module:
    """Parse a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imported(
    tree: ast.AST, package: tuple[str, ...]
) -> Iterator[tuple[str, list[str]]]:
    """Yield each imported module with the names that are taken from it."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, []) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                here = package[: len(package) - level + 1] if level else ()
                base = ".".join((*here, *filter(None, [module])))
                yield base, [alias.name for alias in names]
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if ast.unparse(
                node.func
            ).endswith(("import_module", "__import__")):
                yield name, []
            case _:
                pass


def rooms_of(house: House, plan: Mapping[str, Room]) -> dict[str, str]:
    """Give `{module: its room}`; a module that no row has is not there."""
    by_file: dict[str, str] = {}
    by_folder: dict[str, str] = {}
    for room, row in plan.items():
        folder, _, files = row.files.partition(": ")
        if files:
            by_file.update({f"{folder}/{file}": room for file in files.split()})
        else:
            by_folder[folder] = room
    found: dict[str, str] = {}
    for name, path in house.modules().items():
        place = path.relative_to(house.root).with_suffix("")
        home = by_file.get(place.as_posix()) or by_folder.get(place.parent.as_posix())
        if home is not None:
            found[name] = home
    return found


def arrows_of(
    house: House, plan: Mapping[str, Room]
) -> dict[tuple[str, str], list[str]]:
    """Give `{(room, room or package): who imports what}`, without arrows inside a room.

    A module without a room stands for itself.
    """
    rooms = rooms_of(house, plan)
    found: dict[tuple[str, str], list[str]] = {}
    modules = house.modules()
    for name, path in modules.items():
        here = rooms.get(name, name)
        for wanted in sorted(house.imports(path, modules)):
            there = rooms.get(wanted, wanted)
            if here != there:
                found.setdefault((here, there), []).append(f"{name} -> {wanted}")
    return found
