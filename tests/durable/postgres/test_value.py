"""The value that describes a store: what it refuses, and what it does not say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from supervision.durable import PostgresStore, SharingPolicy, StoreInUseError
from tests.durable.store.disk import PATIENCE

DSN = "postgresql://ann:hunter2@db.example/chat"
pytest.importorskip("psycopg", reason="no psycopg here: it has no binary for it")


def test_a_store_is_a_value() -> None:
    """That does nothing yet, and says where it is."""
    store = PostgresStore(DSN)

    assert repr(store) == "PostgresStore('db.example/chat', schema='trio_actors')"
    assert (store.partitions, store.release, store.address) == (64, 0, None)
    assert store.sharing == SharingPolicy()
    assert store.node != PostgresStore(DSN).node
    assert PostgresStore(DSN, node="a", address="http://a").address == "http://a"


def test_a_claim_asks_nobody() -> None:
    """There is no such server; its number is one that no opening has."""
    store = PostgresStore(DSN)
    numbers = set[int]()
    for _ in range(20):
        claim = store.claim()
        assert claim.path == "db.example/chat"
        numbers.add(claim.number)
        with pytest.raises(StoreInUseError):
            store.claim()
        claim.release()
        claim.release()

    assert len(numbers) == 20
    assert all(2**22 <= each < 2**23 for each in numbers)


@pytest.mark.parametrize(
    ("options", "error", "name"),
    [
        ({"node": ""}, ValueError, "node"),
        ({"node": 7}, TypeError, "node"),
        ({"node": "a\0b"}, ValueError, "node"),
        ({"node": "\ud800"}, ValueError, "node"),
        ({"node": "x" * 1001}, ValueError, "node"),
        ({"node": "\nx"}, ValueError, "node"),
        ({"address": b"x"}, TypeError, "address"),
        ({"address": ""}, ValueError, "address"),
        ({"release": -1}, ValueError, "release"),
        ({"release": True}, TypeError, "release"),
        ({"release": 2**31}, ValueError, "release"),
        ({"schema": ""}, ValueError, "schema"),
        ({"schema": "x" * 64}, ValueError, "schema"),
        ({"schema": "pg_mine"}, ValueError, "schema"),
        ({"schema": None}, TypeError, "schema"),
        ({"partitions": 0}, ValueError, "partitions"),
        ({"partitions": 10_001}, ValueError, "partitions"),
        ({"partitions": 1.0}, TypeError, "partitions"),
        ({"types": int}, TypeError, "types"),
        ({"upcasters": {1: 2}}, TypeError, "upcasters"),
        ({"entry_upcasters": []}, TypeError, "entry_upcasters"),
        ({"seal": "x"}, TypeError, "seal"),
        ({"policy": 1}, TypeError, "policy"),
        ({"sharing": 1}, TypeError, "sharing"),
    ],
)
def test_what_is_wrong_is_refused_by_name(
    options: dict[str, Any], error: type[Exception], name: str
) -> None:
    """At the call; Any: that is the point."""
    with pytest.raises(error, match=name):
        PostgresStore(DSN, **options)


SECRETS = ("hunter2", "hun", "ter2")


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://ann:hun@ter2@db.example/chat",  # whose host would be ter2@...
        "postgresql://ann:hun/ter2@db.example/chat",
        "postgresql://ann:hun/ter2@db@example/chat",
        "host=db.example password=hun ter2",
        "host=db.example password='hunter2",
        "host=db.example pasword=hunter2",
        "postgresql://ann:hunter2@db.example/chat?x=1",
        "postgresql://ann:hunter2@[db.example/chat",
        "postgresql://ann@db.example:hunter2/chat",
        b"postgresql://ann:hunter2@db.example/chat",
        None,
    ],
)
def test_an_address_that_is_none_is_not_said(dsn: Any) -> None:
    """It may have a password in it; Any: not all are text."""
    with pytest.raises((TypeError, ValueError), match="dsn") as caught:
        PostgresStore(dsn)

    error: BaseException | None = caught.value
    while error is not None:
        assert not any(each in str(error) for each in SECRETS)
        error = error.__cause__ or (
            None if error.__suppress_context__ else error.__context__
        )


def test_a_secret_is_hidden_in_what_others_say() -> None:
    """As it is, and as it stands in an address."""
    from supervision.durable._postgres.target import Target  # noqa: PLC0415 - psycopg

    target = Target("host=h password='a b@c' sslpassword=other")
    said = "for 'a b@c', a%20b%40c, a+b%40c or other"
    assert target.said(RuntimeError(said)) == "for '***', ***, *** or ***"
    assert target.said(RuntimeError()) == "RuntimeError"


def test_an_address_may_say_all_that_libpq_takes() -> None:
    """More than one host, a socket, a password with what is special in it."""
    for dsn, where in (
        ("postgresql://a:x%40y%2Fz@one:5432,two:5433/chat", "one,two/chat"),
        ("host=/run/postgresql dbname=chat", "/run/postgresql/chat"),
        ("user=ann@azure password='p @/\\'x' host=h dbname=d", "h/d"),
        ("postgresql:///chat", "/chat"),
    ):
        assert repr(PostgresStore(dsn)).startswith(f"PostgresStore({where!r}")


PROGRAM = """
import sys
from supervision.durable import MemoryStore, PostgresStore
MemoryStore()
try:
    PostgresStore("postgresql:///chat")
except ImportError as error:
    print(error)
"""
NONE = 'import sys; sys.modules["psycopg"] = None  # as if it were not there'


@pytest.mark.parametrize(
    ("first", "environment"),
    [(NONE, {}), ("", {"PSYCOPG_IMPL": "c"})],
    ids=["no psycopg", "no libpq for it"],
)
def test_psycopg_is_wanted_by_who_makes_one(
    first: str, environment: dict[str, str]
) -> None:
    """And by nobody else."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", first + PROGRAM],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
        env={**os.environ, **environment},
        text=True,
        timeout=PATIENCE,
    )
    assert "pip install 'trio-actors[postgres]'" in done.stdout


def test_a_way_on_which_nothing_arrives_is_given_up() -> None:
    """Within half of `ttl`, so that a node is back in time; unless the user says so."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - it is there

    from supervision.durable._postgres.target import Target  # noqa: PLC0415

    for ttl, given, connect, silent in (
        (10.0, "", "5", "5000"),
        (2.0, "", "2", "1000"),
        (0.5, "", "2", "1000"),
        (600.0, "", "5", "30000"),
        (10.0, " connect_timeout=9 tcp_user_timeout=7", "9", "7"),
    ):
        how = conninfo_to_dict(Target(f"host=somewhere{given}", ttl / 2).conninfo)

        assert (how["connect_timeout"], how["tcp_user_timeout"]) == (connect, silent)


def test_a_store_gives_its_ways_up_by_its_ttl(monkeypatch: Any) -> None:
    """It has one address for all of them."""
    from supervision.durable._postgres import target  # noqa: PLC0415 - as above

    made: list[float] = []

    class Told(target.Target):
        def __init__(self, dsn: object, silent: float) -> None:
            made.append(silent)
            super().__init__(dsn, silent)

    monkeypatch.setattr(target, "Target", Told)

    PostgresStore("host=somewhere", sharing=SharingPolicy(ttl=7.0))

    assert made == [3.5]
