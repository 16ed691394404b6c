"""Facts about `actors check` of code that prints, exits, raises, or has no end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from supervision.cli import main
from supervision.cli._check.trees import check_tree
from supervision.service import ExitCode

pytestmark = pytest.mark.usefixtures("folder")


def look(body: str) -> list[tuple[str, str]]:
    """Say what is found in a supervisor with this body: `(where, what)`."""
    head = "from supervision import *\nfrom actors import *\n"
    Path("unruly.py").write_text(f"{head}class Tree(Supervisor):\n    {body}\n")
    sys.modules.pop("unruly", None)
    return [(f.where, f.what) for f in check_tree("unruly:Tree", 25.0).findings]


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_what_the_tree_prints_is_no_part_of_the_answer(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A program reads that; a person sees both."""
    look("print('imported'); declare = lambda self: print('declared') or ()")
    sys.modules.pop("unruly", None)
    capsys.readouterr()

    assert main(["check", "unruly:Tree", *arguments]) == ExitCode.CRASHED
    said = capsys.readouterr()
    assert said.err == "imported\ndeclared\n"
    assert said.out.startswith("{" if arguments else "doubtful  /Tree: ")
    assert not arguments or json.loads(said.out)["actors"] == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise OSError('away')", "OSError: away (unruly.py, line 4)"),
        ("raise SystemExit(4)", "ends the program while it is imported: SystemExit(4)"),
        ("import nowhere", "No module named 'nowhere' (unruly.py, line 4)"),
        ("def declare(self):\n\n        raise OSError('a')", ": a (unruly.py, line 6)"),
        ("def declare(self): raise SystemExit(4)", "SystemExit: 4 (unruly.py, line 4)"),
        ("def __init__(self): raise SystemExit", "SystemExit: (unruly.py, line 4)"),
    ],
)
def test_what_is_raised_is_found_with_its_line(body: str, said: str) -> None:
    """A tree that exits does not end the command as if nothing were wrong."""
    ((_, what),) = look(body)
    assert said in what


def test_supervisors_that_declare_each_other_twice_have_an_end() -> None:
    """One finding, at the first that is too deep, and not all the ways there."""
    spec = "ChildSpec(Tree, id={!r})"
    both = f"def declare(self): return [{spec.format('a')}, {spec.format('b')}]"
    assert look(both) == [
        ("/Tree" + 51 * "/a", "supervisors are nested more than 50 deep")
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("declare = lambda self: None", "a tuple or a list of ChildSpecs, got None"),
        ("declare = lambda self: 'ab'", "a tuple or a list of ChildSpecs, got 'ab'"),
        ("declare = lambda self: {}", "a tuple or a list of ChildSpecs, got {}"),
        ("async def declare(self): return ()", "declare must be a function that is n"),
        (
            "declare = lambda self: ChildSpec(Supervisor)",
            "with a comma behind it), got",
        ),
        ("children = (ChildSpec(Supervisor))", "with a comma behind it), got ChildSp"),
        ("children = None", "children must be a tuple or a list of ChildSpecs, got N"),
        ("children = ChildSpec(Request[int]),", "a subclass of Actor: Request, witho"),
    ],
)
def test_what_declares_no_children_is_told_what_would(body: str, said: str) -> None:
    """Not that something is not iterable."""
    ((_, what),) = look(body)
    assert said in what
