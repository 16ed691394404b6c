"""The tutorial is true: who does what stands there sees what stands there."""

from __future__ import annotations

import importlib.util
import re
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

from benchmarks.postgres.server import Server, binaries, open_folder

from .pages import programs, python
from .tutorial import FOLDER, Reader, blocks

STEPS: Final = sorted(each.name for each in FOLDER.glob("[0-9]*.md"))
WORDS: Final = 2400  # 12 minutes for somebody who reads 200 a minute
COMMANDS: Final = 40  # 8 minutes, at 12 seconds each
ASKING: Final = """
import trio
from service import make_app

class NeverAsked:
    open_turn = accept = None

async def receive():
    return {"type": "http.request", "body": b"hello", "more_body": False}

async def send(message):
    print(message.get("status") or message["body"].decode(), end=" ")

async def main():
    scope = {"type": "http", "method": "POST", "path": "/chat/ann", "headers": []}
    for busy in (b"nonsense", b"steer", b""):
        query = {"query_string": b"busy=" + busy}
        await make_app(NeverAsked())({**scope, **query}, receive, send)

trio.run(main)
"""
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


def test_it_fits_into_the_time_it_says() -> None:
    """The index says how much there is; more than that has to go elsewhere."""
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    pages = ["index.md", *STEPS]
    words = sum(len(words_of(page)) for page in pages)
    typed = [
        command
        for page in pages
        for block in blocks(page)
        if block.language == "console"
        for command, _ in block.commands()
        if command
    ]
    again = 2  # the index's own is typed in three terminals
    pasted = [
        each
        for step in STEPS
        for each in programs(FOLDER / step)
        if each.language == "python"
    ]

    edited = [
        each
        for step in STEPS
        for each in programs(FOLDER / step)
        if each.language == "diff"
    ]
    left = [
        note
        for step in STEPS
        for block in blocks(step)
        for note in block.notes
        if note in ("Ctrl-C", "presses Ctrl-C") or note.startswith("leaves ")
    ]

    assert words <= WORDS
    assert len(typed) + again <= COMMANDS
    assert f"{round(words, -2):,} words" in index
    assert f"{len(typed) + again} commands" in index
    assert f"{len(pasted)} files" in index
    assert f"{len(edited)} small edits" in index
    assert f"{len(left)} times Ctrl-C" in index


def words_of(page: str) -> list[str]:
    """What is to be read on a page: not its blocks, comments and addresses."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```|<!--.*?-->|(?<=\])\([^)]*\)", "", text, flags=re.DOTALL)
    return [each for each in text.split() if re.search(r"\w", each)]


@pytest.mark.parametrize("page", ["4-steer-and-stop.md", "5-survive.md"])
def test_a_busy_that_is_none_is_told(page: str, folder: Path) -> None:
    """With the client's status, and a sentence that says what would be right."""
    Reader(page, folder).save_all()

    done = python("-c", ASKING, cwd=folder)

    assert done.stdout == 3 * "400 busy is queue, refuse or interrupt\n ", done.stderr
