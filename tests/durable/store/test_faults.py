"""How a store in memory fails: as it was told, at that point, and not otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import trio
import trio.testing

from actors.testing import seeds
from supervision.durable import (
    MemoryStore,
    StoreAwayError,
    StoreError,
    StoreInUseError,
    StorePolicy,
)
from supervision.durable._memory.faults import Point
from supervision.durable._words.records import Accept, Accepted, Answer, Record, Refused
from tests.durable.store.bench import Bench, accept, complete, opened


class Ear:
    """Hears what is told of batches."""

    def __init__(self) -> None:
        self.heard: list[Sequence[Answer] | Exception] = []

    def told(self, answers: Sequence[Answer] | Exception) -> None:
        self.heard.append(answers)


def numbers(store: MemoryStore) -> list[int]:
    """List what it has."""
    return [each.number for each in store.prompts()]


async def test_a_store_that_stands_still_does_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Until it goes on; then what has waited is carried out."""
    del autojump_clock
    store = MemoryStore()
    store.stand_still()
    store.stand_still()
    async with opened(store) as bench, trio.open_nursery() as nursery:
        nursery.start_soon(bench.carry, accept(1))
        await trio.sleep(1000)
        assert numbers(store) == []

        store.go_on()
        store.go_on()
    assert numbers(store) == [1]


async def test_latency_is_on_trios_clock(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """And passes before the batch is carried out."""
    del autojump_clock
    store = MemoryStore()
    store.latency = 2.5
    assert store.latency == 2.5
    async with opened(store) as bench:
        began = trio.current_time()
        await bench.carry(accept(1))
        assert trio.current_time() - began == 2.5


async def test_an_answer_is_lost(store_of_one: MemoryStore) -> None:
    """The batch is carried out all the same; sent again it comes to the same."""
    store = store_of_one
    store.lose_answers(2)
    async with opened(store) as bench:
        for _ in range(2):
            with pytest.raises(StoreAwayError):
                await bench.carry(accept(2))
            assert numbers(store) == [1, 2]
        await bench.ask(accept(2), Accepted)
    assert store.batches == 4


async def test_a_store_is_away(store_of_one: MemoryStore) -> None:
    """The batch is not carried out."""
    store = store_of_one
    store.away()
    async with opened(store) as bench:
        with pytest.raises(StoreAwayError):
            await bench.carry(accept(2))
        assert numbers(store) == [1]
        await bench.ask(accept(2), Accepted)


async def test_a_record_is_refused_as_told() -> None:
    """That one alone; and none any more."""
    store = MemoryStore()
    store.refuse(lambda record: isinstance(record, Accept) and record.row.number == 2)
    async with opened(store) as bench:
        answers = await bench.carry(accept(1), accept(2), accept(3))
        assert isinstance(answers[1], Refused)
        assert numbers(store) == [1, 3]

        store.refuse(None)
        await bench.ask(accept(2), Accepted)


async def test_the_policy_refuses_too() -> None:
    """By size; a store has its own, or the one that it was given."""
    assert MemoryStore().policy == StorePolicy()
    store = MemoryStore(policy=StorePolicy(prompt_bytes=3), types=[StorePolicy])
    assert store.encoding.types == (StorePolicy,)
    async with opened(store) as bench:
        await bench.ask(accept(1), Refused)


POINTS: tuple[Point, ...] = ("before carry", "after carry", "before told", "after told")


async def test_every_point_is_passed_in_order() -> None:
    """Once for each batch, with it; a batch that is away has no "after carry"."""
    store = MemoryStore()
    passed: list[tuple[Point, int]] = []
    store.at_point(lambda point, batch: passed.append((point, len(batch))))
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2))
        assert passed == [(each, 2) for each in POINTS]

        del passed[:]
        store.away()
        with pytest.raises(StoreAwayError):
            await bench.carry(accept(3))
        assert passed == [(each, 1) for each in POINTS if each != "after carry"]

        del passed[:]
        store.at_point(None)
        await bench.carry(accept(3))
        assert passed == []


