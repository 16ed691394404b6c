"""On a Python without what only Unix has: all is imported, what cannot work says so.

The programs run in processes of their own, behind `windows.hide`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[3]
PATIENCE: Final = 100.0  # seconds that a process may take on a machine that is busy
NO_SOCKETS: Final = "actors: error: this system has no Unix sockets, over which a "
HIDE: Final = "from tests.cli.elsewhere.windows import hide\nhide()\n"
MAIN: Final = """
import sys
from supervision.cli import main
sys.exit(main(sys.argv[1:]))
"""
TOLD: Final = """
import contextlib, importlib, io, json, pkgutil, signal, socket

import trio

found = {"imported": 0, "windows": not hasattr(socket, "AF_UNIX")}
for root in ("actors", "supervision"):
    package = importlib.import_module(root)
    for each in pkgutil.walk_packages(package.__path__, root + "."):
        if not each.name.endswith("__main__"):
            importlib.import_module(each.name)
            found["imported"] += 1

from supervision.acp import AgentSettings, AgentStartError
from supervision.acp._pipe.process import open_agent_process
from supervision.cli import main
from supervision.control import SocketPathError, bind_socket

for line in (
    "--help", "new shop", "check chat:Tree", "ps", "tree", "top", "stop",
    "tree --socket x", "run chat:Tree --socket chat.sock", "demo",
):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(line.split())
        except SystemExit as end:
            status = end.code or 0
    found[line] = [status, out.getvalue(), err.getvalue()]

try:
    bind_socket("chat.sock")
except SocketPathError as error:
    found["bind"] = error.why


async def agent() -> None:
    async with open_agent_process(AgentSettings(["python"])):
        pass

try:
    trio.run(agent)
except AgentStartError as error:
    found["agent"] = error.why
print(json.dumps(found))
"""
TREE: Final = """
import os, signal
from pathlib import Path

from actors import Actor, Session, Turn
from supervision import (
    ChildSpec, FileTokens, Router, Supervisor, find_child, router_ref
)
from supervision.durable import SqliteStore


class Chat(Session[str, str]):
    async def take_turn(self, turn: Turn[str, str]) -> str:
        if STORE is None:
            self.bind(turn.prompt)
        return f"{turn.prompt}!"


class Asker(Actor[object]):
    def __init__(self, tree):
        self.tree = tree

    def receive(self, message):
        pass

    def started(self):
        self.start_soon(self.ask)

    async def ask(self):
        router = router_ref(await find_child(self.tree, "router"), Chat)
        print(await router.send("ann", "hello").outcome(), flush=True)
        os.kill(os.getpid(), signal.SIGTERM)


class Tree(Supervisor):
    def declare(self):
        router = Router.spec(Chat, tokens=TOKENS, durable=STORE)
        return [router, ChildSpec(Asker, self.ref, id="asker")]


STORE = SqliteStore(Path("chat.db")) if Path("stored").exists() else None
TOKENS = None if STORE else FileTokens(Path("tokens"))
"""


def ran(
    folder: Path, program: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """A process in which what Windows has not is not there."""
    path = os.pathsep.join([str(ROOT), str(folder)])
    return subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-W", "error", "-c", HIDE + program, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process has found there; Any: JSON."""
    folder = tmp_path_factory.mktemp("windows")
    (folder / "chat.py").write_text(TREE)
    done = ran(folder, TOLD)
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    found["made"] = (folder / "shop" / "shop" / "__init__.py").exists()
    return found


def test_every_module_can_be_imported(told: dict[str, Any]) -> None:
    """Of both packages, with all extras."""
    assert told["windows"]
    assert told["imported"] > 400


def test_what_needs_no_service_works(told: dict[str, Any]) -> None:
    """Help, a new service, and the look at a tree."""
    assert told["--help"][1].startswith("usage: actors")
    assert told["made"]
    assert told["check chat:Tree"][1].startswith("chat:Tree: nothing is wrong")
    for each in ("--help", "new shop", "check chat:Tree"):
        assert (told[each][0], told[each][2]) == (0, "")


@pytest.mark.parametrize("line", ["ps", "tree", "top", "stop", "tree --socket x"])
def test_what_asks_a_service_is_refused(line: str, told: dict[str, Any]) -> None:
    """In one sentence."""
    status, out, err = told[line]

    assert (status, out) == (3, "")
    assert err.startswith(NO_SOCKETS)
    assert err.count("\n") == 1


def test_a_socket_and_the_demo_are_refused(told: dict[str, Any]) -> None:
    """By the command, and by the call."""
    sentence = "this system has no Unix sockets"
    asked, demo = told["run chat:Tree --socket chat.sock"], told["demo"]

    assert asked == [2, "", f"actors: error: --socket: {sentence}\n"]
    assert demo[2].startswith("actors: error: the demo starts and kills processes")
    assert told["bind"] == f"{sentence}; WSL and containers have them"


def test_an_agent_in_a_process_is_refused(told: dict[str, Any]) -> None:
    """It could not be ended with what it has started."""
    assert told["agent"].startswith("this system has no groups of processes")


@pytest.mark.parametrize("stored", [False, True])
def test_a_service_runs_without_a_control_socket(
    tmp_path: Path,
    stored: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """With tokens in a file or a store, with its numbers, until it is told to end."""
    (tmp_path / "chat.py").write_text(TREE)
    if stored:
        (tmp_path / "stored").touch()
    options = ("--metrics", "127.0.0.1:0", "--log-format", "plain")

    done = ran(tmp_path, MAIN, "run", "chat:Tree", *options)

    assert done.stdout == "Completed(turn=1, result='hello!')\n"
    assert done.returncode == 0, done.stderr
    assert "there is no control socket" in done.stderr
    assert "this system has no Unix sockets" in done.stderr
    assert "metrics are at http://127.0.0.1:" in done.stderr
    assert "SIGTERM" in done.stderr
    assert (tmp_path / ("chat.db" if stored else "tokens")).exists()
