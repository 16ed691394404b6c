"""A small agent of our own: it asks a model, asks before it uses a tool, remembers.

It is what the agents that others wrote are, in a page: so that the harness itself can
be tried where none of them is installed.  `$MODEL` is where the model is; what it was
told is kept in its home.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

Json = dict[str, Any]
FOLDER = Path.home() / "sessions"
MODES = {
    "currentModeId": "careful",
    "availableModes": [{"id": "careful", "name": "C"}, {"id": "bold", "name": "B"}],
}
TOOL = {
    "type": "function",
    "function": {
        "name": "bash",
        "parameters": {"properties": {"command": {"type": "string"}}},
    },
}
OPTIONS = [
    {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
    {"optionId": "no", "name": "No", "kind": "reject_once"},
]


class OwnAgent:
    """All of its conversations."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self._modes: dict[str, str] = {}  # {session: its mode}
        self._turns: dict[str, trio.CancelScope] = {}  # {session: the one that runs}
        self._locks: dict[str, trio.Lock] = {}  # {session: held by its turn}
        self._asked: dict[str, trio.MemorySendChannel[Json]] = {}

    def write(self, **message: Any) -> None:
        """Write a message."""
        os.write(1, json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def update(self, session: str, kind: str, **fields: Any) -> None:
        """Write an update."""
        update = {"sessionUpdate": kind, **fields}
        self.write(
            method="session/update", params={"sessionId": session, "update": update}
        )

    def handle(self, message: Json) -> None:
        """Do what a message says."""
        number = message.get("id")
        params: Json = message.get("params") or {}
        session = str(params.get("sessionId", ""))
        match message.get("method"):
            case "initialize":
                about = {"name": "own", "version": "1.0"}
                can = {"loadSession": True}
                result = {"protocolVersion": 1, "agentInfo": about}
                self.write(id=number, result={**result, "agentCapabilities": can})
            case "session/new":
                made = uuid.uuid4().hex
                self._open(made, [])
                self.write(id=number, result={"sessionId": made, "modes": MODES})
            case "session/load" if (FOLDER / session).exists():
                self._locks[session] = trio.Lock()
                for each in self._told(session):
                    content = {"type": "text", "text": each["content"]}
                    self.update(session, "agent_message_chunk", content=content)
                self.write(id=number, result={})
            case "session/set_mode":
                self._modes[session] = params["modeId"]
                self.write(id=number, result={})
            case "session/prompt" if session in self._locks:
                self._nursery.start_soon(self.turn, number, session, params["prompt"])
            case "session/cancel":
                self._turns[session].cancel()
            case None if number in self._asked:
                self._asked[number].send_nowait(message["result"]["outcome"])
            case _:
                self.write(id=number, error={"code": -32602, "message": "no such"})

    def _open(self, session: str, told: list[Json]) -> None:
        FOLDER.mkdir(exist_ok=True)
        self._locks[session] = trio.Lock()
        (FOLDER / session).write_text(json.dumps(told), encoding="utf-8")

    def _told(self, session: str) -> list[Json]:
        found: list[Json] = json.loads((FOLDER / session).read_text(encoding="utf-8"))
        return found

    async def turn(self, number: Any, session: str, blocks: list[Json]) -> None:
        """Take a turn; a second prompt waits for the first."""
        async with self._locks[session]:
            text = "".join(block["text"] for block in blocks)
            told = [*self._told(session), {"role": "user", "content": text}]
            with trio.CancelScope() as scope:
                self._turns[session] = scope
                try:
                    await self._talk(session, told)
                except ValueError as error:
                    about = {"code": -32603, "message": str(error)}
                    self.write(id=number, error=about)
                    return
            self._open(session, told)
            reason = "cancelled" if scope.cancelled_caught else "end_turn"
            self.write(id=number, result={"stopReason": reason})

    async def _talk(self, session: str, told: list[Json]) -> None:
        while calls := await self._step(session, told):
            arguments = json.loads(calls[0]["function"]["arguments"])
            said = await self._use(session, arguments)
            told.append({"role": "tool", "content": said})

    async def _step(self, session: str, told: list[Json]) -> list[Json]:
        calls: list[Json] = []
        words: list[str] = []

        def take(delta: Json) -> None:
            calls.extend(delta.get("tool_calls", ()))
            if delta.get("content"):
                words.append(delta["content"])
                content = {"type": "text", "text": delta["content"]}
                self.update(session, "agent_message_chunk", content=content)

        await ask_model(told, take)
        told.append({"role": "assistant", "content": "".join(words)})
        return calls

    async def _use(self, session: str, arguments: Json) -> str:
        tool = {"toolCallId": uuid.uuid4().hex, "title": arguments["command"]}
        self.update(session, "tool_call", **tool)
        if self._modes.get(session) != "bold":
            send, receive = trio.open_memory_channel[Json](1)
            self._asked[tool["toolCallId"]] = send
            params = {"sessionId": session, "toolCall": tool, "options": OPTIONS}
            self.write(
                id=tool["toolCallId"],
                method="session/request_permission",
                params=params,
            )
            if (await receive.receive()).get("optionId") != "yes":
                return "denied"
        await trio.run_process(["sh", "-c", arguments["command"]])
        return "done"


async def ask_model(told: list[Json], take: Callable[[Json], None]) -> None:
    """Ask the model, by chat completions; hand on the deltas of its answer."""
    data = json.dumps({"messages": told, "tools": [TOOL], "stream": True}).encode()
    host, _, port = os.environ["MODEL"].removeprefix("http://").partition(":")
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    async with await trio.open_tcp_stream(host, int(port)) as stream:
        length = f"Content-Length: {len(data)}\r\n\r\n"
        await stream.send_all((head + length).encode() + data)
        rest = b""
        async for piece in stream:
            *lines, rest = (rest + bytes(piece)).split(b"\n")
            for line in lines:
                if line.startswith(b"HTTP/1.1 4"):
                    raise ValueError(line.decode().strip())
                if line.startswith(b"data: {"):
                    for choice in json.loads(line[6:])["choices"]:
                        take(choice["delta"])


async def main() -> None:
    """Serve until the input ends."""
    async with trio.open_nursery() as nursery:
        agent = OwnAgent(nursery)
        rest = b""
        async with trio.lowlevel.FdStream(os.dup(0)) as stream:
            async for piece in stream:
                *lines, rest = (rest + bytes(piece)).split(b"\n")
                for line in lines:
                    agent.handle(json.loads(line))
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
