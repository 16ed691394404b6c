"""Batches of nodes: what depends on a lease, and in which order prompts stand."""

from __future__ import annotations

from typing import Any

import pytest
import trio.testing

from supervision.durable import MemoryServer, StoreAwayError, StorePolicy
from supervision.durable._memory.tables import Tables
from supervision.durable._sharing.words import Fenced, Lease, Owned
from supervision.durable._words.looks import Find, Found, Keys, Waiting
from supervision.durable._words.records import (
    Accept,
    Accepted,
    Begin,
    Bring,
    Brought,
    Completion,
    Done,
    Refused,
    Repeated,
)
from supervision.durable._words.reminders import Due, DuePage, Remind, ReminderRow
from tests.durable.sealing.boxes import Counted
from tests.durable.sharing.desk import at
from tests.durable.store.bench import SMALL, accept, complete


async def test_who_has_the_lease_is_not_fenced() -> None:
    """The answers are those of the records."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a")) as a:
        lease = (await a.take(0))[0]
        brought = await a.owned(accept(1, bring=True, tried=1, begun=1), lease)
        assert isinstance(brought, Accepted)
        assert brought.brought is not None
        assert isinstance(await a.owned(Begin((1,), (2,), 7, 1), lease), Done)
        assert isinstance(await a.owned(complete(1), lease), Completion)
    (prompt,) = server.prompts()
    assert (prompt.tried, prompt.outcome) == (2, b"done")


async def test_a_record_of_an_old_epoch_does_nothing() -> None:
    """Another has taken the partition; or the same node, once more."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        old = (await a.take(0))[0]
        await a.owned(accept(1), old)
        new = (await b.take(0))[0]
        assert new == Lease(0, 2)

        for record in (complete(1), Begin((1,), (1,), 7, 1)):
            fenced = await a.owned(record, old)
            assert isinstance(fenced, Fenced)
            assert (fenced.lease, fenced.answer) == (old, None)
        assert server.sessions() == {}
        (prompt,) = server.prompts()
        assert (prompt.outcome, prompt.tried, prompt.begun) == (None, 0, None)

        again = (await b.take(0))[0]
        assert isinstance(await b.owned(complete(1), new), Fenced)
        assert isinstance(await b.owned(complete(1), again), Completion)


async def test_an_accept_that_is_fenced_is_kept_without_its_mark() -> None:
    """Nothing is brought; one that is there is repeated; one too large is refused."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a", policy=SMALL)) as a, at(server.node("b")) as b:
        old = (await a.take(0))[0]
        await b.take(0)
        marked = accept(1, bring=True, tried=1, begun=1)
        for _ in range(2):  # the first time its answer may get lost
            fenced = await a.owned(marked, old)
            assert isinstance(fenced, Fenced)
            assert isinstance(fenced.answer, Accepted)
            assert fenced.answer.brought is None
        (prompt,) = server.prompts()
        assert (prompt.tried, prompt.begun) == (0, None)
        assert marked.row.tried == 1, "the sender's row is not touched"

        fenced = await a.owned(accept(2, name="id-1", bring=True), old)
        assert isinstance(fenced.answer, Repeated)
        assert (fenced.answer.number, fenced.answer.brought) == (1, None)
        refused = await a.owned(accept(3, body=bytes(101)), old)
        assert isinstance(refused, Refused)
        fenced = await a.owned(accept(1, "x"), old)  # 1 is another's
        assert isinstance(fenced.answer, Refused)


async def test_a_mark_whose_answer_was_lost_is_taken_back_when_it_is_fenced() -> None:
    """Nobody has run that turn: of an `Accept`, and of a `Begin`; no other mark is."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        old = (await a.take(0))[0]
        marked = accept(1, tried=1, begun=1)
        retried = Begin((2, 3), (2, 1), 8, 1, "a")
        await a.owned(marked, old)
        await a.carry(accept(2, tried=1, begun=0, attempts=2), accept(3))
        await a.owned(retried, old)
        new = (await b.take(0))[0]
        await b.owned(Begin((3,), (1,), 9, 2, "a"), new)
        for _ in range(2):  # and once more
            assert isinstance(await a.owned(marked, old), Fenced)
            assert isinstance(await a.owned(retried, old), Fenced)
            there = [(each.tried, each.begun) for each in server.prompts()]
            assert there == [(0, None), (1, 0), (1, 2)]


async def test_some_of_a_batch_are_fenced() -> None:
    """The others are carried out."""
    server = MemoryServer(partitions=4)
    keys = {server.partition_of(str(each)): str(each) for each in range(40)}
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        leases = await a.take(0, 1)
        await b.take(1)
        batch: list[Any] = [  # Any: `Bench` knows stores that are alone
            Owned(accept(1, keys[0]), leases[0]),
            Owned(accept(2, keys[1]), leases[1]),
            Owned(complete(1, key=keys[0]), leases[0]),
            Owned(complete(2, key=keys[1]), leases[1]),
            accept(3, keys[2]),
        ]
        answers = await a.carry(*batch)
    kinds = [Accepted, Fenced, Completion, Fenced, Accepted]
    assert [type(each) for each in answers] == kinds
    assert set(server.sessions()) == {keys[0]}


