"""A server that is away, comes back, kills a connection; a node that is stopped."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
import trio

from benchmarks.postgres.server import Server
from supervision.durable import PostgresStore, StoreAwayError, StoreError
from supervision.durable._sharing.words import (
    Beat,
    Fenced,
    Lease,
    Owned,
    Take,
    View,
)
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Answer,
    Begin,
    Bring,
    Brought,
    Forget,
    Forgotten,
    Record,
)
from tests.durable.postgres.asking import ask
from tests.durable.store.bench import Bench, accept, complete, opened, plain
from tests.durable.store.disk import PATIENCE

Names = Callable[[], str]


async def until_carried(bench: Bench, *batch: Any) -> tuple[Sequence[Answer], int]:
    """Carry a batch out, again and again as it is; its answers, and how often in vain.

    Any: as `Bench.carry`.
    """
    vain = 0
    with trio.fail_after(PATIENCE):
        while True:
            try:
                return await bench.carry(*batch), vain
            except StoreAwayError:
                vain += 1
                await trio.sleep(0.02)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_d75_a_server_is_started_again(
    server: Server, new_schema: Names, how: int
) -> None:
    """In good order or not: what was answered is there, what was not is sent again."""
    store = PostgresStore(server.dsn(), schema=new_schema())
    async with opened(store) as bench:
        await bench.carry(accept(1))
        await ask(bench, Beat(1))
        async with trio.open_nursery() as nursery:
            restart = trio.to_thread.run_sync
            nursery.start_soon(restart, server.restart, how)
            answered = 1
            for number in range(2, 60):
                await until_carried(bench, accept(number))
                answered = number
        answers, _ = await until_carried(bench, Bring("a"))
        (brought,) = answers
        assert isinstance(brought, Brought)
        assert [each.number for each in brought.rows] == [*range(1, answered + 1)]
        assert isinstance(await ask_again(bench, Beat(2)), View)


async def ask_again(bench: Bench, question: Any) -> Any:  # Any: see `ask`
    """Ask until there is a reaction."""
    with trio.fail_after(PATIENCE):
        while True:
            try:
                return await ask(bench, question)
            except StoreAwayError:
                await trio.sleep(0.02)


async def test_a_server_that_is_down_is_away_until_it_is_back(
    server: Server, new_schema: Names
) -> None:
    """For both ways to it; nothing else is told of them."""
    async with opened(PostgresStore(server.dsn(), schema=new_schema())) as bench:
        await bench.carry(accept(1))
        server.stop()
        try:
            for _ in range(2):
                with pytest.raises(StoreAwayError) as caught:
                    await bench.carry(accept(2))
                assert caught.value.why
                with pytest.raises(StoreAwayError):
                    await ask(bench, Beat(1))
        finally:
            server.start()
        assert await bench.carry(accept(2), complete(1))
        assert isinstance(await ask(bench, Beat(1)), View)


async def test_an_answer_that_is_lost_changes_nothing(
    server: Server, new_schema: Names
) -> None:
    """A batch that waits is killed, or has been carried out: sent again it is the same.

    The connection of the batch is ended by the server in the middle of it.
    """
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema)) as bench:
        await bench.carry(accept(1), accept(2))
        batch: tuple[Record, ...] = (
            Begin((2,), (1,), 7, 1),
            complete(1, sends=()),
            accept(3),
            Forget("a", b"withdrawn", 1, at=9.0),
        )
        heard: list[Any] = []

        async def carry() -> None:
            heard.append(await until_carried(bench, *batch))

        with server.connect() as other:
            other.execute(f"begin; lock table {schema}.sessions".encode())
            async with trio.open_nursery() as nursery:
                nursery.start_soon(carry)
                await server.until_waiting()
                server.do(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where wait_event_type = 'Lock'"
                )
                other.execute(b"commit")
        ((answers, vain),) = heard
        assert vain >= 1
        forgotten = answers[-1]
        assert isinstance(forgotten, Forgotten)
        assert forgotten.withdrawn == (3,)
        # as if the answers had been lost on their way
        assert plain(await bench.carry(*batch)) == plain(answers)
        assert (await bench.ask(Find("a", "id-2"), Found)).outcome is None


async def test_a_connection_that_was_ended_in_between_costs_one_try(
    server: Server, new_schema: Names
) -> None:
    """Each way makes itself a new one; others' are not touched."""
    dsn, name = server.dsn(), new_schema()
    store = PostgresStore(f"{dsn} application_name={name}", schema=new_schema())
    async with opened(store) as bench:
        await bench.carry(accept(1))
        await ask(bench, Beat(1))
        server.do(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            f" where application_name = '{name}'"
        )
        with pytest.raises(StoreAwayError):
            await bench.carry(accept(2))
        await bench.carry(accept(2))
        # its listener may have found it out for it
        assert isinstance(await ask_again(bench, Beat(2)), View)


