"""Random batches of two nodes, on a server and in plain Python: equal answers.

And equal contents afterwards.  Each batch comes twice now and then, as after an answer
that was lost; and partitions change hands in between.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

import attrs
import pytest

from benchmarks.postgres.server import Server
from supervision.durable import MemoryServer, MemoryStore, PostgresStore
from supervision.durable._sharing.words import (
    Beat,
    Fenced,
    Give,
    Lease,
    Leave,
    Owned,
    Poll,
    Post,
    Question,
    Recall,
    Reply,
    Take,
    View,
    partition_of,
)
from supervision.durable._words.records import (
    Accept,
    Ended,
    Record,
    Repeated,
    Settle,
    changed,
)
from tests.durable.postgres.asking import ask
from tests.durable.postgres.dice import SharedDice
from tests.durable.sealing.boxes import Counted
from tests.durable.store.bench import SMALL, Bench, accept, opened, plain
from tests.durable.store.test_same import everything, unsealed

PARTITIONS = 3


def owned(dice: SharedDice, view: View, record: Record, first: int) -> Record | Owned:
    """Have a record wanted by the owner of its key, of now or of a time before."""
    key = dice.key_of(record)
    if isinstance(record, Accept) and dice.dice.random() < 0.3:
        # of one node all have the same, in one batch
        record = changed(record, capacity=1 + int(dice.at) % 3)
    if key is None or not key.isprintable() or dice.dice.random() < 0.2:
        return record
    if isinstance(record, Accept) and dice.dice.random() < 0.5:
        marked = changed(record.row, tried=1, begun=2)
        own = None  # all of this batch are of one opening
        if record.row.number >= first and dice.dice.random() < 0.7:
            own = (first, 10**9)
        record = changed(record, row=marked, own=own)
    row = view.partitions[partition_of(key, PARTITIONS)]
    old = dice.dice.choice((0, 0, 0, 1))
    return Owned(record, Lease(row.partition, max(row.epoch - old, 0)))


def question(dice: SharedDice, view: View) -> Question:
    """Ask anything that a node asks."""
    some = tuple(each for each in range(PARTITIONS) if dice.dice.random() < 0.5)
    leases = tuple(
        Lease(each, view.partitions[each].epoch - dice.dice.choice((0, 0, 0, 1)))
        for each in some
    )
    verbs = tuple(range(1, 12))
    return dice.dice.choice(
        (
            Beat(dice.next, dice.dice.random() < 0.2),
            Take(leases),
            Take(leases),
            Give(leases),
            Poll(
                some,
                opened=1,
                known=dice.numbers(),
                follows=(*dice.numbers(), 10**12),
                asked=verbs,
                most=dice.dice.randint(1, 9),
            ),
            Post(dice.key(), "verb", dice.body()),
            Reply(tuple((each, b"a") for each in verbs if dice.dice.random() < 0.3)),
            Recall(tuple(each for each in verbs if dice.dice.random() < 0.1)),
            Leave() if dice.dice.random() < 0.1 else Beat(dice.next),
        )
    )


def timeless(reaction: object) -> object:
    """Give a reaction without the time."""
    if isinstance(reaction, View):
        reaction = attrs.evolve(reaction, now=0.0)
    return plain(reaction)


@pytest.mark.parametrize("seed", range(20))
async def test_random_batches_come_to_the_same(
    seed: int, server: Server, new_schema: Callable[[], str]
) -> None:
    """Of two nodes, once or twice; and what they ask in between."""
    dice, schema = SharedDice(seed), new_schema()
    memory = MemoryServer(partitions=PARTITIONS)
    async with AsyncExitStack() as stack:
        desks: dict[str, tuple[Bench, Bench]] = {}
        for name in "ab":
            store = PostgresStore(
                server.dsn(),
                node=name,
                schema=schema,
                partitions=PARTITIONS,
                policy=SMALL,
            )
            plainly = memory.node(name, policy=SMALL)
            desks[name] = (
                await stack.enter_async_context(opened(plainly)),
                await stack.enter_async_context(opened(store)),
            )
        for _ in range(15):
            model, real = desks[dice.dice.choice("ab")]
            view = await ask(model, Beat(dice.next))
            await ask(real, Beat(dice.next))
            for _ in range(3):
                asked = question(dice, view)
                wanted = timeless(await ask(model, asked))
                assert timeless(await ask(real, asked)) == wanted, asked
            view = await ask(model, Beat(dice.next))
            assert timeless(await ask(real, Beat(dice.next))) == timeless(view)

            model, real = desks[dice.dice.choice("ab")]
            first = dice.next + 1
            batch = [owned(dice, view, each, first) for each in dice.batch()]
            for _ in range(dice.dice.choice((1, 2))):
                wanted = plain(await model.carry(*batch))
                assert plain(await real.carry(*batch)) == wanted, batch
                if dice.dice.random() < 0.3:  # it is fenced when it comes again
                    rows = view.partitions
                    take = Take(tuple(Lease(it.partition, it.epoch) for it in rows))
                    other_model, other_real = desks[dice.dice.choice("ab")]
                    wanted = timeless(await ask(other_model, take))
                    assert timeless(await ask(other_real, take)) == wanted

            look = everything(dice)
            answers = plain(await model.carry(*look))
            got = plain(await real.carry(*look))
            assert got == answers


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
