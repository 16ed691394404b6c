"""What a node asks beside its batches: each question, and what is said of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from benchmarks.postgres.server import Server
from supervision.durable import PostgresStore, StoreRefusedError
from supervision.durable._sealing.seals import Unopened
from supervision.durable._sharing.words import (
    Beat,
    EndedRow,
    Give,
    Lease,
    Leave,
    NodeRow,
    PartitionRow,
    Poll,
    Post,
    Recall,
    Reply,
    Take,
    VerbRow,
    numbers_of,
    partition_of,
)
from supervision.durable._words.records import Prune
from tests.durable.postgres.asking import ask
from tests.durable.sealing.boxes import Keyed
from tests.durable.store.bench import Bench, accept, complete, opened, plain

Names = Callable[[], str]
ALL = (0, 1, 2)


@asynccontextmanager
async def nodes(
    server: Server, schema: str, **options: Any
) -> AsyncGenerator[tuple[Bench, Bench]]:
    """Open a store for two nodes, of three partitions; Any: as the store takes them."""
    a, b = (
        PostgresStore(
            server.dsn(),
            schema=schema,
            node=each,
            address=f"http://{each}",
            release=release,
            partitions=3,
            **options,
        )
        for each, release in (("a", 4), ("b", 5))
    )
    async with opened(a) as one, opened(b) as other:
        yield one, other


def poll(opened: int, **changes: Any) -> Poll:
    """Make a question; Any: each field is named by the test."""
    fields: dict[str, Any] = {
        "partitions": ALL,
        "known": (),
        "follows": (),
        "asked": (),
        "most": 100,
    }
    return Poll(opened=opened, **{**fields, **changes})


def number(opened: int, count: int) -> int:
    """Give a prompt's number as a router of this opening does."""
    return numbers_of(opened)[0] + count


async def test_a_beat_is_seen_by_all(server: Server, new_schema: Names) -> None:
    """With all nodes and partitions, and the time of the server."""
    async with nodes(server, new_schema()) as (one, other):
        await ask(one, Beat(7))
        view = await ask(other, Beat(1, leaving=True))
        view = await ask(one, Beat(9))

        assert view.nodes == (
            NodeRow("a", "http://a", 4, 1, 9, leaving=False),
            NodeRow("b", "http://b", 5, 2, 1, leaving=True),
        )
        assert view.partitions == tuple(PartitionRow(p, None, 0, 0) for p in ALL)
        ((now,),) = server.do("select extract(epoch from clock_timestamp())::float8")
        assert abs(view.now - now) < 60


async def test_a_second_node_of_one_name_is_seen(
    server: Server, new_schema: Names
) -> None:
    """By the first one: the row has the later opening."""
    schema = new_schema()
    stores = [PostgresStore(server.dsn(), schema=schema, node="x") for _ in range(2)]
    async with opened(stores[0]) as one, opened(stores[1]) as other:
        await ask(one, Beat(1))
        await ask(other, Beat(1))
        view = await ask(one, Beat(2))
        assert [each.opened for each in view.nodes] == [other.opened.opened]


async def test_partitions_are_taken_by_who_has_seen_them_last(
    server: Server, new_schema: Names
) -> None:
    """Each gets the next epoch, and keeps the highest release that has had it."""
    async with nodes(server, new_schema()) as (one, other):
        seen = tuple(Lease(p, 0) for p in ALL)
        assert (await ask(other, Take(seen[:2]))).leases == (Lease(0, 1), Lease(1, 1))
        assert (await ask(one, Take(seen))).leases == (Lease(2, 1),)
        assert (await ask(one, Take(seen))).leases == ()
        assert (await ask(one, Take(()))).leases == ()
        assert (await ask(one, Take((Lease(0, 1), Lease(9, 0))))).leases == (
            Lease(0, 2),
        )

        view = await ask(one, Beat(1))
        assert view.partitions == (
            PartitionRow(0, "a", 2, 5),
            PartitionRow(1, "b", 1, 5),
            PartitionRow(2, "a", 1, 4),
        )
        # what is given is the giver's, in the epoch that it says
        await ask(one, Give((Lease(0, 1), Lease(1, 1), Lease(2, 1))))
        view = await ask(one, Beat(1))
        owners = [each.owner for each in view.partitions]
        assert owners == ["a", "b", None]
        assert [each.epoch for each in view.partitions] == [2, 1, 1]


async def test_those_that_are_free_are_taken_though_one_is_not(
    server: Server, new_schema: Names
) -> None:
    """A row that is locked for long keeps nobody from the others."""
    schema = new_schema()
    async with nodes(server, schema) as (one, _):
        with server.connect() as other:
            other.execute(
                "begin;"
                f" select 1 from {schema}.partitions where p = 1 for share".encode()
            )
            taken = await ask(one, Take(tuple(Lease(p, 0) for p in ALL)))
            assert taken.leases == (Lease(0, 1), Lease(2, 1))


