"""An agent that is asked: started, greeted, with a session, and put prompts to."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import trio

from tests.agents.model.server import Model
from tests.agents.model.tools import as_json
from tests.agents.recipe import Place, Recipe

from .wire import AgentGoneError, Json, NoAnswerError, Wire, open_wire

PATIENCE = 45.0
"""Seconds for an answer."""


class RefusedError(Exception):
    """The agent has answered with an error; its argument is what it said."""


@attrs.define(eq=False)
class Subject:
    """An agent to be asked: how it is run, where, and its model."""

    recipe: Recipe
    place: Place
    model: Model
    hello: Json = attrs.field(factory=dict[str, object])
    """Its last answer to `initialize`."""
    started: str = ""
    """How long that took, the first time."""
    wire: Wire | None = None
    """The last that was opened."""
    settling: float = 1.0
    """Seconds after an answer in which late words are listened to."""
    silence: float = 5.0
    """Seconds for the first words of an answer, when the model has been asked."""

    def last_words(self) -> str:
        """Give the end of what it last wrote to its stderr."""
        return self.wire.process.stderr[-300:] if self.wire else ""

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[Wire]:
        """Start it and shake hands."""
        settings = self.place.settings(self.recipe, self.model.url)
        begun = trio.current_time()
        async with open_wire(settings) as wire:
            self.wire = wire
            answer = await wire.call("initialize", hello(1), settings.start_within)
            self.hello = as_json(answer.get("result"))
            self.started = self.started or seconds(trio.current_time() - begun)
            if self.recipe.auth:
                method = {"methodId": self.recipe.auth}
                await wire.call("authenticate", method, PATIENCE)
            yield wire

    async def new(self, wire: Wire) -> Json:
        """Ask for a session; what it says of it.

        Raises:
            RefusedError: it makes none.
        """
        answer = await wire.call("session/new", self.where(), 2 * PATIENCE)
        if "error" in answer:
            raise RefusedError(shown(answer))
        return as_json(answer["result"])

    async def session(self, wire: Wire) -> str:
        """Ask for a session; its id, when what is said of it is no more to come.

        Raises:
            RefusedError: it makes none.
        """
        new = await self.new(wire)
        await self.settle()  # some greet: that would be taken for an answer
        return str(new.get("sessionId"))

    async def ask(self, wire: Wire, session: str, text: str) -> str:
        """Put a prompt and say what it was answered, also if it was not."""
        try:
            answer = await wire.answer(await prompt(wire, session, text), PATIENCE)
        except NoAnswerError:
            await wire.notify("session/cancel", {"sessionId": session})
            return f"no answer within {PATIENCE:g} s"
        except AgentGoneError:
            return "gone"
        await self.settle()
        return shown(answer)

    async def begin(self, wire: Wire, session: str) -> int:
        """Put a prompt that is answered for a minute; the number of the call.

        Waits for the first words.  Some say all at the end: then the model is asked.

        Raises:
            NoAnswerError: neither has come about.
            AgentGoneError: nor can.
        """
        told, first = wire.fresh(), len(self.model.requests)
        number = await prompt(wire, session, "[[slow 300]]")

        def asked() -> bool:
            return any(each.verb == "slow" for each in self.model.requests[first:])

        with trio.move_on_after(PATIENCE):
            while not (  # noqa: ASYNC110 - the model is no part of the wire
                asked() or told.text() or wire.gone.is_set()
            ):
                await trio.sleep(0.1)
        try:
            await wire.until(lambda: bool(told.text()), self.silence)
        except NoAnswerError:
            if not asked():
                raise
        return number

    async def settle(self) -> None:
        """Listen for what may still come."""
        await trio.sleep(self.settling)

    def where(self) -> Json:
        """Give the parameters of a session that all have."""
        return {"cwd": str(self.place.project), "mcpServers": []}


def hello(version: int) -> Json:
    """Make the parameters of `initialize`: no files, no terminals."""
    return {
        "protocolVersion": version,
        "clientCapabilities": {
            "fs": {"readTextFile": False, "writeTextFile": False},
            "terminal": False,
        },
        "clientInfo": {"name": "actors-fleet", "version": "1"},
    }


async def prompt(wire: Wire, session: str, text: str) -> int:
    """Send a prompt; the number of the call."""
    blocks = [{"type": "text", "text": text}]
    return await wire.send("session/prompt", {"sessionId": session, "prompt": blocks})


def shown(answer: Json) -> str:
    """Say what a call was answered: a stop reason, or an error."""
    error = as_json(answer.get("error"))
    if error:
        data = error.get("data")
        more = f" {json.dumps(data) if as_json(data) else data}" if data else ""
        return f"error {error.get('code')}: {error.get('message')}{more}"[:200]
    return str(as_json(answer.get("result")).get("stopReason"))


def seconds(taken: float) -> str:
    """Say how long something took, roughly: a machine is not another."""
    for limit in (1, 3, 10, 30):
        if taken < limit:
            return f"< {limit} s"
    return "> 30 s"
