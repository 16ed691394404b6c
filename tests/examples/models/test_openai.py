"""`examples/openai_agent.py` at a scripted server, in this process and on a port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trio

from actors import (
    Aborted,
    BudgetExceededError,
    Completed,
    Failed,
    StepLimitError,
    TurnPolicy,
    open_system,
)
from actors.testing import Answer, CallEnd, Hold, TurnLog, Wait, seeds, words
from supervision import RouterRef, Shared, start_router
from supervision.durable import MemoryStore, SqliteStore
from tests.extras import NO_OPENAI

pytest.importorskip("openai", reason=NO_OPENAI)

from openai import AsyncOpenAI, BadRequestError

from examples.openai_agent import Agent, Result
from examples.openai_model import OpenAIModel
from examples.openai_scripted import RefusalError, Script, scripted_client
from examples.openai_server import serve
from examples.openai_tools import READ, Tool
from examples.openai_words import Call, Cut, Tokens

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 100  # seconds until something is taken for dead
ADD = {"a": {"type": "number"}, "b": {"type": "number"}}


async def add(a: float, b: float) -> str:
    """A tool that is quick."""
    await trio.lowlevel.checkpoint()
    return str(a + b)


async def look_up(word: str) -> str:
    """A tool that takes a minute, and does not know everything."""
    await trio.sleep(60)
    if word == "nothing":
        raise LookupError(word)
    return f"{word} is a word"


TOOLS = (
    Tool("add", "add two numbers", ADD, add),
    Tool("look_up", "look up a word", {"word": {"type": "string"}}, look_up),
)


@asynccontextmanager
async def talking(
    script: Script,
    agent: type[Agent] = Agent,
    store: MemoryStore | SqliteStore | None = None,
) -> AsyncGenerator[RouterRef[str, Any]]:
    """A router of agents whose model is this script; both are checked at the end."""
    shared = Shared(partial(scripted_client, script))
    async with shared, open_system() as system:
        log = TurnLog(system, durable=store is not None)
        model = OpenAIModel(shared, "m", [tool.schema() for tool in TOOLS])
        yield start_router(system, agent, model, TOOLS, durable=store)
    log.check()
    script.check()


def told(script: Script, number: int = -1) -> list[str]:
    """What a request said, a line for each message."""
    return [
        f"{each['role']}: {each['content']}"
        for each in script.requests[number]["messages"]
    ]


@seeds(10)
async def test_an_answer_is_streamed_and_remembered() -> None:
    """Word by word, as it comes; the next request has what was said."""
    script = Script(
        [
            Answer(*words("I am"), Wait(30), " well", Tokens(10)),
            Answer("you are welcome", Tokens(20)),
        ]
    )
    async with talking(script) as router:
        begun = trio.current_time()
        async with router.open_turn("ann", "how are you?") as answer:
            came = [(trio.current_time() - begun, chunk) async for chunk in answer]
        assert came == [(0, "I"), (0, " am"), (30, " well")]
        assert answer.ended == Completed(turn=1, result="I am well")
        await router.send("ann", "thank you").outcome()

    assert told(script) == [
        "user: how are you?",
        "assistant: I am well",
        "user: thank you",
    ]
    assert script.requests[0]["stream_options"] == {"include_usage": True}
    assert [each["function"]["name"] for each in script.requests[0]["tools"]] == [
        "add",
        "look_up",
    ]


@seeds(10)
async def test_tools_run_side_by_side() -> None:
    """Their results are chunks as they come; the model gets one for each call."""
    calls = [
        Call("1", "look_up", '{"word": "nothing"}'),
        Call("2", "look_up", '{"word": "fox"}'),
        Call("3", "add", '{"a": 1, "b": 2}'),
        Call("4", "fly", "{}"),
        Call("5", "add", "{oh"),
    ]
    script = Script([Answer("Let me see. ", *calls, Tokens(10)), Answer("There.")])
    async with talking(script) as router:
        begun = trio.current_time()
        async with router.open_turn("ann", "well?") as answer:
            chunks = [chunk async for chunk in answer]
        assert trio.current_time() - begun == 60
        assert answer.ended == Completed(turn=1, result="There.")

    assert (chunks[0], chunks[-1]) == ("Let me see. ", "There.")
    assert {chunk.name for chunk in chunks[1:4]} == {"add", "fly"}
    assert Result("add", "3") in chunks[1:4]
    assert told(script)[1:] == [
        "assistant: Let me see. ",
        "tool: failed: LookupError('nothing')",
        "tool: fox is a word",
        "tool: 3",
        "tool: failed: KeyError('fly')",
        told(script)[-1],
    ]
    assert told(script)[-1].startswith("tool: failed: JSONDecodeError")
    asked = script.requests[1]["messages"][1]["tool_calls"]
    assert [(each["id"], each["function"]["arguments"]) for each in asked] == [
        (call.id, call.arguments) for call in calls
    ]


@seeds(10)
async def test_who_speaks_meanwhile_steers() -> None:
    """No further tool begins, and the next step has what was said."""
    hold = Hold("before it asks for its tool")
    script = Script(
        [
            Answer("I look.", hold, Call("1", "look_up", '{"word": "fox"}')),
            Answer("Good bye."),
        ]
    )
    async with talking(script) as router:
        receipt = router.send("ann", "what is a fox?")
        await hold.reached()
        steering = router.send("ann", "never mind")
        hold.release()
        assert str(await receipt.outcome()) == "Completed(turn=1, result='Good bye.')"
        assert str(await steering.outcome()) == "Steered(turn=1)"

    assert told(script)[2].startswith("tool: failed: ToolSkippedError(")
    assert told(script)[3] == "user: never mind"


@seeds(10)
async def test_a_stop_keeps_what_was_said() -> None:
    """In the middle of a text, and in the middle of a tool; nothing is torn apart."""
    hold = Hold("in the text")
    script = Script(
        [
            Answer("Once upon", hold, " a time"),
            Answer("I look.", Call("1", "look_up", '{"word": "fox"}')),
            Answer("Well?"),
        ]
    )
    async with talking(script) as router:
        for prompt in ("a story", "what is a fox?"):
            receipt = router.send("ann", prompt)
            if prompt == "a story":
                await hold.reached()
            else:
                await trio.sleep(30)
            router.cancel("ann")
            assert isinstance(await receipt.outcome(), Aborted)
        await router.send("ann", "hello?").outcome()

    assert script.calls[0].end is CallEnd.CANCELLED
    assert told(script) == [
        "user: a story",
        "assistant: Once upon",
        "user: what is a fox?",
        "assistant: I look.",
        "tool: stopped",
        "user: hello?",
    ]


@seeds(5)
async def test_what_was_said_outlives_the_process() -> None:
    """A store has the history, and the half of an answer in it."""
    hold = Hold()
    script = Script([Answer("one"), Answer("tw", hold), Answer("three")])
    store = MemoryStore()
    async with talking(Script([Answer("one")]), store=store) as router:
        await (await router.accept("ann", "1")).outcome()
    script = Script([Answer("tw", hold)])
    async with talking(script, store=store) as router:
        receipt = await router.accept("ann", "2")
        await hold.reached()
        router.cancel("ann")
        await receipt.outcome()
    script = Script([Answer("three")])
    async with talking(script, store=store) as router:
        await (await router.accept("ann", "3")).outcome()

    assert told(script) == [
        "user: 1",
        "assistant: one",
        "user: 2",
        "assistant: tw",
        "user: 3",
    ]


@seeds(5)
async def test_what_is_refused_before_the_answer_is_tried_again() -> None:
    """By the library, after as long as the server says."""
    script = Script(
        [
            Answer(RefusalError(429, 7)),
            Answer(RefusalError(503, 2)),
            Answer("there"),
            Answer(RefusalError(400)),
        ]
    )
    async with talking(script) as router:
        begun = trio.current_time()
        assert (await router.send("ann", "hello").outcome()) == Completed(
            turn=1, result="there"
        )
        assert trio.current_time() - begun == 9
        failed = await router.send("ann", "hello").outcome()
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, BadRequestError)


class Thrifty(Agent):
    """May do little."""

    turns = TurnPolicy(steps=2, budget=100, keep_state=Agent.turns.keep_state)


@seeds(5)
async def test_steps_and_tokens_are_limited() -> None:
    """What was said is remembered."""
    call = Call("1", "add", '{"a": 1, "b": 2}')
    script = Script(
        [Answer(call), Answer(call), Answer("A long", Tokens(101)), Answer("so")]
    )
    async with talking(script, Thrifty) as router:
        for error in (StepLimitError, BudgetExceededError):
            outcome = await router.send("ann", "go on").outcome()
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, error)
        await router.send("ann", "and?").outcome()

    assert told(script)[-2:] == ["assistant: A long", "user: and?"]


@seeds(5)
async def test_an_answer_that_was_cut_says_so() -> None:
    """By the server, or by a line that breaks."""
    script = Script(
        [Answer("A lo", Cut("length"), Tokens(5)), Answer("A", ConnectionError("gone"))]
    )
    async with talking(script) as router:
        cut = await router.send("ann", "a story").outcome()
        assert isinstance(cut, Completed)
        assert dict(cut.notes) == {"cut": "length"}
        broken = await router.send("ann", "a story").outcome()
        assert isinstance(broken, Failed)
        assert isinstance(broken.error, ConnectionError)


LONG = 10_000  # bytes


def saying(*lines: str) -> AsyncOpenAI:
    """A client whose server answers so, two bytes after the other if it is short."""

    class Raw(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            body = "".join(lines).encode()
            size = 2 if len(body) < LONG else LONG
            for start in range(0, len(body), size):
                await trio.lowlevel.checkpoint()
                yield body[start : start + size]

    class Server(httpx2.AsyncBaseTransport):
        async def handle_async_request(
            self, request: httpx2.Request
        ) -> httpx2.Response:
            await request.aread()
            return httpx2.Response(
                200, headers={"content-type": "text/event-stream"}, stream=Raw()
            )

    http = httpx2.AsyncClient(transport=Server())
    return AsyncOpenAI(api_key="none", base_url="http://raw/v1", http_client=http)


async def pieces_of(*lines: str) -> list[object]:
    """What the model makes of an answer of these lines."""
    async with (
        Shared(lambda: saying(*lines)) as shared,
        OpenAIModel(shared, "m").stream([]) as pieces,
    ):
        return [piece async for piece in pieces]


END = 'data: {"choices": [{"finish_reason": "stop", "delta": null}]}\n\n'


@pytest.mark.parametrize(
    ("lines", "pieces"),
    [
        # not escaped: for httpx ends of lines, for JSON and events none
        (['data: {"choices": [{"delta": {"content": "a\u2028b\x85"}}]}\n', END], 1),
        (['data:{"choices":[{"delta":{"content":"a\u2028b\x85"}}]}\r\n\r\n', END], 1),
        ([": ping\n\nevent: x\nid: 1\nretry: 5\n\n", END, "data:[DONE]\r\n"], 0),
    ],
)
async def test_servers_write_their_lines_otherwise(
    lines: list[str], pieces: int
) -> None:
    """As events may be written; the end needs no `[DONE]`."""
    assert await pieces_of(*lines) == ["a\u2028b\x85"] * pieces


async def test_a_tool_call_may_come_whole_and_without_its_number() -> None:
    """As some servers send it; its function may be null in a part."""
    call = '{"id": "%s", "function": {"name": "add", "arguments": "{}"}}'
    both = f"{call % 'c1'}, {call % 'c2'}"
    sent = f'data: {{"choices": [{{"delta": {{"tool_calls": [{both}]}}}}]}}\n'

    assert await pieces_of(sent, END) == [Call(i, "add", "{}") for i in ("c1", "c2")]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["data: " + "x" * (3 << 20)], "a line of the answer does not end"),
        (["data: {}\n"], "the answer ends in the middle"),
        ([END.replace("stop", "")[:30]], "a line is no JSON"),
    ],
)
async def test_a_server_that_does_not_end_is_left(lines: list[str], said: str) -> None:
    """Its line is not kept in memory for ever."""
    with pytest.raises(ConnectionError, match=said):
        await pieces_of(*lines)


@asynccontextmanager
async def on_a_port(script: Script) -> AsyncGenerator[str]:
    """Serve a script on a port of this machine; gives the URL."""
    async with trio.open_nursery() as nursery:
        handler = partial(serve, script)
        listeners = await nursery.start(
            partial(trio.serve_tcp, handler, 0, host="127.0.0.1")
        )
        yield f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/v1"
        nursery.cancel_scope.cancel()


async def test_it_is_the_same_over_a_socket() -> None:
    """The library runs on Trio as it is."""
    script = Script(
        [
            Answer(RefusalError(500, 0.001)),
            Answer("one", Call("1", "add", '{"a": 1, "b": 2}'), Tokens(3)),
            Answer("two"),
        ]
    )
    async with on_a_port(script) as url:

        @asynccontextmanager
        async def open_client() -> AsyncGenerator[AsyncOpenAI]:
            async with AsyncOpenAI(api_key="none", base_url=url) as client:
                yield client

        async with Shared(open_client) as shared, open_system() as system:
            model = OpenAIModel(shared, "m")
            router = start_router(system, Agent, model, TOOLS)
            outcome = await router.send("ann", "hello").outcome()

    assert outcome == Completed(turn=1, result="two")
    script.check()
    assert told(script)[-1] == "tool: 3"


async def test_what_was_said_outlives_a_kill(tmp_path: Path) -> None:
    """`python -m examples.openai_agent` prints as it comes; `kill -9` in the middle."""
    path, hold = tmp_path / "talk.db", Hold()
    command = [sys.executable, "-W", "error", "-m", "examples.openai_agent", path]
    async with talking(Script([Answer("one")]), store=SqliteStore(path)) as router:
        await (await router.accept("me", "1")).outcome()
    script = Script([Answer("well", hold)])
    async with on_a_port(script) as url, trio.open_nursery() as nursery:
        env = os.environ | {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"}
        run = partial(trio.run_process, cwd=ROOT, env=env, check=False)
        run = partial(run, stdout=subprocess.PIPE)
        with trio.fail_after(PATIENCE):
            process = await nursery.start(run, [*command, "2"])
            await hold.reached(within=PATIENCE)
            assert await process.stdout.receive_some(4) == b"well"
            process.kill()
            assert await process.wait() == -signal.SIGKILL
        await process.stdout.aclose()
        hold.release()
    script = Script([Answer("three")])
    async with talking(script, store=SqliteStore(path)) as router:
        await (await router.accept("me", "3")).outcome()

    assert told(script) == ["user: 1", "assistant: one", "user: 3"]


async def test_a_file_is_read_in_this_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the model asks for."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "note").write_text("hello")
    (tmp_path / "secret").write_text("no")
    monkeypatch.chdir(inner)

    assert await READ.call(name="note") == "hello"
    with pytest.raises(PermissionError):
        await READ.call(name="../secret")
