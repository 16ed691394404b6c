"""A tree beside FastAPI: answers streamed over HTTP, a stop button, health.

Run it with `python -m examples.fastapi_host`, and ask
`curl -N -d hello http://127.0.0.1:8000/talk/ann` (FASTAPI_PORT).

FastAPI runs in asyncio and the tree in Trio's thread, from the application's start to
its end: a SIGTERM of the server drains both.  A refusal is a status before the stream
begins; a browser that goes away aborts its turn, and a slow one slows it down.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import fastapi
import hypercorn
import hypercorn.asyncio
import trio
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from actors import RefusedError, Session, Turn, TurnNotCompletedError
from supervision import ChildSpec, Limits, Router, Supervisor
from supervision.bridge import AsyncRouter, AsyncTree, AsyncTurn, open_tree
from supervision.http import http_error

PORT = int(os.getenv("FASTAPI_PORT", "8000"))


class Chat(Session[str, str]):
    """One conversation; a model would stand where the words are."""

    initial_state = 0  # how many turns have completed

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Answer one prompt, word by word."""
        words = f"“{turn.prompt}” is number {turn.state + 1} of what I remember."
        for word in words.split():
            await trio.sleep(0.06)
            await turn.emit(word + " ")
        if turn.prompt == "for ever":
            await trio.sleep_forever()
        turn.state += 1


class Tree(Supervisor):
    """A router of conversations."""

    children = (ChildSpec(Router, Chat, (), Limits(sessions=1000), id="router"),)


class Desk:
    """What the requests share: the tree, and the handle of its router."""

    tree: AsyncTree
    router: AsyncRouter[str, str]


desk = Desk()


@asynccontextmanager
async def lifespan(_: fastapi.FastAPI) -> AsyncGenerator[None]:
    """Have the tree as long as the application lasts."""
    async with open_tree(Tree) as desk.tree:
        desk.router = await desk.tree.router(Chat, "router")
        yield


app = fastapi.FastAPI(lifespan=lifespan)


class Answer(StreamingResponse):
    """A stream that owns a turn: whatever ends the response leaves the turn's block."""

    def __init__(self, answer: AsyncTurn[str, str], block: AsyncExitStack) -> None:
        super().__init__(words(answer), media_type="text/plain")
        self.block = block

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, chunk by chunk."""
        async with self.block:
            await super().__call__(scope, receive, send)


async def words(answer: AsyncTurn[str, str]) -> AsyncIterator[str]:
    """Give the chunks, and why it ends if it is not complete."""
    try:
        async for word in answer:
            yield word
    except TurnNotCompletedError as error:
        yield f"[{type(error.outcome).__name__}]"


@app.post("/talk/{key}", response_model=None)
async def talk(key: str, request: fastapi.Request) -> Answer:
    """Send a prompt, and stream its answer."""
    prompt = (await request.body()).decode(errors="replace")
    async with AsyncExitStack() as block:
        try:
            turn = desk.router.open_turn(key, prompt)
            answer = await block.enter_async_context(turn)
        except RefusedError as error:
            raise http_error(error) from error  # 413, 429, 503
        return Answer(answer, block.pop_all())


@app.post("/stop/{key}")
async def stop(key: str) -> dict[str, Any]:
    """Abort the turn that runs."""
    return {"aborted": (await desk.router.cancel(key, reason="stopped")).known}


@app.get("/health")
async def health(response: fastapi.Response) -> dict[str, Any]:
    """Say whether the tree works: a crash leaves the server up, and this says 503."""
    if desk.tree.ended:
        response.status_code = 503
    return {"tree": "ended" if desk.tree.ended else desk.tree.service.state.value}


if __name__ == "__main__":
    config = hypercorn.Config()
    config.bind = [f"127.0.0.1:{PORT}"]
    served: Any = app
    asyncio.run(hypercorn.asyncio.serve(served, config))  # pyright: ignore[reportUnknownMemberType]
