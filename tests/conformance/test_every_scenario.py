"""Every session scenario is a test here, named after its number.

The scenarios are what broke in systems that run many chat sessions at once; a number
may have several tests.  Those that must be impossible by construction run under many
scheduling seeds; this file knows which, and looks that they do.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SEEDS_AT_LEAST = 500

# by construction, then trivially right
BY_CONSTRUCTION = """
    1 3 4 7 8 11 12 15 16 17 18 20 21 25 29 30 32 36 42 47 52 55 60 64 68 71 72 75 78 81
    87 88 94 99 101 103 105 108 109 119
"""
TRIVIALLY_RIGHT = """
    5 6 10 13 14 19 23 24 26 27 31 33 34 35 37 38 39 40 41 43 44 45 46 48 49 50 51 53 54
    56 58 59 62 63 65 66 67 69 70 73 74 77 80 82 83 84 85 86 89 90 92 93 95 96 97 98 100
    102 104 106 107 110 111 112 113 114 115 116 117 118 120
"""
# real processes and facts about names need no scheduler
WITHOUT_SEEDS = {68, 94}
NUMBER = re.compile(r"test_s(\d+)_")


def found_tests() -> dict[int, list[ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Give `{number of the scenario: its tests}`."""
    found: dict[int, list[ast.FunctionDef | ast.AsyncFunctionDef]] = {}
    for path in sorted((HERE / "sessions").rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                match = NUMBER.match(node.name)
                if match is not None:
                    found.setdefault(int(match[1]), []).append(node)
    return found


TESTS = found_tests()


def numbers(text: str) -> list[int]:
    """Read a list of numbers."""
    return [int(word) for word in text.split()]


def seeds_of(test: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many scheduling seeds a test says that it runs under; 0: none.

    By `@seeds(...)`, on the test or on a function in it, or by a loop of its own around
    `run_seeded`, which counts its runs itself.
    """
    found = [0]
    for node in ast.walk(test):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name == "run_seeded":
            found.append(SEEDS_AT_LEAST)
        elif name == "seeds":
            numbers = [
                each.value
                for argument in node.args
                for each in ast.walk(argument)
                if isinstance(each, ast.Constant) and isinstance(each.value, int)
            ]
            found.append(max(numbers, default=200))
    return max(found)


@pytest.mark.parametrize("number", numbers(BY_CONSTRUCTION + TRIVIALLY_RIGHT))
def test_a_scenario_has_its_test(number: int) -> None:
    """Somebody has written it."""
    assert TESTS.get(number)


@pytest.mark.parametrize(
    "number", [n for n in numbers(BY_CONSTRUCTION) if n not in WITHOUT_SEEDS]
)
def test_what_must_be_impossible_is_tried_in_many_orders(number: int) -> None:
    """At least 500 scheduling seeds, in at least one of its tests."""
    assert max(seeds_of(test) for test in TESTS[number]) >= SEEDS_AT_LEAST


def test_no_number_is_made_up() -> None:
    """Every test that has a number has one of these."""
    assert TESTS.keys() == set(numbers(BY_CONSTRUCTION + TRIVIALLY_RIGHT))
