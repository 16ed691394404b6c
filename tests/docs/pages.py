"""The programs of the README and of `docs/`, as a reader would save and run them.

A Python block is a program, and a text block right behind it is what it prints.  A
comment before a block says what a reader would have done with it:

    <!-- file: chat.py -->      saved under this name; the page's later blocks import it
    <!-- virtual time -->       run here on a clock that jumps: it sleeps for long
    <!-- a scenario -->         not run but measured: `docs/benchmarks.md`
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
PATIENCE: Final = 100  # seconds until a program is taken for dead
MEASURED: Final = "python -m benchmarks run --module my_bench.py"
"""What a reader types who has saved a scenario."""

_BLOCK = re.compile(
    r"((?:<!-- [^>\n]+ -->\n)*)```python\n(.*?)```(?:\n\n```text\n(.*?)```)?",
    re.DOTALL,
)
_JUMPING = "clock=trio.testing.MockClock(autojump_threshold=0)"


@attrs.frozen
class Program:
    """One block."""

    page: str
    number: int
    code: str
    output: str | None
    notes: tuple[str, ...]

    @property
    def file(self) -> str | None:
        """The name under which it is to be saved."""
        for note in self.notes:
            if note.startswith("file: "):
                return note.removeprefix("file: ")
        return None

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def programs(path: Path) -> list[Program]:
    """Those of a page, in their order."""
    found = _BLOCK.findall(path.read_text(encoding="utf-8"))
    return [
        Program(
            path.relative_to(ROOT).as_posix(),
            number,
            code,
            output or None,
            tuple(re.findall(r"<!-- (.+) -->", notes)),
        )
        for number, (notes, code, output) in enumerate(found)
    ]


def jumping(code: str) -> str:
    """A program on a clock that jumps."""
    code = code.replace("trio.run(main", f"trio.run(main, {_JUMPING}")
    return f"import trio.testing\n{code}"


def run(program: Program, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in the project, beside the files that its page has had saved before."""
    for each in programs(ROOT / program.page)[: program.number]:
        if each.file is not None:
            (folder / each.file).write_text(each.code, encoding="utf-8")
    code = program.code
    if "virtual time" in program.notes:
        code = jumping(code)
    return python("-W", "error", "-c", code, cwd=ROOT, path=[folder])


def measure(folder: Path) -> subprocess.CompletedProcess[str]:
    """Measure the scenarios that a page has had saved there, in little time."""
    words = MEASURED.split()[1:]
    return python(*words, "--quick", "--rounds", "1", cwd=folder, path=[ROOT])


def python(
    *arguments: str, cwd: Path, path: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Run this very Python with what a page says.

    Args:
        arguments: of the command line.
        cwd: the folder in which it is run.
        path: where it looks for modules; default: as this one does.
    """
    folders = os.pathsep.join(map(str, path))
    return subprocess.run(  # noqa: S603 - our own documentation
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": folders} if path else None,
    )
