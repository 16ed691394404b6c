"""`Tape`: what a real model has answered, and the model that says it again."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import attrs
import pytest
import trio

from actors.testing import (
    Answer,
    Hold,
    Model,
    RecordedError,
    ScriptedModel,
    ScriptError,
    Tape,
    Wait,
    seeds,
)
from actors.testing._models.plain import hide, plain


@attrs.frozen
class Ask:
    """A request."""

    text: str
    api_key: str = "sk-0123456789abcdef0123"
    max_tokens: int = 100


class Tone(enum.Enum):
    """How it is said."""

    KIND = "kind"


@dataclasses.dataclass
class Sent:
    """A request that is no attrs class."""

    text: str
    more: dict[str, Any]


async def read(model: Model[Any, Any], request: object, most: float = math.inf) -> Any:
    """The pieces, when each came, and what the model raised."""
    came: list[object] = []
    try:
        async with model.stream(request) as pieces:
            async for piece in pieces:
                came.append((trio.current_time(), piece))
                if len(came) >= most:
                    break
    except (OSError, RecordedError) as error:
        came.append(str(error))
    return came


@seeds(1)
async def test_it_says_again_what_was_said(tmp_path: Path) -> None:
    """Requests, pieces, errors, and the time between them if that is wanted."""
    real = ScriptedModel[Ask, object](
        [
            Answer("a", Wait(2.5), {"b": 1}, Wait(1), "e"),
            Answer("c", OSError("gone")),
        ]
    )
    tape = Tape[Ask, object](tmp_path / "tape.jsonl")
    recording = tape.record(real)

    first = await read(recording, Ask("one"))
    second = await read(recording, Ask("two"))
    assert first == [(0, "a"), (2.5, {"b": 1}), (3.5, "e")]
    assert second == [(3.5, "c"), "gone"]

    model = tape.play()
    assert await read(model, Ask("two")) == [(3.5, "c"), "builtins.OSError: gone"]
    assert await read(model, Ask("one")) == [(3.5, "a"), (3.5, {"b": 1}), (3.5, "e")]
    model.check()
    slow = tape.play(pace=2)
    assert await read(slow, Ask("one")) == [(3.5, "a"), (8.5, {"b": 1}), (10.5, "e")]


async def test_the_file_has_a_line_for_each_call(tmp_path: Path) -> None:
    """In the order in which they have ended."""
    tape = Tape[str, str](tmp_path / "tape.jsonl")
    hold = Hold()
    recording = tape.record(ScriptedModel([Answer("x", hold), Answer("y")]))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, recording, "slow")
        await hold.reached()
        await read(recording, "quick")
        hold.release()

    text = tape.path.read_text(encoding="utf-8")
    quick, slow = map(json.loads, text.splitlines())
    after = quick["answer"][0]["after"]
    assert slow["request"] == "slow"
    assert quick == {
        "request": "quick",
        "answer": [{"after": after, "piece": "y"}],
        "end": "WHOLE",
    }


async def test_no_key_is_in_the_file(tmp_path: Path) -> None:
    """Nor in what an error says; and the same request is known again."""
    secrets = [
        "sk-0123456789abcdef0123",
        "hunter2hunter2",
        "ghp_0123456789abcdefghijklmn",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "my own secret",
    ]
    request = {
        "messages": [f"use {secrets[0]} or {secrets[2]}", f"Bearer {secrets[3]}"],
        "headers": {"X-Api-Key": secrets[1], "Authorization": f"Bearer {secrets[3]}"},
        "session_token": secrets[1],
        "max_tokens": 100,
        "token": "",
        "note": f"and {secrets[4]}, too",
    }
    error = OSError(f"{secrets[0]} is not valid")
    tape = Tape[Any, str](tmp_path / "tape.jsonl", secrets=[secrets[4]])
    await read(tape.record(ScriptedModel([Answer(secrets[2], error)])), request)

    text = tape.path.read_text(encoding="utf-8")
    assert [secret for secret in secrets if secret in text] == []
    assert json.loads(text)["request"]["max_tokens"] == 100
    assert json.loads(text)["request"]["note"] == "and (hidden), too"
    assert json.loads(text)["error"] == ["builtins.OSError", "(hidden) is not valid"]
    model = tape.play()
    assert "(hidden)" in str(await read(model, request))
    model.check()


@pytest.mark.parametrize(
    "key",
    [
        "sk-0123456789abcdef0123",
        "rk-0123456789abcdef0123",
        "ghp_0123456789abcdefghijklmn",
        "xoxb-0123456789-abcdef",
        "AIza0123456789abcdefghijklmnopqrstuvwxyz",
        "AKIA0123456789ABCDEF",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "Bearer 0123456789",
        "Basic dXNlcjpwYXNz",
    ],
)
def test_a_key_is_hidden_wherever_it_stands(key: str) -> None:
    """And nothing else of the text."""
    kind, _, secret = key.rpartition(" ")

    said = hide([f"use {key} here"])

    assert said == [f"use {kind} (hidden) here".replace("  ", " ")]
    assert secret not in said[0]


async def test_another_request_is_told_where_it_differs(tmp_path: Path) -> None:
    """From the first answer that is left."""
    tape = Tape[Any, str](tmp_path / "tape.jsonl")
    request = {"messages": [{"role": "user", "content": "hello"}]}
    await read(tape.record(ScriptedModel([Answer("x")])), request)
    other = {"messages": [{"role": "user", "content": "good-bye"}]}
    longer = {"messages": [*request["messages"], {"role": "user"}]}

    model = tape.play()
    with pytest.raises(ScriptError) as raised:
        await read(model, other)
    said = "messages[0].content was 'hello', and is 'good-bye'"
    assert said in str(raised.value)
    with pytest.raises(ScriptError, match=r"messages\[1\] was nothing, and is \{'role"):
        await read(model, longer)


async def test_an_answer_that_was_left_ends_there(tmp_path: Path) -> None:
    """Whoever left it reads no further when it is played, and else is told."""
    tape = Tape[str, str](tmp_path / "tape.jsonl")
    hold = Hold()
    recording = tape.record(
        ScriptedModel(
            [Answer("a", "b", "c"), Answer("d", hold), Answer("e"), Answer("f", "g")]
        )
    )
    await read(recording, "left", 2)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, recording, "cancelled")
        await hold.reached()
        nursery.cancel_scope.cancel()
    with suppress(LookupError):
        async with recording.stream("failed") as pieces:
            raise LookupError(await anext(pieces))  # the reader's own
    with trio.CancelScope() as scope:
        async with recording.stream("cancelled elsewhere") as pieces:
            await anext(pieces)
            scope.cancel()
            await trio.lowlevel.checkpoint()

    lines = tape.path.read_text(encoding="utf-8").splitlines()
    ends = [json.loads(line)["end"] for line in lines]
    assert ends == ["LEFT", "CANCELLED", "LEFT", "CANCELLED"]
    model = tape.play()
    assert [piece for _, piece in await read(model, "left", 2)] == ["a", "b"]
    with pytest.raises(ScriptError, match="the recording ends here"):
        await read(model, "cancelled")
    await read(model, "failed", 1)
    with pytest.raises(ScriptError, match="the recording ends here"):
        model.check()


async def test_a_model_that_cannot_be_asked_is_recorded(tmp_path: Path) -> None:
    """As one that answers with an error at once."""

    class Away:
        @asynccontextmanager
        async def stream(self, request: str) -> AsyncGenerator[AsyncIterator[str]]:
            if request:
                raise ConnectionError(request)
            async with ScriptedModel[str, str]([Answer()]).stream(request) as pieces:
                yield pieces

    tape = Tape[str, str](tmp_path / "tape.jsonl")
    assert await read(tape.record(Away()), "hello") == ["hello"]
    said = await read(tape.play(), "hello")
    assert said == ["builtins.ConnectionError: hello"]


async def test_pieces_are_made_again(tmp_path: Path) -> None:
    """By what the test says; attrs classes go in as they are."""

    def load(piece: dict[str, Any]) -> Ask:
        return Ask(**piece)

    tape = Tape[str, Ask](tmp_path / "tape.jsonl", load=load)
    await read(tape.record(ScriptedModel([Answer(Ask("x", api_key=""))])), "hello")

    assert await tape.play().whole("hello") == (Ask("x", api_key=""),)


async def test_what_dump_makes_may_have_enums_and_dataclasses(tmp_path: Path) -> None:
    """And attrs classes: it makes only what JSON has not."""

    def dump(value: Any) -> Any:
        return (Tone.KIND, Sent("x", {"ask": Ask("y")}), sorted(value))

    tape = Tape[set[str], set[str]](tmp_path / "tape.jsonl", dump=dump)
    await read(tape.record(ScriptedModel([Answer({"c"})])), {"b", "a"})

    line = json.loads(tape.path.read_bytes())
    fields = {"text": "y", "api_key": "(hidden)", "max_tokens": 100}
    sent = {"text": "x", "more": {"ask": fields}}
    assert line["request"] == ["kind", sent, ["a", "b"]]
    assert line["answer"][0]["piece"] == ["kind", sent, ["c"]]
    await tape.play().whole({"a", "b"})


@pytest.mark.parametrize(
    "text", ["one\u2028two\x85\x0b\x0c\x1c\u2029", "\r\n", "\ud83d", "\ude00 ü"]
)
async def test_each_text_comes_back_as_it_was(tmp_path: Path, text: str) -> None:
    """Also what `str.splitlines` takes for the end of a line, and half an emoji."""
    tape = Tape[str, str](tmp_path / "new" / "folder" / "tape.jsonl")
    await read(tape.record(ScriptedModel([Answer(text, text)])), text)

    assert tape.path.read_bytes().count(b"\n") == 1
    assert await tape.play().whole(text) == (text, text)


async def test_numbers_that_are_none_are_the_same_again(tmp_path: Path) -> None:
    """As the log-probability of what cannot be; but not the same as others."""
    request = {"at": [math.nan, math.inf]}
    tape = Tape[Any, float](tmp_path / "tape.jsonl")
    await read(tape.record(ScriptedModel([Answer(-math.inf)])), request)

    assert await tape.play().whole(request) == (-math.inf,)
    with pytest.raises(ScriptError, match=r"at\[1\] was inf, and is 5"):
        await tape.play().whole({"at": [math.nan, 5]})


@pytest.mark.parametrize(
    "text",
    [
        "send Bearer <abc12345> now",
        "use bearer <x1y2z>",
        "BEARER <a.b.c>",
        "the Bearer: <tok-123>, and go on",
        "curl -H 'Authorization: Bearer <x>'",
        "authorization=basic <dXNl>",
        "basic <dXNlcjpw>",
        "api_key=<swordfish>",
        "my password: <hunter2>",
        "{'api_key': '<swordfish>', 'a': 1}",
        r"{\"token\": \"<swordfish>\"}",
        "X-Api-Key: <abcdef12>; more",
        "the secret key = <s3cr3t>",
        "SESSION_TOKEN=<abcd> run",
        # and what is none
        "bearer of news",
        "basic knowledge",
        "password: the word you say",
        "token: the smallest unit",
        "max_tokens=1000",
        "tokens: 1234567",
        "a cookie: it is sweet",
        "password=''",
    ],
)
def test_a_key_is_hidden_inside_of_prose(text: str) -> None:
    """By what stands before it; hidden again it is the same."""
    there = re.sub("<.*>", "(hidden)", text)

    assert hide(re.sub("[<>]", "", text)) == there
    assert hide(there) == there


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        ({"accessToken": "pw"}, {"accessToken": "(hidden)"}),
        ({"aws_secret_access_key": "pw"}, {"aws_secret_access_key": "(hidden)"}),
        ({"Cookie": ["pw", {"v": "pw"}]}, {"Cookie": ["(hidden)", {"v": "(hidden)"}]}),
        ([["X-Api-Key", "pw"], ["a", "b"]], [["X-Api-Key", "(hidden)"], ["a", "b"]]),
        ("see https://ann:pw@host/a?b=c", "see https://ann:(hidden)@host/a?b=c"),
        ("https://host/?key=pw&a=b#c", "https://host/?key=(hidden)&a=b#c"),
        ({"apw, the longer one": 1}, {"(hidden)": 1}),
        ({"cache_key": "k", "tokens": 1}, {"cache_key": "k", "tokens": 1}),
    ],
)
async def test_keys_are_found_in_many_shapes(
    tmp_path: Path, request_: Any, shown: Any
) -> None:
    """Headers as lists and as pairs, addresses, names; and `secrets` of any kind."""
    secrets = (text for text in ("apw", "apw, the longer one"))
    tape = Tape[Any, str](tmp_path / "tape.jsonl", secrets=cast("Any", secrets))
    await read(tape.record(ScriptedModel([Answer("yes")])), request_)

    text = tape.path.read_text(encoding="utf-8")
    assert "pw" not in text
    assert json.loads(text)["request"] == shown
    await tape.play().whole(request_)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"secrets": None}, r"secrets are texts, such as \[key\], got None"),
        ({"secrets": [5]}, "secrets are texts, none of them empty, got 5"),
        ({"secrets": [""]}, "secrets are texts, none of them empty, got ''"),
        ({"load": 5}, "load must be a function that is not async, got 5"),
        ({"dump": read}, "dump must be a function that is not async, got <"),
    ],
)
def test_a_tape_is_made_of_what_it_says(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    """Before anything is recorded, which costs."""
    with pytest.raises(TypeError, match=said):
        Tape(tmp_path / "tape.jsonl", **wrong)
    with pytest.raises(TypeError, match="a model has a method `stream`, got <"):
        Tape[str, str](tmp_path / "tape.jsonl").record(cast("Any", read))
    with pytest.raises(IsADirectoryError, match="a Tape is a file, and "):
        Tape[str, str](tmp_path).record(ScriptedModel([]))


class Dumped:
    """As a model of pydantic: it has its own way to become JSON."""

    def model_dump(self, *, mode: str = "python") -> dict[str, object]:
        """Give its fields."""
        return {"mode": mode, "both": (1, Ask("x", api_key=""))}


@attrs.frozen
class Asks:
    """Several requests."""

    all: tuple[Ask | Dumped, ...]


def test_what_stands_in_objects_is_json_too() -> None:
    """Objects within objects, of attrs and of pydantic; tuples are lists."""
    ask = {"text": "x", "api_key": "", "max_tokens": 100}

    assert plain(Asks((Ask("x", api_key=""), Dumped()))) == {
        "all": [ask, {"mode": "json", "both": [1, ask]}]
    }


async def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    """With its line; and a tape is not written over."""
    path = tmp_path / "tape.jsonl"
    tape = Tape[Any, Any](path)
    with pytest.raises(FileNotFoundError):
        tape.play()
    with pytest.raises(TypeError, match="JSON has no object: say dump= to the Tape"):
        await read(tape.record(ScriptedModel([Answer("x")])), object())
    with pytest.raises(TypeError, match="secrets are texts"):
        Tape(path, secrets="secret")

    path.write_text('{"request": 1, "answer": [], "end": "WHOLE"}\n{"request": 1}\n')
    with pytest.raises(FileExistsError, match="play it, or delete it to record anew"):
        tape.record(ScriptedModel([]))
    with pytest.raises(ValueError, match=r"tape.jsonl, line 2: .*KeyError\('answer'\)"):
        tape.play()
    with pytest.raises(ValueError, match="pace must be at least 0 and finite, got nan"):
        tape.play(pace=math.nan)
    with pytest.raises(TypeError, match="pace must be a number, got None"):
        tape.play(pace=cast("Any", None))

    path.write_bytes(b"\xff\n")
    with pytest.raises(ValueError, match=r"tape.jsonl, line 1: .*UnicodeDecodeError"):
        tape.play()
