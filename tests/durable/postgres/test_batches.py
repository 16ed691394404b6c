"""Batches of one node, and of two at once: fences, order, what is refused."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from benchmarks.postgres.server import Server
from supervision.durable import PostgresStore, StorePolicy
from supervision.durable._postgres.link import Link, RefusedByServerError
from supervision.durable._postgres.rows import message
from supervision.durable._sharing.words import Fenced, Give, Lease, Owned, Take
from supervision.durable._words.journals import ChunkPage, Chunks, ReadChunks
from supervision.durable._words.looks import Find, Hold, Keys, Look, Waiting
from supervision.durable._words.records import (
    ACCEPTED,
    DONE,
    Accepted,
    Begin,
    Bind,
    Bring,
    Brought,
    Ended,
    Fire,
    Forget,
    Quarantine,
    Record,
    Refused,
    Repeated,
    Settle,
    State,
)
from supervision.durable._words.reminders import (
    Due,
    DuePage,
    ForgetReminder,
    Remind,
    ReminderRow,
)
from tests.durable.postgres.asking import ask
from tests.durable.store.bench import Bench, accept, complete, opened, plain, row

Names = Callable[[], str]
SOON = ReminderRow("a", "soon", 3.0, None, b"body")


@asynccontextmanager
async def two_nodes(
    server: Server, schema: str, **options: Any
) -> AsyncGenerator[tuple[Bench, Bench]]:
    """Open a store for two nodes, of one partition; Any: as the store takes them."""
    a, b = (
        PostgresStore(server.dsn(), schema=schema, node=each, partitions=1, **options)
        for each in "ab"
    )
    async with opened(a) as one, opened(b) as other:
        yield one, other


# ------------------------------------------------------------------------------- fences


@pytest.mark.parametrize(
    "record",
    [
        Begin((1,), (1,), 7, 1),
        complete(1),
        Settle("a", Ended(1, b"over", None)),
        Bind("a", b"token"),
        Quarantine("a", b"crashes"),
        Hold("a", "why"),
        Forget("a", b"withdrawn", 1),
        Chunks(1, "a", 0, 9, b"chunk"),
        Chunks(1, "a", 1, 1, b""),
        Chunks(1, "a", 0, 0, b"", lost=True),
        Remind(ReminderRow("a", "late", 4.0, None, b"body")),
        ForgetReminder("a", "soon", 77),
        Fire(row(9), "soon", 3.0, None),
        complete(
            again=((1, 5),),
            sends=(row(8, "b"),),
            bound=True,
            token=b"t",
            reminders=(SOON,),
            unremind=("soon",),
            begins=5,
        ),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_what_an_owner_of_before_sends_is_fenced(
    server: Server, new_schema: Names, record: Record
) -> None:
    """Each kind of record; nothing of it is done, and the others of its batch are."""
    async with two_nodes(server, new_schema()) as (one, other):
        (mine,) = (await ask(one, Take((Lease(0, 0),)))).leases
        await one.carry(
            accept(1, stream=8),
            complete(key="a", state=State(b"first", 1)),
            Chunks(1, "a", 0, 1, b"first"),
            Remind(SOON),
        )
        seen = await everything(one)
        await ask(other, Take((mine,)))

        fenced, other_record = await one.carry(Owned(record, mine), accept(2, "c"))
        assert plain(fenced) == plain(Fenced(mine))
        assert other_record is ACCEPTED
        assert await everything(one) == seen

        # by its owner it is done
        (done,) = await other.carry(Owned(record, Lease(0, 2)))
        assert not isinstance(done, Fenced)
        assert await everything(one) != seen


async def everything(bench: Bench) -> object:
    """Give what there is of key "a"."""
    return plain(
        await bench.carry(
            Bring("a"),
            Find("a", "id-1"),
            ReadChunks(1, "a", 0, 1000),
            Due(100.0, 10),
            Look("", 1, key="a"),
        )
    )


async def test_a_fenced_prompt_is_kept_without_its_mark(
    server: Server, new_schema: Names
) -> None:
    """And brings nothing; one that is repeated is told."""
    async with two_nodes(server, new_schema()) as (one, other):
        old = Lease(0, 5)
        marked = accept(1, bring=True, tried=1, begun=6)
        first, second = await one.carry(
            Owned(marked, old), Owned(accept(2, name="id-1", bring=True), old)
        )

        assert plain(first) == plain(Fenced(old, ACCEPTED))
        assert plain(second) == plain(Fenced(old, Repeated(1, None, None, None)))
        (kept,) = (await other.ask(Bring("a"), Brought)).rows
        assert (kept.tried, kept.begun) == (0, None)


async def test_a_fence_is_the_nodes_and_the_epochs(
    server: Server, new_schema: Names
) -> None:
    """Who has given it away is fenced, and who has it again in a later epoch is too."""
    async with two_nodes(server, new_schema()) as (one, other):
        (first,) = (await ask(one, Take((Lease(0, 0),)))).leases
        (done,) = await one.carry(Owned(Bind("a", b"1"), first))
        assert done is DONE
        (done,) = await other.carry(Owned(Bind("a", b"2"), first))
        assert isinstance(done, Fenced)

        await ask(one, Give((first,)))
        (done,) = await one.carry(Owned(Bind("a", b"3"), first))
        assert isinstance(done, Fenced)

        (again,) = (await ask(one, Take((first,)))).leases
        old, new = await one.carry(
            Owned(Bind("a", b"4"), first), Owned(Bind("b", b"5"), again)
        )
        assert isinstance(old, Fenced)
        assert new is DONE
        brought = await one.ask(Bring("a"), Brought)
        assert brought.session is not None
        assert brought.session.token == b"1"


async def test_a_take_over_waits_for_a_batch_and_a_batch_for_it(
    server: Server, new_schema: Names
) -> None:
    """An owner that is in the middle has its row locked; then the taker has it."""
    schema = new_schema()
    async with two_nodes(server, schema) as (one, other):
        (mine,) = (await ask(one, Take((Lease(0, 0),)))).leases
        with server.connect() as batch:
            batch.execute(
                f"begin; select 1 from {schema}.partitions for share".encode()
            )
            assert (await ask(other, Take((mine,)))).leases == ()
            batch.execute(b"commit")
        assert (await ask(other, Take((mine,)))).leases == (Lease(0, 2),)


# -------------------------------------------------------------------------------- order


async def test_prompts_are_in_the_order_in_which_they_were_accepted(
    server: Server, new_schema: Names
) -> None:
    """Whatever their numbers: those of nodes know nothing of each other."""
    async with two_nodes(server, new_schema()) as (one, other):
        await one.carry(accept(500), accept(501, steers=3))
        await other.carry(accept(30), accept(29), accept(31, steers=3))
        await one.carry(complete(key="b", sends=(row(400), row(12))))
        await other.carry(Begin((12, 400), (1, 1), 7, 1))

        for bench in (one, other):
            brought = await bench.ask(Bring("a"), Brought)
            found = [each.number for each in brought.rows]
            assert found == [400, 12, 501, 31, 500, 30, 29]


async def test_one_id_accepted_by_two_nodes_at_once_is_one_prompt(
    server: Server, new_schema: Names
) -> None:
    """The one that was written first, which the other one could not see yet."""
    schema = new_schema()
    async with two_nodes(server, schema) as (one, other):
        await one.carry(accept(7, "b"))
        with server.connect() as first:
            first.execute(
                f"begin; insert into {schema}.prompts (number, p, key, id, kind,"
                " attempts, tried, at, base, body)"
                " values (5, 0, 'a', 'id-1', 'send', 1, 0, 1.0, 0, '')".encode()
            )
            answers: list[Any] = []

            async def carry() -> None:
                records = (
                    accept(1, bring=True),
                    Owned(accept(2, name="id-1"), Lease(0, 9)),
                    complete(key="c", sends=(row(3, name="id-1"), row(4, "c"))),
                    accept(7, "d"),
                )
                answers.extend(await other.carry(*records))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(carry)
                await server.until_waiting()
                assert answers == []
                first.execute(b"commit")

        repeated, fenced, completion, number = answers
        assert isinstance(repeated, Repeated)
        assert (repeated.number, repeated.outcome, repeated.turn) == (5, None, None)
        assert repeated.brought is not None
        assert [each.number for each in repeated.brought.rows] == [5]
        assert plain(fenced) == plain(
            Fenced(Lease(0, 9), Repeated(5, None, None, None))
        )
        assert completion.known == (3,)
        assert number.why == "number 7 is another prompt's"


async def test_pages_are_of_the_partitions_that_are_asked_for(
    server: Server, new_schema: Names
) -> None:
    """Keys that wait, and reminders that are due."""
    store = PostgresStore(server.dsn(), schema=new_schema(), partitions=4)
    keys = [f"key-{each}" for each in range(40)]
    async with opened(store) as bench:
        for number, key in enumerate(keys):
            await bench.carry(
                accept(2 * number, key),
                accept(2 * number + 1, key),
                Remind(ReminderRow(key, "x", float(number), None, b"")),
            )

        pages = list[str]()
        reminded = list[str]()
        for each in range(4):
            seen = list[str]()
            while page := (
                await bench.ask(Waiting(seen[-1] if seen else "", 3, (each,)), Keys)
            ).keys:
                seen += page
            assert seen == sorted(seen)
            pages += seen
            due = await bench.ask(Due(20.0, 50, partitions=(each,)), DuePage)
            assert [it.due for it in due.reminders] == sorted(
                it.due for it in due.reminders
            )
            assert due.next is None or due.next > 20.0
            reminded += [it.key for it in due.reminders]
        assert sorted(pages) == sorted(keys)
        assert sorted(reminded) == sorted(keys[:21])
        both = await bench.ask(Waiting("", 100, (1, 3)), Keys)
        assert {*both.keys} < {*keys}
        assert (await bench.ask(Waiting("", 100, ()), Keys)).keys == ()


# ---------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "wrong",
    [
        accept(2, "a\0"),
        accept(2, name="\0"),
        accept(2, tenant="\0"),
        accept(2, job="\0"),
        complete(key="\0"),
        complete(sends=(row(2, "\0"),)),
        complete(reminders=(ReminderRow("a", "\0", 1.0, None, b""),)),
        Remind(ReminderRow("\0", "x", 1.0, None, b"")),
        Fire(row(2), "\0", 1.0, None),
        Bring("\0"),
        Bind("\0", b""),
        Find("a", "\0"),
        Look("\0", 1),
        Waiting("\0", 1),
        Hold("a", "\0"),
        ForgetReminder("a", "\0", 1),
        Settle("\0", Ended(1, b"", None)),
        # what only the server knows: an index takes no more of a key
        accept(2, random.Random(1).randbytes(4000).hex()),
        # and no such number
        Begin((1,), (2**63,), 7, 1),
        Chunks(1, "a", 2**63, 2**63, b""),
    ],
)
async def test_what_the_server_does_not_take_is_refused_alone(
    server: Server, new_schema: Names, wrong: Record
) -> None:
    """The rest of the batch is carried out, in its order; nothing of that record."""
    store = PostgresStore(server.dsn(), schema=new_schema())
    async with opened(store) as bench:
        answers = await bench.carry(
            accept(1), accept(3, bring=True), wrong, accept(4, bring=True), complete(3)
        )

        assert isinstance(answers[2], Refused)
        assert answers[2].why
        assert answers[0] is ACCEPTED
        brought = [
            [each.number for each in found.brought.rows]
            for found in answers
            if isinstance(found, Accepted) and found.brought is not None
        ]
        assert brought == [[1], [1, 3]]
        rows = (await bench.ask(Bring("a"), Brought)).rows
        assert [each.number for each in rows] == [1, 4]


async def test_many_of_a_batch_may_be_refused(
    server: Server, new_schema: Names
) -> None:
    """Each is found, wherever it stands; the others are one transaction."""
    schema = new_schema()
    long = random.Random(1).randbytes(4000).hex()
    wrong = (0, 1, 17, 40, 98, 99)
    async with opened(PostgresStore(server.dsn(), schema=schema)) as bench:
        batch = [
            accept(each, long if each in wrong else f"k{each}") for each in range(100)
        ]
        answers = await bench.carry(*batch)

        refused = [i for i, it in enumerate(answers) if isinstance(it, Refused)]
        assert refused == [*wrong]
        asked = f"select count(*), count(distinct xmin::text) from {schema}.prompts"
        assert server.do(asked) == [(94, 1)]


async def test_what_was_refused_for_a_moment_is_taken(
    server: Server, new_schema: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is looked at again, nothing is wrong with it: nobody is refused."""
    store = PostgresStore(server.dsn(), schema=new_schema())
    async with opened(store) as bench:
        carry, left = Link.carry, [1]

        def once(link: Link, message: bytes) -> Any:  # Any: see `Link.carry`
            if left:
                left.clear()
                msg = "just not now"
                raise RefusedByServerError(msg)
            return carry(link, message)

        monkeypatch.setattr(Link, "carry", once)
        answers = await bench.carry(accept(1), accept(2))
        assert [*answers] == [ACCEPTED, ACCEPTED]


