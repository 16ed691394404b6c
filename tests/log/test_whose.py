"""Records say in whose turn they were made, and nothing was noted for that."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import trio

from actors import Actor, Session, Turn, open_system
from actors.hosting import hub_of
from supervision import start_router
from supervision._log.whose import Whose, WhoseFilter, whose

log = logging.getLogger("tests.whose")


class Keeping(logging.Handler):
    """Keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Iterator[list[logging.LogRecord]]:
    """What is logged, seen through the filter."""
    caplog.set_level(logging.INFO)
    handler = Keeping()
    handler.addFilter(WhoseFilter())
    log.addHandler(handler)
    yield handler.records
    log.removeHandler(handler)


def fields(record: logging.LogRecord) -> tuple[object, ...]:
    """Of the turn."""
    return tuple(record.__dict__.get(name) for name in ("router", "key", "turn"))


class Chat(Session[str, str]):
    """Says something in all the places of a turn."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        del turn
        log.info("before a wait")
        await trio.lowlevel.checkpoint()
        log.info("after it")
        async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - it is the point
            nursery.start_soon(self.below)
        log.info("its own", extra={"key": "mine"})

    async def below(self) -> None:
        """In a nursery of the turn."""
        await trio.lowlevel.checkpoint()
        log.info("below")


class Plain(Actor[str]):
    """No turn of anybody."""

    def receive(self, message: str) -> None:
        log.info(message)


async def test_records_of_a_turn_carry_its_router_key_and_id(
    records: list[logging.LogRecord],
) -> None:
    """In its own task and in nurseries that it opens; fields of one's own stay."""
    async with open_system() as system:
        router = start_router(system, Chat, name="router")
        await router.send("alice", "x").outcome()

    assert [fields(record) for record in records] == [
        ("/router", "alice", 1),
        ("/router", "alice", 1),
        ("/router", "alice", 1),
        ("/router", "mine", 1),
    ]


async def test_tasks_that_a_turn_starts_are_told_too(
    records: list[logging.LogRecord],
) -> None:
    """The first, the others, and what they open; and nothing is kept of them."""

    class Busy(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            turn.start_soon(self.task, "first")
            turn.start_soon(self.task, "second")
            await trio.testing.wait_all_tasks_blocked()

        async def task(self, name: str) -> None:
            log.info(name)
            async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - the point
                nursery.start_soon(self.below)

        async def below(self) -> None:
            await trio.lowlevel.checkpoint()
            log.info("below")

    async with open_system() as system:
        router = start_router(system, Busy, name="router")
        await router.send("alice", "x").outcome()
        kept = dict(hub_of(system).holders)

    assert [fields(record) for record in records] == [("/router", "alice", 1)] * 4
    assert kept == {}


async def test_a_task_of_another_actor_is_in_no_turn(
    records: list[logging.LogRecord],
) -> None:
    """It is that actor's, also when a turn has started the actor, and tells it."""

    class Works(Actor[str]):
        def receive(self, message: str) -> None:
            self.start_soon(self.task, message)

        async def task(self, message: str) -> None:
            log.info(message)

    class Starts(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            await self.start(Works).tell(turn.prompt)
            await trio.testing.wait_all_tasks_blocked()

    async with open_system() as system:
        await system.start(Works).tell("x")
        await start_router(system, Starts).send("alice", "y").outcome()

    said = [(record.getMessage(), *fields(record)) for record in records]
    assert said == [("x", None, None, None), ("y", None, None, None)]


async def test_outside_of_turns_there_is_nothing(
    records: list[logging.LogRecord],
) -> None:
    """In other actors, beside the system, and in threads."""
    async with open_system() as system:
        ref = system.start(Plain)
        await ref.tell("in an actor")
        await trio.testing.wait_all_tasks_blocked()
        log.info("beside")
        await trio.to_thread.run_sync(log.info, "in a thread")

    assert [fields(record) for record in records] == [(None, None, None)] * 3


async def test_two_turns_at_once_are_told_apart() -> None:
    """Whatever they have waited for."""
    found: dict[str, Whose | None] = {}

    class Slow(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            await trio.testing.wait_all_tasks_blocked()
            found[turn.prompt] = whose()

    async with open_system() as system:
        router = start_router(system, Slow, name="r")
        receipts = [router.send(key, key) for key in ("a", "b")]
        for each in receipts:
            await each.outcome()

    assert found == {"a": Whose("/r", "a", 1), "b": Whose("/r", "b", 2)}
