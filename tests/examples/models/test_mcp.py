"""`examples/mcp_tools.py`: a server of tools, as a process that dies."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import Aborted, Failed, Outcome, Receipt, open_system
from actors.testing import TurnLog, open_tasks
from supervision import RouterRef, find_child, router_ref, start_router
from tests.extras import NO_MCP

pytest.importorskip("mcp", reason=NO_MCP)

from mcp import Client

from examples import mcp_tools
from examples.mcp_server import server
from examples.mcp_tools import SERVER, Desk, Tools, Tree

PATIENCE = 100  # seconds until something is taken for dead
LIFE = """['shout', 'watch', 'given_up', 'pid']
Completed(turn=1, result='HELLO')
bob: it does not boil
bob left: Completed(turn=4, result='bob')
cat: it does not boil
cat: Failed(turn=5, error=ConnectionError('the server of the tools has died'))
Completed(turn=6, result='AGAIN')
"""


def test_its_page_shows_the_life_of_a_connection() -> None:
    """As the next test sees it."""
    page = (SERVER.parents[1] / "docs/how-to/mcp.md").read_text(encoding="utf-8")

    assert f"```text\n{LIFE}```" in page


async def test_the_life_of_a_connection(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Used, cancelled in the middle, killed, opened anew, closed, with no complaint."""
    before = open_tasks()
    with trio.fail_after(PATIENCE):
        await mcp_tools.main()

    assert capsys.readouterr().out == LIFE
    faults = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert [each.exc_info[0] for each in faults if each.exc_info] == [ConnectionError]
    assert open_tasks() == before


class Servers:
    """Starts servers, and counts them."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.refuses = 0  # so many times

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Client]:
        """Start one."""
        if self.refuses:
            self.refuses -= 1
            raise OSError("no more servers")
        async with mcp_tools.open_client(sys.executable, str(SERVER)) as client:
            self.opened += 1
            yield client
        self.closed += 1


async def result(receipt: Receipt[Any]) -> Any:
    """What a turn has returned."""
    outcome: Any = await receipt.outcome()
    return outcome.result


async def test_a_server_that_is_silent_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is a process that runs, and says nothing; a block behind it would wait."""
    script = tmp_path / "silent.py"
    script.write_text("import sys\nfor line in sys.stdin: pass\n")
    monkeypatch.setattr(mcp_tools, "HELLO", 0)
    before = open_tasks()
    tools = Tools(partial(mcp_tools.open_client, sys.executable, str(script)))

    with trio.fail_after(PATIENCE), pytest.raises(trio.TooSlowError):
        async with tools.shared:
            raise AssertionError
    assert open_tasks() == before


async def test_many_turns_lose_one_server_and_get_one_new_one() -> None:
    """Each is told; at the end turns go first, then the connection and its process."""
    before = open_tasks()
    servers = Servers()
    tools = Tools(servers.open)
    ended: list[Outcome] = []

    async def watch(router: RouterRef[str, str], key: str) -> None:
        async with router.open_turn(key, f'watch {{"name": "{key}"}}') as answer:
            assert await anext(answer) == "it does not boil"
            watching.add(key)
            if len(watching) == 5:
                os.kill(int(first), signal.SIGKILL)
            ended.append(await answer.outcome())

    with trio.fail_after(PATIENCE):
        async with open_system() as system:
            log = TurnLog(system)
            tree = system.start(Tree, tools)
            await tree.wait_started()
            router = router_ref(await find_child(tree, "desks"), Desk)
            first, watching = await result(router.send("ann", "pid")), set[str]()
            servers.refuses = 1  # whoever finds out first
            async with trio.open_nursery() as nursery:
                for key in "abcde":
                    nursery.start_soon(watch, router, key)
            errors = [type(each.error) for each in ended if isinstance(each, Failed)]
            assert sorted(map(str, errors)) == sorted(
                map(str, [OSError, *[ConnectionError] * 4])
            )
            second = await result(router.send("ann", "pid"))
            assert second != first
            assert servers.opened == 2
            last = router.send("bob", 'watch {"name": "bob"}')
            alive = partial(os.kill, int(second), 0)
            alive()
        assert isinstance(await last.outcome(), Aborted)
    assert servers.closed == 2
    with pytest.raises(ProcessLookupError):
        alive()
    log.check()
    assert open_tasks() == before


async def test_what_a_tool_fails_with_is_told() -> None:
    """Of a server in this process, which is opened in the same way."""
    async with Tools(partial(Client, server)).shared as shared, open_system() as system:
        tools = Tools(partial(Client, server))
        tools.shared = shared
        router = start_router(system, Desk, tools)
        assert await result(router.send("ann", 'shout {"text": "hi"}')) == "HI"
        for prompt in ('shout {"text": 1}', "fly"):
            outcome = await router.send("ann", prompt).outcome()
            assert isinstance(outcome, Failed), outcome
            assert isinstance(outcome.error, LookupError), outcome
