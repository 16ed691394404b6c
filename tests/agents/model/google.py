"""The API of Google: generateContent, and streamGenerateContent with `alt=sse`."""

from __future__ import annotations

from collections.abc import Iterator

from .openai import Json, Piece, event
from .script import Asked, Item, Reply, Who, texts_of
from .tools import Tool, as_list

USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


class Generate:
    """`POST /v1beta/models/MODEL:generateContent` and `:streamGenerateContent`."""

    name = "google generate"

    def read(self, body: Json) -> Asked:
        """Read a request; whether it is streamed stands in its path."""
        items: list[Item] = []
        for each in as_list(body.get("contents")):
            who = Who.MODEL if each.get("role") == "model" else Who.USER
            for part in as_list(each.get("parts")):
                result = "functionResponse" in part
                items.append(Item(Who.TOOL if result else who, texts_of(part)))
        tools = [
            Tool(
                about["name"],
                about.get("parametersJsonSchema") or about.get("parameters") or {},
            )
            for tool in as_list(body.get("tools"))
            for about in as_list(tool.get("functionDeclarations"))
        ]
        return Asked(items, tools)

    def error(self, status: int) -> Json:
        """Make the body of an error."""
        message = f"scripted error {status}"
        about = {"code": status, "message": message, "status": "INVALID_ARGUMENT"}
        return {"error": about}

    def whole(self, reply: Reply, number: int) -> Json:
        """Answer at once."""
        parts: list[Json] = [{"text": reply.text}] if reply.words else []
        if reply.call:
            parts.append(self._call(reply))
        return self._answer(number, parts, ended=True)

    def stream(self, reply: Reply, number: int) -> Iterator[Piece]:
        """Answer word by word."""
        for piece in reply.pieces():
            yield reply.pause, event(self._answer(number, [{"text": piece}]))
        last = [self._call(reply)] if reply.call else [{"text": ""}]
        yield 0, event(self._answer(number, last, ended=True))

    def _call(self, reply: Reply) -> Json:
        assert reply.call is not None
        given = dict(reply.call.arguments)
        return {"functionCall": {"name": reply.call.name, "args": given}}

    def _answer(self, number: int, parts: list[Json], *, ended: bool = False) -> Json:
        candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
        if ended:
            candidate["finishReason"] = "STOP"
        return {
            "candidates": [candidate],
            "usageMetadata": USAGE,
            "modelVersion": "scripted",
            "responseId": f"r{number}",
        }
