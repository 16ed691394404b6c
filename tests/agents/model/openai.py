"""The two APIs of OpenAI: chat completions and responses, streamed and whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from .script import Asked, Item, Reply, Who, texts_of
from .tools import Tool, as_json, as_list

Json = dict[str, Any]
Piece = tuple[float, bytes]
"""Seconds to wait, and what is then written."""

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
TOKENS = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 15,
}


def event(data: Json, name: str | None = None) -> bytes:
    """Make an event of a stream."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def error(status: int) -> Json:
    """Make the body of an error."""
    about = {"message": f"scripted error {status}", "type": "scripted", "code": "x"}
    return {"error": about}


def functions(tools: Sequence[Json]) -> list[Tool]:
    """Read the tools of a request; those of the provider's own are not for us."""
    found: list[Tool] = []
    for tool in tools:
        about = tool.get("function") or tool.get("custom") or tool
        if tool.get("type") in ("function", "custom"):
            schema = as_json(about.get("parameters"))
            found.append(Tool(about["name"], schema, tool["type"] == "custom"))
        elif tool.get("type") == "namespace":
            found += functions(as_list(tool.get("tools")))
    return found


class Chat:
    """`POST /chat/completions`."""

    name = "openai chat"

    def read(self, body: Json) -> Asked:
        """Read a request."""
        who = {"assistant": Who.MODEL, "tool": Who.TOOL, "function": Who.TOOL}
        items = [
            Item(who.get(each["role"], Who.USER), texts_of(each.get("content")))
            for each in body["messages"]
            if each["role"] not in ("system", "developer")
        ]
        tools = functions(body.get("tools") or [])
        return Asked(items, tools, bool(body.get("stream")))

    def error(self, status: int) -> Json:
        """Make the body of an error."""
        return error(status)

    def whole(self, reply: Reply, number: int) -> Json:
        """Answer at once."""
        message: Json = {"role": "assistant", "content": reply.text or None}
        if reply.call:
            message["tool_calls"] = [self._call(reply, number)]
        reason = "tool_calls" if reply.call else "stop"
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return {**self._head(number, "chat.completion"), "choices": [choice]} | {
            "usage": USAGE
        }

    def stream(self, reply: Reply, number: int) -> Iterator[Piece]:
        """Answer word by word."""
        yield 0, self._chunk(number, {"role": "assistant", "content": ""})
        for piece in reply.pieces():
            yield reply.pause, self._chunk(number, {"content": piece})
        if reply.call:
            call = {"index": 0, **self._call(reply, number)}
            yield 0, self._chunk(number, {"tool_calls": [call]})
        yield 0, self._chunk(number, {}, "tool_calls" if reply.call else "stop")
        head = self._head(number, "chat.completion.chunk")
        yield 0, event({**head, "choices": [], "usage": USAGE}) + b"data: [DONE]\n\n"

    def _head(self, number: int, kind: str) -> Json:
        made = {"id": f"c{number}", "object": kind}
        return {**made, "created": 1_700_000_000, "model": "scripted"}

    def _chunk(self, number: int, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        head = self._head(number, "chat.completion.chunk")
        return event({**head, "choices": [choice]})

    def _call(self, reply: Reply, number: int) -> Json:
        assert reply.call is not None
        function = {"name": reply.call.name, "arguments": reply.call.text}
        return {"id": f"call_{number}", "type": "function", "function": function}


class Responses:
    """`POST /responses`."""

    name = "openai responses"

    def read(self, body: Json) -> Asked:
        """Read a request."""
        given: Any = body["input"]
        items: list[Item] = []
        for each in [{"role": "user", "content": given}] if _is_text(given) else given:
            kind = each.get("type", "message")
            if kind.endswith("_output"):
                items.append(Item(Who.TOOL, texts_of(each.get("output"))))
            elif kind.endswith("_call"):
                items.append(Item(Who.MODEL, ""))
            elif each.get("role") in ("user", "assistant"):
                who = Who.USER if each["role"] == "user" else Who.MODEL
                items.append(Item(who, texts_of(each.get("content"))))
        tools = functions(body.get("tools") or [])
        return Asked(items, tools, bool(body.get("stream")))

    def error(self, status: int) -> Json:
        """Make the body of an error."""
        return error(status)

    def whole(self, reply: Reply, number: int) -> Json:
        """Answer at once."""
        return self._response(number, "completed", self._items(reply, number))

    def stream(self, reply: Reply, number: int) -> Iterator[Piece]:
        """Answer word by word."""
        count = 0

        def made(kind: str, **fields: Any) -> bytes:
            nonlocal count
            count += 1
            return event({"type": kind, "sequence_number": count, **fields}, kind)

        begun = self._response(number, "in_progress", [])
        yield 0, made("response.created", response=begun)
        items = self._items(reply, number)
        for index, item in enumerate(items):
            where = {"output_index": index, "item_id": item["id"]}
            empty: Json = {"content": [], "arguments": "", "input": ""}
            shell = {key: empty.get(key, value) for key, value in item.items()}
            shell["status"] = "in_progress"
            yield 0, made("response.output_item.added", output_index=index, item=shell)
            if item["type"] == "message":
                yield from self._text(reply, item, where, made)
            else:
                kind = {
                    "function_call": "response.function_call_arguments",
                    "custom_tool_call": "response.custom_tool_call_input",
                }[item["type"]]
                key = "input" if "input" in item else "arguments"
                yield 0, made(f"{kind}.delta", delta=item[key], **where)
                yield 0, made(f"{kind}.done", **where, **{key: item[key]})
            yield 0, made("response.output_item.done", output_index=index, item=item)
        ended = self._response(number, "completed", items)
        yield 0, made("response.completed", response=ended)

    def _text(
        self, reply: Reply, item: Json, where: Json, made: Any
    ) -> Iterator[Piece]:
        at = {**where, "content_index": 0}
        empty: Json = {"type": "output_text", "text": "", "annotations": []}
        yield 0, made("response.content_part.added", part=empty, **at)
        for piece in reply.pieces():
            yield (
                reply.pause,
                made("response.output_text.delta", delta=piece, logprobs=[], **at),
            )
        text = reply.text
        yield 0, made("response.output_text.done", text=text, logprobs=[], **at)
        yield 0, made("response.content_part.done", part=item["content"][0], **at)

    def _items(self, reply: Reply, number: int) -> list[Json]:
        items: list[Json] = []
        if reply.words:
            part: Json = {"type": "output_text", "text": reply.text, "annotations": []}
            items.append(
                {
                    "id": f"msg_{number}",
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [part],
                }
            )
        if reply.call:
            custom = reply.call.freeform is not None
            items.append(
                {
                    "id": f"fc_{number}",
                    "type": "custom_tool_call" if custom else "function_call",
                    "status": "completed",
                    "call_id": f"call_{number}",
                    "name": reply.call.name,
                    "input" if custom else "arguments": reply.call.text,
                }
            )
        return items

    def _response(self, number: int, status: str, output: list[Json]) -> Json:
        return {
            "id": f"resp_{number}",
            "object": "response",
            "created_at": 1_700_000_000,
            "status": status,
            "model": "scripted",
            "output": output,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": TOKENS if status == "completed" else None,
        }


def _is_text(given: object) -> bool:
    return isinstance(given, str)
