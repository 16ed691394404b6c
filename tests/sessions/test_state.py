"""The state of a conversation: no two keys share anything."""

from __future__ import annotations

import collections
import dataclasses
import enum
import re
import typing
from typing import Any, ClassVar

import attrs
import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Failed,
    Lost,
    Outcome,
    Session,
    SessionStartError,
    TimedOut,
    Turn,
    Withdrawn,
    open_system,
)
from supervision import start_router

T = typing.TypeVar("T")


@attrs.define
class Open:
    """Its fields can be set, and it is compared by them."""

    words: int = 0


@attrs.define(eq=False)
class OpenByIdentity:
    """Its fields can be set."""

    words: int = 0


@attrs.frozen(eq=False)
class FrozenByIdentity:
    """Its fields cannot be set."""


@dataclasses.dataclass
class OpenData:
    """Its fields can be set."""


@dataclasses.dataclass(frozen=True)
class FrozenData:
    """Its fields cannot be set."""

    words: tuple[str, ...] = ()


@attrs.frozen
class Frozen:
    """Its fields cannot be set."""


@attrs.frozen(eq=False)
class Box:
    """Its field cannot be set; what it holds is another matter."""

    held: object = None


@dataclasses.dataclass(frozen=True, eq=False)
class DataBox:
    """Its field cannot be set either."""

    held: object = None


@attrs.frozen
class Cached:
    """What is not compared is no part of it."""

    held: object = None
    cache: dict[str, int] = attrs.field(factory=dict[str, int], eq=False)


class Plain:
    """An object."""


class Color(enum.Enum):
    """Some."""

    RED = 1


SHARED: list[Any] = [
    [],
    {},
    set[int](),
    bytearray(),
    collections.deque[int](),
    collections.Counter[str](),
    ([],),
    Frozen.__new__,
    Open(),
    OpenByIdentity(),
    OpenData(),
    Plain(),
    FrozenData([]),  # type: ignore[arg-type]
    Box([]),
    Box(Plain()),
    DataBox({}),
    (1, Box(frozenset({DataBox(bytearray())}))),
    Cached(Box([])),
    list,
    list,
]
VALUES: list[Any] = [
    None,
    0,
    1.5,
    "",
    b"",
    (),
    (1, ("a",)),
    frozenset({1}),
    True,
    Color.RED,
    Frozen(),
    FrozenByIdentity(),
    FrozenData(),
    Box(),
    Box((Color.RED, "a", Box(len), list)),
    DataBox(Box(object())),
    Cached((1, Frozen())),
    object(),
    ...,
]


def named(value: Any) -> str:
    """Its repr, the same in every process: without where it lies."""
    return re.sub(r" at 0x\w+", "", repr(value))


@pytest.mark.parametrize("state", SHARED, ids=named)
def test_what_can_be_changed_is_refused_where_it_is_written(state: Any) -> None:
    """With an error that names the class and says what to write."""
    with pytest.raises(TypeError, match=r"Chat\.initial_state = .*def new_state"):

        class Chat(Session[str, str]):  # pyright: ignore[reportUnusedClass]
            initial_state: ClassVar[Any] = state


@pytest.mark.parametrize("state", VALUES, ids=named)
def test_a_value_is_taken(state: Any) -> None:
    """What nobody can change may be the same for all."""

    class Chat(Session[str, str]):
        initial_state: ClassVar[Any] = state

    assert Chat.initial_state is state


class Notes(Session[str, str, list[str]]):
    """Keeps a list, which it changes in place."""

    def new_state(self) -> list[str]:
        return ["begin"]

    async def take_turn(self, turn: Turn[str, str]) -> list[str]:
        await trio.lowlevel.checkpoint()
        self.state.append(turn.prompt)
        return self.state


def test_turns_say_the_type_of_the_state_too() -> None:
    """Or leave it out, also where Python looks at annotations."""

    class Noting(Session[str, int, list[str]]):
        async def take_turn(self, turn: Turn[str, int, list[str]]) -> None:
            """Never called."""

    given: Any = Turn[str, int]
    assert given.__args__ == (str, int, Any)
    given = Turn[str, int, list[str]]
    assert given.__args__ == (str, int, list[str])
    hints = typing.get_type_hints(Noting.take_turn)
    assert hints["turn"] == given
    wrong: Any = Turn
    with pytest.raises(TypeError, match="Too few"):
        wrong[str]


async def test_two_keys_share_nothing() -> None:
    """Each has a state of its own; it lasts from turn to turn, and ends with reset."""
    async with open_system() as system:
        router = start_router(system, Notes)
        results: list[Any] = []
        for key in ("alice", "bob", "alice"):
            outcome = await router.send(key, f"of {key}").outcome()
            assert isinstance(outcome, Completed)
            results.append(outcome.result)

        alice, bob, again = results
        assert alice is again
        assert alice == ["begin", "of alice", "of alice"]
        assert bob == ["begin", "of bob"]

        router.reset("alice")
        outcome = await router.send("alice", "anew").outcome()
        assert isinstance(outcome, Completed)
        assert outcome.result == ["begin", "anew"]


async def test_a_new_state_that_fails_is_a_failed_start() -> None:
    """The prompt fails with the cause; the next one tries again."""

    class Chat(Session[str, str]):
        broken: ClassVar[list[Exception]] = [ValueError("no state")]

        def new_state(self) -> object:
            if self.broken:
                raise self.broken.pop()
            return "fine"

        async def take_turn(self, turn: Turn[str, str]) -> object:
            await trio.lowlevel.checkpoint()
            return turn.state

    async with open_system() as system:
        router = start_router(system, Chat)
        failed = await router.send("a", "x").outcome()
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, SessionStartError)
        assert isinstance(failed.error.__cause__, ValueError)
        outcome = await router.send("a", "x").outcome()
        assert isinstance(outcome, Completed)
        assert outcome.result == "fine"


def test_new_state_is_a_plain_function() -> None:
    """Nothing can be awaited there."""
    with pytest.raises(TypeError, match="new_state must be a plain"):

        class Chat(Session[str, str]):  # pyright: ignore[reportUnusedClass]
            async def new_state(self) -> object:
                """Be wrong."""


def test_the_type_of_the_state_may_be_left_out() -> None:
    """Two types in brackets or three; also where a class of ours is generic itself."""
    assert Session[str, int] == Session[str, int, Any]
    assert Session[str, int, bytes] != Session[str, int]
    with pytest.raises(TypeError):
        _: Any = Session[str]  # type: ignore[misc]


def test_a_session_that_is_generic_in_one_type_has_that_type() -> None:
    """Not a list with it."""

    class Chat(Session[T, str]):
        async def take_turn(self, turn: Turn[T, str]) -> None:
            """Do nothing."""

    assert typing.get_args(Chat[int]) == (int,)


@pytest.mark.parametrize("kind", [Aborted, Completed, Lost, TimedOut, Withdrawn])
def test_outcomes_are_values(kind: type[Outcome]) -> None:
    """Hashable, whatever has been noted: notes do not count for that."""
    one, other = kind(notes={"a": []}), kind(notes={"b": 1})
    assert one != other
    assert len({one, other, kind(notes={"a": []})}) == 2