async def test_one_that_comes_free_is_taken_though_another_does_not(
    server: Server, new_schema: Names
) -> None:
    """Who waits for both in vain looks once more."""
    schema = new_schema()
    async with nodes(server, schema) as (one, _):
        heard: list[Any] = []

        async def take() -> None:
            heard.append(await ask(one, Take((Lease(0, 0), Lease(1, 0)))))

        with server.connect() as short, server.connect() as long:
            for which, p in ((short, 0), (long, 1)):
                which.execute(
                    "begin; select 1 from"
                    f" {schema}.partitions where p = {p} for share".encode()
                )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(take)
                await server.until_waiting()
                short.execute(b"commit")
        assert heard[0].leases == (Lease(0, 1),)


async def test_a_row_that_is_locked_for_a_moment_is_waited_for(
    server: Server, new_schema: Names
) -> None:
    """A batch that is about to end."""
    schema = new_schema()
    async with nodes(server, schema) as (one, _):
        heard: list[Any] = []

        async def take() -> None:
            heard.append(await ask(one, Take((Lease(1, 0),))))

        with server.connect() as other:
            other.execute(
                f"begin; select 1 from {schema}.partitions for share".encode()
            )
            async with trio.open_nursery() as nursery:
                nursery.start_soon(take)
                await server.until_waiting()
                other.execute(b"commit")
        assert heard[0].leases == (Lease(1, 1),)


async def test_who_leaves_leaves_nothing(server: Server, new_schema: Names) -> None:
    """Neither a row, nor partitions, nor verbs."""
    schema = new_schema()
    async with nodes(server, schema) as (one, other):
        await ask(one, Beat(1))
        await ask(one, Take(tuple(Lease(p, 0) for p in ALL)))
        await ask(one, Post("k", "cancel", b""))
        await ask(one, Leave())

        view = await ask(other, Beat(1))
        assert [each.node for each in view.nodes] == ["b"]
        assert {each.owner for each in view.partitions} == {None}
        assert server.do(f"select count(*) from {schema}.verbs") == [(0,)]


# ------------------------------------------------------------------------- what is new


async def test_d73_prompts_of_others_are_told(
    server: Server, new_schema: Names
) -> None:
    """Those that are open, of these partitions, that are not known, in their order."""
    async with nodes(server, new_schema()) as (other, one):
        theirs, mine = other.opened.opened, one.opened.opened  # theirs is lower
        beyond = number(mine + 1, 0)  # the first one of the next opening
        await one.carry(accept(number(mine, 1), "k"), accept(beyond, "k"))
        await other.carry(
            accept(number(theirs, 2), "k", steers=4, origin=b"o"),
            accept(number(theirs, 1), "j"),
            accept(number(theirs, 3), "j"),
            complete(number(theirs, 3), key="j"),
        )

        async def told(**changes: Any) -> list[int]:
            polled = await ask(one, poll(mine, **changes))
            return [each.number for each in polled.rows]

        seen = [beyond, number(theirs, 2), number(theirs, 1)]
        assert await told() == seen
        assert await told(most=2) == seen[:2]
        assert await told(known=(beyond, number(theirs, 1))) == seen[1:2]
        assert await told(partitions=(partition_of("j", 3),)) == seen[2:]
        assert await told(partitions=()) == []
        (row,) = (await ask(one, poll(mine, known=(seen[0], seen[2])))).rows
        assert plain(row) == plain(
            accept(number(theirs, 2), "k", steers=4, origin=b"o").row
        )


async def test_an_outcome_is_told_to_who_follows(
    server: Server, new_schema: Names
) -> None:
    """When there is one; and that there will be none, when the prompt is gone."""
    async with nodes(server, new_schema()) as (one, other):
        await one.carry(accept(1), accept(2), accept(3, "b"))
        await other.carry(complete(2, turn=8))

        polled = await ask(one, poll(9, follows=(1, 2, 77), partitions=()))
        assert plain(polled.ended) == plain(
            [EndedRow(2, b"done", 8, "a"), EndedRow(77, None, None, "")]
        )


async def test_d79_a_verb_is_done_by_the_owner(
    server: Server, new_schema: Names
) -> None:
    """It is told to who polls its partition until it is answered.

    The answer until it is recalled: what was told may have got lost.
    """
    schema = new_schema()
    async with nodes(server, schema) as (one, other):
        first = (await ask(one, Post("k", "cancel", b"\0\xff"))).id
        second = (await ask(one, Post("é'$", "steer", b""))).id
        assert first < second

        polled = await ask(other, poll(1))
        assert plain(polled.verbs) == plain(
            [
                VerbRow(first, "k", "cancel", b"\0\xff", "a"),
                VerbRow(second, "é'$", "steer", b"", "a"),
            ]
        )
        elsewhere = tuple({*ALL} - {partition_of("k", 3)})
        some = await ask(other, poll(1, partitions=elsewhere))
        assert first not in [each.id for each in some.verbs]

        await ask(other, Reply(((first, b"done"), (999, b""))))
        assert [each.id for each in (await ask(other, poll(1))).verbs] == [second]
        # it is who asked who is told
        stranger = await ask(other, poll(1, asked=(first, second)))
        assert stranger.answers == ()
        for _ in range(2):
            told = await ask(one, poll(1, asked=(first, second)))
            assert told.answers == ((first, b"done"),)
        await ask(one, Recall((first,)))
        assert (await ask(one, poll(1, asked=(first, second)))).answers == ()

        await ask(one, Recall((second, 999)))
        assert (await ask(other, poll(1))).verbs == ()
        assert server.do(f"select count(*) from {schema}.verbs") == [(0,)]


