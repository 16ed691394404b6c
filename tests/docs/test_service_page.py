"""`docs/service.md` and `docs/command.md` are true: what they list is what there is."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from supervision.cli.arguments import make_parser
from supervision.control._endpoints.app import ENDPOINTS
from supervision.service import ExitCode, ServiceState

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "service.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
LINES = 240
PATIENCE = 100  # seconds until a program is taken for dead

TREE, PROGRAM = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
WORDS = set(re.findall(r"`[^`\n]+`", TEXT))
OUTPUT = re.search(r"```python\n.*?```\n\n```text\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `chat.py` in it, as the text says."""
    (tmp_path / "chat.py").write_text(TREE, encoding="utf-8")
    return tmp_path


def ask(path: Path, method: str, target: str) -> tuple[int, Any]:
    """Ask a control socket, as curl does; the status and the JSON."""
    connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(PATIENCE)
    connection.sock.connect(str(path))
    connection.request(method, target)
    response = connection.getresponse()
    found = json.loads(response.read())
    connection.close()
    return response.status, found


def test_the_text_is_short() -> None:
    """240 lines at most."""
    assert len(TEXT.splitlines()) <= LINES


def test_the_tree_runs_as_the_text_says(folder: Path) -> None:
    """Ready, watched, drained by SIGTERM: exit status 0, and the report adds up."""
    news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    news.settimeout(PATIENCE)
    news.bind(str(folder / "notify"))
    at = folder / "chat.sock"
    environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify")}
    command = ["-m", "supervision.cli", "run", "chat:Tree", "--name", "chat"]
    options = ["--socket", str(at), "--report", "report.json"]

    with news:
        service = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-W", "error", *command, *options],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            heard = b""
            while heard != b"READY=1":
                heard = news.recv(1000)
                assert heard.startswith((b"READY=1", b"EXTEND_TIMEOUT_USEC="))
            ready = ask(at, "GET", "/ready")
            ended = ask(at, "GET", "/sessions?phase=running&limit=1")
            service.send_signal(signal.SIGTERM)
            _, log = service.communicate(timeout=PATIENCE)
        finally:
            service.kill()
            service.communicate()

    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert ready == (200, {"ready": True, "state": "ready", "why": None})
    assert ended[0] == 200
    assert service.returncode == 0, log
    assert report["adds_up"]
    assert report["in_time"]


def test_the_program_prints_what_the_text_says(folder: Path) -> None:
    """`serve` inside a Trio program; here on virtual time."""
    assert OUTPUT is not None
    clock = "clock=trio.testing.MockClock(autojump_threshold=0)"
    code = PROGRAM.replace("trio.run(main)", f"trio.run(main, {clock})")
    assert clock in code

    done = subprocess.run(  # noqa: S603 - our own documentation
        [sys.executable, "-W", "error", "-c", f"import trio.testing\n{code}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout == OUTPUT[1]


def test_every_endpoint_is_listed() -> None:
    """Each of the control socket's own list."""
    missing: list[str] = []
    for line in ENDPOINTS:
        method, target, *_ = line.split()
        verb = target.removeprefix("/sessions/KEY")
        if not {f"`{method} {target}`", f"`{verb}`"} & WORDS:
            missing.append(line)

    assert missing == []


def test_every_exit_status_is_listed() -> None:
    """By number and name."""
    rows = re.findall(r"^\| (\d+) `(\w+)` \|", TEXT, re.MULTILINE)

    assert rows == [(str(code.value), code.name) for code in ExitCode]


def test_every_state_is_listed() -> None:
    """In the order in which a service has them."""
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)

    assert rows == [state.value for state in ServiceState]


def test_every_command_and_option_is_listed() -> None:
    """Of `actors run` all options, of the others what is theirs alone, on its page."""
    parser: Any = make_parser("0")  # Any: argparse does not say what it consists of
    commands: dict[str, Any] = next(
        action.choices for action in parser._actions if action.dest == "command"
    )
    shared = {"-h", "--help", "--json", "--socket", "--router", "--reason"}
    missing = [
        f"{name} {option}"
        for name, command in commands.items()
        for action in command._actions
        for option in action.option_strings
        if option not in shared
        and not re.search(rf"{option}(?![\w-])", TEXT if name == "run" else COMMANDS)
    ]

    assert [name for name in commands if f"`actors {name}" not in COMMANDS] == []
    assert missing == []
