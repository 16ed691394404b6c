"""What an operator asks of a store: which keys it has, and which are held."""

from __future__ import annotations

from supervision.durable._words.opened import Engine
from supervision.durable._words.records import (
    Begin,
    Bind,
    Bring,
    Brought,
    Find,
    Forget,
    Forgotten,
    Found,
    Hold,
    Holding,
    Keys,
    Prune,
    Pruned,
    Refused,
    Waiting,
)
from tests.durable.store.bench import accept, complete, kind, opened, store

__all__ = ["kind", "store"]  # fixtures


async def test_a_key_is_held_until_it_is_not(store: Engine) -> None:
    """All who count say how many there are; one that nothing is kept of is not one."""
    async with opened(store) as bench:
        await bench.carry(Bind("a", b"t"), Bind("b", b"t"), accept(1, "c"))
        assert (await bench.ask(Hold("a", "why"), Holding)).held == 1
        assert (await bench.ask(Hold("b", "why"), Holding)).held == 2
        assert (await bench.ask(Hold("c", "why"), Holding)).held == 2
        assert (await bench.ask(Waiting("", 5), Keys)).held == 2
        brought = await bench.ask(Bring("a"), Brought)
        assert brought.session is not None
        assert brought.session.held == "why"

        # a turn of it leaves that alone
        await bench.carry(accept(2, "a"), Begin((2,), (1,), 7, 1), complete(2, key="a"))
        assert (await bench.ask(Hold("a", None), Holding)).held == 1
        gone = await bench.ask(Forget("b", b"x", 1), Forgotten)
        assert (gone.known, gone.held) == (True, 0)
        assert (await bench.ask(Hold("a", "\ud800"), Refused)).why.endswith("stored")


async def test_what_ended_of_a_held_key_is_not_pruned(store: Engine) -> None:
    """Until it is not held any more."""
    async with opened(store) as bench:
        await bench.carry(accept(1, "a"), accept(2, "b"), Bind("a", b"t"))
        await bench.carry(complete(1, key="a", at=10.0), complete(2, key="b", at=20.0))
        await bench.carry(Hold("a", "why"))

        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 1
        assert (await bench.ask(Find("a", "id-1"), Found)).number == 1
        await bench.carry(Hold("a", None))
        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 1