async def test_open_prompts_stand_in_the_order_in_which_they_were_accepted() -> None:
    """Numbers of two nodes say nothing of it; of a store that is alone they do."""
    server = MemoryServer(partitions=1)
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        for desk, number in ((b, 20), (a, 1), (b, 21), (a, 2)):
            await desk.carry(accept(number))
        await a.carry(Begin((2,), (1,), 7, 1))
        brought = await a.ask(Bring("a"), Brought)
        assert [each.number for each in brought.rows] == [2, 20, 1, 21]

    alone = Tables()
    alone.apply([accept(20), accept(2), Begin((20,), (1,), 7, 1), accept(1)])
    (answer,) = alone.apply([Bring("a")])
    assert isinstance(answer, Brought)
    assert [each.number for each in answer.rows] == [20, 1, 2]


async def test_one_looks_for_keys_of_some_partitions() -> None:
    """With open prompts, and with reminders."""
    server = MemoryServer(partitions=4)
    keys = [str(each) for each in range(20)]
    mine = [each for each in sorted(keys) if server.partition_of(each) in (1, 3)]
    async with at(server.node("a")) as a:
        await a.carry(*(accept(each + 1, key) for each, key in enumerate(keys)))
        await a.carry(*(Remind(ReminderRow(key, "x", 5.0, None, b"")) for key in keys))
        found = await a.ask(Waiting("", 100, (1, 3)), Keys)
        assert list(found.keys) == mine
        found = await a.ask(Waiting(mine[0], 2, (1, 3)), Keys)
        assert list(found.keys) == mine[1:3]
        found = await a.ask(Waiting("", 100), Keys)
        assert list(found.keys) == sorted(keys)

        page = await a.ask(Due(9.0, 2, partitions=(1, 3)), DuePage)
        assert [each.key for each in page.reminders] == mine[:2]
        assert page.next == 5.0
        page = await a.ask(Due(9.0, 100, partitions=(1, 3)), DuePage)
        assert [each.key for each in page.reminders] == mine
        assert page.next is None


async def test_a_key_has_so_many_prompts() -> None:
    """Counted with the accept; one that is known is no more than it was."""
    server = MemoryServer(partitions=1)
    full = Accept(accept(3).row, bring=False, capacity=2)
    async with at(server.node("a")) as a:
        first = Accept(accept(1).row, bring=False, capacity=2)
        for _ in range(2):
            answers = await a.carry(first, accept(2), full)
            refused = answers[2]
            assert isinstance(refused, Refused)
            assert refused.full
        again = Accept(accept(9, name="id-2").row, bring=False, capacity=2)
        assert isinstance(await a.ask(again, Repeated), Repeated)
        await a.carry(complete(1))
        assert isinstance(await a.ask(full, Accepted), Accepted)


async def test_a_seal_is_looked_through() -> None:
    """In what depends on a lease, fenced or not."""
    server = MemoryServer(partitions=1)
    seal = Counted()
    async with (
        at(server.node("a", seal=seal)) as a,
        at(server.node("b", seal=seal)) as b,
    ):
        old = (await a.take(0))[0]
        assert isinstance(await a.owned(accept(1), old), Accepted)
        (prompt,) = server.prompts()
        assert prompt.body not in (None, b"body")
        await a.owned(complete(1), old)
        new = (await b.take(0))[0]
        fenced = await a.owned(accept(2, name="id-1"), old)
        assert isinstance(fenced, Fenced)
        assert isinstance(fenced.answer, Repeated)
        assert fenced.answer.outcome == b"done"
        assert isinstance(await a.owned(complete(1), old), Fenced)
        found = await b.owned(Find("a", "id-1"), new)
        assert isinstance(found, Found)
        assert found.outcome == b"done"
        large = StorePolicy().prompt_bytes + 1
        refused = await b.owned(accept(3, body=bytes(large)), new)
        assert isinstance(refused, Refused)


async def test_a_batch_of_a_node_that_is_cut_off_comes_to_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Those of the others are carried out; one that is there already is, unheard."""
    del autojump_clock
    server = MemoryServer(partitions=1)
    one, other = server.node("a"), server.node("b")
    async with at(one) as a, at(other) as b:
        one.cut_off()
        with pytest.raises(StoreAwayError, match="node a is cut off"):
            await a.carry(accept(1))
        await b.carry(accept(2))
        assert [each.number for each in server.prompts()] == [2]

        one.join_again()
        one.at_point(lambda point, _: one.cut_off() if point == "after carry" else None)
        with pytest.raises(StoreAwayError):
            await a.carry(accept(1))
        assert [each.number for each in server.prompts()] == [1, 2]


async def test_a_server_that_is_down_answers_nobody() -> None:
    """Nor can it be opened."""
    server = MemoryServer()
    async with at(server.node("a")) as a, at(server.node("b")) as b:
        server.down()
        for desk in (a, b):
            with pytest.raises(StoreAwayError, match="the server is down"):
                await desk.carry(accept(1))
            with pytest.raises(StoreAwayError, match="the server is down"):
                await desk.beat()
        claim = server.node("c").claim()
        with pytest.raises(StoreAwayError):
            await claim.open()
        server.up()
        await claim.open()
        await a.carry(accept(1))
    assert len(server.prompts()) == 1
