"""Every example is short, type-checked, and run: here as a program, or elsewhere."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.extras import lacks

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = tuple(sorted((ROOT / "examples").glob("*.py")))
LINES = 150

LAST_WORDS = {  # of those that end by themselves and have no test file of their own
    "agent_loop": "bob asks: what does main.py do? - it says hello",
    "parallel_agents": "10 accepted: {'Completed': 7, 'Steered': 1, 'Failed': 1, "
    "'Aborted': 1}",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short(path: Path) -> None:
    """Under 150 lines, empty ones and docstrings included."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < LINES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_how_it_is_run(path: Path) -> None:
    """Its docstring names the command, or the example that runs it."""
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    others = "|".join(other.name for other in EXAMPLES if other != path)

    assert said is not None
    assert re.search(rf"\bexamples[/.]{path.stem}\b|`({others})`", said)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_run_by_a_test(path: Path) -> None:
    """By this file, by another that names it, or by an example that is run."""
    tests = (ROOT / "tests").rglob("test_*.py")
    others = [
        other.read_text(encoding="utf-8")
        for other in (*EXAMPLES, *tests)
        if other not in (path, Path(__file__).resolve())
    ]
    named = re.compile(rf"\bexamples[./]{path.stem}\b|\"{path.stem}\.py\"")

    assert path.stem in LAST_WORDS or any(map(named.search, others))


@pytest.mark.parametrize(
    "command",
    [("mypy",), ("pyright", "--pythonpath", sys.executable)],
    ids=lambda command: command[0],
)
def test_the_examples_type_check(command: tuple[str, ...]) -> None:
    """Both checkers find nothing, as strictly as they look at the library."""
    checked = [
        str(path)
        for path in EXAMPLES
        if packages_of(path) <= installed()
        and not lacks(path.read_text(encoding="utf-8"))
    ]

    done = subprocess.run(  # noqa: S603 - our own files
        [sys.executable, "-m", *command, *checked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(checked) >= len(LAST_WORDS)
    assert done.returncode == 0, done.stdout + done.stderr


def packages_of(path: Path) -> set[str]:
    """List the packages that a file imports, at any depth."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {
        each.name
        for node in nodes
        if isinstance(node, ast.Import)
        for each in node.names
    }
    froms = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in plain | froms}


def installed() -> set[str]:
    """List the packages that are there: an example may want an extra that is not."""
    wanted = set[str]().union(*map(packages_of, EXAMPLES))
    return {name for name in wanted if importlib.util.find_spec(name) is not None}


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start the programs side by side: they wait for real clocks."""
    started = {
        name: subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-W", "error", f"examples/{name}.py"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in LAST_WORDS
    }
    yield started
    for program in started.values():
        program.kill()
        program.communicate()


@pytest.mark.parametrize("name", LAST_WORDS)
def test_an_example_runs_as_a_program(
    name: str, programs: dict[str, subprocess.Popen[str]]
) -> None:
    """As its docstring says, with every warning an error, on a real clock."""
    output, errors = programs[name].communicate(timeout=100)

    assert errors == ""
    assert output.splitlines()[-1] == LAST_WORDS[name]
    assert programs[name].returncode == 0
