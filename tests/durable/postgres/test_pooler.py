"""A pooler in transaction mode: all runs, and it is known that no hints come."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator

import pytest
import trio

from benchmarks.postgres.server import Server
from supervision.durable import PostgresStore
from supervision.durable._postgres.nodes import listening
from supervision.durable._sharing.words import Beat, Fenced, Hint, Lease, Owned, Take
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import ACCEPTED, Bring, Brought
from tests.durable.postgres.asking import ask
from tests.durable.servers.pooler import find_pooler, open_pooler
from tests.durable.store.bench import Bench, accept, complete, opened

Names = Callable[[], str]


@pytest.fixture
def pooled(server: Server) -> Generator[str]:
    """How a server is reached through one."""
    program = find_pooler()
    if program is None:
        pytest.skip("no pgbouncer here")
    with open_pooler(program, server) as dsn:
        yield dsn


async def test_d74_a_pooler_in_transaction_mode_is_as_good(
    server: Server, pooled: str, new_schema: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five nodes on two connections; hints are sent, and none comes through it."""
    monkeypatch.setattr(listening, "FIRST", 0.3)
    schema = new_schema()
    stores = [
        PostgresStore(pooled, schema=schema, node=f"n{each}", partitions=5)
        for each in range(5)
    ]
    direct = PostgresStore(server.dsn(), schema=schema, node="direct", partitions=5)
    async with opened(direct) as other:
        async with contextlib.AsyncExitStack() as stack:
            benches = [await stack.enter_async_context(opened(it)) for it in stores]
            async with trio.open_nursery() as nursery:
                for node, bench in enumerate(benches):
                    nursery.start_soon(_use, node, bench)
            assert not any(each.opened.sharing.hears for each in benches)

        for node in range(5):
            rows = (await other.ask(Bring(f"k{node}"), Brought)).rows
            assert [each.number for each in rows] == [1000 * node + 1]


async def _use(node: int, bench: Bench) -> None:
    """Do what a node does."""
    (lease,) = (await ask(bench, Take((Lease(node, 0),)))).leases
    first = 1000 * node + 100
    for each in range(20):
        answers = await bench.carry(
            Owned(accept(first, f"k{node}", f"{each}", tried=1, begun=1), lease),
            Owned(Find(f"k{node}", f"{each}"), lease),
            Owned(complete(first, key=f"k{node}"), lease),
        )
        assert answers[0] is ACCEPTED
        found = answers[1]
        assert isinstance(found, Found)
        assert found.number == first
        view = await ask(bench, Beat(each))
        assert [it.beat for it in view.nodes if it.node == f"n{node}"] == [each]
        await ask(bench, Hint(("n0", "direct")))
        first += 1
    (fenced,) = await bench.carry(Owned(accept(7, "x"), Lease(node, 9)))
    assert isinstance(fenced, Fenced)
    await bench.carry(accept(1000 * node + 1, f"k{node}", "open"))
