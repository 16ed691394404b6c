"""The files of a new service: `{path: text}`.  Pure but for reading the templates."""

from __future__ import annotations

from importlib import resources
from pathlib import PurePosixPath
from string import Template
from typing import Final

_FILES: Final = {
    "README.md": "readme.txt",
    "pyproject.toml": "pyproject.txt",
    "$name/__init__.py": "package.txt",
    "$name/sessions.py": "sessions.txt",
    "$name/door.py": "door.txt",
    "$name/tree.py": "tree.txt",
    "$name/py.typed": None,
    "tests/test_$name.py": "test.txt",
    "$name.service": "unit.txt",
    "Dockerfile": "docker.txt",
    ".gitignore": "gitignore.txt",
}


def project(name: str, version: str) -> dict[PurePosixPath, str]:
    """Give the files of a service, in the order in which to look at them.

    Args:
        name: of its package.
        version: of this library: the oldest that it will run with.
    """
    words = {
        "name": name,
        "distribution": name.replace("_", "-"),
        "version": version,
    }
    folder = resources.files("supervision.cli._new") / "templates"
    return {
        PurePosixPath(Template(path).substitute(words)): (
            ""
            if template is None
            else Template((folder / template).read_text("utf-8")).substitute(words)
        )
        for path, template in _FILES.items()
    }
