"""Facts about `actors run`: what it makes of its options, and where sockets are.

The last ones look at a real service, through every command.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import Aborted, Actor, AnyRef, Session, Turn
from supervision import (
    ChildSpec,
    Limits,
    Router,
    Supervisor,
    find_child,
    router_ref,
)
from supervision.cli import main
from supervision.cli._commands import run as command_run
from supervision.client.directory import (
    CommandError,
    default_socket,
    make_directory,
    runtime_directory,
)
from supervision.service import ExitCode, LogFormat, Service, Settings, serve

MODULE = """
from actors import Actor
from supervision import ChildSpec, Supervisor

class Worker(Actor[int]):
    def receive(self, message): ...

class Tree(Supervisor):
    children = (ChildSpec(Worker, id="worker"),)
"""
Given = list[tuple[Any, Settings]]


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Given]:
    """Have a module `a_tree` here, and write down what would be run."""
    (tmp_path / "a_tree.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("x = 1 / 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path / "run"))
    found: Given = []

    def run(make: object, *_: object, settings: Settings) -> int:
        found.append((make, settings))
        return 4

    monkeypatch.setattr(command_run, "run", run)
    yield found
    for name in ("a_tree", "broken"):
        sys.modules.pop(name, None)


def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it look as if the extra were not installed."""
    find = importlib.util.find_spec

    def find_spec(name: str) -> object:
        return None if name == "hypercorn" else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)


def test_a_tree_is_run_under_its_own_name(given: Given, tmp_path: Path) -> None:
    """With a socket in a directory that is ours alone; the status is the service's."""
    status = main(["run", "a_tree:Tree"])

    ((make, settings),) = given
    assert status == 4
    assert make.__name__ == "Tree"
    assert settings == Settings(
        name=settings.name, socket=tmp_path / "run" / f"{settings.name}.sock"
    )
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


def test_every_option_is_a_setting(given: Given, tmp_path: Path) -> None:
    """As it was said; a path is from here on."""
    main(
        [
            *("run", "a_tree:Tree", "--name", "chat", "--budget", "3.5"),
            *("--socket", "here.sock", "--log-format", "plain", "--log-level", "Debug"),
            *("--report", "report.json", "--tuned-gc"),
        ]
    )

    assert given[0][1] == Settings(
        name="chat",
        budget=3.5,
        socket=tmp_path / "here.sock",
        log_format=LogFormat.PLAIN,
        log_level="DEBUG",
        report=Path("report.json"),
        tuned_gc=True,
    )
    assert not (tmp_path / "run").exists()


