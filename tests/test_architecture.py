"""The rooms and their directions, read from the source; and the shape of each.

`floor_plan.py` says who may import whom, `rules.py` what else is asked of a room.  That
each rule can fail is shown by breaches in a house of a few lines.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import actors
from tests.extras import HAS_ACP
from tests.floor_plan import PLAN, STILL_CROWDED, STILL_LADDERS
from tests.house import House, Room, tree_of
from tests.rules import (
    circle,
    crowded,
    doorless,
    empty_rooms,
    forbidden,
    homeless,
    ladders,
    lines,
    silent_doors,
    too_long,
    unused,
    upward_rows,
)

ROOT = Path(__file__).resolve().parent.parent
HOUSE = House(ROOT)
EVERYTHING = House(ROOT, ("actors", "supervision", "benchmarks", "tests"))
LINES_AIMED_AT = 350
# what users import; a public class counts as one ancestor, whatever it stands on
PUBLIC = (
    "actors",
    "actors.hosting",
    "actors.testing",
    "supervision",
    "supervision.acp",
    "supervision.bridge",
    "supervision.cli",
    "supervision.client",
    "supervision.control",
    "supervision.demo",
    "supervision.durable",
    "supervision.service",
)


def files_of(*tops: str) -> list[Path]:
    """List the Python files of these top-level folders, in a fixed order."""
    return House(ROOT, tops).files()


def name_of(path: Path) -> str:
    """Give the dotted name of the module in this file."""
    return HOUSE.name(path)


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


def our_classes() -> list[type]:
    """List the classes that our modules make."""
    modules = [
        importlib.import_module(name)
        for name in HOUSE.modules()
        if not name.endswith("__main__")
        and (HAS_ACP or not name.startswith("supervision.acp"))
    ]
    return [
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__
    ]


def public_classes() -> set[type]:
    """Give the classes that users import."""
    public = [each for each in PUBLIC if HAS_ACP or each != "supervision.acp"]
    modules = map(importlib.import_module, public)
    return {
        each
        for module in modules
        for name in getattr(module, "__all__", ())
        if inspect.isclass(each := getattr(module, name))
    }


# ------------------------------------------------------------ the house keeps to them


def test_every_module_has_its_room() -> None:
    """And every room its modules: the plan is the house."""
    assert homeless(HOUSE, PLAN) == []
    assert empty_rooms(HOUSE, PLAN) == []


def test_a_room_stands_on_rooms_below_it() -> None:
    """The table is in order, so it has no circle."""
    assert upward_rows(PLAN) == []


def test_no_room_imports_what_the_plan_does_not_allow() -> None:
    """Neither a room nor a package of others."""
    assert forbidden(HOUSE, PLAN) == []


def test_nothing_is_allowed_in_vain() -> None:
    """An arrow that is gone from the house goes from the plan."""
    assert unused(HOUSE, PLAN) == []


def test_no_two_modules_need_each_other() -> None:
    """There is an order in which every module comes after those it imports."""
    assert circle(HOUSE) == []


def test_a_folder_has_at_most_a_dozen_files() -> None:
    """What has more has a second idea; what does not any more is taken off the list."""
    assert crowded(EVERYTHING) == sorted(STILL_CROWDED)


def test_a_class_has_at_most_two_ancestors_of_ours() -> None:
    """Parts, not ladders; what is no ladder any more is taken off the list."""
    found = ladders(our_classes(), public_classes())
    still = [each for each in found if each.__name__ in STILL_LADDERS]
    excused = {ancestor for each in still for ancestor in each.__mro__}

    assert [each for each in found if each not in excused] == []
    assert {each.__name__ for each in still} == set(STILL_LADDERS)


def test_every_room_says_what_it_is_for() -> None:
    """And which rooms are in it, in reading order."""
    assert silent_doors(HOUSE) == []


def test_every_folder_is_a_package() -> None:
    """Also of tests, where `acp` must not be taken for somebody else's `acp`."""
    assert [each for each in doorless(EVERYTHING) if each != "tests/typing"] == []


def test_a_file_is_one_idea() -> None:
    """No file is longer than 400 lines."""
    assert too_long(HOUSE) == []


def test_most_files_are_short() -> None:
    """At most one file in five is longer than 350 lines."""
    paths = HOUSE.files()
    long = [name_of(path) for path in paths if lines(path) > LINES_AIMED_AT]

    assert len(long) <= len(paths) / 5, long


