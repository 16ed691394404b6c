"""`ScriptedModel`: plays a script, writes down what it is asked, and complains."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

import trio

from actors.hosting import seconds

from .calls import CallEnd, ModelCall, Stream
from .words import Answer, ScriptError

Q = TypeVar("Q")
P = TypeVar("P")


class ScriptedModel(Generic[Q, P]):
    """A `Model` that says what the test has it say.

    A request that the script has no answer for is a `ScriptError` where the model is
    called.  In a session that makes the turn `Failed`, which a test may not look at: so
    it is kept, and `check` raises it.  Call that at the end of the test.

    Args:
        script: the answers, each for one call; or a function that is given each request
            and makes its answer.
        in_order: the answers are for the calls in their order; one that is not for its
            request (`Answer(to=)`) is a `ScriptError`.  False: each request gets the
            first answer for it that is left, for models that many sessions call.

    Raises:
        TypeError: `script` is no list of Answers and no function, or something in it is
            no `Answer`.

    Example:
        >>> model = ScriptedModel[str, str]([Answer("well", Wait(60), "yes")])
        >>> router = start_router(system, Chat, model)
        ...
        >>> assert model.requests == ("are you there?",)
        >>> model.check()
    """

    def __init__(
        self,
        script: Iterable[Answer[P]] | Callable[[Q], Answer[P]],
        *,
        in_order: bool = True,
    ) -> None:
        self._make: Callable[[Q], Answer[P]] | None = None
        self._left: list[Answer[P]] = []
        given: object = script
        if callable(script):
            self._make = script
        elif isinstance(given, Answer | str | bytes) or not isinstance(given, Iterable):
            msg = "a script is a list of Answers, one for each call, or a function that"
            msg = f"{msg} makes the Answer to a request, got {given!r:.300}"
            raise TypeError(msg)
        else:
            self._left = [_answer(each, "a script") for each in script]
        self._in_order = in_order
        self._calls: list[ModelCall[Q, P]] = []
        self._seen = 0  # how many of them `expect_call` has given
        self._came = trio.Event()  # a new one for each call
        self._faults: list[str] = []

    def __repr__(self) -> str:
        left = "" if self._make is not None else f", {len(self._left)} answers left"
        return f"<ScriptedModel: {len(self._calls)} calls{left}>"

    @property
    def calls(self) -> tuple[ModelCall[Q, P], ...]:
        """All calls so far, the oldest first; also those that the script has not."""
        return tuple(self._calls)

    @property
    def requests(self) -> tuple[Q, ...]:
        """What was asked, the oldest first: copies, as they were at their call."""
        return tuple(call.request for call in self._calls)

    def stream(self, request: Q, /) -> AbstractAsyncContextManager[AsyncIterator[P]]:
        """Answer: `async with model.stream(request) as pieces`.  Not a checkpoint.

        Raises:
            ScriptError: the script has no answer for it (any more).
            TypeError: the request cannot be copied.
        """
        call: ModelCall[Any, P] = ModelCall(len(self._calls) + 1, request)
        self._calls.append(call)
        self._came.set()
        self._came = trio.Event()
        return Stream(call, self._take(call))

    async def whole(self, request: Q, /) -> tuple[P, ...]:
        """Answer at once: all pieces, when the last is there.

        Raises:
            ScriptError: as `stream`.
            Exception: what the script raises.
        """
        async with self.stream(request) as pieces:
            return tuple([piece async for piece in pieces])

    async def expect_call(self, *, within: float = 1.0) -> ModelCall[Q, P]:
        """Expect a call next: the oldest that was not given here; it may be answered.

        Args:
            within: seconds to wait for it, default 1.

        Raises:
            ScriptError: none came.
            TypeError, ValueError: `within` is not a number of at least 0.
        """
        seconds("within", within, zero=True)
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(within):
            while len(self._calls) == self._seen:
                await self._came.wait()
        if len(self._calls) == self._seen:
            msg = (
                f"nobody has called the model within {within} seconds; all calls "
                f"before: {self._calls!r:.500}"
            )
            raise ScriptError(msg)
        self._seen += 1
        return self._calls[self._seen - 1]

    def check(self) -> None:
        """Complain of all that went otherwise than the script has it.

        Call it when nobody reads any more.

        Raises:
            ScriptError: requests without an answer, answers without a request, answers
                that were neither read to their end nor left with their block (with a
                real model such a connection stays open).
        """
        problems = list(self._faults)
        problems += [
            f"call {call.number}: {call.error}"
            for call in self._calls
            if isinstance(call.error, ScriptError)
        ]
        problems += [f"never asked for: {answer!r}" for answer in self._left]
        problems += [
            f"neither read to its end nor left: {call!r}"
            for call in self._calls
            if call.end is None
        ]
        if problems:
            raise ScriptError("\n".join(problems))

    def _take(self, call: ModelCall[Any, P]) -> Answer[P]:
        try:
            if self._make is not None:
                made: object = self._make(call.request)
                return _answer(made, "the function of a script")
            return self._find(call.request)
        except Exception as error:
            call.end = CallEnd.FAILED
            self._faults.append(f"call {call.number}: {_said(error)}")
            raise

    def _find(self, request: object) -> Answer[P]:
        for answer in self._left[:1] if self._in_order else self._left:
            if answer.fits(request):
                self._left.remove(answer)
                return answer
        if not self._left:
            why = "the script is over"
        elif self._in_order:
            why = f"what comes next is {self._left[0]!r}"
        else:
            why = f"what is left is {self._left!r:.1000}"
        msg = f"no answer for {request!r:.1000}: {why}"
        raise ScriptError(msg)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ScriptError) else repr(error)


def _answer(given: Any, whose: str) -> Answer[Any]:
    if not isinstance(given, Answer):
        if isinstance(given, Coroutine):
            given.close()
            whose = f"{whose}, which is not async,"
        msg = f"{whose} has Answers, got {given!r}"
        raise TypeError(msg)
    return given  # pyright: ignore[reportUnknownVariableType]
