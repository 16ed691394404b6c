"""Random questions and batches of two nodes, in memory and on a server: the same.

Equal answers and reactions, whoever has taken, given, left or come again meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import attrs
import pytest

from supervision.durable import MemoryServer, PostgresStore
from supervision.durable._sharing.words import (
    Give,
    Given,
    Lease,
    Leave,
    Owned,
    Post,
    Posted,
    Recall,
    Reply,
    Take,
    Taken,
    View,
    numbers_of,
    partition_of,
)
from supervision.durable._words.looks import Keys, Waiting
from supervision.durable._words.records import Accept, Begin, Bring, Ended, Settle
from supervision.durable._words.reminders import Due, Remind, ReminderRow
from tests.durable.sharing.desk import Desk, at
from tests.durable.store.bench import complete, plain, row

PARTITIONS = 3
KEYS = ("a", "b", "c", "d", "e", "f")


class Server(Protocol):
    """A server of a test."""

    def dsn(self) -> str:
        """Say where it is."""
        ...


class Pair:
    """A node, in memory and on the server."""

    def __init__(self, memory: Desk, server: Desk) -> None:
        self.memory = memory
        self.server = server
        self.opened = memory.opened.opened
        assert self.opened == server.opened.opened
        self.accepted = 0

    def number(self) -> int:
        """Give the number of a new prompt."""
        self.accepted += 1
        return numbers_of(self.opened)[0] + self.accepted

    async def carry(self, *batch: Any) -> Any:  # Any: `Bench` knows no `Owned`
        """Carry a batch out."""
        answers = await self.memory.carry(*batch)
        assert plain(await self.server.carry(*batch)) == plain(answers), batch
        return answers

    async def asks(self, question: Any, reaction: type[Any]) -> Any:
        """Ask a question; Any: each has its reaction."""
        here = await self.memory.asks(question, reaction)
        there = await self.server.asks(question, reaction)
        assert plain(there) == plain(here), question
        return here

    async def beat(self, *, leaving: bool) -> View:
        """Beat; the clocks are not compared."""
        here = await self.memory.beat(leaving=leaving)
        there = await self.server.beat(leaving=leaving)
        assert attrs.evolve(there, now=0.0) == attrs.evolve(here, now=0.0)
        return here

    async def poll(self, *partitions: int, **changes: Any) -> None:
        """Look for what is new; Any: fields of `Poll`."""
        here = await self.memory.poll(*partitions, **changes)
        there = await self.server.poll(*partitions, **changes)
        assert plain(there) == plain(here), (partitions, changes)


class Play:
    """What two nodes do, by chance."""

    def __init__(self, seed: int, nodes: list[Pair]) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a plan, not a secret
        self.nodes = nodes
        self.numbers: list[tuple[int, str]] = []  # (number, key)
        self.verbs: list[int] = []
        self.leases = dict.fromkeys(range(PARTITIONS), 0)  # the latest epochs
        self.at = 0.0

    async def step(self) -> None:
        """Do something."""
        does = self.dice.choice(
            (
                *(self.takes, self.gives, self.beats, self.posts, self.replies),
                *(self.recalls, self.polls, self.polls, self.looks, self.leaves),
                *(self.accepts, self.accepts, self.accepts, self.ends, self.ends),
            )
        )
        self.at += 1
        await does(self.dice.choice(self.nodes))

    def lease(self, partition: int) -> Lease:
        """Give a lease as it is, or was."""
        epoch = self.leases[partition] - self.dice.choice((0, 0, 0, 1))
        return Lease(partition, max(epoch, 0))

    def some(self) -> tuple[Lease, ...]:
        """Give a lease of each of some partitions."""
        found = self.dice.sample(range(PARTITIONS), self.dice.randint(1, PARTITIONS))
        return tuple(map(self.lease, found))

    async def takes(self, node: Pair) -> None:
        taken: Taken = await node.asks(Take(self.some()), Taken)
        self.leases.update((each.partition, each.epoch) for each in taken.leases)

    async def gives(self, node: Pair) -> None:
        await node.asks(Give(self.some()), Given)

    async def beats(self, node: Pair) -> None:
        await node.beat(leaving=self.dice.random() < 0.2)

    async def leaves(self, node: Pair) -> None:
        if self.dice.random() < 0.2:
            await node.asks(Leave(), Given)

    async def posts(self, node: Pair) -> None:
        key, body = self.dice.choice(KEYS), self.dice.randbytes(3)
        posted: Posted = await node.asks(Post(key, "cancel", body), Posted)
        self.verbs.append(posted.id)

    async def replies(self, node: Pair) -> None:
        ids = self.dice.sample(self.verbs, min(len(self.verbs), 2))
        answers = tuple((each, self.dice.randbytes(3)) for each in ids)
        await node.asks(Reply(answers), Given)

    async def recalls(self, node: Pair) -> None:
        ids = self.dice.sample(self.verbs, min(len(self.verbs), 1))
        await node.asks(Recall(tuple(ids)), Given)

    async def polls(self, node: Pair) -> None:
        some = [number for number, _ in self.numbers if self.dice.random() < 0.3]
        await node.poll(
            *self.dice.sample(range(PARTITIONS), self.dice.randint(0, PARTITIONS)),
            known=tuple(some[:3]),
            follows=(*some[3:], 77),
            asked=tuple(each for each in self.verbs if self.dice.random() < 0.5),
            most=self.dice.choice((2, 100)),
        )

    async def accepts(self, node: Pair) -> None:
        batch: list[Any] = []
        for _ in range(self.dice.randint(1, 4)):
            key, name = self.dice.choice(KEYS), f"id-{self.dice.randint(0, 40)}"
            number = node.number()
            self.numbers.append((number, key))
            prompt = row(number, key, name, at=self.at)
            if self.dice.random() < 0.5:
                capacity = self.dice.choice((None, 1, 3, 5))
                batch.append(Accept(prompt, bring=False, capacity=capacity))
                continue
            prompt.tried, prompt.begun = 1, node.opened
            record = Accept(prompt, bring=self.dice.random() < 0.5)
            lease = self.lease(self.partition(key))
            batch.append(Owned(record, lease))
        await node.carry(*batch)

    async def ends(self, node: Pair) -> None:
        if not self.numbers:
            return
        number, key = self.dice.choice(self.numbers)
        record: Any = self.dice.choice(
            (
                Begin((number,), (1,), 7, node.opened, key),
                Settle(key, Ended(number, b"settled", None), self.at),
                complete(number, key=key, at=self.at),
                Remind(ReminderRow(key, "x", self.at, None, b"body")),
                Bring(key),
            )
        )
        await node.carry(Owned(record, self.lease(self.partition(key))))

    async def looks(self, node: Pair) -> None:
        some = tuple(self.dice.sample(range(PARTITIONS), 2))
        most, after = self.dice.choice((1, 9)), self.dice.choice(("", "b"))
        (keys,) = await node.carry(Waiting(after, most, some))
        assert isinstance(keys, Keys)
        await node.carry(Due(99.0, most, partitions=some))

    def partition(self, key: str) -> int:
        return partition_of(key, PARTITIONS)


@asynccontextmanager
async def pairs(server: Server, schema: str, *names: str) -> AsyncGenerator[list[Pair]]:
    """Open these nodes on both."""
    memory = MemoryServer(partitions=PARTITIONS)
    async with AsyncExitStack() as stack:
        made: list[Pair] = []
        for each in names:
            here = await stack.enter_async_context(at(memory.node(each)))
            store = PostgresStore(
                server.dsn(), node=each, schema=schema, partitions=PARTITIONS
            )
            there = await stack.enter_async_context(at(store))
            made.append(Pair(here, there))
        yield made


@pytest.mark.parametrize("names", ["ab", "aba"])
@pytest.mark.parametrize("seed", range(6))
async def test_random_questions_come_to_the_same(
    seed: int, names: str, server: Server, new_schema: Callable[[], str]
) -> None:
    """Of two nodes, one of which is there twice, it may be; and what is there then."""
    async with pairs(server, new_schema(), *names) as nodes:
        play = Play(seed, nodes)
        for _ in range(60):
            await play.step()
        for node in nodes:
            await node.beat(leaving=False)
            await node.poll(*range(PARTITIONS), follows=(77,), most=1000)
            await node.carry(*map(Bring, KEYS))
