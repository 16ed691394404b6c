"""The tutorial is true: who does what stands there sees what stands there."""

from __future__ import annotations

import importlib.util
import math
import re
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from benchmarks.postgres.server import Server, binaries, open_folder

from .pages import ROOT, python
from .tutorial import FOLDER, Reader, blocks

STEPS: Final = sorted(each.name for each in FOLDER.glob("[0-9]*.md"))
MINUTES: Final = 27  # more is too long for somebody who is in a hurry
BEFORE: Final = 2 * 15 + 10 + 63  # seconds: `git clone`, and README's first command
ELSEWHERE: Final = {
    "README.md": "a [tutorial](docs/tutorial/index.md) of {} minutes",
    "docs/index.md": "[Tutorial](tutorial/index.md): {} minutes",
}
ASKING: Final = """
import trio
from service import say
from web import make_app

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
        await make_app(NeverAsked(), say)({**scope, **query}, receive, send)

trio.run(main)
"""
GARBLED: Final = """
import trio
from service import say
from web import make_app

class Router:
    def steer(self, key, text):
        print(key, ascii(text))
        return type("Receipt", (), {"id": 7})

async def receive():
    return {"type": "http.request", "body": b"caf\\xe9", "more_body": False}

async def send(message):
    print(message.get("status") or message["body"])

async def main():
    scope = {"type": "http", "method": "POST", "path": "/chat/ann/steer"}
    scope |= {"query_string": b"", "headers": []}
    await make_app(Router(), say)(scope, receive, send)

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
    counts = [count_of(page) for page in ("index.md", *STEPS)]
    whole = [sum(each) for each in zip(*counts, strict=True)]
    words, typed, files, edits, left = whole[:5]
    minutes = math.ceil((BEFORE + sum(map(seconds_of, counts))) / 60)
    index = (FOLDER / "index.md").read_text(encoding="utf-8")

    assert minutes <= MINUTES, "\n".join(map(str, counts))
    assert f"about {minutes} minutes" in index
    assert f"{round(words, -2):,} words" in index
    assert f"{typed} commands" in index
    assert f"{files} files" in index
    assert f"{edits} small edit," in index
    assert f"{left} times Ctrl-C" in index
    for page, said in ELSEWHERE.items():
        text = (ROOT / page).read_text(encoding="utf-8")
        assert said.format(minutes) in text, page


class Count(NamedTuple):
    """What a page has its reader do."""

    words: int
    commands: int
    files: int
    edits: int
    left: int  # how often Ctrl-C is pressed
    lines: int  # of code, to read
    waits: int  # seconds


def count_of(page: str) -> Count:
    """Go through its blocks, and the words between them."""
    found = blocks(page)
    notes = [note for block in found for note in block.notes]
    typed = [
        command
        for block in found
        if block.language == "console" and "if need be" not in block.notes
        for command, _ in block.commands()
        if command
    ]
    return Count(
        words=len(words_of(page)),
        # the index's own is typed in three terminals
        commands=len(typed) * (3 if page == "index.md" else 1),
        files=len([each for each in found if each.language == "python"]),
        edits=len([each for each in found if each.language == "diff"]),
        left=len([each for each in notes if each.endswith("Ctrl-C")])
        + len([each for each in notes if each.startswith("leaves ")]),
        lines=len(
            [
                line
                for each in found
                if each.language != "console"
                for line in each.text.splitlines()
                if line.strip(". ")
            ]
        ),
        waits=sum(
            int(each.split()[1]) for each in notes if re.fullmatch(r"takes \d+ s", each)
        ),
    )


def seconds_of(page: Count) -> float:
    """How long that takes somebody who does not hurry."""
    return (
        page.words * 60 / 220
        + page.commands * 15
        + page.files * 25
        + page.edits * 40
        + page.left * 5
        + page.lines * 15 / 12
        + page.waits
    )


def words_of(page: str) -> list[str]:
    """What is to be read on a page: not its blocks, comments and addresses."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```|<!--.*?-->|(?<=\])\([^)]*\)", "", text, flags=re.DOTALL)
    return [each for each in text.split() if re.search(r"\w", each)]


@pytest.mark.parametrize("page", ["2-stream.md", "5-survive.md"])
def test_a_busy_that_is_none_is_told(page: str, folder: Path) -> None:
    """With the client's status, and a sentence that says what would be right."""
    Reader(page, folder).save_all()

    done = python("-c", ASKING, cwd=folder)

    assert done.stdout == 3 * "400 busy is queue, refuse or interrupt\n ", done.stderr


def test_what_is_not_utf_8_is_no_error_of_the_server(folder: Path) -> None:
    """A byte that is none of a text is read as the sign for that."""
    Reader("2-stream.md", folder).save_all()

    done = python("-c", GARBLED, cwd=folder)

    said = r"""ann 'caf\ufffd'
202
b'accepted as prompt 7\n'
"""
    assert done.stdout == said, done.stderr