def test_no_text_ends_what_it_stands_in() -> None:
    """One that has the word of a tag in it stands between others."""
    first = message.text("x")
    word = first.split("$")[1]
    second = message.text(f"a ${word}$ b")
    assert second.split("$")[1] != word
    assert second.endswith(f"${second.split('$')[1]}$::text")


async def test_a_body_may_have_any_bytes_and_be_large(
    server: Server, new_schema: Names
) -> None:
    """Of megabytes, in records and in answers."""
    bodies = [b"", bytes(range(256)), b"$" * 99, random.Random(2).randbytes(3 << 20)]
    policy = StorePolicy(prompt_bytes=4 << 20)
    store = PostgresStore(server.dsn(), schema=new_schema(), policy=policy)
    async with opened(store) as bench:
        await bench.carry(
            *(accept(each, body=body, stream=1) for each, body in enumerate(bodies)),
            *(Chunks(each, "a", 0, 1, body) for each, body in enumerate(bodies)),
        )

        rows = (await bench.ask(Bring("a"), Brought)).rows
        assert [each.body for each in rows] == bodies
        for each in range(1, 4):
            page = await bench.ask(ReadChunks(each, "a", 0, 1), ChunkPage)
            assert page.blocks == ((1, bodies[each]),)
        await bench.carry(complete(0, state=State(bodies[-1], 1)))
        state = (await bench.ask(Bring("a"), Brought)).session
        assert state is not None
        assert state.state is not None
        assert state.state.body == bodies[-1]


async def test_a_batch_is_one_transaction(server: Server, new_schema: Names) -> None:
    """All that it writes has one number of the server's."""
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema)) as bench:
        await bench.carry(
            *(accept(each, f"k{each}", stream=8) for each in range(30)),
            *(complete(each, key=f"k{each}") for each in range(10)),
            Begin((11, 12), (1, 1), 7, 1),
            Chunks(13, "k13", 0, 2, b"x"),
            Remind(SOON),
        )
        tables = ("prompts", "sessions", "chunks", "reminders")
        union = " union ".join(f"select xmin::text from {schema}.{t}" for t in tables)
        assert len(server.do(union)) == 1
