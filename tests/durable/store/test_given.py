"""What a store is given: it is looked at there, and not when a router takes it."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.durable import MemoryStore, SqliteStore

KEY = b"a secret"


async def later(state: object) -> object:
    """Too late: a state is made at once."""
    raise AssertionError(state)


class Later:
    """A seal whose functions are async."""

    seal = open = staticmethod(later)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a number": ({"policy": 7}, "policy must be a StorePolicy, got 7"),
    "a class": ({"types": int}, "types must be a list of classes, got <class 'int'>"),
    "no class of one's own": ({"types": [int]}, "types= takes .*, got <class 'int'>"),
    "no class": ({"types": ["Said"]}, "types= takes attrs classes, .*, got 'Said'"),
    "no list": ({"types": 7}, "types must be a list of classes, got 7"),
    "a function": ({"upcasters": len}, "upcasters must be {version: function}"),
    "a text": ({"upcasters": {"1": len}}, "the versions int, .* got {'1': "),
    "no function": ({"entry_upcasters": {1: 2}}, "entry_upcasters must be {version"),
    "an async one": ({"upcasters": {1: later}}, "no function async"),
    "an async seal": ({"seal": Later()}, "neither of them async"),
    "bytes": ({"seal": KEY}, r"seal must be an object with seal\(\) and open\(\)"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused(what: str) -> None:
    """By name, by both stores alike."""
    given, words = WRONG[what]
    with pytest.raises(TypeError, match=words) as memory:
        MemoryStore(**given)
    with pytest.raises(TypeError, match=words) as sqlite:
        SqliteStore("chat.db", **given)
    assert str(memory.value) == str(sqlite.value)
    assert "secret" not in str(memory.value)


def test_a_store_in_a_file_is_in_a_file() -> None:
    """Elsewhere that is the name of one that is not."""
    with pytest.raises(ValueError, match="take a MemoryStore"):
        SqliteStore(":memory:")
