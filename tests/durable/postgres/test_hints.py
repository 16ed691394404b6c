"""Hints from other nodes; and that it is found out when none come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest
import trio

from benchmarks.postgres.server import Server
from supervision.durable import PostgresStore
from supervision.durable._postgres.link import Link
from supervision.durable._postgres.nodes import listening
from supervision.durable._postgres.nodes.listening import Listening
from supervision.durable._postgres.target import Target
from supervision.durable._sharing.words import Hint
from tests.durable.postgres.asking import ask
from tests.durable.store.bench import Bench, opened
from tests.durable.store.disk import PATIENCE

Names = Callable[[], str]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it tried again at once."""
    monkeypatch.setattr(listening, "PAUSE", 0.01)


class Ear:
    """What a node is told of hints."""

    def __init__(self, bench: Bench) -> None:
        self.sharing: Any = bench.opened.sharing
        self.count = 0
        self._came = trio.Event()
        self.sharing.hinted = self._hinted

    def _hinted(self) -> None:
        self.count += 1
        self._came.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a hint, until this is so."""
        with trio.fail_after(PATIENCE):
            while not is_so():
                self._came = trio.Event()
                await self._came.wait()


async def test_a_hint_comes_to_whom_it_is_for(
    server: Server, new_schema: Names
) -> None:
    """At once; and to nobody else."""
    schema = new_schema()
    names = ("a", "b\"'é", "c")
    a, b, c = (PostgresStore(server.dsn(), schema=schema, node=each) for each in names)
    async with opened(a) as one, opened(b) as two, opened(c) as three:
        ears = [Ear(each) for each in (one, two, three)]
        for each in ears:
            await each.until(lambda each=each: each.sharing.hears)  # type: ignore[misc]
        before = [each.count for each in ears]

        await ask(one, Hint((names[1], "nobody")))
        await ears[1].until(lambda: ears[1].count > before[1])
        await ask(one, Hint((names[0],)))
        await ears[0].until(lambda: ears[0].count > before[0])
        await ask(one, Hint(()))
        assert ears[2].count == before[2]


async def test_d74_a_listener_that_is_gone_comes_back(
    server: Server, new_schema: Names
) -> None:
    """Meanwhile it is known that no hints come; each change is told."""
    schema = new_schema()
    async with opened(PostgresStore(server.dsn(), schema=schema, node="a")) as bench:
        ear = Ear(bench)
        await ear.until(lambda: ear.sharing.hears)
        for _ in range(2):
            before = ear.count
            server.do(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                f""" where query = 'listen "{schema}"'"""
            )
            # it has heard no more, and hears again
            await ear.until(lambda before=before: ear.count >= before + 2)  # type: ignore[misc]
            await ear.until(lambda: ear.sharing.hears)
        await ask(bench, Hint(("a",)))


class Words:
    """A listener, its words on their way to nobody or to the server; what it says."""

    def __init__(self, server: Server, channel: str) -> None:
        self.said: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.passes = threading.Event()
        self._server = server
        self._channel = channel
        self.listening = Listening(
            Link(Target(server.dsn())),
            channel=channel,
            node="a",
            send=self._send,
            heard=lambda: self.said.put("hint"),
            hears=self.said.put,
        )
        self.listening.first = self.listening.round = 0.5

    def _send(self, word: str) -> None:
        if self.passes.is_set():
            self._server.do(f"select pg_notify('{self._channel}', '{word}')")


@pytest.fixture
def words(server: Server, new_schema: Names) -> Generator[Words]:
    """A listener that runs."""
    made = Words(server, new_schema())
    made.listening.begin()
    yield made
    made.listening.end()


def test_d74_a_listener_that_hears_nothing_knows(words: Words) -> None:
    """Its connection is there, and what is said does not come; then it does."""
    words.passes.set()
    assert words.said.get(timeout=PATIENCE) is True
    words.passes.clear()
    assert words.said.get(timeout=PATIENCE) is False
    words.passes.set()
    assert words.said.get(timeout=PATIENCE) is True


def test_a_server_that_is_not_there_is_tried_again(
    server: Server, new_schema: Names
) -> None:
    """Nothing is said until it hears."""
    words = Words(server, new_schema())
    words.passes.set()
    server.stop()
    words.listening.begin()
    server.start()
    try:
        assert words.said.get(timeout=PATIENCE) is True
    finally:
        words.listening.end()
