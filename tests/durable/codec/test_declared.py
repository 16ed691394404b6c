"""What a session class says of its types is found, wherever it stands."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

import pytest

from actors import Session, Turn
from supervision.durable._codec.declared import Declared
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from tests.durable.codec.asking import Note, Said, same

# Any in this file: types are anything

T = TypeVar("T")
N = TypeVar("N", bound=int)
U = TypeVar("U")


class Quiet(Session[T, str, tuple[T, ...]]):
    """Generic in its prompts."""

    async def take_turn(self, turn: Turn[T, str, tuple[T, ...]]) -> None:
        """Do nothing."""


class Two(Session[str, str]):
    """Says nothing of its state."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Do nothing."""


class Bare(Session):  # type: ignore[type-arg]
    """Says nothing."""

    async def take_turn(self, turn: Turn[Any, Any]) -> None:
        """Do nothing."""


class Plain(Quiet[Said]):
    """Says it of its base."""


class Below(Plain):
    """Says nothing of its own."""


class Middle(Quiet[U], Generic[U, T]):
    """Has a variable more."""


class Both(Middle[Note, int]):
    """Says both."""


class Bound(Quiet[N]):
    """Nobody knows which int."""


class Mixed(Generic[T]):
    """No session."""


class Beside(Mixed[int], Quiet[Note]):
    """With another generic base."""


class ByText(Session["Said", "str", "list[Note]"]):
    """In quotes."""

    async def take_turn(self, turn: Turn[Said, str, list[Note]]) -> None:
        """Do nothing."""


class Lost(Session["Nowhere", str]):  # type: ignore[name-defined]
    """In quotes, and nobody knows it."""

    async def take_turn(self, turn: Turn[Any, str]) -> None:
        """Do nothing."""


class Made(Two):
    """Its state is what `new_state` returns."""

    def new_state(self) -> list[Said]:
        """Make one."""
        return []


class Kept(Two):
    """Its state is like the first one."""

    initial_state: ClassVar[tuple[Said, ...]] = ()


class KeptBelow(Kept):
    """As its base."""


class Unsaid(Two):
    """Has one, of which nothing is said."""

    initial_state = ()

    def new_state(self):  # type: ignore[no-untyped-def] # noqa: ANN201
        """Make one."""


class Later(Session[str, str, int]):
    """Its state begins with None."""

    async def take_turn(self, turn: Turn[str, str, int]) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("session", "prompt", "chunk", "state"),
    [
        (Quiet, Any, str, Any),
        (Two, str, str, Any),
        (Bare, Any, Any, Any),
        (Plain, Said, str, tuple[Said, ...] | None),
        (Below, Said, str, tuple[Said, ...] | None),
        (Both, Note, str, tuple[Note, ...] | None),
        (Bound, Any, str, Any),
        (Beside, Note, str, tuple[Note, ...] | None),
        (ByText, Said, str, list[Note] | None),
        (Lost, Any, str, Any),
        (Made, str, str, list[Said]),
        (Kept, str, str, tuple[Said, ...]),
        (KeptBelow, str, str, tuple[Said, ...]),
        (Unsaid, str, str, Any),
        (Later, str, str, int | None),
    ],
)
def test_the_types_of_a_session_are_found(
    session: type[Any], prompt: Any, chunk: Any, state: Any
) -> None:
    """What is left open is Any."""
    found = Declared(session)

    assert (found.prompt, found.chunk, found.state) == (prompt, chunk, state)


def test_each_place_has_its_type() -> None:
    """The prompt's is not the state's."""
    values = Values(Plain)

    for where, value in (
        (Where.PROMPT, Said("a", "b")),
        (Where.CHUNK, "x"),
        (Where.STATE, (Said("a", "b"),)),
        (Where.STATE, None),
        (Where.ORIGIN, {"from": ("a", 1)}),
        (Where.TOKEN, {"id": [1, None]}),
    ):
        assert same(values.decode(values.encode(value, where), where), value)
        with pytest.raises(TypeError, match=where.value):
            values.encode(object(), where)


def test_a_type_that_is_given_for_the_state_goes_first() -> None:
    """`state=` of a store."""
    values = Values(Plain, state=tuple[Note, ...])

    assert values.encode((Note("x"),), Where.STATE)[:1] == b"T"
    with pytest.raises(TypeError, match="Said is no Note"):
        values.encode((Said("a", "b"),), Where.STATE)


@pytest.mark.parametrize("token", [(1,), {1: 2}, float("nan"), object()])
def test_a_token_is_a_json_value(token: Any) -> None:
    """As in memory and in a file."""
    with pytest.raises(TypeError, match="a token must be a JSON value"):
        Values(Two).encode(token, Where.TOKEN)
