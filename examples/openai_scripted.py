"""A server of Chat Completions that says what a script says, to test `openai_model.py`.

Here it is in the same process; `openai_server.py` has it on a port.  The requests of
the `ScriptedModel` are what was sent, its pieces those of `openai_words.py`, or a
`RefusalError` in their place.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import httpx2
from openai import AsyncOpenAI

from actors.testing import ScriptedModel
from examples.openai_words import Call, Cut, Message, Piece, Tokens

Script: TypeAlias = ScriptedModel[Message, Piece]
EVENTS = {"content-type": "text/event-stream"}


class RefusalError(Exception):
    """In place of an answer: a status, and when to come again in seconds."""

    def __init__(self, status: int, after: float = 0.5) -> None:
        super().__init__(status)
        self.status, self.headers = status, {"retry-after": str(after)}


def chunks_of(piece: Piece, index: int) -> list[Message]:
    """Give a piece as the server says it; a tool call in two parts."""
    match piece:
        case Tokens(total):
            used = {"prompt_tokens": 0, "completion_tokens": total}
            return [{"choices": [], "usage": used | {"total_tokens": total}}]
        case Cut(reason):
            return [{"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]
        case str():
            deltas: list[Message] = [{"content": piece}]
        case Call(id_, name, arguments):
            half = len(arguments) // 2
            begun = {"name": name, "arguments": arguments[:half]}
            first = {"index": index, "id": id_, "type": "function", "function": begun}
            rest = {"index": index, "function": {"arguments": arguments[half:]}}
            deltas = [{"tool_calls": [first]}, {"tool_calls": [rest]}]
    return [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]


class Body(httpx2.AsyncByteStream):
    """An answer as server-sent events; made by `answer`."""

    def __init__(self, model: Script, request: Message) -> None:
        self.block = model.stream(request)
        self.ready: list[bytes] = []
        self.calls, self.ended, self.over = 0, False, False

    async def begin(self) -> None:
        """Wait for the first piece.  Raises `RefusalError`."""
        self.pieces = await self.block.__aenter__()
        self.ready.append(await anext(self))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self.ready:
            return self.ready.pop()
        if self.over:
            raise StopAsyncIteration
        piece, said = await anext(self.pieces, None), list[Message]()
        if not self.ended and (piece is None or isinstance(piece, Tokens)):
            said += chunks_of(Cut("tool_calls" if self.calls else "stop"), 0)
        if piece is not None:
            said += chunks_of(piece, self.calls)
        self.calls += isinstance(piece, Call)
        self.ended |= piece is None or isinstance(piece, Tokens | Cut)
        self.over = piece is None
        return b"".join(map(event, said)) + b"data: [DONE]\n\n" * self.over

    async def aclose(self) -> None:
        """End the answer, read or not."""
        await self.block.__aexit__(None, None, None)


def event(chunk: Message) -> bytes:
    """Give one server-sent event."""
    about = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return f"data: {json.dumps(about | chunk)}\n\n".encode()


async def answer(model: Script, body: bytes) -> httpx2.Response:
    """Answer a request; one without a body is asked by `scripted_client`."""
    if not body:
        return httpx2.Response(200, json={"object": "list", "data": []})
    stream = Body(model, json.loads(body))
    try:
        await stream.begin()
    except RefusalError as refusal:
        await stream.aclose()
        said = {"error": {"message": "refused by the script"}}
        return httpx2.Response(refusal.status, headers=refusal.headers, json=said)
    return httpx2.Response(200, headers=EVENTS, stream=stream)


class InProcess(httpx2.AsyncBaseTransport):
    """A transport without a network: nothing waits but the script."""

    def __init__(self, model: Script) -> None:
        self.model = model

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer it."""
        return await answer(self.model, await request.aread())


@asynccontextmanager
async def scripted_client(model: Script) -> AsyncGenerator[AsyncOpenAI]:
    """Open a client of the library that has the script at its other end."""
    http = httpx2.AsyncClient(transport=InProcess(model))
    async with AsyncOpenAI(
        api_key="none", base_url="http://script/v1", http_client=http, max_retries=4
    ) as client:
        # its first request looks at the machine, in a thread: not in a test's time
        await client.models.list()
        yield client
