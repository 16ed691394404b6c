"""A proxy before the nodes of `python -m examples.cluster`: it goes by `locate`.

It asks any node where a key is, and hands the question there; if nobody is there, to
any other one: each node takes prompts for all keys.
"""

import json
from contextlib import suppress
from typing import Any

import trio

QUICK = 0.5  # seconds that a node has to say where a key is


class Proxy:
    """The proxy; run `serve` in a nursery."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        """`{node: port}` of those that are there, as far as is known."""
        self.routed = self.astray = 0
        """Questions that went to their owner, and those that went elsewhere."""

    async def serve(self, task_status: trio.TaskStatus[int]) -> None:
        """Answer on a port of its own."""
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        task_status.started(listener.socket.getsockname()[1])
        await trio.serve_listeners(self.pass_on, [listener])

    async def pass_on(self, client: trio.SocketStream) -> None:
        """Hand one question to a node, and its answers back, until either leaves."""
        with suppress(trio.BrokenResourceError, ValueError):
            question = await client.receive_some()
            owner = await self.locate(json.loads(question)["key"])
            ways = sorted(self.ports.values(), key=lambda port: port != owner)
            for port in ways:
                try:
                    node = await trio.open_tcp_stream("127.0.0.1", port)
                except OSError:
                    continue
                self.routed += port == owner
                self.astray += port != owner
                async with node:
                    await node.send_all(question)
                    async for answer in node:
                        await client.send_all(answer)
                return

    async def locate(self, key: str) -> int | None:
        """Ask where a key is; None: nobody says."""
        for port in tuple(self.ports.values()):
            with trio.move_on_after(QUICK):
                found = await ask(port, do="locate", key=key)
                if found and found[0].get("address"):
                    return int(found[0]["address"].rpartition(":")[2])
        return None


async def ask(port: int, **question: Any) -> list[dict[str, Any]]:
    """Ask a node, and give all that it says; nothing: it is not there, or has gone."""
    said = b""
    with suppress(OSError, trio.BrokenResourceError):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(json.dumps(question).encode())
            async for part in stream:
                said += part
    return [
        json.loads(line)
        for line in said.splitlines(keepends=True)
        if line[-1:] == b"\n"
    ]
