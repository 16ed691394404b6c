"""`docs/architecture.md` is true: its names, its links, its picture, its program."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house import House

from .page import BLOCK, FOLDER, LINK, NAME, ROOM, TEXT, functions, tables
from .walking import ROOT
from .ways import WAYS

LINES = 210
BLOCKS = BLOCK.findall(TEXT)
FOLDERS = {folder.split("/")[-1] for folder in House(ROOT).folders()}


def test_the_page_is_short() -> None:
    """210 lines at most."""
    assert len(TEXT.splitlines()) <= LINES


def test_every_function_that_is_named_exists() -> None:
    """In the file that is said to have it."""
    named = [
        (step.entry.file, step.entry.function)
        for walk in WAYS
        for table in tables(walk)
        for step in table
    ]
    missing = [
        f"{file}: {name}"
        for file, name in [*named, *NAME.findall(TEXT)]
        if not (ROOT / file).is_file() or (name and name not in functions(file))
    ]

    assert missing == []


def test_every_link_leads_somewhere() -> None:
    """To a folder or a file of the checkout."""
    links = set(LINK.findall(TEXT))

    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_room_is_listed() -> None:
    """The packages, and the folders in them."""
    listed = ROOM.findall(TEXT)
    there = {
        folder for folder in House(ROOT).folders() if folder.count("/") < len("/1")
    } - {"supervision/demo/data"}

    assert sorted(listed) == sorted(there)


def test_the_picture_shows_what_there_is() -> None:
    """Each of its folders is one; every room and every folder of the two hearts."""
    picture = BLOCKS[0][1]
    shown = {name.strip("/") for name in FOLDER.findall(picture)} - {"actors"}
    rooms = {room.split("/")[-1] for room in ROOM.findall(TEXT)} - {"actors"}
    hearts = ("actors/_engine/", "actors/_sessions/", "supervision/_routing/")
    inner = {
        folder.split("/")[-1]
        for folder in House(ROOT).folders()
        if folder.startswith(hearts)
    }

    assert shown - FOLDERS == set()
    assert (rooms | inner) - shown == set()


def test_every_block_is_known() -> None:
    """A picture, a program and what it prints: what follows runs each program."""
    assert [kind for kind, _ in BLOCKS] == ["text", "python", "text"]


@pytest.mark.parametrize("at", [at for at, b in enumerate(BLOCKS) if b[0] == "python"])
def test_the_program_prints_what_the_page_says(at: int) -> None:
    """On virtual time."""
    clock = "clock=trio.testing.MockClock(autojump_threshold=0)"
    code = BLOCKS[at][1].replace("trio.run(main)", f"trio.run(main, {clock})")
    assert clock in code

    done = subprocess.run(  # noqa: S603 - our own documentation
        [sys.executable, "-W", "error", "-c", f"import trio.testing\n{code}"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout == BLOCKS[at + 1][1]
