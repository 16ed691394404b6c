"""The scripted model: what it is asked, what it says, in each of the four APIs."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import trio
from trio.testing import memory_stream_pair

from .model.dialects import DIALECTS, dialect_of
from .model.script import Asked, Item, Reply, Who, reply
from .model.server import Model, open_model
from .model.tools import Call, Tool, shell_call, write_call

BASH = {
    "type": "object",
    "properties": {
        "command": {"type": "string"},
        "description": {"type": "string"},
        "timeout": {"type": "number"},
    },
    "required": ["command", "description"],
}
WRITE = {
    "type": "object",
    "properties": {"filePath": {"type": "string"}, "content": {"type": "string"}},
    "required": ["filePath", "content"],
}
PATHS = {
    "openai chat": "/v1/chat/completions",
    "openai responses": "/v1/responses",
    "anthropic messages": "/v1/messages?beta=true",
    "google generate": "/v1beta/models/scripted:streamGenerateContent?alt=sse",
}
Json = dict[str, Any]


def user(text: str) -> Item:
    """What a user says."""
    return Item(Who.USER, text)


def body_of(name: str, text: str) -> Json:
    """A request with one prompt and two tools, as that API has it."""
    match name:
        case "openai chat":
            functions = [
                {"type": "function", "function": {"name": n, "parameters": s}}
                for n, s in (("bash", BASH), ("write", WRITE))
            ]
            messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
            return {"messages": messages, "tools": functions, "stream": True}
        case "openai responses":
            parts = [{"type": "input_text", "text": text}]
            tools = [
                {"type": "function", "name": n, "parameters": s}
                for n, s in (("bash", BASH), ("write", WRITE))
            ]
            asked = [{"type": "message", "role": "user", "content": parts}]
            return {"input": asked, "tools": tools, "stream": True}
        case "anthropic messages":
            tools = [
                {"name": n, "input_schema": s}
                for n, s in (("Bash", BASH), ("Write", WRITE))
            ]
            messages = [{"role": "user", "content": text}]
            return {"messages": messages, "tools": tools, "stream": True}
        case _:
            functions = [
                {"name": n, "parametersJsonSchema": s}
                for n, s in (("run_shell_command", BASH), ("write_file", WRITE))
            ]
            contents = [{"role": "user", "parts": [{"text": text}]}]
            return {
                "contents": contents,
                "tools": [{"functionDeclarations": functions}],
            }


def words_of(name: str, event: Json) -> str:
    """The text that an event of a stream brings."""
    match name:
        case "openai chat":
            choices = event["choices"]
            return (choices[0]["delta"].get("content") or "") if choices else ""
        case "openai responses":
            delta = event["type"] == "response.output_text.delta"
            return str(event["delta"]) if delta else ""
        case "anthropic messages":
            return str(event.get("delta", {}).get("text", ""))
        case _:
            parts = event["candidates"][0]["content"]["parts"]
            return "".join(part.get("text", "") for part in parts)


def call_of(name: str, events: list[Json]) -> tuple[str, Json]:
    """The one call of a tool in a stream: its name and arguments."""
    match name:
        case "openai chat":
            deltas = [e["choices"][0]["delta"] for e in events if e["choices"]]
            (call,) = [d["tool_calls"][0] for d in deltas if "tool_calls" in d]
            arguments = json.loads(call["function"]["arguments"])
            return call["function"]["name"], arguments
        case "openai responses":
            items = [
                e["item"] for e in events if e["type"] == "response.output_item.done"
            ]
            return items[0]["name"], json.loads(items[0]["arguments"])
        case "anthropic messages":
            (block,) = [e["content_block"] for e in events if "content_block" in e]
            (delta,) = [e["delta"] for e in events if "partial_json" in str(e)]
            return block["name"], json.loads(delta["partial_json"])
        case _:
            parts = [e["candidates"][0]["content"]["parts"][0] for e in events]
            (call,) = [p["functionCall"] for p in parts if "functionCall" in p]
            return call["name"], call["args"]


async def post(
    model: Model, path: str, body: Json, *, packed: bool = False
) -> tuple[int, str]:
    """Post a request, as an agent does; the status and what came."""
    port = int(model.url.rpartition(":")[2])
    data = json.dumps(body).encode()
    data = gzip.compress(data) if packed else data
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Length: {len(data)}\r\n"
    )
    head += "Content-Encoding: gzip\r\n" if packed else ""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(head.encode() + b"\r\n" + data)
        came = b"".join([bytes(chunk) async for chunk in stream])
    top, _, rest = came.partition(b"\r\n\r\n")
    return int(top.split()[1]), _dechunked(rest) if b"chunked" in top else rest.decode()


def _dechunked(data: bytes) -> str:
    found = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        found += data[:length]
        data = data[length + 2 :]
    return found.decode()


def events_of(text: str) -> list[Json]:
    """The events of a stream."""
    lines = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


@pytest.mark.parametrize("name", PATHS)
async def test_words_are_streamed_in_every_api(name: str) -> None:
    """One after the other, and the request is in the log."""
    async with open_model() as model:
        body = body_of(name, "please [[say alpha beta]]")
        status, text = await post(model, PATHS[name], body)

    events = events_of(text)
    assert status == 200
    assert "".join(words_of(name, event) for event in events) == "alpha beta"
    (request,) = model.requests
    assert (request.dialect, request.verb) == (name, "say")
    assert request.told == ["alpha beta"]
    assert len(request.tools) == 2


@pytest.mark.parametrize("name", PATHS)
async def test_a_shell_command_is_a_call_of_the_tool_that_is_offered(name: str) -> None:
    """With its arguments as its schema has them."""
    async with open_model() as model:
        body = body_of(name, "[[shell touch it]]")
        _, text = await post(model, PATHS[name], body)

    tool, arguments = call_of(name, events_of(text))
    assert tool == model.requests[0].called
    assert arguments == {"command": "touch it", "description": "probe"}


@pytest.mark.parametrize("name", PATHS)
async def test_an_error_has_its_status(name: str) -> None:
    """And the body of that API."""
    async with open_model() as model:
        status, text = await post(model, PATHS[name], body_of(name, "[[error 429]]"))

    assert status == 429
    assert "scripted error 429" in json.dumps(json.loads(text)["error"])


@pytest.mark.parametrize("name", PATHS)
async def test_an_answer_can_be_had_whole(name: str) -> None:
    """When no stream is asked for."""
    path = PATHS[name].replace(":streamGenerateContent", ":generateContent")
    async with open_model() as model:
        body = body_of(name, "[[say one two]]") | {"stream": False}
        _, text = await post(model, path, body, packed=True)

    assert "one two" in text


async def test_who_goes_in_the_middle_of_an_answer_is_noted(
    autojump_clock: object,
) -> None:
    """So a cancelled turn can be seen from the model's side."""
    del autojump_clock
    model = Model(0)
    ours, theirs = memory_stream_pair()
    data = json.dumps(body_of("openai chat", "[[slow 300]]")).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(data)}"
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(model.serve, theirs)
        await ours.send_all(head.encode() + b"\r\n\r\n" + data)
        came = b""
        while b"word3" not in came:
            came += await ours.receive_some()
        await ours.aclose()

    assert [each.left for each in model.requests] == [True]


