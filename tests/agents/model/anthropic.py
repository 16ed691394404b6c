"""The API of Anthropic: messages, streamed and whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .openai import Json, Piece, event
from .script import Asked, Item, Reply, Who, texts_of
from .tools import Tool, as_json, as_list

USAGE = {"input_tokens": 10, "output_tokens": 5}


class Messages:
    """`POST /v1/messages`."""

    name = "anthropic messages"

    def read(self, body: Json) -> Asked:
        """Read a request."""
        items: list[Item] = []
        for each in body["messages"]:
            who = Who.MODEL if each["role"] == "assistant" else Who.USER
            content: Any = each["content"]
            blocks: list[Any] = [content] if isinstance(content, str) else content
            for block in blocks:
                if as_json(block).get("type") == "tool_result":
                    items.append(Item(Who.TOOL, texts_of(block)))
                else:
                    items.append(Item(who, texts_of(block)))
        tools = [
            Tool(each["name"], each.get("input_schema") or {})
            for each in as_list(body.get("tools"))
            if "name" in each
        ]
        return Asked(items, tools, bool(body.get("stream")))

    def error(self, status: int) -> Json:
        """Make the body of an error."""
        about = {"type": "invalid_request_error", "message": f"scripted error {status}"}
        return {"type": "error", "error": about}

    def whole(self, reply: Reply, number: int) -> Json:
        """Answer at once."""
        return {
            **self._head(number),
            "content": self._blocks(reply, number),
            "stop_reason": "tool_use" if reply.call else "end_turn",
        }

    def stream(self, reply: Reply, number: int) -> Iterator[Piece]:
        """Answer word by word."""
        head: Json = {**self._head(number), "content": [], "stop_reason": None}
        yield 0, self._event("message_start", message=head)
        for index, block in enumerate(self._blocks(reply, number)):
            words = block["type"] == "text"
            empty: Json = {**block, "text": ""} if words else {**block, "input": {}}
            yield (
                0,
                self._event("content_block_start", index=index, content_block=empty),
            )
            deltas: list[Json] = (
                [{"type": "text_delta", "text": piece} for piece in reply.pieces()]
                if words
                else [{"type": "input_json_delta", "partial_json": _text(reply)}]
            )
            for delta in deltas:
                made = self._event("content_block_delta", index=index, delta=delta)
                yield reply.pause, made
            yield 0, self._event("content_block_stop", index=index)
        reason = "tool_use" if reply.call else "end_turn"
        last: Json = {"stop_reason": reason, "stop_sequence": None}
        yield 0, self._event("message_delta", delta=last, usage=USAGE)
        yield 0, self._event("message_stop")

    def _head(self, number: int) -> Json:
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": "scripted",
            "stop_sequence": None,
            "usage": USAGE,
        }

    def _event(self, name: str, **fields: Any) -> bytes:
        return event({"type": name, **fields}, name)

    def _blocks(self, reply: Reply, number: int) -> list[Json]:
        blocks: list[Json] = []
        if reply.words:
            blocks.append({"type": "text", "text": reply.text})
        if reply.call:
            call = {"id": f"toolu_{number}", "name": reply.call.name}
            given = dict(reply.call.arguments)
            blocks.append({"type": "tool_use", **call, "input": given})
        return blocks


def _text(reply: Reply) -> str:
    assert reply.call is not None
    return reply.call.text