async def test_a_verb_that_nobody_answers_is_pruned(
    server: Server, new_schema: Names
) -> None:
    """An hour later, by the server's clock."""
    schema = new_schema()
    async with nodes(server, schema) as (one, _):
        for _ in range(2):
            await ask(one, Post("k", "cancel", b""))
        server.do(
            f"update {schema}.verbs set at = at - interval '61 minutes' where id = 1"
        )
        await one.carry(Prune(0.0, 10))
        assert server.do(f"select id from {schema}.verbs") == [(2,)]


@pytest.mark.parametrize(("key", "verb"), [("a\0", "x"), ("a", "\0"), ("\ud800", "x")])
async def test_a_verb_that_cannot_be_stored_is_refused(
    server: Server, new_schema: Names, key: str, verb: str
) -> None:
    """And those behind it are not."""
    async with nodes(server, new_schema()) as (one, _):
        with pytest.raises(StoreRefusedError, match=r"zero|no text"):
            await ask(one, Post(key, verb, b""))
        await ask(one, Post("a", verb="x", arguments=b""))


async def test_what_the_server_does_not_take_is_refused_alone(
    server: Server, new_schema: Names
) -> None:
    """A number that there is none of; the next question is answered."""
    async with nodes(server, new_schema()) as (one, _):
        with pytest.raises(StoreRefusedError, match="out of range"):
            await ask(one, poll(1, follows=(2**63,)))
        await ask(one, poll(1, follows=(2**62,)))


async def test_questions_wait_for_no_batch(server: Server, new_schema: Names) -> None:
    """A node whose batch takes long beats on; and they are answered in their order."""
    schema = new_schema()
    async with nodes(server, schema) as (one, _):
        await one.carry(accept(1))
        with server.connect() as other:
            other.execute(f"begin; lock table {schema}.prompts".encode())
            async with trio.open_nursery() as nursery:
                nursery.start_soon(one.carry, accept(2))
                await server.until_waiting()
                heard: list[Any] = []
                for beat in range(20):
                    one.opened.sharing.ask(Beat(beat), heard.append)
                await ask(one, Take(()))
                other.execute(b"commit")
        assert [each.nodes[0].beat for each in heard] == [*range(20)]


async def test_nothing_is_told_after_it_is_closed(
    server: Server, new_schema: Names
) -> None:
    """And nothing is asked."""
    store = PostgresStore(server.dsn(), schema=new_schema())
    opening: Any = await store.claim().open()
    heard: list[Any] = []
    opening.sharing.ask(Beat(1), heard.append)
    await opening.close()
    assert heard == []
    with pytest.raises(RuntimeError, match="closed"):
        opening.sharing.ask(Beat(1), heard.append)
    with pytest.raises(RuntimeError, match="closed"):
        opening.carry([accept(1)], heard.append)


async def test_d69_bodies_are_sealed_on_this_way_too(
    server: Server, new_schema: Names
) -> None:
    """Prompts, outcomes, what verbs say; to another place none of them is opened."""
    schema = new_schema()
    async with nodes(server, schema, seal=Keyed(b"key")) as (one, other):
        await one.carry(accept(1, body=b"secret", origin=b"secret"), accept(2))
        await one.carry(complete(2))
        await ask(one, Post("k", "steer", b"secret"))

        polled = await ask(other, poll(9, follows=(2,), known=()))
        (row,) = polled.rows
        assert (row.body, row.origin) == (b"secret", b"secret")
        assert polled.ended[0].outcome == b"done"
        assert polled.verbs[0].arguments == b"secret"
        await ask(other, Reply(((1, b"secret"),)))
        tables = ("prompts", "verbs")
        dump = "".join(str(server.do(f"select * from {schema}.{t}")) for t in tables)
        assert "secret" not in dump
        assert (await ask(one, poll(9, asked=(1,)))).answers == ((1, b"secret"),)

        await ask(one, Post("k", "steer", b"secret"))
        server.do(f"update {schema}.verbs set key = 'other'")
        (moved,) = (await ask(other, poll(9))).verbs
        assert isinstance(moved.arguments, Unopened)
