"""An agent's own words: raw JSON-RPC over its pipes, with nothing of ours between.

What `supervision.acp` makes of an agent is one thing; what the agent does is another,
and the facts on the page are about that.  Only the process is started by
`supervision.acp`, because it ends with all that it has started.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trio

from supervision.acp import AgentProcess, AgentSettings, open_agent_process
from tests.agents.model.tools import as_json, as_list

Json = dict[str, Any]
Choose = Callable[[Json], "str | None"]
"""Which of a permission request's options: its id; None: cancelled."""


class AgentGoneError(Exception):
    """The agent has closed its output while an answer was waited for."""


class NoAnswerError(Exception):
    """The agent has not answered in time."""


@attrs.define(eq=False)
class Told:
    """What an agent has said in a stretch of its life."""

    updates: list[Json] = attrs.field(factory=list[Json])
    """The `update` of each `session/update`, in order."""
    asks: list[Json] = attrs.field(factory=list[Json])
    """The `params` of each request for permission."""
    others: list[str] = attrs.field(factory=list[str])
    """The methods of other requests and notices, each once."""
    noise: list[str] = attrs.field(factory=list[str])
    """Lines that are no JSON."""

    def text(self, kind: str = "agent_message_chunk") -> str:
        """Give the text of all updates of a kind."""
        return "".join(
            str(as_json(each.get("content")).get("text", ""))
            for each in self.updates
            if each.get("sessionUpdate") == kind
        )

    def kinds(self) -> list[str]:
        """List the kinds of updates, each once, in order."""
        return list(
            dict.fromkeys(str(each.get("sessionUpdate")) for each in self.updates)
        )


class Wire:
    """An agent that is spoken to by hand; made by `open_wire`."""

    def __init__(self, process: AgentProcess) -> None:
        self.process = process
        self.told = Told()
        """What it has said since `fresh()`."""
        self.choose: Choose = lambda _params: None
        """What is answered to a request for permission."""
        self.gone = trio.Event()
        """Set when its output has ended."""
        self._number = 0
        self._answers: dict[int, Json] = {}  # {number of the call: its answer}
        self._news = trio.Condition()

    def fresh(self) -> Told:
        """Begin a new stretch."""
        self.told = Told()
        return self.told

    async def send(self, method: str, params: Json) -> int:
        """Send a call; returns its number."""
        self._number += 1
        await self._write({"id": self._number, "method": method, "params": params})
        return self._number

    async def notify(self, method: str, params: Json) -> None:
        """Send a notice."""
        await self._write({"method": method, "params": params})

    async def answer(self, number: int, within: float) -> Json:
        """Wait for the answer to a call: `{"result": ...}` or `{"error": ...}`.

        Raises:
            NoAnswerError: it has not come within so many seconds.
            AgentGoneError: it cannot come any more.
        """
        await self.until(lambda: number in self._answers, within)
        return self._answers[number]

    async def call(self, method: str, params: Json, within: float) -> Json:
        """Call, and wait for the answer."""
        return await self.answer(await self.send(method, params), within)

    async def until(self, condition: Callable[[], bool], within: float) -> None:
        """Wait until what it has said makes this true.

        Raises:
            NoAnswerError: it has not come within so many seconds.
            AgentGoneError: it cannot come any more.
        """
        with trio.move_on_after(within):
            async with self._news:
                while not condition():
                    if self.gone.is_set():
                        raise AgentGoneError
                    await self._news.wait()
                return
        raise NoAnswerError

    async def read(self) -> None:
        """Read all that it says, to its end."""
        rest = b""
        try:
            while data := await self.process.read():
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    await self._take(line)
                async with self._news:
                    self._news.notify_all()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            self.gone.set()
            with trio.CancelScope(shield=True):
                async with self._news:
                    self._news.notify_all()

    async def _take(self, line: bytes) -> None:
        try:
            message = as_json(json.loads(line))
        except ValueError:
            message = {}
        if not message:
            if line.strip():
                self.told.noise.append(line.decode(errors="replace")[:200])
            return
        method, number = message.get("method"), message.get("id")
        if method is None and isinstance(number, int):
            self._answers[number] = message
        elif method == "session/update":
            self.told.updates.append(as_json(as_json(message["params"])["update"]))
        elif method == "session/request_permission":
            params = as_json(message["params"])
            self.told.asks.append(params)
            chosen = self.choose(params)
            outcome = {"outcome": "selected", "optionId": chosen}
            none = {"outcome": "cancelled"}
            result = {"outcome": outcome if chosen is not None else none}
            await self._write({"id": number, "result": result})
        else:
            if method not in self.told.others:
                self.told.others.append(str(method))
            if number is not None:
                error = {"code": -32601, "message": "Method not found"}
                await self._write({"id": number, "error": error})

    async def _write(self, message: Json) -> None:
        line = json.dumps({"jsonrpc": "2.0", **message}) + "\n"
        try:
            await self.process.write(line.encode())
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise AgentGoneError from error


@asynccontextmanager
async def open_wire(settings: AgentSettings) -> AsyncGenerator[Wire]:
    """Run an agent for as long as the block lasts; its family ends with it."""
    async with open_agent_process(settings) as process:
        wire = Wire(process)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.read)
            nursery.start_soon(process.keep_stderr)
            try:
                yield wire
            finally:
                nursery.cancel_scope.cancel()


def reject(params: Json) -> str | None:
    """Choose what rejects this once, or always; else nothing."""
    return _of_kind(params, ("reject_once", "reject_always"))


def allow(params: Json) -> str | None:
    """Choose what allows this once."""
    return _of_kind(params, ("allow_once",))


def _of_kind(params: Json, kinds: Sequence[str]) -> str | None:
    options = as_list(params.get("options"))
    for kind in kinds:
        for option in options:
            if option.get("kind") == kind:
                return str(option.get("optionId"))
    return None
