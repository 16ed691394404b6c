"""The typing promises of both packages, kept by both type checkers.

`tests/typing/` holds right uses, which must pass, and wrong uses, each with the error
codes that are expected on its line.  The files are checked and never run.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.extras import HAS_ACP, NO_ACP, mentions_acp

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "typing"
RIGHT = tuple(sorted(FOLDER.glob("right*.py")))
WRONG = tuple(sorted(FOLDER.glob("wrong*.py")))
CHECKERS = ("mypy", "pyright")

_PROMISE = re.compile(r"# error: mypy\[([\w,-]+)\] pyright\[(\w+(?:,\w+)*)\]$")

Finding = tuple[int, str]
"""A line, and the code of the error found there."""


@pytest.fixture(scope="module")
def findings() -> dict[tuple[str, Path], set[Finding]]:
    """`{(checker, file): findings}`; each checker runs once, they are slow to start."""
    found: dict[tuple[str, Path], set[Finding]] = {
        (checker, path): set() for checker in CHECKERS for path in (*RIGHT, *WRONG)
    }
    for path, line, code in _run_mypy():
        found["mypy", path].add((line, code))
    for path, line, code in _run_pyright():
        found["pyright", path].add((line, code))
    return found


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
@pytest.mark.parametrize("checker", CHECKERS)
def test_right_uses_pass(
    checker: str, path: Path, findings: dict[tuple[str, Path], set[Finding]]
) -> None:
    """What the API promises is accepted, and the types are those asserted."""
    if not HAS_ACP and mentions_acp(path):
        pytest.skip(NO_ACP)
    assert findings[checker, path] == set()


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
@pytest.mark.parametrize("checker", CHECKERS)
def test_wrong_uses_are_rejected_at_their_line(
    checker: str, path: Path, findings: dict[tuple[str, Path], set[Finding]]
) -> None:
    """Each wrong use is an error with its code, and nothing else is."""
    assert findings[checker, path] == _promised(checker, path)


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_every_error_comment_is_read(path: Path) -> None:
    """A comment with a typing mistake cannot hide a promise."""
    lines = path.read_text(encoding="utf-8").splitlines()

    assert all(_PROMISE.search(line) for line in lines if "# error" in line)


def _promised(checker: str, path: Path) -> set[Finding]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        (number, code)
        for number, line in enumerate(lines, start=1)
        if (promise := _PROMISE.search(line))
        for code in promise[1 + CHECKERS.index(checker)].split(",")
    }


def _run_mypy() -> list[tuple[Path, int, str]]:
    # Silent about what the files import: the packages are checked elsewhere.
    options = ("--strict", "--output=json", "--follow-imports=silent")
    output = run_checker("mypy", *options, *map(str, (*RIGHT, *WRONG)))
    errors = [json.loads(line) for line in output.splitlines()]
    return [
        (ROOT / error["file"], error["line"], error["code"])
        for error in errors
        if error["severity"] == "error"
    ]


def _run_pyright() -> list[tuple[Path, int, str]]:
    options = ("--outputjson", "--pythonpath", sys.executable)
    output = run_checker("pyright", *options, "--project", str(FOLDER))
    report: dict[str, Any] = json.loads(output)
    # Pyright passes a project in which it finds no files; some count one twice.
    assert report["summary"]["filesAnalyzed"] >= len((*RIGHT, *WRONG))
    return [
        (
            Path(error["file"]).resolve(),
            error["range"]["start"]["line"] + 1,
            error["rule"],
        )
        for error in report["generalDiagnostics"]
        if error["severity"] == "error"
    ]


def run_checker(
    checker: str, *arguments: str, env: dict[str, str] | None = None
) -> str:
    """What a checker prints: it has found nothing, or errors, and has not failed."""
    run = subprocess.run(  # noqa: S603 - our own files
        [sys.executable, "-m", checker, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return run.stdout
