"""An agent that others wrote, from its first word to its last.

Which one is in `$ACTORS_REAL_AGENT`: a command, as for a shell.  It needs no model: any
agent that answers a prompt with some text will do.  SIGSTOP holds it in the middle of a
turn, however fast it is.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actors import Aborted, Completed, Failed, Receipt, Turn, TurnStarted
from supervision.acp import (
    AgentExitedError,
    AgentSession,
    AgentSettings,
    Chunk,
    PromptLike,
    Text,
)
from tests.acp.yard import Yard, alive, open_yard, texts

VARIABLE = "ACTORS_REAL_AGENT"
COMMAND = shlex.split(os.environ.get(VARIABLE, ""))
BOUND = 120.0
"""Seconds after which a test fails: some agents take ten of them to start."""
ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not COMMAND, reason=f"${VARIABLE} names no agent")


class Seen(AgentSession):
    """Notes the number of the process that a turn has had."""

    async def take_turn(self, turn: Turn[PromptLike, Chunk]) -> str:
        turn.note(pid=self.pid)
        result = await super().take_turn(turn)
        turn.note(pid=self.pid)
        return result


async def begin(yard: Yard, prompt: str) -> Receipt[PromptLike]:
    """Send a prompt, and wait until its turn runs."""
    with yard.system.subscribe(TurnStarted) as started:
        receipt = yard.router.send("k", prompt)
        await started.receive()
    return receipt


async def test_a_real_agent_is_driven_through_its_whole_life(tmp_path: Path) -> None:
    """Started, prompted, streamed, cancelled, killed, replaced, ended."""
    settings = AgentSettings(COMMAND, cwd=tmp_path)
    async with open_yard(settings, make=Seen, bound=BOUND) as yard:
        # initialize, a new session, a prompt, a streamed answer
        chunks, answered = await yard.ask("hello there")
        assert isinstance(answered, Completed), answered
        assert any(isinstance(chunk, Text) for chunk in chunks)
        assert "".join(texts(chunks)) == answered.result
        pid = answered.notes["pid"]
        assert alive(pid)

        # cancelled in the middle of a turn; the process is kept
        os.killpg(pid, signal.SIGSTOP)
        receipt = await begin(yard, "to be cancelled")
        yard.router.cancel("k", reason="enough")
        os.killpg(pid, signal.SIGCONT)
        cancelled = await receipt.outcome()
        assert isinstance(cancelled, Aborted), cancelled
        assert cancelled.reason == "enough"
        # nothing, if the turn had not come to send it
        said = cancelled.notes.get("stop_reason")
        assert said in (None, "cancelled", "end_turn")
        _, after = await yard.ask("still there?")
        assert isinstance(after, Completed), after
        assert after.notes["pid"] == pid

        # killed in the middle of a turn
        os.killpg(pid, signal.SIGSTOP)
        receipt = await begin(yard, "to be killed")
        os.kill(pid, signal.SIGKILL)
        killed = await receipt.outcome()
        assert isinstance(killed, Failed), killed
        assert isinstance(killed.error, AgentExitedError)
        assert killed.error.code == -signal.SIGKILL

        # the next prompt is served by a new process
        chunks, replaced = await yard.ask("hello again")
        assert isinstance(replaced, Completed), replaced
        assert any(isinstance(chunk, Text) for chunk in chunks)
        assert replaced.notes["pid"] != pid
        assert not alive(pid)


def test_the_broker_runs_in_front_of_a_real_agent(tmp_path: Path) -> None:
    """The example's demonstration comes to its end."""
    program = [sys.executable, str(ROOT / "examples" / "broker.py"), "--", *COMMAND]
    ended = subprocess.run(  # noqa: S603
        program,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert "no process is left" in ended.stdout
