"""What `docs/architecture.md` says of the house: its tables, its names, its links."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Final

import attrs

from tests.house import tree_of

from .walking import ROOT, Entry, Walk

PAGE: Final = ROOT / "docs" / "architecture.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
TITLE: Final = "### "
ROW = re.compile(r"^\| (?:\[([\w/]+)/\]\(\S+\) )?\| `([\w/]+\.py): ([\w.]+)` \|")
NAME = re.compile(r"`((?:actors|supervision)/[\w/]+\.py)(?:: ([\w.]+))?`")
LINK = re.compile(r"\]\((\.\./[\w./-]+)\)")
ROOM = re.compile(r"^\| \[([\w/]+)/\]\(\S+\) \| \w", re.MULTILINE)
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
FOLDER = re.compile(r"\b\w+/")


@attrs.frozen
class Step:
    """A row of a walk's table: a function, and the room in which it stands."""

    room: str
    """A folder, such as `actors/_engine/cell`."""
    entry: Entry


def tables(walk: str) -> list[list[Step]]:
    """Read the tables of a walk: the way there and, of some, the way back."""
    chapter = TEXT.split(f"\n{TITLE}{walk}\n")[1]
    found: list[list[Step]] = [[]]
    room = ""
    for line in re.split(r"\n##", chapter)[0].splitlines():
        row = ROW.match(line)
        if row is not None:
            room = row[1] or room
            found[-1].append(Step(room, Entry(f"{room}/{row[2]}", row[3])))
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


def rooms(table: list[Step]) -> list[str]:
    """The rooms of a table, each as often as it is come to."""
    found: list[str] = []
    for step in table:
        if found[-1:] != [step.room]:
            found.append(step.room)
    return found


def rooms_of(walk: Walk, known: list[str]) -> list[str | None]:
    """The rooms of a way that was gone, in the order in which each is first come to.

    A file stands in the innermost room that is known; None: in none of them.  To look
    at a property is not to come there.
    """
    found: list[str | None] = []
    for entry in walk.entries:
        homes = [room for room in known if entry.file.startswith(f"{room}/")]
        home = max(homes, key=len, default=None)
        if home not in found and not is_look(entry):
            found.append(home)
    return found


@cache
def functions(file: str) -> dict[str, ast.stmt]:
    """Give `{name: where it is made}` of a file's classes, functions, methods."""
    found: dict[str, ast.stmt] = {}

    def note(body: list[ast.stmt], before: str) -> None:
        for each in body:
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found[before + each.name] = each
            if isinstance(each, ast.ClassDef):
                note(each.body, f"{before}{each.name}.")

    path = ROOT / file
    if path.is_file():
        note(tree_of(path).body, "")
    return found


def is_look(entry: Entry) -> bool:
    """Whether it is a property."""
    made = functions(entry.file).get(entry.function)
    return isinstance(made, ast.FunctionDef) and any(
        isinstance(each, ast.Name) and each.id == "property"
        for each in made.decorator_list
    )
