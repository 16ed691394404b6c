"""`ScriptedModel`: what it says, writes down, and complains of."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest
import trio

from actors import Aborted, Failed, Session, Turn, open_system
from actors.testing import (
    Answer,
    CallEnd,
    Hold,
    Model,
    ScriptedModel,
    ScriptError,
    TurnLog,
    Wait,
    seeds,
    words,
)
from supervision import start_router

SOMETHING: Any = "well"
NOTHING: Any = None
ALONE: Any = Answer[str]("a")
SOON: Any = TimeoutError()


async def is_it(request: object) -> bool:
    """Tell whether it fits, but too late."""
    raise AssertionError(request)


class Chat(Session[str, str]):
    """Says what its model says."""

    def __init__(self, model: Model[str, str]) -> None:
        self.model = model

    async def take_turn(self, turn: Turn[str, str]) -> str:
        said = ""
        async with self.model.stream(turn.prompt) as pieces:
            async for piece in pieces:
                await turn.emit(piece)
                said += piece
        return said


def scripted(*answers: Answer[str], in_order: bool = True) -> ScriptedModel[str, str]:
    """A model of texts."""
    return ScriptedModel(answers, in_order=in_order)


@seeds(1)
async def test_it_says_its_pieces_in_their_order_on_the_clock_of_trio() -> None:
    """Pieces are whatever the script has; what is between them takes its time."""
    model = ScriptedModel[str, object]([Answer("well", Wait(60), ("tool", 1), None)])

    async with model.stream("hello") as pieces:
        came = [(trio.current_time(), piece) async for piece in pieces]

    assert came == [(0, "well"), (60, ("tool", 1)), (60, None)]
    assert model.calls[0].pieces == ("well", ("tool", 1), None)
    assert model.calls[0].end is CallEnd.WHOLE
    model.check()


async def test_an_exception_of_the_script_is_raised_in_its_place() -> None:
    """The very same one, and the check does not mind: it was meant."""
    gone = OSError("gone")
    model = scripted(Answer("well", gone))

    async with model.stream("hello") as pieces:
        assert await anext(pieces) == "well"
        with pytest.raises(OSError, match="gone") as raised:
            await anext(pieces)

    assert raised.value is gone
    assert (model.calls[0].end, model.calls[0].error) == (CallEnd.FAILED, gone)
    model.check()


async def test_a_request_is_written_down_as_it_was() -> None:
    """Not as its list of messages has become since."""
    model = ScriptedModel[list[dict[str, str]], str](
        lambda request: Answer(f"{len(request)}")
    )
    messages = [{"content": "one"}]

    assert await model.whole(messages) == ("1",)
    messages[0]["content"] = "won"
    messages.append({"content": "two"})
    assert await model.whole(messages) == ("2",)

    assert model.requests == (
        [{"content": "one"}],
        [{"content": "won"}, {"content": "two"}],
    )
    with pytest.raises(TypeError, match="a request is data that can be copied"):
        await ScriptedModel[Any, str]([]).whole(threading.Lock())


OVER = "call 1: no answer for 'hello': the script is over"
OTHER = """call 1: no answer for 'hello': what comes next is Answer('x', to='bye')
never asked for: Answer('x', to='bye')
never asked for: Answer('y')"""


@pytest.mark.parametrize(
    ("answers", "said"), [((), OVER), ((Answer("x", to="bye"), Answer("y")), OTHER)]
)
async def test_an_unexpected_request_fails_its_caller_and_the_check(
    answers: tuple[Answer[str], ...], said: str
) -> None:
    """In a session the first is only a `Failed`."""
    model = scripted(*answers)
    async with open_system() as system:
        router = start_router(system, Chat, model)
        outcome = await router.send("ann", "hello").outcome()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, ScriptError)
    with pytest.raises(ScriptError, match=f"^{re.escape(said)}$"):
        model.check()


async def test_what_was_never_asked_for_fails_the_check() -> None:
    """The script is to be used up."""
    model = scripted(Answer("one"), Answer("two", OSError("gone")))
    await model.whole("hello")

    with pytest.raises(ScriptError) as raised:
        model.check()
    assert str(raised.value) == "never asked for: Answer('two', OSError('gone'))"


async def test_an_answer_that_nobody_ended_fails_the_check() -> None:
    """With a real model its connection would stay open."""
    model = scripted(Answer("one", "two"), Answer("three"))
    stream = model.stream("hello")
    pieces = await stream.__aenter__()  # never left
    async for _ in pieces:
        break
    model.stream("hello")  # asked, and never looked at

    with pytest.raises(ScriptError, match="neither read to its end nor left") as raised:
        model.check()
    assert str(raised.value).count("\n") == 1


async def test_answers_go_to_the_requests_that_they_are_for() -> None:
    """`in_order=False`: whoever comes first, with a value or a function."""
    model = scripted(
        Answer("for ann", to="ann"),
        Answer("for the first other"),
        Answer("for bob", to=lambda request: request.startswith("b")),
        in_order=False,
    )

    assert [await model.whole(each) for each in ("bob", "ann")] == [
        ("for the first other",),
        ("for ann",),
    ]
    with pytest.raises(ScriptError, match=r"'cat': what is left is \[Answer\('for bob"):
        await model.whole("cat")
    assert await model.whole("bob") == ("for bob",)


async def test_a_function_that_fails_fails_the_check() -> None:
    """It may assert something of the request."""

    def answer(request: str) -> Answer[str]:
        if request != "hello":
            raise LookupError(request)
        return Answer("well")

    model = ScriptedModel(answer)
    assert await model.whole("hello") == ("well",)
    with pytest.raises(LookupError, match="bye"):
        await model.whole("bye")

    with pytest.raises(ScriptError, match=r"^call 2: LookupError\('bye"):
        model.check()


@seeds(20)
async def test_a_session_is_stopped_while_its_model_is_held() -> None:
    """The test acts when the model is there, not some time later."""
    hold = Hold("after one word")
    model = scripted(Answer("well", hold, "yes"), Answer("again"))
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Chat, model)
        receipt = router.send("ann", "hello")
        await hold.reached()
        router.cancel("ann")

        assert isinstance(await receipt.outcome(), Aborted)
        assert str(await router.send("ann", "and?").outcome()).endswith("'again')")
    log.check()
    model.check()
    ends = [call.end for call in model.calls]
    assert ends == [CallEnd.CANCELLED, CallEnd.WHOLE]
    assert model.calls[0].pieces == ("well",)


@seeds(1)
async def test_a_held_model_goes_on_when_it_is_released() -> None:
    """Before or after it has come there."""
    hold, early = Hold(), Hold("early")
    early.release()
    model = scripted(Answer(early, "one", hold, "two"))

    async with model.stream("hello") as pieces:
        assert await anext(pieces) == "one"
        with pytest.raises(ScriptError, match="no answer has come to <Hold 'hold'>"):
            await hold.reached(within=5)
        with trio.move_on_after(10) as scope:
            await anext(pieces)
        assert scope.cancelled_caught
        ends = [call.end for call in model.calls]
        await hold.reached()
        hold.release()
        assert await anext(pieces) == "two"
        with pytest.raises(StopAsyncIteration):
            await anext(pieces)
    ends += [call.end for call in model.calls]
    assert ends == [CallEnd.CANCELLED, CallEnd.WHOLE]


@seeds(1)
async def test_a_call_can_be_expected() -> None:
    """One after the other, each once."""
    model = scripted(Answer("one"), Answer("two"))

    async def ask() -> None:
        await trio.sleep(5)
        await model.whole("hello")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        with pytest.raises(ScriptError, match="nobody has called the model"):
            await model.expect_call()
        assert (await model.expect_call(within=5)).request == "hello"
        nursery.start_soon(ask)
        assert (await model.expect_call(within=6)).number == 2


async def test_an_answer_is_read_in_its_block_and_by_one_at_a_time() -> None:
    """As that of a real model: a double that takes more would hide the mistake."""
    hold = Hold()
    model = scripted(Answer("one"), Answer("one", hold, "two"))
    with pytest.raises(TypeError, match="read in its block: `async with model"):
        await anext(aiter(cast("AsyncIterator[str]", model.stream("hello"))))

    async with model.stream("hello") as pieces, trio.open_nursery() as nursery:
        assert await anext(pieces) == "one"
        nursery.start_soon(anext, pieces)
        await hold.reached()
        with pytest.raises(trio.BusyResourceError, match="another task reads"):
            await anext(pieces)
        hold.release()
    assert model.calls[1].pieces == ("one", "two")


@pytest.mark.parametrize("within", [None, "1", -1, float("nan")])
async def test_a_wait_is_for_seconds(within: Any) -> None:
    """Anything else is refused by name."""
    with pytest.raises((TypeError, ValueError), match="within must be "):
        await Hold().reached(within=within)
    with pytest.raises((TypeError, ValueError), match="within must be "):
        await scripted().expect_call(within=within)


async def test_a_function_of_a_script_is_not_async() -> None:
    """It says so, and no coroutine is left behind."""

    async def answer(request: str) -> Answer[str]:
        raise AssertionError(request)

    model = ScriptedModel[str, str](cast("Any", answer))
    with pytest.raises(TypeError, match="a script, which is not async, has Answers"):
        await model.whole("hello")


async def test_an_answer_ends_with_its_block() -> None:
    """Read to its end or not, and cancelled between two pieces."""
    model = scripted(Answer("one", "two"), Answer("three", "four"))
    async with model.stream("hello") as pieces:
        assert await anext(pieces) == "one"
    with trio.CancelScope() as scope:
        async with model.stream("hello") as others:
            assert await anext(others) == "three"
            scope.cancel()
            await trio.lowlevel.checkpoint()

    with pytest.raises(trio.ClosedResourceError):
        await anext(pieces)
    assert [call.end for call in model.calls] == [CallEnd.LEFT, CallEnd.CANCELLED]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Wait(-1), "seconds must be at least 0 seconds, got -1"),
        (lambda: Wait(float("nan")), "seconds must be at least 0 seconds, got nan"),
        (lambda: Wait(float("inf")), "seconds must be finite, got inf: use a Hold"),
        (lambda: Wait("1"), "seconds must be a number of seconds, got '1'"),  # type: ignore[arg-type]
        (lambda: Answer(OSError), "raises an exception, not a class: OSError()"),
        (lambda: Answer(KeyboardInterrupt()), "is an error, got KeyboardInterrupt()"),
        (lambda: Answer(StopAsyncIteration()), "is an error, got StopAsyncIter"),
        (lambda: Answer(StopIteration()), "is an error, got StopIteration()"),
        (lambda: Answer("a", Wait), "a step of an Answer is Wait(seconds), got the"),
        (lambda: Answer("a", Hold), "a step of an Answer is Hold(), got the class"),
        (lambda: Answer(Answer("a")), "no step of another: got Answer('a')"),
        (lambda: Answer("a", to=is_it), "says at once whether it fits, got async <"),
        (lambda: Answer(OSError(), "more"), "nothing comes after OSError()"),
        (lambda: Answer(SOON, "more", SOON), "nothing comes after TimeoutError()"),
        (
            lambda: ScriptedModel[str, str]([SOMETHING]),
            "a script has Answers, got 'well'",
        ),
        (lambda: ScriptedModel(SOMETHING), "a list of Answers, one for each call, or"),
        (
            lambda: ScriptedModel[str, str](NOTHING),
            "makes the Answer to a request, got None",
        ),
        (lambda: ScriptedModel(ALONE), "to a request, got Answer('a')"),
    ],
)
def test_what_makes_no_script_is_refused(
    wrong: Callable[[], object], said: str
) -> None:
    """At the call, by name."""
    with pytest.raises((TypeError, ValueError), match=re.escape(said)):
        wrong()


@pytest.mark.parametrize("text", ["", "hello", " well,  then\n\nyes ", "   "])
def test_words_are_the_text_again(text: str) -> None:
    """Cut as models cut it."""
    assert "".join(words(text)) == text
    assert words("how are you?") == ("how", " are", " you?")
