"""Agents that fail: at the start, in a turn, between turns; the service is unharmed.

In each case the error says what was wrong, with the end of what the agent has said on
its stderr, nothing is left of the agent, and the next prompt is served by a new one.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import trio

from actors import Aborted, Completed, Failed, OutOfTurn, SessionStartError
from supervision import Limits
from supervision.acp import (
    AgentError,
    AgentExitedError,
    AgentProtocolError,
    AgentRefusedError,
    AgentSession,
    AgentSettings,
    AgentStartError,
    AgentStuckError,
    AgentTimeoutError,
    AgentVersionError,
    Text,
)
from tests.acp.yard import SHORT, open_yard, puppet, texts

# ------------------------------------------------------------------------ at the start


async def start_failure(settings: AgentSettings) -> AgentError:
    """The cause of a session's start that must fail, twice in the same way."""
    errors: list[BaseException | None] = []
    async with open_yard(settings) as yard:
        for _ in range(2):
            error, _ = await yard.failure("say hello", SessionStartError)
            errors.append(error.__cause__)
        assert yard.router.inspect("k") is None
    first, second = errors
    assert isinstance(first, AgentError)
    assert type(first) is type(second)
    return first


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what to look at."""
    error = await start_failure(AgentSettings([str(tmp_path / "no-agent"), "--acp"]))

    assert isinstance(error, AgentStartError)
    assert "no-agent" in str(error)
    assert "is it installed" in str(error)


async def test_a_working_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """It is not taken for a missing program."""
    error = await start_failure(puppet(cwd=tmp_path / "nowhere"))

    assert isinstance(error, AgentStartError)
    assert "working directory" in str(error)
    assert "nowhere" in str(error)


async def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    """The system's words say why."""
    file = tmp_path / "agent"
    file.write_text("words", encoding="utf-8")
    error = await start_failure(AgentSettings([str(file)]))

    assert isinstance(error, AgentStartError)
    assert "Permission denied" in str(error)


async def test_an_agent_that_exits_at_once_is_told_with_its_last_words() -> None:
    """And its exit code."""
    error = await start_failure(puppet("exit"))

    assert isinstance(error, AgentExitedError)
    assert error.code == 3
    assert error.stderr == "no licence\n"
    assert "has ended with exit code 3; its stderr ends with: no licence" in str(error)


async def test_an_agent_that_does_not_shake_hands_is_given_up() -> None:
    """After `start_within`."""
    error = await start_failure(puppet("mute", start_within=SHORT * 4))

    assert isinstance(error, AgentTimeoutError)
    assert "has not answered 'initialize' within 0.2 s" in str(error)


async def test_an_agent_of_another_version_is_refused() -> None:
    """With both versions."""
    error = await start_failure(puppet("version"))

    assert isinstance(error, AgentVersionError)
    assert (error.theirs, error.ours) == (9, 1)
    assert "speaks version 9 of the protocol, we version 1" in str(error)


async def test_an_agent_whose_answer_makes_no_sense_is_refused() -> None:
    """With the answer."""
    error = await start_failure(puppet("nonsense"))

    assert isinstance(error, AgentProtocolError)
    assert "its answer to 'initialize' is none: []" in str(error)


async def test_a_start_that_fails_fails_all_prompts_that_wait() -> None:
    """Each has its outcome: S06."""
    async with open_yard(puppet("exit")) as yard:
        receipts = [yard.router.send("k", f"say {each}") for each in "abc"]
        outcomes = [await each.outcome() for each in receipts]

    assert all(isinstance(each, Failed) for each in outcomes)


async def test_s05_a_hung_start_holds_up_nobody_else() -> None:
    """A slot is not taken by a session that starts."""
    limits = Limits(sessions=5, turns=1)
    mute = puppet("mute", start_within=1000.0)
    async with open_yard(puppet(), limits=limits) as yard, open_yard(mute) as other:
        hung = other.router.send("hung", "say never")
        assert await yard.result("say on") == "on"
        other.router.close("hung")
        assert not isinstance(await hung.outcome(), Completed)


async def test_s56_an_abort_while_the_agent_starts_is_an_abort() -> None:
    """Nothing is armed for later."""
    async with open_yard(puppet("mute", start_within=1000.0)) as yard:
        receipt = yard.router.send("k", "say never")
        while not yard.processes():
            await trio.testing.wait_all_tasks_blocked(SHORT)
        yard.router.cancel("k", reason="enough")
        outcome = await receipt.outcome()
        yard.router.close("k")

    assert isinstance(outcome, Aborted)


# --------------------------------------------------------------------------- in a turn


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("exit 7", 7, "has ended with exit code 7"),
        ("exit 0", 0, "has ended with exit code 0"),
        ("killed", -signal.SIGKILL, "was killed by SIGKILL"),
        ("orphaning", -signal.SIGKILL, "was killed by SIGKILL"),
        ("closing", None, "has closed its output"),
    ],
)
async def test_s75_an_end_in_the_middle_fails_the_turn(
    how: str, code: int | None, words: str
) -> None:
    """What was said is kept as a part; also if a child holds the pipe open."""
    async with open_yard(puppet()) as yard:
        chunks, outcome = await yard.ask(f"leave {how}")
        assert await yard.result("say on") == "on"

    assert texts(chunks) == ["half an "]
    assert isinstance(outcome, Failed)
    error = outcome.error
    assert isinstance(error, AgentExitedError)
    assert error.code == code
    assert words in str(error)
    assert error.stderr == "dying words\n"
    assert outcome.notes["partial"] == "half an "


