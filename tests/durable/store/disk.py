"""A store in a file, from outside: what tests do to it, and see of it."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from supervision.durable import (
    SqliteStore,
)
from supervision.durable._sqlite.sql import connect
from tests.durable.store.bench import accept, opened

PATIENCE = 100  # seconds until a process is taken for one that hangs
CHILD = """
import os, sys, trio
from supervision.durable import SqliteStore
from tests.durable.store.bench import accept, opened

async def main():
    async with opened(SqliteStore(sys.argv[1])) as bench:
        print("open", flush=True)
        number = 0
        while sys.argv[2:] or await trio.sleep_forever():
            batch = [accept(number + each) for each in range(20)]
            await bench.carry(*batch)
            number += 20
            print(number, flush=True)

trio.run(main)
"""


@contextmanager
def child(path: Path, *more: str) -> Generator[subprocess.Popen[str]]:
    """Have a process open a store; with `more` it writes, and says how far it is."""
    command = [sys.executable, "-c", CHILD, str(path), *more]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


def run(program: str, path: Path) -> str:
    """Run a program with a path, and give what it says."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout


def names(folder: Path) -> list[str]:
    """List what is in a folder."""
    return sorted(each.name for each in folder.iterdir())


def modes(folder: Path) -> dict[str, int]:
    """Give `{file: who may do what}`."""
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()}


def damage(path: Path) -> bytes:
    """Overwrite pages in the middle of a file; all of it then."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xaa" * 4096 * 20)
    return path.read_bytes()


def integrity(path: Path) -> object:
    """Ask SQLite whether a file is whole."""
    connection = connect(path)
    try:
        return connection.pragma("integrity_check")
    finally:
        connection.close()


def meta(path: Path, name: str) -> object:
    """Read a line of what the file says of itself."""
    connection = connect(path)
    try:
        rows = connection.execute("select value from meta where name = ?", (name,))
        found: object = rows.fetchall()[0][0]
        return found
    finally:
        connection.close()


async def fill(path: Path, count: int = 3) -> None:
    """Make a store with some prompts."""
    async with opened(SqliteStore(path)) as bench:
        await bench.carry(*(accept(each, body=b"x" * 2000) for each in range(count)))


def sizes(path: Path) -> dict[str, bytes]:
    """Read a store and what is beside it, but for the lock, and what holds nothing."""
    return {
        each.name: each.read_bytes()
        for each in path.parent.iterdir()
        if not each.name.endswith((".lock", "-shm")) and each.stat().st_size
    }
