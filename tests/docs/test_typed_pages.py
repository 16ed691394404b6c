"""The programs of README and `docs/` pass the type checkers, as strict as they are.

A reader copies them.  What a page shows as wrong, and a checker finds, says so in its
line; an ignore that finds nothing is an error.  Each checker runs once for all of them.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from tests.extras import lacks
from tests.test_typing import run_checker

from .pages import PAGES, ROOT, before, programs

STRICT: Final = {
    "include": ["."],
    "extraPaths": [".", str(ROOT)],
    "pythonVersion": "3.11",
    "typeCheckingMode": "strict",
}


def module_of(page: Path, name: str) -> str:
    """What a block is called among those of all pages: two have a `chat.py`."""
    place = page.relative_to(ROOT).with_suffix("").as_posix()
    return f"{re.sub('[^a-z0-9]', '_', place.lower())}_{name}"


def write_all(folder: Path) -> list[Path]:
    """Write each block as a module; what a page has had saved is imported by it.

    What is saved twice under one name is two modules; the newest one is imported.
    So is what was saved on a page that is done before.
    """
    written: list[Path] = []
    saved: dict[str, str] = {}  # {name on the page: module}
    for page in PAGES:
        if not before(page):
            saved = {}
        for block in programs(page):
            if lacks(block.code):
                continue
            code = block.code
            name = (block.file or f"block_{block.number}").removesuffix(".py")
            module = module_of(page, name)
            if name in saved:
                module = f"{module}_{block.number}"
            if block.file is not None:
                saved[name] = module
            for each, new in saved.items():
                code = re.sub(rf"(?m)^from {each} import", f"from {new} import", code)
                code = re.sub(rf"(?m)^import {each}$", f"import {new} as {each}", code)
            path = folder / f"{module}.py"
            path.write_text(code, encoding="utf-8")
            written.append(path)
    return written


def run(checker: str, *arguments: str, folder: Path) -> str:
    """What a checker says of the programs there."""
    env = {**os.environ, "MYPYPATH": f"{ROOT}:{folder}"}
    return run_checker(checker, *arguments, env=env)


def test_the_programs_pass_mypy(tmp_path: Path) -> None:
    """`mypy --strict`."""
    paths = map(str, write_all(tmp_path))
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = true\nfollow_imports = silent\n")

    said = run("mypy", "--config-file", str(config), *paths, folder=tmp_path)

    assert said.startswith("Success"), said


def test_the_programs_pass_pyright(tmp_path: Path) -> None:
    """With `typeCheckingMode` strict."""
    written = write_all(tmp_path)
    config = tmp_path / "pyrightconfig.json"
    config.write_text(json.dumps(STRICT), encoding="utf-8")
    options = ("--outputjson", "--pythonpath", sys.executable)

    said = run("pyright", *options, "--project", str(tmp_path), folder=tmp_path)

    report: dict[str, Any] = json.loads(said)
    # pyright passes a project in which it finds no files; older ones count some more
    assert report["summary"]["filesAnalyzed"] >= len(written)
    assert report["generalDiagnostics"] == []


def test_every_saved_file_is_imported_by_its_own_name() -> None:
    """What is written for the checkers has another: this is how they are replaced."""
    for page in PAGES:
        blocks = programs(page)
        for name in [each.file.removesuffix(".py") for each in blocks if each.file]:
            mentions = [
                line
                for each in blocks
                for line in each.code.splitlines()
                if re.match(rf"\s*(from|import) {name}\b", line)
            ]
            assert all(
                re.match(rf"(from {name} import|import {name}$)", line)
                for line in mentions
            ), (page, mentions)