def test_a_name_that_no_actor_can_have_is_a_wrong_command(
    given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found before anything is started, and no crash of the tree."""
    command = ["run", "a_tree:Tree", "--name", "chat/eu", "--socket", "none"]
    assert main(command) == ExitCode.USAGE

    assert "name is the name of an actor, without '/', got" in capsys.readouterr().err
    assert given == []
    with pytest.raises(ValueError, match="without '/', got 'a/b'"):
        Settings(name="a/b")


def test_none_is_no_socket(given: Given) -> None:
    """Nobody can look then, and that was wanted: no word about it."""
    main(["run", "a_tree:Tree", "--socket", "none"])

    assert given[0][1].socket is None


def test_without_the_extra_it_runs_and_says_that_nobody_can_look(
    given: Given, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A service is worth more than its window."""

    def unlogged(_: Settings) -> None:
        """Leave the log to the test."""

    without_extra(monkeypatch)
    monkeypatch.setattr(command_run, "configure_logging", unlogged)

    with caplog.at_level(logging.WARNING):
        status = main(["run", "a_tree:Tree"])

    assert status == 4
    assert given[0][1].socket is None
    assert "pip install 'trio-actors[control]'" in caplog.text


def test_a_socket_that_was_asked_for_and_cannot_be_is_an_error(
    given: Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what to install; nothing is run."""
    without_extra(monkeypatch)

    status = main(["run", "a_tree:Tree", "--socket", "here.sock"])

    assert (status, given) == (2, [])
    assert "pip install 'trio-actors[control]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        ("a_tree", "a_tree"),
        ("a_tree:Forest", "Forest"),
        ("no_such_module:Tree", "no_such_module"),
    ],
)
def test_what_is_no_tree_is_one_line(
    tree: str, why: str, given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is run."""
    status = main(["run", tree])

    err = capsys.readouterr().err
    assert (status, given) == (2, [])
    assert err.startswith("actors: error: ")
    assert why in err
    assert err.count("\n") == 1


def test_a_module_that_breaks_shows_where_without_our_frames(
    given: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user's line, and then our one."""
    status = main(["run", "broken:Tree"])

    err = capsys.readouterr().err
    assert (status, given) == (2, [])
    assert "x = 1 / 0" in err
    assert "supervision" not in err.rpartition("actors: error:")[0]
    assert "actors: error: " in err.splitlines()[-1]


def test_the_runtime_directory_is_of_the_environment() -> None:
    """Ours, the desktop's, or one of our own in the directory for temporary files."""
    own, desktop = {"ACTORS_RUNTIME_DIR": "/a"}, {"XDG_RUNTIME_DIR": "/run/user/1"}

    assert runtime_directory({**own, **desktop}) == Path("/a")
    assert runtime_directory(desktop) == Path("/run/user/1/trio-actors")
    assert runtime_directory({}) == Path(f"/tmp/trio-actors-{os.geteuid()}")  # noqa: S108
    assert runtime_directory({"ACTORS_RUNTIME_DIR": ""}) == runtime_directory({})


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("chat", "chat.sock"),
        ("../../etc/x", "_.._etc_x.sock"),
        ("ä b", "__b.sock"),
        ("", "service.sock"),
        ("...", "service.sock"),
        ("x" * 200, "x" * 60 + ".sock"),
    ],
)
def test_a_name_is_a_file_in_the_directory(name: str, file: str) -> None:
    """Whatever is in it."""
    assert default_socket(name, Path("/run")) == Path("/run") / file


def test_a_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """They could put their sockets there."""
    directory = tmp_path / "run"
    directory.mkdir()
    directory.chmod(0o777)

    with pytest.raises(CommandError, match="others may write there; say chmod 700"):
        make_directory(directory)


def test_a_directory_that_is_something_else_is_refused(tmp_path: Path) -> None:
    """A link, too: who made it could turn it elsewhere."""
    (tmp_path / "file").write_text("")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(CommandError, match="cannot be made: File exists"):
        make_directory(tmp_path / "file")
    with pytest.raises(CommandError, match="it is not a directory"):
        make_directory(tmp_path / "link")


def test_a_directory_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits for us under a well-known name."""
    (tmp_path / "run").mkdir()
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)

    with pytest.raises(CommandError, match=f"it belongs to user {owner}"):
        make_directory(tmp_path / "run")


class Chat(Session[str, str]):
    """Answers at once, or never."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        if turn.prompt == "wait":
            with turn.tool("search"):
                await trio.sleep_forever()


class Worker(Actor[int]):
    """Does nothing."""

    def receive(self, message: int) -> None: ...


class Tree(Supervisor):
    """A router and a worker."""

    children = (
        ChildSpec(Router, Chat, (), Limits(turns=2), id="router"),
        ChildSpec(Worker, id="worker"),
    )


Ask = Callable[..., Any]


async def test_every_command_works_on_a_real_service(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it answers is what our words say: each answer is checked when it comes."""
    path = tmp_path / "chat.sock"

    async def actors(*arguments: str) -> tuple[int, str]:
        options = [*arguments, "--socket", str(path)]
        status = await trio.to_thread.run_sync(main, options)
        out, err = capsys.readouterr()
        return status, out + err

    async with trio.open_nursery() as nursery:
        settings = Settings(name="chat", socket=path, budget=2)
        service: Service = await nursery.start(partial(serve, Tree, settings=settings))
        tree: AnyRef | None = service.tree
        assert tree is not None
        ref = await find_child(tree, "router")
        prompt = router_ref(ref, Chat).send("a/b ?", "wait")
        await wait_for_tool(actors)

        for looking in (["tree"], ["top"], ["statistics"], ["sessions"]):
            status, text = await actors(*looking)
            assert (status, "Traceback" in text) == (0, False), text
        status, text = await actors("session", "a/b ?")
        assert "tool        search" in text
        status, text = await actors("inspect", ref.path)
        assert status == 0, text
        status, text = await actors("inspect", "/nobody")
        assert (status, text.count("\n")) == (5, 1)
        status, text = await actors("cancel", "a/b ?", "--reason", "enough")
        assert status == 0, text
        assert isinstance(await prompt.outcome(), Aborted)
        worker = ref.path.replace("router", "worker")
        for verb in ("stop", "restart", "inspect"):
            status, text = await actors(verb, worker)
            assert status == 0, text
        status, raw = await actors("top", "--json")
        assert json.loads(raw)["statistics"]["routers"][0]["outcomes"] == {"Aborted": 1}
        status, text = await actors("sessions", "--phase", "idle")
        assert "a/b ?" in text
        status, text = await actors("close", "a/b ?")
        assert status == 0, text
        service.stop("the test")

    status, text = await actors("tree")
    assert status == 3


async def wait_for_tool(actors: Ask) -> None:
    """Ask until the turn is at its tool: the answer is the event."""
    while True:
        _, text = await actors("session", "a/b ?")
        if "search" in text:
            return


def test_stop_ends_a_real_process(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`run`, `ps`, `stop`: the process is gone when `stop` says so."""
    (tmp_path / "a_tree.py").write_text(MODULE)
    monkeypatch.setenv("ACTORS_RUNTIME_DIR", str(tmp_path / "run"))
    command = ["run", "a_tree:Tree", "--log-format", "plain", "--name", "chat"]
    with subprocess.Popen(  # noqa: S603 - our own
        [sys.executable, "-m", "supervision.cli", *command],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stderr is not None
        try:
            for line in service.stderr:
                if "chat is ready" in line:
                    break
            statuses = [main(["ps"]), main(["stop"])]
            assert service.poll() is not None
            rest = service.stderr.read()
        finally:
            service.kill()
    out, err = capsys.readouterr()
    main(["ps"])

    assert (statuses, service.returncode, err) == ([0, 0], 0, "")
    assert "chat   READY" in out
    assert "the service is gone" in out
    assert "Traceback" not in rest
    assert capsys.readouterr().out == ""
