"""The examples with a host of asyncio: over HTTP, and as a chat client."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from examples import asyncio_client

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 100  # seconds until something is taken for dead


def test_the_chat_client_steers_and_stops(capsys: pytest.CaptureFixture[str]) -> None:
    """`examples/asyncio_client.py`: the evening, as it is told in the channels."""
    asyncio.run(asyncio_client.main())

    said = capsys.readouterr().out.splitlines()
    assert said == [
        "#tea: let me think about long stories ...",
        "#tea: my answer to long stories and biscuits",
        "#zen: let me think about long silence ...",
        "#zen: [Aborted]",
    ]


class Site:
    """`examples/fastapi_host.py` as a process."""

    def __init__(self) -> None:
        self.lines: list[http.client.HTTPConnection] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "examples.fastapi_host"],
            cwd=ROOT,
            env=os.environ | {"FASTAPI_PORT": str(self.port)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if "Running on" in line:
                break

    def ask(self, method: str, path: str, body: str = "") -> http.client.HTTPResponse:
        """Ask it something; the answer is read by the caller."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.lines.append(line)
        line.request(method, path, body.encode())
        return line.getresponse()


@pytest.fixture
def site() -> Generator[Site]:
    """The application, served."""
    pytest.importorskip("fastapi", reason="FastAPI is not installed here")
    started = Site()
    yield started
    for line in started.lines:
        line.close()
    started.process.kill()
    started.process.communicate()


def test_fastapi_streams_answers_and_drains(site: Site) -> None:
    """Two turns of one conversation, refusals, a stop, health; and SIGTERM."""
    assert site.ask("GET", "/health").read() == b'{"tree":"ready"}'
    for number in (1, 2):
        answer = site.ask("POST", "/talk/ann", "hello").read().decode()
        assert answer == f"“hello” is number {number} of what I remember. "

    hanging = site.ask("POST", "/talk/bob", "for ever")
    assert hanging.read(6).decode() == "“for"
    waiting = [site.ask("POST", "/talk/bob", "x") for _ in range(10)]
    assert site.ask("POST", "/talk/bob", "x").status == 429
    assert {each.status for each in waiting} == {200}
    for line in site.lines[4:]:
        line.close()
    assert site.ask("POST", "/stop/bob").read() == b'{"aborted":true}'
    assert hanging.read().decode().endswith("[Aborted]")

    site.process.send_signal(signal.SIGTERM)
    _, errors = site.process.communicate(timeout=PATIENCE)
    assert site.process.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_reader_of_fastapi_that_goes_away_aborts_its_turn(site: Site) -> None:
    """The session is free for the next prompt."""
    left = site.ask("POST", "/talk/ann", "for ever")
    assert left.read(6).decode() == "“for"
    site.lines[-1].close()

    answer = site.ask("POST", "/talk/ann", "hello").read().decode()
    assert answer == "“hello” is number 1 of what I remember. "
