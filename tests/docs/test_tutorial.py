"""The tutorial is true: who does what stands there sees what stands there."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from benchmarks.postgres.server import Server, binaries, open_folder

from .tutorial import FOLDER, Reader

STEPS: Final = sorted(each.name for each in FOLDER.glob("[0-9]*.md"))
NO_CURL: Final = "no curl here, with which a reader talks to the service"


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder to work in; a socket is in it, so its path is short."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


@pytest.fixture
def server() -> Generator[str | None]:
    """The address of a PostgreSQL server of our own; None: there is none here."""
    programs = binaries()
    if programs is None or importlib.util.find_spec("psycopg") is None:
        yield None
        return
    with open_folder() as folder:
        server = Server(programs, Path(folder))
        server.start()
        try:
            yield server.dsn()
        finally:
            server.stop(signal.SIGQUIT)  # nobody wants its data


@pytest.mark.parametrize("page", STEPS[:-1])
def test_a_step_shows_what_it_says(page: str, folder: Path) -> None:
    """All its files and commands, in their order."""
    if shutil.which("curl") is None:
        pytest.skip(NO_CURL)
    Reader(page, folder).do()


def test_the_last_step_shows_what_it_says(folder: Path, server: str | None) -> None:
    """Its second half wants a server, as the page says."""
    if shutil.which("curl") is None:
        pytest.skip(NO_CURL)
    Reader(STEPS[-1], folder, server).do()


def test_there_are_six_steps() -> None:
    """Each is linked from the one before it, and from the index."""
    pages = ["index.md", *STEPS]
    texts = [(FOLDER / page).read_text(encoding="utf-8") for page in pages]

    assert len(STEPS) == 6
    for step, text in zip(STEPS, texts, strict=False):
        assert f"]({step})" in text
        assert f"]({step})" in texts[0]