@pytest.mark.parametrize("point", POINTS)
@seeds(5)
async def test_a_process_dies_at_a_point(point: Point) -> None:
    """From then on it hears nothing; the next one finds what was carried out."""
    store = MemoryStore()

    def die(where: Point, batch: Sequence[Record]) -> None:
        if where == point and len(batch) == 2:
            store.kill()

    store.at_point(die)
    ear = Ear()
    dead = await store.claim().open()
    dead.carry([accept(1)], ear.told)
    await trio.testing.wait_all_tasks_blocked()
    dead.carry([accept(2), accept(3)], ear.told)
    await trio.testing.wait_all_tasks_blocked()

    told = point == "after told"
    assert len(ear.heard) == 1 + told
    dead.carry([accept(4)], ear.told)  # it is dead: nothing comes of it
    async with opened(store) as bench:
        await dead.close()  # and what it does is nothing to the next one
        with pytest.raises(StoreInUseError):
            store.claim()
        assert bench.opened.opened == 2
        assert numbers(store) == ([1] if point == "before carry" else [1, 2, 3])
        await bench.carry(accept(5))
    assert len(ear.heard) == 1 + told


async def test_a_process_dies_while_its_store_stands_still() -> None:
    """What waits is gone; going on does not bring it back."""
    store = MemoryStore()
    store.stand_still()
    ear = Ear()
    opening = await store.claim().open()
    opening.carry([accept(1)], ear.told)
    await trio.testing.wait_all_tasks_blocked()

    store.kill()
    store.kill()
    store.go_on()
    await trio.testing.wait_all_tasks_blocked()

    assert ear.heard == []
    assert numbers(store) == []


async def test_a_claim_dies_with_its_process() -> None:
    """It cannot be opened then, nor let go of for another."""
    store = MemoryStore()
    claim = store.claim()
    store.kill()
    with pytest.raises(StoreError, match="not claimed"):
        await claim.open()
    async with opened(store):
        claim.release()
        with pytest.raises(StoreInUseError):
            store.claim()


async def test_a_claim_is_opened_once() -> None:
    """And not at all when it was let go of."""
    store = MemoryStore()
    claim = store.claim()
    opening = await claim.open()
    with pytest.raises(RuntimeError, match="has been opened"):
        await claim.open()
    await opening.close()

    claim = store.claim()
    claim.release()
    with pytest.raises(StoreError, match="not claimed"):
        await claim.open()


async def test_a_batch_is_alone() -> None:
    """A second one beside it is a fault of the caller; so is one after `close`."""
    store = MemoryStore()
    ear = Ear()
    async with opened(store) as bench:
        opening = bench.opened
        opening.carry([accept(1)], ear.told)
        with pytest.raises(RuntimeError, match="a batch is out"):
            opening.carry([accept(2)], ear.told)
    with pytest.raises(RuntimeError, match="closed"):
        opening.carry([accept(2)], ear.told)
    await trio.testing.wait_all_tasks_blocked()
    assert ear.heard == []  # it was out when the store was closed


async def test_the_next_batch_may_be_handed_over_when_one_is_told() -> None:
    """As the writer does it."""
    store = MemoryStore()
    async with opened(store) as bench:
        ear = Ear()
        bench.opened.carry(
            [accept(1)], lambda _: bench.opened.carry([accept(2)], ear.told)
        )
        await trio.testing.wait_all_tasks_blocked()
        assert len(ear.heard) == 1


async def test_a_test_sees_what_is_there() -> None:
    """Prompts, sessions, counts."""
    store = MemoryStore()
    async with opened(store) as bench:
        await bench.carry(accept(1), accept(2, "b"), complete(1))

    first, second = store.prompts()
    assert (first.outcome, first.turn, first.body) == (b"done", 7, None)
    assert (first.at, first.ended_at) == (1.0, 50.0)
    assert (second.key, second.body, second.outcome) == ("b", b"body", None)
    kept = store.session("a")
    assert kept is not None
    assert store.sessions() == {"a": kept}
    assert store.session("b") is None
    assert (store.batches, store.records, store.opened) == (1, 3, 1)
    assert "opening 1" in repr(store)


@pytest.fixture
async def store_of_one() -> Any:  # an async fixture
    """A store with prompt 1."""
    store = MemoryStore()
    bench = Bench(await store.claim().open())
    await bench.carry(accept(1))
    await bench.opened.close()
    return store
