"""An agent on any server that speaks OpenAI's Chat Completions.

Its answer is streamed, its tools run side by side, prompts that are sent meanwhile
steer it between two steps, tokens, steps and seconds are limited, and what was said
when it is stopped is remembered, also after `kill -9`.  Run it, twice if you like, with
`OPENAI_API_KEY=... python -m examples.openai_agent talk.db "what is in README.md?"`;
OPENAI_BASE_URL and OPENAI_MODEL name another server and its model.
"""

import json
import os
import sys
from collections.abc import Sequence

import attrs
import trio

from actors import KeepState, PromptPolicy, Session, Turn, TurnPolicy, WhileBusy
from actors import open_system as open_actors
from examples.openai_model import OpenAIModel, open_client
from examples.openai_tools import READ, Tool
from examples.openai_words import Call, Cut, Message, Model, Tokens
from supervision import Shared, start_router
from supervision.durable import SqliteStore


@attrs.frozen
class Result:
    """A chunk: what a tool has returned."""

    name: str
    text: str


class Agent(Session[str, str | Result]):
    """One conversation; an entry of its history is what must not be torn apart."""

    turns = TurnPolicy(steps=8, budget=50_000, keep_state=KeepState.ALWAYS)
    prompts = PromptPolicy(busy=WhileBusy.STEER)
    entry_type = list[Message]

    def __init__(self, model: Model, tools: Sequence[Tool] = ()) -> None:
        self.model = model
        self.tools = {tool.name: tool for tool in tools}

    async def take_turn(self, turn: Turn[str, str | Result]) -> str:
        """Ask the model, run its tools, and so on until it asks for none."""
        turn.history.append([{"role": "user", "content": turn.prompt}])
        while True:
            turn.step()
            said, calls = await self.ask(turn)
            if calls:
                await self.run_tools(turn, said, calls)
            more = await turn.checkpoint()
            for each in more:
                turn.history.append([{"role": "user", "content": each.prompt}])
            if not (calls or more):
                return said

    async def ask(self, turn: Turn[str, str | Result]) -> tuple[str, list[Call]]:
        """Stream one answer.  Whatever ends it, what was said is in the history."""
        said, calls, whole = "", list[Call](), False
        entries: tuple[list[Message], ...] = await turn.history.window(50)
        request = [message for entry in entries for message in entry]
        try:
            async with self.model.stream(request) as pieces:
                async for piece in pieces:
                    match piece:
                        case str():
                            said += piece
                            await turn.emit(piece)
                        case Call():
                            calls.append(piece)
                        case Tokens(total):
                            turn.spend(total)
                        case Cut():
                            turn.note(cut=piece.reason)
            whole = True
        finally:
            if said and not (whole and calls):
                turn.history.append([{"role": "assistant", "content": said}])
        return said, calls

    async def run_tools(
        self, turn: Turn[str, str | Result], said: str, calls: list[Call]
    ) -> None:
        """Run them side by side; each call has an answer, whatever happens."""
        texts = {call.id: "stopped" for call in calls}

        async def run(call: Call) -> None:
            try:
                with turn.tool(call.name):
                    arguments = json.loads(call.arguments or "{}")
                    texts[call.id] = await self.tools[call.name].call(**arguments)
            except Exception as error:  # noqa: BLE001 - the model is told
                texts[call.id] = f"failed: {error!r}"
            await turn.emit(Result(call.name, texts[call.id]))

        asked: Message = {"role": "assistant", "content": said}
        asked["tool_calls"] = [call.as_asked() for call in calls]
        try:
            async with trio.open_nursery() as nursery:
                for call in calls:
                    nursery.start_soon(run, call)
        finally:
            told = [call.as_told(texts[call.id]) for call in calls]
            turn.history.append([asked, *told])


async def main(store: str, prompt: str) -> None:
    """Answer one prompt of a conversation that is kept in a file."""
    async with Shared(open_client) as client, open_actors() as system:
        model = OpenAIModel(client, os.getenv("OPENAI_MODEL", "gpt-5"), [READ.schema()])
        router = start_router(system, Agent, model, [READ], durable=SqliteStore(store))
        async with router.open_turn("me", prompt) as answer:
            async for chunk in answer:
                text = chunk if isinstance(chunk, str) else f"\n[{chunk.name}]\n"
                print(text, end="", flush=True)
        print()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2])
