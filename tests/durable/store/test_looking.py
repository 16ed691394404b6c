"""What an operator asks of a store: which keys it has, and which are held."""

from __future__ import annotations

from typing import Any

import attrs

from supervision.durable._words.histories import HistoryRow, Show, Shown
from supervision.durable._words.looks import (
    Find,
    Found,
    Hold,
    Holding,
    KeyRow,
    Keys,
    Look,
    Seen,
    Waiting,
)
from supervision.durable._words.opened import Engine
from supervision.durable._words.records import (
    Begin,
    Bind,
    Bring,
    Brought,
    Forget,
    Forgotten,
    Prune,
    Pruned,
    Quarantine,
    Refused,
)
from supervision.durable._words.reminders import ForgetReminder
from tests.durable.store.bench import accept, complete, kind, opened, store
from tests.durable.store.test_reminders import remind

__all__ = ["kind", "store"]  # fixtures


def key_row(key: str, **changes: Any) -> KeyRow:
    """Make what is seen of a key; Any: in place of what is nothing."""
    nothing = KeyRow(
        key,
        waiting=0,
        state=None,
        token=False,
        generation=0,
        crashes=None,
        tenant=None,
        held=None,
    )
    return attrs.evolve(nothing, **changes)


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


async def test_d65_what_ended_of_a_held_key_is_not_pruned(store: Engine) -> None:
    """Until it is not held any more."""
    async with opened(store) as bench:
        await bench.carry(accept(1, "a"), accept(2, "b"), Bind("a", b"t"))
        await bench.carry(complete(1, key="a", at=10.0), complete(2, key="b", at=20.0))
        await bench.carry(Hold("a", "why"))

        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 1
        assert (await bench.ask(Find("a", "id-1"), Found)).number == 1
        await bench.carry(Hold("a", None))
        assert (await bench.ask(Prune(40.0, 3), Pruned)).number == 1


async def test_keys_are_looked_at_in_pages(store: Engine) -> None:
    """In their order: those that something is kept of, those with open prompts."""
    async with opened(store) as bench:
        await bench.carry(
            *(accept(each, key) for each, key in enumerate(("b", "b", "é", "done"))),
            accept(10, "a", tenant="ann"),
            complete(10, key="a", generation=3, token=b"t", bound=True),
            complete(3, key="done", state=None),
            Bind("c", b"t"),
            Quarantine("c", b"why"),
        )
        first = await bench.ask(Look("", 2), Seen)
        rest = await bench.ask(Look("b", 9), Seen)
        await bench.carry(Hold("c", "why"))

        assert first.rows == (
            key_row("a", state=5, token=True, generation=3, tenant="ann"),
            key_row("b", waiting=2),
        )
        assert [each.key for each in rest.rows] == ["c", "é"]
        assert rest.rows[0] == key_row("c", token=True, generation=1, crashes=b"why")
        held = await bench.ask(Look("a", 9, held=True), Seen)
        assert [(each.key, each.held) for each in held.rows] == [("c", "why")]
        assert (await bench.ask(Look("c", 9, held=True), Seen)).rows == ()
        one = await bench.ask(Look("", 1, key="b"), Seen)
        assert one.rows == first.rows[1:]
        entries = tuple(HistoryRow(each, b"e", 1) for each in range(3, 8))
        await bench.carry(complete(key="b", entries=entries, state=None))
        seen = await bench.ask(Look("a", 1), Seen)
        assert seen.rows == (key_row("b", waiting=2, generation=1, entries=5),)
        assert (await bench.ask(Look("", 1, key="done"), Seen)).rows == ()


async def test_a_key_with_nothing_but_a_reminder_is_seen(store: Engine) -> None:
    """Until it has fired, or is forgotten; once, however many it has."""
    async with opened(store) as bench:
        await bench.carry(
            *(remind(name, 5, key) for key in ("b", "d") for name in ("x", "y")),
            accept(1, "b"),
            accept(2, "c"),
        )
        first = await bench.ask(Look("", 2), Seen)
        rest = await bench.ask(Look("c", 9), Seen)
        held = await bench.ask(Look("", 9, held=True), Seen)
        assert first.rows == (key_row("b", waiting=1), key_row("c", waiting=1))
        assert rest.rows == (key_row("d"),)
        assert held.rows == ()
        for key in "b", "d":
            one = await bench.ask(Look("", 1, key=key), Seen)
            assert one.rows == (key_row(key, waiting=1 if key == "b" else 0),)
            assert not (await bench.ask(Look("", 1, held=True, key=key), Seen)).rows
        shown = await bench.ask(Show("d", 9, 1000), Shown)
        assert (shown.row, shown.state, shown.entries) == (key_row("d"), None, ())

        await bench.carry(*(ForgetReminder("d", name, 1, 9.0) for name in ("x", "y")))
        assert (await bench.ask(Look("c", 9), Seen)).rows == ()
        assert (await bench.ask(Look("", 1, key="d"), Seen)).rows == ()
        assert (await bench.ask(Show("d", 9, 1000), Shown)).row is None


async def test_a_key_that_no_store_writes_is_not_looked_at(store: Engine) -> None:
    """It says so."""
    async with opened(store) as bench:
        assert "stored" in (await bench.ask(Look("\ud800", 1), Refused)).why
