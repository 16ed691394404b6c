"""Tools of an MCP server in turns: one connection, shared, cancelled, opened anew.

A turn that is aborted cancels its call, and no other's.  When the server has died its
calls fail, and the next finds a new one.  Run it: `python -m examples.mcp_tools`.
"""

import json
import math
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CONNECTION_CLOSED, TextContent

from actors import Completed, Session, Turn, open_system
from supervision import (
    ChildSpec,
    Resource,
    Router,
    Shared,
    Supervisor,
    find_child,
    router_ref,
)

Open = Callable[[], AbstractAsyncContextManager[Client]]
HELLO = 30  # seconds: who is silent would hold up all who wait for it
SERVER = Path(__file__).with_name("mcp_server.py")


@asynccontextmanager
async def open_client(command: str, *args: str) -> AsyncGenerator[Client]:
    """Start a server of tools, and connect to it: it must answer within `HELLO`."""
    server = StdioServerParameters(command=command, args=list(args))
    with trio.fail_after(HELLO) as limit:
        async with Client(stdio_client(server)) as client:
            limit.deadline = math.inf
            yield client


class Tools:
    """The tools of one server."""

    def __init__(self, open_fn: Open) -> None:
        self.shared = Shared(open_fn)

    async def schemas(self) -> list[dict[str, Any]]:
        """Give the tools as a model takes them."""
        async with self.client() as client:
            found = (await client.list_tools()).tools
        return [tool.model_dump(by_alias=True, exclude_none=True) for tool in found]

    async def call(
        self, name: str, arguments: dict[str, Any], report: Callable[[str], None]
    ) -> str:
        """Call one, and tell what it says meanwhile.  Cancelled, it is cancelled there.

        Raises:
            LookupError: the tool has failed, with its words.
            ConnectionError: the server has died, and the next call finds a new one.
                Whether the tool has done its work nobody knows.
        """

        async def progress(
            progress: float, total: float | None, message: str | None
        ) -> None:
            report(message or f"{progress} of {total}")

        async with self.client() as client:
            result = await client.call_tool(name, arguments, progress_callback=progress)
        texts = [each.text for each in result.content if isinstance(each, TextContent)]
        if result.is_error:
            raise LookupError("\n".join(texts))
        return "\n".join(texts)

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        """Use the connection; one that is lost is opened anew, once for all."""
        async with self.shared.use() as client:
            try:
                yield client
            except MCPError as error:
                if error.code != CONNECTION_CLOSED:
                    raise
                await self.shared.renew(client)  # noqa: ASYNC120
                raise ConnectionError("the server of the tools has died") from error


class Desk(Session[str, str]):
    """Does what it is told: a tool's name and its arguments; a model would say it."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Call one tool; what it says meanwhile is streamed."""
        name, _, arguments = turn.prompt.partition(" ")
        with turn.tool(name):
            wants = json.loads(arguments or "{}")
            return await self.tools.call(name, wants, turn.emit_nowait)


class Tree(Supervisor):
    """The connection, and behind it who uses it: it is closed after them."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools

    def declare(self) -> list[ChildSpec[Any]]:
        """List the children, in the order of their start."""
        return [
            ChildSpec(Resource, self.tools.shared, id="tools"),
            Router.spec(Desk, self.tools, id="desks"),
        ]


async def main() -> None:
    """Play the life of a connection."""
    tools = Tools(partial(open_client, sys.executable, str(SERVER)))
    async with open_system() as system:
        tree = system.start(Tree, tools)
        await tree.wait_started()
        router = router_ref(await find_child(tree, "desks"), Desk)
        print([tool["name"] for tool in await tools.schemas()])
        print(await router.send("ann", 'shout {"text": "hello"}').outcome())

        async with router.open_turn("bob", 'watch {"name": "bob"}') as answer:
            print("bob:", await anext(answer))
            process = await router.send("ann", "pid").outcome()
        print("bob left:", await router.send("ann", "given_up").outcome())

        async with router.open_turn("cat", 'watch {"name": "cat"}') as answer:
            print("cat:", await anext(answer))
            assert isinstance(process, Completed)
            os.kill(int(process.result), signal.SIGKILL)
            print("cat:", await answer.outcome())
        print(await router.send("ann", 'shout {"text": "again"}').outcome())


if __name__ == "__main__":
    trio.run(main)