async def test_a_store_that_is_gone_is_no_more_of_any_use(
    server: Server, new_schema: Names
) -> None:
    """That is no reason to try again: its router crashes."""
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema)) as bench:
        server.do(f"drop schema {schema} cascade")
        with pytest.raises(StoreError, match="does not exist") as caught:
            await bench.carry(accept(1))
        assert not isinstance(caught.value, StoreAwayError)
        with pytest.raises(StoreError, match="does not exist"):
            await ask(bench, Beat(1))


@pytest.mark.parametrize(
    "setting", ["default_transaction_read_only = on", "statement_timeout = 1"]
)
async def test_what_passes_is_away(
    server: Server, new_schema: Names, setting: str
) -> None:
    """A server that only reads: another one is about to take its place, most likely."""
    name = new_schema()
    server.do(f"create role {name} login superuser password 'x'")
    dsn = f"host=127.0.0.1 port={server.port} dbname=postgres user={name} password=x"
    async with opened(PostgresStore(dsn, schema=new_schema())) as bench:
        await bench.carry(accept(1))
        server.do(f"alter role {name} set {setting}")
        server.do(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            f" where usename = '{name}'"
        )
        with pytest.raises(StoreAwayError):
            await bench.carry(accept(2))
        if setting.startswith("default"):
            for _ in range(2):
                with pytest.raises(StoreAwayError, match="read-only"):
                    await bench.carry(accept(2))
        server.do(f"alter role {name} reset all")
        await until_carried(bench, accept(2))


# --------------------------------------------------------------- a node that is stopped

CHILD = """
import sys, trio
from supervision.durable import PostgresStore
from supervision.durable._sharing.words import Lease, Owned, Take
from tests.durable.postgres.asking import ask
from tests.durable.store.bench import accept, complete, opened, row

async def main():
    dsn, schema = sys.argv[1:]
    async with opened(PostgresStore(dsn, schema=schema, node="child")) as bench:
        leases = tuple(Lease(each, 0) for each in range(64))
        reaction = await ask(bench, Take(leases))
        taken = {each.partition: each for each in reaction.leases}
        print("taken", flush=True)
        number = 0
        while True:
            batch = []
            for each in range(100):
                number += 1
                lease = taken[each % 64]
                batch.append(Owned(accept(number, tried=1, begun=1), lease))
            await bench.carry(*batch)
            print(number, flush=True)

trio.run(main)
"""


@contextlib.contextmanager
def child(dsn: str, schema: str) -> Generator[subprocess.Popen[str]]:
    """Have a process write as an owner of all, as fast as it can."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", CHILD, dsn, schema],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "taken\n"
            assert int(process.stdout.readline()) == 100
            yield process
        finally:
            process.kill()


async def test_d72_a_stopped_node_holds_no_lock(
    server: Server, new_schema: Names
) -> None:
    """Stopped when it has just sent a batch: all it had is taken, at once.

    When it goes on it is fenced: what it is sending is kept, without a mark.
    """
    schema = new_schema()
    store = PostgresStore(server.dsn(), schema=schema, node="taker")
    async with opened(store) as bench:
        with child(server.dsn(), schema) as process, server.connect() as other:
            other.execute(
                f"begin; lock table {schema}.prompts in exclusive mode".encode()
            )
            await server.until_waiting()  # the child's batch is there, and has its rows
            process.send_signal(signal.SIGSTOP)
            seen = tuple(Lease(each, 1) for each in range(64))
            assert (await ask(bench, Take(seen))).leases == ()
            other.execute(b"commit")

            taken = await ask(bench, Take(seen))
            assert taken.leases == tuple(Lease(each, 2) for each in range(64))
            answers = await bench.carry(
                *(
                    Owned(complete(key=f"k{each.partition}"), each)
                    for each in taken.leases
                )
            )
            assert not any(isinstance(each, Fenced) for each in answers)

            asked = f"select number from {schema}.prompts where begun is not null"
            marked = sorted(server.do(asked))
            process.send_signal(signal.SIGCONT)
            assert process.stdout is not None
            while int(process.stdout.readline()) < len(marked) + 200:
                pass
        assert marked == [(each,) for each in range(1, len(marked) + 1)]
        assert sorted(server.do(asked)) == marked
        ((kept,),) = server.do(f"select count(*) from {schema}.prompts")
        assert kept >= len(marked) + 200
