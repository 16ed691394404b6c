"""Random batches of two nodes, on a server and in plain Python: equal answers.

And equal contents afterwards.  Each batch comes twice now and then, as after an answer
that was lost; and partitions change hands in between.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

from benchmarks.postgres.server import Server
from supervision.durable import MemoryStore, PostgresStore
from supervision.durable._sharing.words import Fenced, Lease, Owned, Take
from supervision.durable._words.records import (
    Accept,
    Ended,
    Record,
    Repeated,
    Settle,
)
from tests.durable.postgres.asking import ask
from tests.durable.postgres.model import Leases, SharedDice, carry
from tests.durable.sealing.boxes import Counted
from tests.durable.store.bench import SMALL, accept, opened, plain
from tests.durable.store.test_same import everything, unsealed

PARTITIONS = 3


def owned(
    dice: SharedDice, leases: Leases, record: Record, first: int
) -> Record | Owned:
    """Have a record wanted by the owner of its key, of now or of a time before."""
    key = dice.key_of(record)
    if isinstance(record, Accept) and dice.dice.random() < 0.3:
        record = attrs.evolve(record, capacity=dice.dice.choice((1, 2, 3)))
    if key is None or not key.isprintable() or dice.dice.random() < 0.2:
        return record
    if isinstance(record, Accept) and dice.dice.random() < 0.5:
        marked = attrs.evolve(record.row, tried=1, begun=2)
        own = None  # all of this batch are of one opening
        if not record.bring and record.row.number >= first and dice.dice.random() < 0.7:
            own = (first, 10**9)
        record = attrs.evolve(record, row=marked, own=own)
    lease = leases.of(key)
    old = dice.dice.choice((0, 0, 0, 1))
    return Owned(record, Lease(lease.partition, max(lease.epoch - old, 0)))


@pytest.mark.parametrize("seed", range(20))
async def test_random_batches_come_to_the_same(
    seed: int, server: Server, new_schema: Callable[[], str]
) -> None:
    """Of two nodes, once or twice."""
    dice = SharedDice(seed)
    schema = new_schema()
    a, b = (
        PostgresStore(
            server.dsn(), node=each, schema=schema, partitions=PARTITIONS, policy=SMALL
        )
        for each in ("a", "b")
    )
    leases = Leases(PARTITIONS)
    memory = MemoryStore(policy=SMALL)
    async with opened(memory) as model, opened(a) as one, opened(b) as other:
        nodes = {"a": one, "b": other}
        for _ in range(15):
            name = dice.dice.choice("ab")
            seen = tuple(leases.of(each) for each in "ab" if dice.dice.random() < 0.3)
            if len({each.partition for each in seen}) == len(seen):
                taken = await ask(nodes[name], Take(seen))
                assert [*taken.leases] == sorted(
                    leases.take(name, seen), key=lambda it: it.partition
                )
            name = dice.dice.choice("ab")
            first = dice.next
            batch = [owned(dice, leases, each, first) for each in dice.batch()]
            for _ in range(dice.dice.choice((1, 2))):
                wanted = plain(await carry(model, leases, name, batch))
                assert plain(await nodes[name].carry(*batch)) == wanted, batch

            look = everything(dice)
            answers = plain(await model.carry(*look))
            assert plain(await one.carry(*look)) == answers


@pytest.mark.parametrize("seed", range(6))
async def test_a_seal_changes_nothing_that_is_answered(
    seed: int, server: Server, new_schema: Callable[[], str]
) -> None:
    """Nor what is refused; and a batch that comes twice is sealed once."""
    dice = SharedDice(seed)
    bare = MemoryStore(policy=SMALL)
    store = PostgresStore(
        server.dsn(), schema=new_schema(), policy=SMALL, seal=Counted()
    )
    lease = Lease(0, 9)  # which nobody has
    async with opened(bare) as one, opened(store) as other:
        for number in range(15):
            batch = dice.batch()
            for _ in range(dice.dice.choice((1, 2))):
                answers = unsealed(await one.carry(*batch))
                assert unsealed(await other.carry(*batch)) == answers, batch
            look = everything(dice)
            answers = unsealed(await one.carry(*look))
            assert unsealed(await other.carry(*look)) == answers
            # what is fenced and repeated has an outcome that is opened
            name = f"fenced-{number % 3}"
            known = accept(10_000 + number % 3, "a", name)
            outcome = Ended(known.row.number, b"sealed?", 7)
            await other.carry(known, Settle("a", outcome))
            (fenced,) = await other.carry(
                Owned(accept(dice.next + 1, "a", name), lease)
            )
            assert isinstance(fenced, Fenced)
            assert isinstance(fenced.answer, Repeated)
            assert fenced.answer.outcome == b"sealed?"
            await one.carry(known, Settle("a", outcome))
