"""Launchers, threads, orphans, programs that cannot be started."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import Completed, SessionStartError
from supervision.acp import (
    AgentExitedError,
    AgentSettings,
    AgentStartError,
    Text,
    open_agent_process,
)
from supervision.acp._pipe import family, starting
from tests.acp.scenes import Scene, scripted
from tests.acp.yard import BOUND, alive, open_yard, puppet

LAUNCHER = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
DIES_WITH_ITS_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def behind(launcher: str, settings: AgentSettings) -> AgentSettings:
    """The same agent, started by a program that is no agent."""
    command = [sys.executable, "-S", "-c", launcher, *settings.command]
    return AgentSettings(command, drain_window=0.0, env=settings.env)


def children_by_thread() -> list[list[str]]:
    """The numbers of the processes that each of our threads has started."""
    return [
        task.joinpath("children").read_text(encoding="utf-8").split()
        for task in Path("/proc/self/task").iterdir()
    ]


def parent_of(pid: int) -> int:
    """Who has started it."""
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[3])


def our_interpreter() -> bytearray:
    """The program that runs us."""
    return bytearray(Path(sys.executable).resolve().read_bytes())


async def test_an_agent_that_dies_with_its_parent_lives_on() -> None:
    """Its parent is the thread that has started it; that of Trio ends when idle."""
    async with open_yard(behind(DIES_WITH_ITS_PARENT, puppet())) as yard:
        pid = int(str(await yard.result("tell pid")))
        children = children_by_thread()
        assert alive(pid)

    (thread,) = [each for each in children if str(pid) in each]
    assert thread == [str(pid)]


async def test_an_agent_outlives_its_launcher() -> None:
    """The turn goes on, and the next one; `pid` is the agent's then."""
    async with open_yard(behind(LAUNCHER, puppet())) as yard:
        first = int(str(await yard.result("tell pid")))
        async with yard.router.open_turn("k", "stay talking") as stream:
            assert await anext(stream) == Text("staying")
            launcher = parent_of(first)
            os.kill(launcher, signal.SIGKILL)
            while alive(launcher):
                await trio.testing.wait_all_tasks_blocked(0.01)
            yard.router.cancel("k", hard=False)
            outcome = await stream.outcome()
        second = int(str(await yard.result("tell pid")))

    assert isinstance(outcome, Completed)
    assert outcome.result == "stayingwell"
    assert first == second != launcher


async def test_the_end_of_an_heir_is_the_end() -> None:
    """It is told as that of the process that we have started."""
    async with open_yard(behind(LAUNCHER, puppet())) as yard:
        first = int(str(await yard.result("tell pid")))
        async with yard.router.open_turn("k", "stay") as stream:
            await anext(stream)
            launcher = parent_of(first)
            os.kill(launcher, signal.SIGKILL)
            while alive(launcher):
                await trio.testing.wait_all_tasks_blocked(0.01)
            os.kill(first, signal.SIGKILL)
            outcome = await stream.outcome()
        assert await yard.result("say on") == "on"

    error = outcome.error  # type: ignore[attr-defined]
    assert isinstance(error, AgentExitedError)
    assert error.code == -signal.SIGKILL


# ------------------------------------------------------------------------- starting


async def start_failure(settings: AgentSettings) -> str:
    """What is said of a program that cannot be started."""
    async with open_yard(settings) as yard:
        error, _ = await yard.failure("hello", SessionStartError)
    assert isinstance(error.__cause__, AgentStartError)
    return str(error.__cause__)


async def test_an_interpreter_that_is_missing_is_named(tmp_path: Path) -> None:
    """The script is there, so it is not the program that is missing."""
    script = tmp_path / "sage"
    script.write_text("#!/no/such/node --x\n", encoding="utf-8")
    script.chmod(0o755)
    by_name = AgentSettings(["sage"], env={"PATH": str(tmp_path)})

    for settings in (AgentSettings([str(script)]), by_name):
        said = await start_failure(settings)
        assert "its interpreter '/no/such/node' is missing" in said
        assert str(script) in said


async def test_a_loader_that_is_missing_is_told(tmp_path: Path) -> None:
    """As with a program for another system."""
    program = our_interpreter()
    at = program.find(b"/lib")
    program[at : at + 4] = b"/nix"
    file = tmp_path / "sage"
    file.write_bytes(program)
    file.chmod(0o755)

    assert "the loader that it names is not" in await start_failure(
        AgentSettings([str(file)])
    )


