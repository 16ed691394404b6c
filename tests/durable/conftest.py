"""A PostgreSQL server for the tests that want one: started once, when first wanted."""

from __future__ import annotations

import importlib.util
import secrets
import signal
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from benchmarks.postgres.server import Server, binaries, open_folder


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    """A server of our own, with a disk that it waits for."""
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("no psycopg here: it has no binary for this Python")
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server here: neither initdb nor /usr/lib/postgresql")
    with open_folder() as folder:
        server = Server(programs, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)  # nobody wants its data


@pytest.fixture
def new_schema() -> Callable[[], str]:
    """Makes names of schemas that are nobody's yet."""
    return lambda: f"test_{secrets.token_hex(6)}"
