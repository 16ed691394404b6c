"""The programs of other libraries in `docs/` are whole, and say what they print.

A `py` block is a program that a reader has today, a `text` block behind it what it
prints.  Nothing of ours needs those libraries: where one is not installed its programs
are only compiled.  Each page says with which version they were run.
"""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from .pages import PAGES, ROOT, python

_BLOCK: Final = re.compile(r"```py\n(.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
BEFORE: Final = [
    pytest.param(code, output, id=f"{page.relative_to(ROOT).as_posix()}-{number}")
    for page in PAGES
    for number, (code, output) in enumerate(_BLOCK.findall(page.read_text("utf-8")))
]


def imported_by(code: str) -> set[str]:
    """The packages that a program imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize(("code", "output"), BEFORE)
def test_a_program_of_another_library_prints_what_its_page_says(
    code: str, output: str, tmp_path: Path
) -> None:
    """Where that library is installed."""
    compile(code, "<page>", "exec")
    missing = [each for each in sorted(imported_by(code)) if find_spec(each) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")

    done = python("-c", code, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout == output