async def test_a_variable_may_be_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By None."""
    monkeypatch.setenv("PUPPET", "ours")
    async with open_yard(puppet()) as yard:
        assert await yard.result("tell env") == "ours"
    async with open_yard(puppet(env={"PUPPET": None})) as yard:
        assert await yard.result("tell env") == "None"


async def test_a_thread_that_cannot_be_had_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As what it is: the system has no room."""

    def refuse(thread: object) -> None:
        msg = f"can't start new {thread!r}"
        raise RuntimeError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(AgentStartError, match="can't start new"):
            async with open_agent_process(puppet()):
                pytest.fail("it was started")


async def test_a_system_that_cannot_look_reaps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end is told all the same."""
    monkeypatch.setattr(starting, "_LOOK", None)
    async with open_yard(puppet()) as yard:
        assert await yard.result("say on") == "on"


# --------------------------------------------------------------------------- orphans


SUBREAPER = 36  # of prctl: whoever loses its parent below us becomes our child
ORPHANS = '''
import ctypes, os, sys, trio
ctypes.CDLL(None).prctl(36, 1)  # whoever loses its parent below us becomes our child
from supervision.acp import open_agent_process
from tests.acp.yard import puppet, assert_no_zombies
agent = """
import os
if not os.fork():
    os.setsid()
    if not os.fork():
        os.write(1, b"x")  # all three are there, until their input ends
os.read(0, 1)
"""
async def main():
    from supervision.acp import AgentSettings
    settings = AgentSettings([sys.executable, "-S", "-c", agent], end_within=5.0)
    for _ in range(3):
        async with open_agent_process(settings) as process:
            await process.read()
    assert_no_zombies()
trio.run(main)
'''


def test_orphans_of_agents_are_reaped() -> None:
    """If they are left to us, as in a container without an init."""
    root = Path(__file__).resolve().parents[3]
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", ORPHANS],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


LEAVES_A_DEAD_CHILD = """
import os
child = os.fork()
if not child:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
os.read(0, 1)
"""


async def test_an_orphan_about_to_end_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has no environment any more, and is no zombie yet; its children are ours."""
    command = [sys.executable, "-S", "-c", LEAVES_A_DEAD_CHILD]
    pipe = subprocess.PIPE
    ctypes.CDLL(None).prctl(SUBREAPER, 1)
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as orphan:  # noqa: ASYNC220, S603
        waiting = trio.lowlevel.wait_readable
        assert orphan.stdout is not None
        child = int(orphan.stdout.readline())

        async def wait_readable(handle: int) -> None:
            assert orphan.stdin is not None
            orphan.stdin.close()
            await waiting(handle)

        settings = AgentSettings([sys.executable, "-S", "-c", ""])
        async with open_agent_process(settings) as process:
            await process.wait()
            process._family._orphans |= {orphan.pid, child}
            monkeypatch.setattr(family, "_ROUND", BOUND)
            monkeypatch.setattr(trio.lowlevel, "wait_readable", wait_readable)

        ctypes.CDLL(None).prctl(SUBREAPER, 0)
        for pid in (orphan.pid, child):
            with pytest.raises(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222


def test_process_1_says_once_that_nobody_reaps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With what to do."""
    said: list[str] = []
    told: list[int] = []
    monkeypatch.setattr(family, "_told", told)
    monkeypatch.setattr(family._log, "warning", said.append)

    family._mind_orphans(2)
    assert said == []
    family._mind_orphans(1)
    family._mind_orphans(1)

    (text,) = said
    assert "docker run --init" in text


async def test_a_conversation_is_let_go_where_that_is_offered(tmp_path: Path) -> None:
    """The answer is waited for, a moment."""
    diary = tmp_path / "diary"
    can: dict[str, Any] = {"sessionCapabilities": {"close": {}}}
    answer = {"protocolVersion": 1, "agentCapabilities": can}
    closing: Scene = [["raw", "bye\n"], ["answer", {}]]
    scenes: dict[str, list[Scene]] = {
        "initialize": [[["answer", answer]]],
        "session/close": [closing],
    }
    async with open_yard(scripted(diary, scenes)) as yard:
        assert await yard.result("hello") == "hello"
        yard.router.close("k")
        await yard.router.drain(within=BOUND)

    assert '"session/close"' in diary.read_text(encoding="utf-8")