async def test_what_agents_ask_beside_their_prompts() -> None:
    """A list of models, a count of tokens; anything else is not here."""
    async with open_model() as model:
        counted = await post(model, "/v1/messages/count_tokens", {})
        elsewhere = await post(model, "/api/telemetry", {})

    assert counted == (200, '{"input_tokens": 10}')
    assert elsewhere[0] == 404
    assert [each.status for each in model.requests] == [200, 404]


def test_the_last_verb_counts() -> None:
    """Of the whole conversation, whatever agents put around it."""
    items = [user("[[say a]]"), Item(Who.MODEL, "a"), user("<x>[[say b c]]</x>")]

    assert reply(Asked([*items, user("be good")])) == Reply(("b", "c"))
    assert reply(Asked([])) == Reply(("ok",))


def test_an_answer_ends_the_verb() -> None:
    """A tool's result, or our own words: it is not done a second time."""
    items = [user("[[shell date]]"), Item(Who.MODEL, "")]

    assert reply(Asked(items)).text == "ok"
    assert reply(Asked([*items, Item(Who.TOOL, "")])).text == "the tool has answered"


def test_what_it_recalls_is_what_the_agent_tells_it() -> None:
    """Each saying once, in order."""
    items = [user("[[say a]]"), user("[[say b]]"), user("[[say a]] [[recall]]")]

    assert reply(Asked(items)).text == "recalled: a b"
    assert reply(Asked(items[2:])).text == "recalled: a"
    assert reply(Asked([user("[[recall]]")])).text == "recalled: nothing"


def test_without_the_tool_it_says_so() -> None:
    """Nothing is called that is not offered."""
    assert reply(Asked([user("[[shell date]]")])).text == "no shell tool was offered"
    assert reply(Asked([user("[[write a b]]")])).text == "no file tool was offered"


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({"command": {"type": "array"}}, {"command": ["bash", "-c", "date"]}),
        ({"cmd": {"type": "string"}}, {"cmd": "date"}),
        (
            {
                "commands": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"command": {"type": "string"}},
                    },
                }
            },
            {"commands": [{"command": "date"}]},
        ),
        (
            {"command": {"type": "string"}, "mode": {"enum": ["once", "twice"]}},
            {"command": "date", "mode": "once"},
        ),
        (
            {"command": {"type": "string"}, "timeout": {"type": "integer"}},
            {"command": "date", "timeout": 20},
        ),
    ],
)
def test_the_arguments_fit_the_schema(schema: Json, arguments: Json) -> None:
    """A command as text or as words; what else is required has a value of its type."""
    tool = Tool("server__shell", {"properties": schema, "required": list(schema)})

    assert shell_call([tool], "date") == Call("server__shell", arguments)


def test_a_patch_is_written_where_patches_are_how_files_are_made() -> None:
    """As text, for a tool that takes text."""
    call = write_call([Tool("apply_patch", {}, freeform=True)], "a.txt", "hello")

    assert call is not None
    assert call.text.splitlines()[1:3] == ["*** Add File: a.txt", "+hello"]


def test_every_path_has_its_api() -> None:
    """And others have none."""
    assert {dialect_of(path).name for path in DIALECTS} == set(PATHS)  # type: ignore[union-attr]
    assert dialect_of("/v1/models") is None
