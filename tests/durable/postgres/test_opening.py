"""Opened by one node, by many at once, or not at all."""

from __future__ import annotations

import gc
import hashlib
import logging
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from benchmarks.postgres.server import PASSWORD, Server, until
from supervision.durable import (
    PostgresStore,
    StoreAwayError,
    StoreError,
    StoreTooNewError,
)
from supervision.durable._postgres.carrying.usual import functions, kept_in
from supervision.durable._postgres.ending import LEFT_AFTER
from supervision.durable._postgres.opening import PostgresOpening
from supervision.durable._postgres.schema import SCHEMA, TABLES, Schema
from tests.durable.store.bench import accept, opened

Names = Callable[[], str]


async def test_many_nodes_may_make_it_at_once(
    server: Server, new_schema: Names
) -> None:
    """One of them makes the tables, each has an opening of its own."""
    schema = new_schema()
    stores = [PostgresStore(server.dsn(), schema=schema) for _ in range(8)]
    made: list[PostgresOpening] = []

    async def one(store: PostgresStore) -> None:
        opening = await store.claim().open()
        assert isinstance(opening, PostgresOpening)
        made.append(opening)

    async with trio.open_nursery() as nursery:
        for store in stores:
            nursery.start_soon(one, store)

    assert sorted(each.opened for each in made) == [*range(1, 9)]
    async with trio.open_nursery() as nursery:
        for each in made:
            nursery.start_soon(each.close)
    assert server.do(f"select count(*) from {schema}.partitions") == [(64,)]


async def test_all_nodes_have_as_many_partitions(
    server: Server, new_schema: Names
) -> None:
    """Whoever says another number is told; what is there stays."""
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema, partitions=5)):
        pass

    with pytest.raises(StoreError, match=r"has 5 partitions.*partitions=64"):
        await PostgresStore(server.dsn(), schema=schema).claim().open()
    async with opened(PostgresStore(server.dsn(), schema=schema, partitions=5)):
        pass


async def test_d61_a_newer_stores_tables_are_not_touched(
    server: Server, new_schema: Names
) -> None:
    """It says which version it has found."""
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema)) as bench:
        await bench.carry(accept(1))
    server.do(f"update {schema}.meta set value = 7 where name = 'version'")

    store = PostgresStore(server.dsn(), schema=schema)
    with pytest.raises(StoreTooNewError) as caught:
        await store.claim().open()
    assert (caught.value.found, caught.value.known) == (7, 1)
    store.claim().release()  # it is free again


