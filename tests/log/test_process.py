"""The log of a real process can neither hold nor end it, whatever becomes of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and pipes")

APP = """
import logging
import os
import trio
from actors import Actor
from supervision import ChildSpec, RestartLimit, Supervisor

log = logging.getLogger("app")

class Loud(Actor[int]):
    def started(self):
        self.lives = 0
        for number in range(int(os.environ["LINES_TO_LOG"])):
            log.info("%s %s", number, "x" * 1000)
        self.after(0, 1)

    def receive(self, message):
        if os.path.exists("crashed"):
            return
        open("crashed", "w").close()
        raise ValueError("after all that")

class Tree(Supervisor):
    limit = RestartLimit(3, within=600)
    children = (ChildSpec(Loud, id="loud"),)
"""


@attrs.define
class Service:
    """A process, and the manager that hears of it."""

    process: subprocess.Popen[bytes]
    manager: socket.socket

    def hear(self, news: str) -> None:
        """Wait for it."""
        while (found := self.manager.recv(4096).decode()) != news:
            assert self.process.poll() is None, found


@pytest.fixture
def services(tmp_path: Path) -> Iterator[list[Service]]:
    """Those that a test starts; none is left."""
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    found: list[Service] = []
    yield found
    for each in found:
        each.process.kill()
        each.process.wait()
        each.manager.close()


def start(
    folder: Path,
    services: list[Service],
    form: str,
    error: int,
    *prefix: str,
    lines: int = 200,  # more than a pipe takes
) -> Service:
    """Run the tree with this as its standard error."""
    address = folder / "notify"
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(address))
    manager.settimeout(100)
    process = subprocess.Popen(  # noqa: S603 - our own program
        [
            *prefix,
            *(sys.executable, "-m", "supervision.cli", "run", "app:Tree"),
            *("--socket", "none", "--log-format", form, "--report", "report.json"),
        ],
        cwd=folder,
        stderr=error,
        env=os.environ | {"NOTIFY_SOCKET": str(address), "LINES_TO_LOG": str(lines)},
    )
    services.append(Service(process, manager))
    return services[-1]


@pytest.mark.parametrize("form", ["plain", "json", "rich"])
@pytest.mark.parametrize("kind", ["unread", "gone", "closed", "full"])
def test_what_becomes_of_standard_error_is_no_business_of_the_service(
    kind: str, form: str, tmp_path: Path, services: list[Service]
) -> None:
    """It gets ready, restarts what crashes, and ends in order and in time."""
    if kind == "full" and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    reader, writer = os.pipe()
    prefix: tuple[str, ...] = ()
    if kind == "gone":
        os.close(reader)
        reader = -1
    elif kind == "full":
        os.close(writer)
        writer = os.open("/dev/full", os.O_WRONLY)
    elif kind == "closed":
        prefix = ("sh", "-c", 'exec "$@" 2>&-', "sh")
    try:
        service = start(tmp_path, services, form, writer, *prefix)
    finally:
        os.close(writer)
    try:
        service.hear("READY=1")
        service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(100)
    finally:
        if reader >= 0:
            os.close(reader)

    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert code == report["exit_code"] == 0
    assert report["in_time"]


def test_what_was_dropped_is_told(tmp_path: Path, services: list[Service]) -> None:
    """Once somebody reads."""
    reader, writer = os.pipe()
    try:
        # more than may wait
        service = start(tmp_path, services, "json", writer, lines=5000)
    finally:
        os.close(writer)
    service.hear("READY=1")
    with open(reader, "rb") as stream:  # noqa: PTH123 - a descriptor
        service.process.send_signal(signal.SIGTERM)
        lines = [json.loads(line) for line in stream.read().splitlines()]
    code = service.process.wait(100)

    dropped = [line for line in lines if "dropped" in line]
    assert code == 0
    assert {line["logger"] for line in dropped} == {"supervision.log"}
    assert sum(line["dropped"] for line in dropped) > 0
    assert lines[-1]["message"] == "final report"
