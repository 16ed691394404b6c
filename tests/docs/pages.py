"""The programs of the README and of `docs/`, as a reader would save and run them.

A Python block is a program, and a text block right behind it is what it prints.  A
comment before a block says what a reader would have done with it:

    <!-- file: chat.py -->      saved under this name; the page's later blocks import it
    <!-- virtual time -->       run here on a clock that jumps: it sleeps for long
    <!-- a scenario -->         not run but measured: `docs/benchmarks.md`

A diff block with a file is that file, changed: its lines go, stay and come as in any
diff, and an empty line, or `...`, is between two places.  The steps of the tutorial go
on with the files of the steps before.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
PATIENCE: Final = 100  # seconds until a program is taken for dead
MEASURED: Final = "python -m benchmarks run --module my_bench.py"
"""What a reader types who has saved a scenario."""

_BLOCK = re.compile(
    r"((?:<!-- [^>\n]+ -->\n)*)```(python|diff)\n(.*?)```(?:\n\n```text\n(.*?)```)?",
    re.DOTALL,
)
_JUMPING = "clock=trio.testing.MockClock(autojump_threshold=0)"


@attrs.frozen
class Program:
    """One block."""

    page: str
    number: int
    code: str  # of a diff: what the file is then
    output: str | None
    notes: tuple[str, ...]
    language: str

    @property
    def file(self) -> str | None:
        """The name under which it is to be saved."""
        return _file(self.notes)

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"


def programs(path: Path) -> list[Program]:
    """Those of a page, in their order."""
    saved = {each.file: each.code for each in before(path)}  # {name: its text}
    made: list[Program] = []
    for comments, language, text, output in _BLOCK.findall(
        path.read_text(encoding="utf-8")
    ):
        notes = tuple(re.findall(r"<!-- (.+) -->", comments))
        file = _file(notes)
        code = text
        if language == "diff":
            if file is None:
                continue  # of something else
            code = changed(saved[file], text)
        saved[file] = code
        page, number = path.relative_to(ROOT).as_posix(), len(made)
        made.append(Program(page, number, code, output or None, notes, language))
    return made


def before(path: Path) -> list[Program]:
    """Those of the pages that are done before this one: of a step, all steps before."""
    if re.match(r"\d-", path.name) is None:
        return []
    steps = sorted(path.parent.glob("[0-9]-*.md"))
    return [each for step in steps if step < path for each in programs(step)]


def changed(text: str, diff: str) -> str:
    """A file, changed as a diff says; each of its places must be there once."""
    for hunk in re.split(r"\n(?:\.\.\.)?\n", diff):
        lines = [(line[0], line[1:] + "\n") for line in hunk.splitlines()]
        old = "".join(line for mark, line in lines if mark in " -")
        new = "".join(line for mark, line in lines if mark in " +")
        assert f"\n{text}".count(f"\n{old}") == 1, hunk
        text = f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
    return text


def _file(notes: Iterable[str]) -> str | None:
    for note in notes:
        if note.startswith("file: "):
            return note.removeprefix("file: ")
    return None


def jumping(code: str) -> str:
    """A program on a clock that jumps."""
    code = code.replace("trio.run(main", f"trio.run(main, {_JUMPING}")
    return f"import trio.testing\n{code}"


def run(program: Program, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in the project, beside the files that its page has had saved before."""
    path = ROOT / program.page
    for each in (*before(path), *programs(path)[: program.number]):
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
