"""A child that holds a resource for its siblings; on the virtual clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import Actor, Completed, Session, Turn, open_system
from supervision import (
    Backoff,
    ChildSpec,
    ChildStartError,
    ExitCode,
    Resource,
    Router,
    Service,
    Settings,
    Shared,
    Supervisor,
    find_child,
    router_ref,
)


class Client:
    """A resource that writes down its life, and can be broken."""

    def __init__(self, log: list[str], number: int) -> None:
        self.log = log
        self.number = number
        self.broken = trio.Event()


class Clients:
    """Makes them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.made: list[Client] = []
        self.slow = 0.0
        self.closing = 0.0
        self.error: Exception | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Client]:
        """One; it closes in its own time, also when its block is cancelled."""
        if self.slow:
            await trio.sleep(self.slow)
        if self.error is not None:
            raise self.error
        client = Client(self.log, len(self.made) + 1)
        self.made.append(client)
        self.log.append(f"open {client.number}")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.watch, client)
            yield client
            nursery.cancel_scope.cancel()
        await trio.sleep(self.closing)
        self.log.append(f"close {client.number}")

    async def watch(self, client: Client) -> None:
        """Fail when it is broken."""
        await client.broken.wait()
        raise OSError("the line is dead")


class Chat(Session[float, str]):
    """Uses it for a while."""

    def __init__(self, shared: Shared[Client]) -> None:
        self.shared = shared

    async def take_turn(self, turn: Turn[float, str]) -> int:
        async with self.shared.use() as client:
            await trio.sleep(turn.prompt)
            client.log.append("used")
            return client.number


def tree_of(clients: Clients, **options: Any) -> type[Supervisor]:
    """A tree whose sessions share one."""

    class Tree(Supervisor):
        def declare(self) -> list[ChildSpec[Any]]:
            shared = Shared(clients.open)
            return [
                ChildSpec(Resource, shared, id="client", **options),
                ChildSpec(Router, Chat, (shared,), id="router"),
            ]

    return Tree


async def test_the_resource_outlives_those_who_use_it(
    autojump_clock: MockClock,
) -> None:
    """Open before the first, closed after the last, in order, in a drained service."""
    del autojump_clock
    clients = Clients()
    clients.slow, clients.closing = 1.0, 2.0
    service = Service(tree_of(clients), (), Settings(budget=25.0))
    ready = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.live, (), ready.set)
        await ready.wait()
        assert clients.log == ["open 1"]
        assert service.tree is not None
        router = router_ref(await find_child(service.tree, "router"), Chat)
        receipt = router.send("k", 3.0)
        await trio.sleep(1.0)
        service.stop("enough")
        outcome = await receipt.outcome()

    assert isinstance(outcome, Completed)
    assert outcome.result == 1
    assert clients.log == ["open 1", "used", "close 1"]
    report = service.report
    assert report is not None
    assert (report.exit_code, report.late) == (ExitCode.OK, ())
    assert report.stop_seconds == pytest.approx(2.0)


async def test_one_that_ends_by_itself_is_opened_again(
    autojump_clock: MockClock,
) -> None:
    """Its supervisor restarts it; meanwhile it is closed to those who want it."""
    del autojump_clock
    clients = Clients()
    wait = Backoff(1.0, 1.0, jitter=0.0)
    async with open_system() as system:
        tree = system.start(tree_of(clients, backoff=wait))
        await tree.wait_started()
        router = router_ref(await find_child(tree, "router"), Chat)
        clients.made[0].broken.set()
        await trio.sleep(0.5)
        refused = await router.send("k", 0.0).outcome()
        await trio.sleep(1.0)
        outcome = await router.send("k", 0.0).outcome()

    assert isinstance(getattr(refused, "error", None), trio.ClosedResourceError)
    assert isinstance(outcome, Completed)
    assert outcome.result == 2
    assert clients.log == ["open 1", "open 2", "used", "close 2"]


async def test_one_that_cannot_be_opened_is_a_start_that_fails() -> None:
    """With what it failed with as the cause, and in its words."""
    clients = Clients()
    clients.error = OSError("no route")
    with pytest.raises(ChildStartError) as caught:  # noqa: PT012 - a block ends
        async with open_system() as system:
            system.start(tree_of(clients))
            await trio.sleep_forever()

    assert caught.value.__cause__ is clients.error
    assert str(caught.value).endswith("could not be started: OSError: no route")


async def test_one_that_is_still_being_opened_holds_up_no_stop(
    autojump_clock: MockClock,
) -> None:
    """What it waits for is cancelled at once."""
    del autojump_clock
    clients = Clients()
    clients.slow = 1000.0
    async with open_system() as system:
        system.start(tree_of(clients))
        await trio.testing.wait_all_tasks_blocked()
        begun = trio.current_time()
    assert trio.current_time() == begun
    assert clients.log == []


async def test_users_that_do_not_leave_are_waited_for_so_long(
    autojump_clock: MockClock,
) -> None:
    """Somebody outside of the tree has it, say: ten seconds, then it is closed."""
    del autojump_clock
    clients = Clients()
    shared = Shared(clients.open)
    async with trio.open_nursery() as nursery:
        async with open_system() as system:
            await system.start(Resource, shared, name="r").wait_started()

            async def use() -> None:
                async with shared.use():
                    await trio.sleep(100)

            nursery.start_soon(use)
            await trio.testing.wait_all_tasks_blocked()
            begun = trio.current_time()
        assert trio.current_time() - begun == pytest.approx(10.0)
        with pytest.raises(trio.ClosedResourceError):
            async with shared.use():
                pass  # pragma: no cover
        nursery.cancel_scope.cancel()


async def test_what_is_replaced_is_what_a_restart_opens(
    autojump_clock: MockClock,
) -> None:
    """Not what it began with."""
    del autojump_clock
    old, new = Clients(), Clients()
    shared = Shared(old.open)
    async with shared:
        await shared.replace(new.open)
    async with shared:
        pass

    assert old.log == ["open 1", "close 1"]
    assert new.log == ["open 1", "close 1", "open 2", "close 2"]


async def test_it_holds_a_shared_and_takes_no_messages() -> None:
    """What is wrong is said where it is done."""
    wrong: Any = 3
    message: Any = "x"
    with pytest.raises(TypeError, match="takes a Shared, got 3"):
        Resource(wrong)
    resource: Actor[Any] = Resource(Shared(Clients().open))
    with pytest.raises(TypeError, match="takes no messages, got 'x'"):
        resource.receive(message)