@pytest.mark.parametrize(
    "path",
    files_of("actors", "supervision", "benchmarks", "examples", "tests"),
    ids=name_of,
)
def test_no_imports_for_the_type_checker_only(path: Path) -> None:
    """A cycle hidden under `TYPE_CHECKING` is a cycle: nothing of ours stands there."""
    ours = ("actors", "supervision", "benchmarks", "examples", "tests")
    hidden = [
        each
        for guard in ast.walk(tree_of(path))
        if isinstance(guard, ast.If) and "TYPE_CHECKING" in ast.unparse(guard.test)
        for each in ast.walk(guard)
        if isinstance(each, ast.ImportFrom)
        and (each.level or (each.module or "").split(".")[0] in ours)
    ]

    assert hidden == []


@pytest.mark.parametrize(
    "path", files_of("actors", "supervision", "examples", "tests"), ids=name_of
)
def test_time_is_the_time_of_trio(path: Path) -> None:
    """Neither the wall clock nor a blocking sleep: a mock clock drives everything.

    But for the commands that ask a service: they are programs without Trio; and for
    what outlives the process.
    """
    if name_of(path).startswith(
        ("supervision.cli", "supervision.durable._keeping.ground.wall")
    ):
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


# ------------------------------------------------------------ and they can fail

SOUND = {
    "inn/__init__.py": '"""An inn.\n\n    host _cellar/\n"""',
    "inn/host.py": "from ._cellar.wine import Wine",
    "inn/_cellar/__init__.py": '"""A cellar.\n\n    wine\n"""',
    "inn/_cellar/wine.py": "import trio",
}
ROWS = {
    "cellar": Room("inn/_cellar", "", "trio"),
    "inn": Room("inn", "cellar", ""),
}
Rule = Callable[[House], list[str]]
RULES: dict[str, Rule] = {
    "homeless": lambda house: homeless(house, ROWS),
    "empty": lambda house: empty_rooms(house, ROWS),
    "forbidden": lambda house: forbidden(house, ROWS),
    "unused": lambda house: unused(house, ROWS),
    "circle": circle,
    "crowded": crowded,
    "long": too_long,
    "doorless": doorless,
    "silent": silent_doors,
}


def built(root: Path, **changed: str | None) -> House:
    """Build the sound house with some files changed, or gone."""
    for name, text in {**SOUND, **changed}.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return House(root, ("inn",))


@pytest.mark.parametrize("rule", RULES)
def test_a_sound_house_breaks_no_rule(rule: str, tmp_path: Path) -> None:
    """Else the next test would show nothing."""
    assert RULES[rule](built(tmp_path)) == []


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("homeless", {"inn/attic/ghost.py": ""}),
        ("empty", {"inn/_cellar/__init__.py": None, "inn/_cellar/wine.py": None}),
        ("forbidden", {"inn/_cellar/wine.py": "import trio\nimport inn.host"}),
        ("forbidden", {"inn/_cellar/wine.py": "import trio\nfrom inn import host"}),
        ("forbidden", {"inn/_cellar/wine.py": "import trio\nimport attrs"}),
        ("forbidden", {"inn/_cellar/wine.py": "def f():\n    import attrs, trio"}),
        ("forbidden", {"inn/_cellar/wine.py": "import_module('inn.host')"}),
        ("unused", {"inn/host.py": ""}),
        ("unused", {"inn/_cellar/wine.py": ""}),
        ("circle", {"inn/_cellar/wine.py": "from inn.host import Host"}),
        ("crowded", {f"inn/guest{number}.py": "" for number in range(12)}),
        ("long", {"inn/host.py": "\n" * 401}),
        ("doorless", {"inn/_cellar/__init__.py": None}),
        ("silent", {"inn/__init__.py": ""}),
        ("silent", {"inn/__init__.py": '"""An inn of _cellar/ and host."""'}),
        ("silent", {"inn/__init__.py": '"""An inn.\n\n    _cellar/\n"""'}),
        ("silent", {"inn/__init__.py": '"""An inn.\n\n    host\n"""'}),
    ],
)
def test_a_breach_is_found(
    rule: str, changed: dict[str, str | None], tmp_path: Path
) -> None:
    """Whatever the rule is about."""
    assert RULES[rule](built(tmp_path, **changed)) != []


def test_a_table_out_of_order_is_found() -> None:
    """It might have a circle."""
    assert upward_rows(dict(reversed(ROWS.items()))) == ["inn: cellar"]
    assert upward_rows({**ROWS, "cellar": Room("inn/_cellar", "inn", "trio")}) != []


def test_a_ladder_is_found() -> None:
    """A public class counts as one of its rungs, whatever it stands on."""
    first = type("First", (), {})
    second = type("Second", (first,), {})
    third = type("Third", (second,), {})
    fourth = type("Fourth", (third,), {})
    fifth = type("Fifth", (fourth,), {})

    every = [first, second, third, fourth, fifth]
    assert ladders(every, set()) == [fourth, fifth]
    assert ladders(every, {third}) == []
    assert ladders([type("Sixth", (fifth,), {})], {third}) != []