async def test_d61_older_tables_are_brought_up(
    server: Server, new_schema: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one transaction, also by two nodes at once; a column comes without a step."""
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema)) as bench:
        await bench.carry(accept(1))

    more = ";\nalter table @prompts add column if not exists mood text"
    step = "alter table @nodes add column if not exists shoe int8"
    for newer in (
        Schema(1, SCHEMA.tables + more, revision=2),
        Schema(2, SCHEMA.tables + more, steps={1: step}),
    ):
        monkeypatch.setattr("supervision.durable._postgres.opening.SCHEMA", newer)
        stores = [
            PostgresStore(server.dsn(), schema=schema, node=each) for each in "ab"
        ]
        async with trio.open_nursery() as nursery:
            for store in stores:
                nursery.start_soon(_open_and_close, store)

    columns = server.do(
        "select column_name from information_schema.columns"
        f" where table_schema = '{schema}' and column_name in ('mood', 'shoe')"
        " order by 1"
    )
    assert columns == [("mood",), ("shoe",)]
    meta = dict(server.do(f"select name, value from {schema}.meta"))
    assert (meta["version"], meta["revision"]) == (2, 1)


async def _open_and_close(store: PostgresStore) -> None:
    async with opened(store):
        pass


def test_whoever_changes_a_function_raises_the_revision() -> None:
    """Or it would not be made where there is a store; take both from what is said."""
    digest = hashlib.sha256(functions().encode()).hexdigest()[:16]

    assert (SCHEMA.version, SCHEMA.revision, digest) == (1, 1, "19b0eddb6efeffb4")


async def test_functions_of_an_older_release_stay(
    server: Server, new_schema: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its nodes go on beside those of the newer one, which has others."""
    schema = new_schema()
    older = ";\ncreate function @older() returns int language sql as 'select 1'"
    path = "supervision.durable._postgres.opening.SCHEMA"
    monkeypatch.setattr(path, Schema(1, TABLES + older))
    await _open_and_close(PostgresStore(server.dsn(), schema=schema))
    monkeypatch.setattr(path, attrs.evolve(SCHEMA, revision=2))
    await _open_and_close(PostgresStore(server.dsn(), schema=schema))

    named = server.do(
        "select proname from pg_proc where pronamespace = (select oid from pg_namespace"
        f" where nspname = '{schema}')"
    )
    assert "older" in {name for (name,) in named}
    made = {each.removeprefix(f"{schema}.") for each in kept_in(schema).values()}
    assert made < {name for (name,) in named}


async def test_a_schema_may_be_given_to_who_may_make_none(
    server: Server, new_schema: Names
) -> None:
    """Who owns one needs no right to make others; without one it is said."""
    schema, name = new_schema(), new_schema()
    server.do(
        f"create role {name} login password 'x'",
        f"create schema {schema} authorization {name}",
        "revoke create on database postgres from public",
    )
    dsn = f"host=127.0.0.1 port={server.port} dbname=postgres user={name} password=x"
    async with opened(PostgresStore(dsn, schema=schema)) as bench:
        await bench.carry(accept(1))

    with pytest.raises(StoreError, match=r"cannot be made.*permission denied"):
        await PostgresStore(dsn, schema=new_schema()).claim().open()


async def test_a_server_that_only_reads_is_away(
    server: Server, new_schema: Names
) -> None:
    """Another one is about to take its place, most likely: there is another try."""
    name = new_schema()
    server.do(
        f"create role {name} login superuser password 'x'",
        f"alter role {name} set default_transaction_read_only = on",
    )
    dsn = f"host=127.0.0.1 port={server.port} dbname=postgres user={name} password=x"
    with pytest.raises(StoreAwayError, match="read-only"):
        await PostgresStore(dsn, schema=new_schema()).claim().open()


async def test_names_may_be_any_names(server: Server) -> None:
    """Of schemas and nodes; with quotes, dollars, signs from beyond."""
    for name in ("Sch\"e'ma", "a.b", "$x$ %s {0}", "日本", "@", "$1"):
        async with opened(PostgresStore(server.dsn(), schema=name, node=name)) as bench:
            await bench.carry(accept(1))


async def test_a_database_that_is_not_in_utf8_is_refused(server: Server) -> None:
    """Not all keys could be stored in it."""
    server.do("create database latin encoding 'LATIN1' locale 'C' template template0")
    store = PostgresStore(server.dsn(database="latin"))
    with pytest.raises(StoreError, match=r"LATIN1.*UTF8"):
        await store.claim().open()


# ------------------------------------------------------------------------------ no way


async def test_a_server_that_is_not_there_is_away() -> None:
    """Whoever supervises the router tries again."""
    with socket.socket() as nobody:  # bound, and not listened to
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        store = PostgresStore(f"host=127.0.0.1 port={port} dbname=x password=hunter2")
        with pytest.raises(StoreAwayError, match=r"127\.0\.0\.1") as caught:
            await store.claim().open()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    store.claim().release()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"password": "hunter2 and more"}, "password authentication failed"),
        ({"dbname": "nowhere"}, "does not exist"),
        ({"user": "nobody_of_them"}, "authentication failed"),
        ({"sslmode": "require"}, "SSL"),
        ({"host": "no-such-host.invalid"}, "not known|no-such-host"),
        ({"options": f"-c search_path={PASSWORD.split()[0]}"}, None),
    ],
)
async def test_a_password_is_in_no_error(
    server: Server,
    changed: dict[str, str],
    said: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nor in the log, nor in what libpq says, nor in any cause."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - as in `server`

    caplog.set_level(logging.DEBUG)
    dsn = make_conninfo(server.dsn(), connect_timeout="2", **changed)
    store = PostgresStore(dsn)
    error: BaseException | None = None
    if said is None:
        await (await store.claim().open()).close()
    else:
        with pytest.raises(StoreAwayError, match=said) as caught:
            await store.claim().open()
        error = caught.value

    texts = [repr(store), caplog.text]
    while error is not None:
        texts += [str(error), repr(error), str(vars(error))]
        texts += traceback.format_exception(error)
        error = error.__cause__ or error.__context__
    for each in (PASSWORD, "hunter2", dsn):
        assert each not in "\n".join(texts)


async def test_an_opening_that_is_cancelled_is_free(
    server: Server, new_schema: Names
) -> None:
    """Also while the server stands still; nobody waits for it longer than a while."""
    store = PostgresStore(server.dsn(), schema=new_schema())
    claim = store.claim()
    with trio.CancelScope() as scope:
        scope.cancel()
        await claim.open()
    assert scope.cancelled_caught
    with pytest.raises(StoreError, match="not claimed any more"):
        await claim.open()

    async with opened(store) as bench:
        await bench.carry(accept(1))


async def test_a_server_that_stands_still_keeps_nobody_from_closing(
    server: Server, new_schema: Names
) -> None:
    """What is out has no answer then; the threads end, though they were waiting."""
    name = new_schema()
    store = PostgresStore(server.dsn(), schema=new_schema(), node=name)
    opening = await store.claim().open()
    told: list[Any] = []
    with server.stopped():
        opening.carry([accept(1)], told.append)
        with trio.fail_after(10 * LEFT_AFTER):
            await opening.close()
        await until(lambda: not any(name in it.name for it in threading.enumerate()))
    assert told == []
    async with opened(store):
        pass


async def test_no_connection_is_left_behind(server: Server, new_schema: Names) -> None:
    """When it is closed; while it is open there are three."""
    name = new_schema()
    dsn = f"{server.dsn()} application_name={name}"
    asked = f"select count(*) from pg_stat_activity where application_name = '{name}'"
    async with opened(PostgresStore(dsn, schema=new_schema())) as bench:
        await bench.carry(accept(1))
        await until(lambda: server.do(asked) == [(3,)])

    await until(lambda: server.do(asked) == [(0,)])
    gc.collect()  # a connection that nobody has closed warns, and a warning fails


async def test_it_is_copied_by_its_own_tools(
    server: Server, new_schema: Names, tmp_path: Path
) -> None:
    """And knows no size."""
    async with opened(PostgresStore(server.dsn(), schema=new_schema())) as bench:
        with pytest.raises(StoreError, match="pg_dump"):
            await bench.opened.backup(tmp_path / "copy")
        measures = bench.opened.measures()
        assert (measures.path, measures.size) == ("127.0.0.1/postgres", None)
        assert bench.opened.grown == (0, 0)
