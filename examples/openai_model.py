"""The model of `openai_agent.py`: any server that speaks OpenAI's Chat Completions.

With the library of another vendor write another class with a method `stream`; the
agent stays as it is.
"""

import json
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import trio
from openai import AsyncOpenAI

from examples.openai_words import Call, Cut, Message, Piece, Tokens
from supervision import Shared

LONGEST = 1 << 20  # bytes of a line, more or less


@asynccontextmanager
async def open_client() -> AsyncGenerator[AsyncOpenAI]:
    """Open one that tries again what was refused or broken before its answer began."""
    async with AsyncOpenAI(max_retries=4, timeout=60.0) as client:
        yield client


class OpenAIModel:
    """A model behind a client that many turns share."""

    def __init__(
        self, client: Shared[AsyncOpenAI], name: str, tools: Sequence[Any] = ()
    ) -> None:
        self.client = client
        self.options: dict[str, Any] = {"tools": tools} if tools else {}
        self.options |= {"model": name, "stream_options": {"include_usage": True}}

    @asynccontextmanager
    async def stream(
        self, request: list[Message], /
    ) -> AsyncGenerator[AsyncIterator[Piece]]:
        """Ask, and read the answer in the block.  Raises `openai.OpenAIError`."""
        messages: Any = request
        async with self.client.use() as client:
            create = client.chat.completions.create
            answer = await create(messages=messages, stream=True, **self.options)
            pieces = Pieces(answer.response)
            try:
                yield pieces
            finally:
                await pieces.end()  # noqa: ASYNC102 - it is shielded


class Pieces:
    """The pieces of an answer, from the lines that the server sends.

    The library's own reader stops before its end, inside of generators of others, and
    on Trio that is a ResourceWarning for each answer; `aiter_lines` cuts at U+2028 and
    others, which a text in JSON may have: so the lines are read here.
    """

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self.parts = response.aiter_bytes()
        self.buffer = bytearray()
        self.ready = deque[Piece]()
        self.calls, self.finished = dict[int, Call](), False

    def __aiter__(self) -> AsyncIterator[Piece]:
        return self

    async def __anext__(self) -> Piece:
        while not self.ready:
            name, _, data = (await self.line()).partition(b":")
            if name == b"data" and data.strip() != b"[DONE]":
                try:
                    self.take(json.loads(data))
                except ValueError as error:
                    raise ConnectionError("a line is no JSON") from error
            elif name == b"data" and self.finished:
                raise StopAsyncIteration
            elif name == b"data":
                raise ConnectionError("the answer ends in the middle")
        return self.ready.popleft()

    async def line(self) -> bytes:
        """Read a line; behind the last there is `data: [DONE]`, said or not."""
        while (end := self.buffer.find(b"\n")) < 0:
            if len(self.buffer) > LONGEST:
                raise ConnectionError("a line of the answer does not end")
            self.buffer += await anext(self.parts, b"\ndata: [DONE]\n")
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        return line

    def take(self, chunk: Any) -> None:
        """Make pieces of a chunk; a tool call comes in parts."""
        if "error" in chunk:
            raise ConnectionError(chunk["error"])
        for choice in chunk.get("choices", ()):
            delta: Any = choice.get("delta") or {}
            if delta.get("content"):
                self.ready.append(delta["content"])
            for part in delta.get("tool_calls") or ():
                place = part.get("index", len(self.calls))  # some send it whole
                call = self.calls.setdefault(place, Call())
                function: Any = part.get("function") or {}
                call.id += part.get("id") or ""
                call.name += function.get("name") or ""
                call.arguments += function.get("arguments") or ""
            if choice.get("finish_reason"):
                self.finished = True
                self.ready.extend(self.calls.values())
                if choice["finish_reason"] not in {"stop", "tool_calls"}:
                    self.ready.append(Cut(choice["finish_reason"]))
        if chunk.get("usage"):
            self.ready.append(Tokens(chunk["usage"]["total_tokens"]))

    async def end(self) -> None:
        """Read to the end, which is near if it is finished; else close the answer."""
        with trio.move_on_after(1 if self.finished else 0, shield=True):
            async for _ in self.parts:
                pass
        with trio.move_on_after(1, shield=True):
            await self.response.aclose()
