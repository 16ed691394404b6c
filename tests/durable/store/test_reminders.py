"""What each record does to reminders: the same in every store."""

from __future__ import annotations

import math

from supervision.durable._words.opened import Engine
from supervision.durable._words.records import (
    DONE,
    Bring,
    Brought,
    Completion,
    Fire,
    Forget,
    Forgotten,
    Prune,
    Pruned,
    Refused,
)
from supervision.durable._words.reminders import (
    Due,
    DuePage,
    Fired,
    ForgetReminder,
    Remind,
    ReminderRow,
    Unreminded,
)
from tests.durable.store.bench import Bench, complete, kind, opened, row, store

__all__ = ["kind", "store"]  # fixtures


def remind(name: str, due: float, key: str = "a", every: float | None = None) -> Remind:
    """Make a record."""
    return Remind(ReminderRow(key, name, due, every, b"body"))


async def names(bench: Bench) -> list[tuple[str, str, float]]:
    """List what is there."""
    page = await bench.ask(Due(math.inf, 100), DuePage)
    return [(each.key, each.name, each.due) for each in page.reminders]


async def test_they_are_listed_by_their_time_some_at_a_time(store: Engine) -> None:
    """Those that are due, or all; and when the next one is."""
    async with opened(store) as bench:
        await bench.carry(remind("y", 5), remind("x", 5), remind("z", 7, "b"))
        await bench.carry(remind("x", 3, "c"), remind("x", 9, "b", 2.5))
        first = await bench.ask(Due(5, 2), DuePage)
        last = first.reminders[-1]
        place = last.due, last.key, last.name
        second = await bench.ask(Due(math.inf, 2, place), DuePage)
        nothing = await bench.ask(Due(1, 2), DuePage)
        end = await bench.ask(Due(math.inf, 2, (9, "b", "x")), DuePage)

    assert [(each.key, each.name) for each in first.reminders] == [
        ("c", "x"),
        ("a", "x"),
    ]
    assert first.next == 5
    assert [(each.key, each.name) for each in second.reminders] == [
        ("a", "y"),
        ("b", "z"),
    ]
    assert second.next == 9
    assert (nothing.reminders, nothing.next) == ((), 3)
    assert (end.reminders, end.next) == ((), None)


async def test_one_that_fires_has_a_prompt_and_its_next_time(store: Engine) -> None:
    """Or is forgotten; again, it comes to the same."""
    async with opened(store) as bench:
        await bench.carry(remind("x", 5, every=60), remind("y", 5))
        batch = (
            Fire(row(1, name="~remind:x:5"), "x", 5, 65),
            Fire(row(2, name="~remind:y:5"), "y", 5, None),
        )
        for _ in range(2):
            answers = await bench.carry(*batch)
            assert [isinstance(each, Fired) and each.done for each in answers] == [
                True
            ] * 2
        brought = await bench.ask(Bring("a"), Brought)
        assert [each.number for each in brought.rows] == [1, 2]
        assert await names(bench) == [("a", "x", 65)]


async def test_one_that_is_not_due_then_does_not_fire(store: Engine) -> None:
    """It has been set to another time, or forgotten, or the prompt is there."""
    async with opened(store) as bench:
        await bench.carry(remind("x", 6, every=60), remind("y", 5))
        other = await bench.ask(Fire(row(1, name="~x"), "x", 5, 65), Fired)
        assert (await bench.ask(ForgetReminder("a", "y", 1), Unreminded)).known
        gone = await bench.ask(Fire(row(2, name="~y"), "y", 5, None), Fired)
        assert await names(bench) == [("a", "x", 6)]
        await bench.carry(Fire(row(3, name="~x"), "x", 6, 6.5), remind("x", 6))
        again = await bench.ask(Fire(row(4, name="~x"), "x", 6, None), Fired)
        brought = await bench.ask(Bring("a"), Brought)

    assert [each.done for each in (other, gone, again)] == [False] * 3
    assert [each.number for each in brought.rows] == [3]


async def test_whoever_forgets_one_is_told_whether_it_was_there(store: Engine) -> None:
    """The same again, if his answer was lost; another one is not."""
    async with opened(store) as bench:
        await bench.carry(remind("x", 5))
        for _ in range(2):
            answer = await bench.ask(ForgetReminder("a", "x", 1, 10.0), Unreminded)
            assert answer.known
        assert not (await bench.ask(ForgetReminder("a", "x", 2), Unreminded)).known
        assert not (await bench.ask(ForgetReminder("a", "z", 3), Unreminded)).known
        assert (await bench.ask(Prune(10.5, 9), Pruned)).number == 1
        assert not (await bench.ask(ForgetReminder("a", "x", 1), Unreminded)).known
        await bench.carry(remind("x", 5))
        assert await names(bench) == [("a", "x", 5)]


async def test_a_turn_sets_and_forgets_them(store: Engine) -> None:
    """Of its key; and a key that is forgotten has none."""
    async with opened(store) as bench:
        await bench.carry(remind("x", 5), remind("y", 5), remind("x", 5, "b"))
        record = complete(
            reminders=(ReminderRow("a", "x", 9.0, None, b""),), unremind=("y", "z")
        )
        await bench.ask(record, Completion)
        assert await names(bench) == [("b", "x", 5), ("a", "x", 9)]
        answer = await bench.ask(Forget("a", b"", 2), Forgotten)
        assert answer.known
        assert not (await bench.ask(Forget("a", b"", 2), Forgotten)).known
        assert await names(bench) == [("b", "x", 5)]


async def test_what_is_too_large_or_no_text_is_refused(store: Engine) -> None:
    """Alone, and with all of its turn."""
    large = ReminderRow("a", "x", 5.0, None, b"x" * 1000)
    odd = ReminderRow("a", "\ud800", 5.0, None, b"")
    async with opened(store) as bench:
        answers = await bench.carry(
            Remind(large),
            Remind(odd),
            complete(reminders=(large,)),
            ForgetReminder("\ud800", "x", 1),
            remind("ok", 5),
        )
        assert [type(each) for each in answers] == [Refused] * 4 + [type(DONE)]
        assert await names(bench) == [("a", "ok", 5)]
