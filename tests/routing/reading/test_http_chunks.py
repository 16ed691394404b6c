"""Chunks as server-sent events: what arrives is what was emitted, or it is refused."""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pydantic
import pytest

from actors import Completed, Outcome, Turn
from supervision.http import TurnResponse

from .test_http import Client
from .test_readers import open_router


class Tone(enum.Enum):
    """An enum."""

    KIND = "kind"


class Said(pydantic.BaseModel):
    """A chunk of pydantic."""

    text: str
    tone: Tone = Tone.KIND


def data_in(part: str) -> str:
    """What a browser makes of the event: its lines, and it knows three ends of one."""
    part = part.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in part.split("\n") if line.startswith("data:")]
    return "\n".join(line.removeprefix("data: ") for line in lines)


async def heard(
    chunk: object, encode: Callable[[Any], Any] | None = None, **options: Any
) -> str:
    """The data of the first event of a turn that emits this."""

    async def speak(turn: Turn[Any, Any]) -> None:
        await turn.emit(chunk)

    async with open_router() as router:
        client = await Client(
            lambda _: TurnResponse(
                router.open_turn("k", speak), encode=encode, **options
            )
        ).ask()
    return data_in(client.parts[0])


@pytest.mark.parametrize(
    "text",
    [
        "\n",
        "a\n",
        "\n\n",
        "",
        " a ",
        "a\u2028b\x85c\x0b\x0c\x1c",
        "id: 5\n\nevent: end",
    ],
)
async def test_a_text_arrives_as_it_is(text: str) -> None:
    """Its last line end too, and what is one for Python only."""
    assert await heard(text, str) == text


async def test_half_an_emoji_does_not_break_the_stream() -> None:
    """As models cut them; JSON has a way to write it, UTF-8 has none."""
    assert await heard("a\ud83d", str) == "a?"
    assert await heard("a\ud83d") == '"a\\ud83d"'


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (Tone.KIND, '"kind"'),
        (Said(text="hi"), '{"text": "hi", "tone": "kind"}'),
        ([{"a": Said(text="hi")}], '[{"a": {"text": "hi", "tone": "kind"}}]'),
    ],
)
async def test_enums_and_models_are_written_as_json(chunk: object, said: str) -> None:
    """As objects of attrs and dataclasses are."""
    assert await heard(chunk) == said


def _nothing(chunk: object) -> None:
    del chunk


async def _late(chunk: object) -> str:
    raise AssertionError(chunk)


def of_late(chunk: object) -> object:
    """No async function, and yet it gives a coroutine."""
    return _late(chunk)


@pytest.mark.parametrize(
    ("chunk", "encode", "said"),
    [
        (math.nan, None, r"JSON has not what this has: .*TurnResponse\(encode=\)"),
        ({"a": [math.inf]}, None, "JSON has not what this has"),
        (Said, None, "JSON has no ModelMetaclass"),
        (
            "a",
            str.encode,
            "encode must make a str of each chunk, and has made b'a'",
        ),
        (
            "a",
            _nothing,
            "encode must make a str of each chunk, and has made None",
        ),
        ("a", of_late, "has made <coroutine"),
        ("a", _late, "its text, not async, got <function"),
        (
            "a",
            5,
            "encode must be a function from a chunk to its text, not async, got 5",
        ),
    ],
)
async def test_what_is_no_text_is_refused(chunk: Any, encode: Any, said: str) -> None:
    """A browser could not parse it, or would show Python's words for it."""
    with pytest.raises(TypeError, match=said):
        await heard(chunk, encode)


async def test_a_browser_is_told_a_finite_time() -> None:
    """It would wait for ever."""
    with pytest.raises(ValueError, match="retry must be a finite number of seconds"):
        await heard("a", retry=math.inf)


async def ended(
    end: Any, result: object = None, error: Exception | None = None
) -> dict[str, Any]:
    """The data of the last event of a turn that returns this, or raises it."""

    async def work(_: Turn[Any, Any]) -> object:
        if error is not None:
            raise error
        return result

    async with open_router() as router:
        client = await Client(
            lambda _: TurnResponse(router.open_turn("k", work), end=end)
        ).ask()
    name, _, data = client.events[-1]
    assert name == "end"
    return dict(data)


def result_of(outcome: Outcome) -> dict[str, object]:
    """What a page is to know of an outcome."""
    if isinstance(outcome, Completed):
        return {"result": outcome.result}
    return {"why": "sorry"}


def giving(said: dict[str, object]) -> Callable[[Outcome], dict[str, object]]:
    """Say this of every outcome."""
    return lambda _: said


async def test_the_last_event_says_of_the_outcome_what_it_is_told_to() -> None:
    """Enums and models as in chunks; of each outcome what the function makes of it."""
    said = await ended(result_of, [Said(text="hi"), Tone.KIND])
    result = [{"text": "hi", "tone": "kind"}, "kind"]
    assert said == {"outcome": "Completed", "turn": 1, "result": result}

    said = await ended(result_of, error=ValueError("secret"))
    assert said == {"outcome": "Failed", "turn": 1, "why": "sorry"}

    assert await ended(None, "secret") == {"outcome": "Completed", "turn": 1}
    assert "result" not in await ended(giving({}), "secret")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (str, "end must make a dict without outcome or turn of an outcome, and has"),
        (giving({"turn": 5}), "and has made {'turn': 5}"),
        (giving({"result": object()}), r"JSON has no object: .*TurnResponse\(end=\)"),
        (giving({"result": math.nan}), r"JSON has not what.*TurnResponse\(end=\)"),
        (of_late, "has made <coroutine"),
        (_late, "end must be a function from an outcome to a dict, not async, got"),
        (5, "end must be a function from an outcome to a dict, not async, got 5"),
    ],
)
async def test_what_the_last_event_cannot_say_is_refused(end: Any, said: str) -> None:
    """It breaks the stream before its end, which a test sees."""
    with pytest.raises(TypeError, match=said):
        await ended(end)


@pytest.mark.parametrize("turn", [None, "ann", Tone.KIND])
def test_what_is_no_turn_is_refused_before_it_is_sent(turn: Any) -> None:
    """It says what would be one."""
    with pytest.raises(TypeError, match=r"turn must be what open_turn\(\) or reopen"):
        TurnResponse[Any](turn)


def test_a_server_on_asyncio_is_told_what_to_take() -> None:
    """As uvicorn is: the words of Trio itself would not help."""

    @asynccontextmanager
    async def no_turn() -> AsyncGenerator[Any]:
        raise AssertionError
        yield

    response = TurnResponse[Any](no_turn())
    with pytest.raises(RuntimeError, match=r"a server on Trio.*AsyncRouter: superv"):
        asyncio.run(response({}, cast("Any", None), cast("Any", None)))
