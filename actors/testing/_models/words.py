"""What a script is made of, and what it stands in for."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs
import trio

from actors.hosting import Whole, seconds, valid_seconds_or_0

P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)
Q_contra = TypeVar("Q_contra", contravariant=True)

_ENDS: Final = (StopIteration, StopAsyncIteration)  # where they are raised, no errors


class Model(Protocol[Q_contra, P_co]):
    """What your code calls: it takes requests Q and answers with pieces P.

    Write one class with this method around the library of your vendor, and give that
    to your sessions; in tests give them a `ScriptedModel`.  Nothing has to be
    inherited.  Requests and pieces are values of your own: a text, a tool call, the
    tokens that it took.
    """

    def stream(
        self, request: Q_contra, /
    ) -> AbstractAsyncContextManager[AsyncIterator[P_co]]:
        """Ask: `async with model.stream(request) as pieces: async for piece in pieces`.

        Leaving the block ends the answer, read to its end or not.
        """
        ...


class ScriptError(Whole, AssertionError):
    """A model was asked something that its script does not have, or not asked at all.

    The act of the test, or of what it tests: `problem` says what was asked and what
    would have been there.  Mend the one that is wrong.

    Args:
        problem: what is wrong, and what the script has.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        """What is wrong, and what the script has."""


def _finite(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    del instance
    if value == math.inf:
        msg = f"{attribute.name} must be finite, got inf: use a Hold"
        raise ValueError(msg)


@attrs.frozen
class Wait:
    """A step of a script: the model says nothing for so many seconds.

    On Trio's clock: under a virtual one it takes no time.

    Raises:
        TypeError, ValueError: not a number of at least 0.
    """

    seconds: float = attrs.field(validator=[valid_seconds_or_0, _finite])


class Hold:
    """A step of a script: the model says nothing until the test releases it.

    For one place of one script.  Released before anybody is there it holds nobody.

    Args:
        name: what it is called where something is wrong.

    Example:
        >>> hold = Hold("after one word")
        >>> model = ScriptedModel([Answer("well", hold, "yes")])
        ...
        >>> await hold.reached()
        >>> router.cancel("ann")
    """

    def __init__(self, name: str = "hold") -> None:
        self.name = name
        """What it is called."""
        self._reached = trio.Event()
        self._released = trio.Event()

    def __repr__(self) -> str:
        return f"<Hold {self.name!r}>"

    async def reached(self, *, within: float = 1.0) -> None:
        """Wait until the model is there; at once if it was.

        Args:
            within: seconds to wait for it, default 1.

        Raises:
            ScriptError: nobody came.
            TypeError, ValueError: `within` is not a number of at least 0.
        """
        seconds("within", within, zero=True)
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(within):
            await self._reached.wait()
        if not self._reached.is_set():
            msg = f"no answer has come to {self!r} within {within} seconds"
            raise ScriptError(msg)

    def release(self) -> None:
        """Let the model go on; idempotent.  Not a checkpoint."""
        self._released.set()

    async def _pass(self) -> None:
        self._reached.set()
        await self._released.wait()


class Answer(Generic[P]):
    """One answer of a script: its pieces in their order, and what is between them.

    Args:
        steps: pieces, which are given as they are; a `Wait`; a `Hold`; an exception,
            which is raised there and ends the answer.
        to: which request it is for: a value, compared by `==`, or a function that is
            given the request and says whether it is.  None: any.

    Raises:
        TypeError: an exception that is no `Exception`, or that would only end the
            reading (`StopAsyncIteration`); an exception that is not the last step; a
            class of exceptions, `Wait`, `Hold` or another `Answer` as a step; a `to`
            that is an async function.

    Example:
        >>> Answer("well", Wait(60), "yes", to="are you there?")
        >>> Answer(*words("there is more to it"), OSError("gone"))
    """

    def __init__(
        self,
        *steps: P | Wait | Hold | Exception,
        to: Callable[[Any], bool] | object = None,
    ) -> None:
        for place, step in enumerate(steps, 1):
            _look_at(step, last=place == len(steps))
        if inspect.iscoroutinefunction(to):
            msg = f"the to= of an Answer says at once whether it fits, got async {to!r}"
            raise TypeError(msg)
        self.steps: tuple[P | Wait | Hold | Exception, ...] = steps
        """What it consists of."""
        self.to: Callable[[Any], bool] | object = to
        """Which request it is for; None: any."""

    def __repr__(self) -> str:
        steps = ", ".join(map(repr, self.steps))
        meant = "" if self.to is None else f", to={self.to!r:.300}"
        return f"Answer({steps:.300}{meant})"

    def fits(self, request: object) -> bool:
        """Tell whether it is for this request."""
        if self.to is None:
            return True
        if callable(self.to):
            return bool(self.to(request))
        return bool(self.to == request)


def _look_at(step: object, *, last: bool) -> None:
    if isinstance(step, type) and issubclass(step, BaseException):
        msg = f"an Answer raises an exception, not a class: {step.__name__}()"
        raise TypeError(msg)
    if step is Wait or step is Hold:
        made = "Wait(seconds)" if step is Wait else "Hold()"
        msg = f"a step of an Answer is {made}, got the class"
        raise TypeError(msg)
    if isinstance(step, Answer):
        msg = f"an Answer is for one call, and no step of another: got {step!r}"
        raise TypeError(msg)
    if not isinstance(step, BaseException):
        return
    if not isinstance(step, Exception) or isinstance(step, _ENDS):
        msg = f"an Answer raises an Exception that is an error, got {step!r}"
        raise TypeError(msg)
    if not last:
        msg = f"an exception ends an Answer: nothing comes after {step!r}"
        raise TypeError(msg)


def words(text: str) -> tuple[str, ...]:
    """Split a text into pieces as models do: a word each, with the space before it.

    Joined they are the text again.
    """
    return tuple(re.findall(r"\s*\S+|\s+$", text))