async def test_an_end_in_the_middle_of_a_line_is_told() -> None:
    """With what there was of it."""
    async with open_yard(puppet()) as yard:
        error, outcome = await yard.failure("leave mid-line", AgentProtocolError)
        assert await yard.result("say on") == "on"

    assert "ends in the middle of a line" in str(error)
    assert outcome.notes["partial"] == "half an "


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"jsonrpc": "2.0", "id":', "a line is not JSON: '{"),
        ('[{"jsonrpc": "2.0"}]', "a line is JSON, but no object"),
        ('{"method": 7}', "neither call, nor notice, nor answer"),
        ('{"method": "x", "id": [1]}', "neither call, nor notice, nor answer"),
        ("[*100000", "a line is not JSON"),
        ("x*3000", "a line of more than 2000 bytes: 'xxx"),
    ],
)
async def test_rubbish_fails_the_turn(line: str, words: str) -> None:
    """The error has the beginning of it; a long one has only the beginning."""
    limit = 2000 if "3000" in line else 1 << 20
    async with open_yard(puppet(line_limit=limit)) as yard:
        error, _ = await yard.failure(f"print {line}", AgentProtocolError)
        assert await yard.result("say on") == "on"

    assert words in str(error)
    assert len(str(error)) < 300


async def test_an_update_of_no_session_is_rubbish() -> None:
    """As any other."""
    async with open_yard(puppet()) as yard:
        error, _ = await yard.failure("show nameless", AgentProtocolError)
        assert await yard.result("say on") == "on"

    assert "an update without sessionId" in str(error)


async def test_a_flood_on_stderr_is_read_and_its_end_is_kept() -> None:
    """The agent is never blocked by it, and memory is bounded."""
    async with open_yard(puppet(stderr_tail=100)) as yard:
        await yard.ask("flood stderr 20000")
        error, _ = await yard.failure("leave exit 1", AgentExitedError)

    assert error.stderr.endswith("line 19999\ndying words\n")
    assert len(error.stderr) <= 100


async def test_a_flood_for_no_turn_is_counted_and_harms_nobody() -> None:
    """The turn beside it has its answer."""
    async with open_yard(puppet()) as yard:
        chunks, outcome = await yard.ask("flood strays 3000")
        counted = len(yard.log.of(OutOfTurn))

    assert chunks == []
    assert isinstance(outcome, Completed)
    assert counted == 3000


async def test_an_agent_that_asks_and_does_not_read_is_ended() -> None:
    """Answers to it are bounded, and the reader never waits for them."""
    async with open_yard(puppet(queue=8)) as yard:
        error, _ = await yard.failure("flood calls 20000", AgentStuckError)
        assert await yard.result("say on") == "on"

    assert "reads nothing: 8 messages wait for it" in str(error)


async def test_an_agent_that_closes_its_input_is_ended() -> None:
    """When there is something to tell it."""
    async with open_yard(puppet(cancel_grace=1000.0)) as yard:
        async with yard.router.open_turn("k", "leave deafening") as stream:
            assert await anext(stream) == Text("half an ")
            yard.router.cancel("k")
        assert await yard.result("say on") == "on"


# ----------------------------------------------------------------------- between turns


async def test_an_agent_that_dies_idle_is_replaced_without_a_failure() -> None:
    """Its session notices, and lives on."""
    sessions: list[AgentSession] = []

    class Known(AgentSession):
        async def started(self) -> None:
            await super().started()
            sessions.append(self)

    async with open_yard(puppet(), make=Known) as yard:
        first = int(str(await yard.result("tell pid")))
        os.kill(first, signal.SIGKILL)
        while sessions[0].pid is not None:
            await trio.testing.wait_all_tasks_blocked(SHORT)
        second = await yard.result("tell pid")
        info = yard.router.inspect("k")
        assert info is not None
        generation = info.generation

    assert first != second
    assert generation == 1


async def test_an_agent_that_prints_half_a_message_idle_is_replaced() -> None:
    """The prompt that comes after it does not suffer."""
    async with open_yard(puppet(drain_window=0.0)) as yard:
        first = int(str(await yard.result("tell pid")))
        await trio.Path(f"/proc/{first}/fd/1").write_text('{"oh\n', encoding="utf-8")
        while yard.processes():
            await trio.testing.wait_all_tasks_blocked(SHORT)
        second = await yard.result("tell pid")

    assert first != second


async def test_an_error_answer_to_a_new_session_is_told(tmp_path: Path) -> None:
    """Say that a login is needed."""
    script = tmp_path / "agent.py"
    script.write_text(
        "import json, sys\n"
        "ask = json.loads(sys.stdin.readline())\n"
        "print(json.dumps({'id': ask['id'], 'result': {'protocolVersion': 1}}),"
        " flush=True)\n"
        "ask = json.loads(sys.stdin.readline())\n"
        "print(json.dumps({'id': ask['id'], 'error': {'code': -32000,"
        " 'message': 'Authentication required', 'data': ['login']}}), flush=True)\n"
        "sys.stdin.read()\n",
        encoding="utf-8",
    )
    error = await start_failure(AgentSettings([sys.executable, "-S", str(script)]))

    assert isinstance(error, AgentRefusedError)
    assert (error.code, error.data) == (-32000, ["login"])
    assert "has refused 'session/new': Authentication required [-32000]" in str(error)
