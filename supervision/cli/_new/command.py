"""`actors new NAME`: writes the files, and says what comes next."""

from __future__ import annotations

import shlex
import sys
from argparse import Namespace
from importlib import metadata
from pathlib import Path

from supervision.client.directory import CommandError
from supervision.service import ExitCode

from .names import name_fault
from .project import project


def new_service(arguments: Namespace) -> int:
    """`actors new`: a small service in a folder that is new, or empty."""
    name, into = arguments.name, arguments.into
    here = Path.cwd()
    fault = name_fault(name, here)
    if fault is not None:
        raise CommandError(fault)
    folder = Path(name) if into is None else into
    files = project(name, metadata.version("trio-actors"))
    try:
        _make(folder)
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as opened:
                opened.write(text)
    except OSError as error:
        why = error.strerror or str(error)
        text = f"cannot write {error.filename or folder}: {why}"
        raise CommandError(text, ExitCode.CRASHED) from error
    lines = [str(folder / path) for path in files]
    install = "python -m pip install -e '.[test]' && pytest"
    if folder.resolve() != here.resolve():
        install = f"cd {shlex.quote(str(folder))} && {install}"
    lines += ["", "next:", f"  {install}", f"  actors run {name}:Tree --name {name}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return ExitCode.OK


def _make(folder: Path) -> None:
    """Make the folder; one that is there must be empty."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if folder.is_dir() and not any(folder.iterdir()):
            return
        text = (
            f"{folder} is there already, and nothing in it is overwritten: take "
            "another with --into FOLDER, or an empty one"
        )
        raise CommandError(text) from None
