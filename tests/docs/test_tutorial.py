"""The tutorial is true: who does what stands there sees what stands there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from .tutorial import FOLDER, Reader

STEPS: Final = sorted(each.name for each in FOLDER.glob("[0-9]*.md"))
NO_CURL: Final = "no curl here, with which a reader talks to the service"


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder to work in; a socket is in it, so its path is short."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


@pytest.mark.parametrize("page", STEPS)
def test_a_step_shows_what_it_says(page: str, folder: Path) -> None:
    """All its files and commands, in their order."""
    if shutil.which("curl") is None:
        pytest.skip(NO_CURL)
    Reader(page, folder).do()
