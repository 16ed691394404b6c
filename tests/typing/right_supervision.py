"""Right uses of supervision: checked by mypy and pyright with no error, never run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_type

import attrs

from actors import Actor, ActorRef, AnyRef, Exit, Mailbox, Request, open_system
from supervision import (
    AdminRequest,
    AutoShutdown,
    Backoff,
    ChildCounts,
    ChildInfo,
    ChildSpec,
    ChildState,
    DynamicSupervisor,
    ListChildren,
    Restart,
    RestartLimit,
    RestartRecord,
    StartChild,
    StartedChild,
    StartInstance,
    Strategy,
    Supervisor,
    check_specs,
    count_children,
    delete_child,
    describe_child,
    get_spec,
    list_children,
    restart_child,
    start_child,
    stop_child,
)


@attrs.frozen
class Add:
    """A message."""

    amount: int


@attrs.frozen
class Total(Request[int]):
    """A request."""


class Counter(Actor[Add | Total]):
    """Adds up."""

    def __init__(self, start: int, step: int = 1) -> None:
        self.total = start * step

    def receive(self, message: Add | Total) -> None:
        """Do it."""


class Clock(Actor[Add]):
    """Needs no arguments."""

    def receive(self, message: Add) -> None:
        """Take it."""


class Shop(Supervisor):
    """A static supervisor that declares everything."""

    strategy = Strategy.REST_FOR_ONE
    limit = RestartLimit(5, within=10.0)
    auto_shutdown = AutoShutdown.ALL_SIGNIFICANT
    children = (
        ChildSpec(Counter, 1),
        ChildSpec(Counter, 1, 2, id="other", backoff=Backoff(0.5, 30)),
        ChildSpec(Clock, restart=Restart.TRANSIENT, significant=True),
        ChildSpec(Clock, id="late", grace=0, mailbox=Mailbox(capacity=1)),
    )


class Computed(Supervisor):
    """A static supervisor that computes its children."""

    limit = None

    def __init__(self, count: int) -> None:
        self.count = count

    def declare(self) -> Iterable[ChildSpec[Any]]:
        for number in range(self.count):
            yield ChildSpec(Counter, number, id=f"counter-{number}")

    def random(self) -> float:
        return 0.0


class Tree(Supervisor):
    """Supervisors are children like any other."""

    children = (ChildSpec(Shop), ChildSpec(Computed, 3))


class Crowd(DynamicSupervisor):
    """A dynamic supervisor."""

    template = ChildSpec(Counter, 1, limit=RestartLimit(1, within=60))
    max_children = 10


class Rooms(DynamicSupervisor):
    """One whose children bring an argument each."""

    template = ChildSpec.template(Counter, restart=Restart.TEMPORARY)


def specs_know_the_messages() -> None:
    """What a spec starts takes these messages."""
    assert_type(ChildSpec(Counter, 1), ChildSpec[Add | Total])
    assert_type(ChildSpec(Clock), ChildSpec[Add])
    assert_type(ChildSpec.template(Counter), ChildSpec[Add | Total])
    assert_type(check_specs([ChildSpec(Clock)]), tuple[ChildSpec[Any], ...])


async def administration() -> None:
    """Start, ask, stop."""
    async with open_system() as system:
        shop = system.start(Shop, name="shop")
        crowd = system.start(Crowd)
        system.start(Computed, 3)
        system.start(Tree)

        counter = await start_child(shop, ChildSpec(Counter, 1))
        assert_type(counter, ActorRef[Add | Total])
        counter.tell_nowait(Add(1))
        assert_type(await counter.ask(Total()), int)
        assert_type(await start_child(shop, ChildSpec(Clock)), ActorRef[Add])
        anybody: AnyRef = await start_child(crowd, 2)
        await start_child(crowd)

        await stop_child(shop, "other")
        await stop_child(shop, counter)
        await stop_child(crowd, anybody)
        assert_type((await restart_child(shop, "other")).path, str)
        await delete_child(shop, "other")
        await administrate(shop)
        await administrate(crowd)


async def administrate(shop: ActorRef[AdminRequest]) -> None:
    """What any supervisor can be asked."""
    assert_type(await list_children(shop), tuple[ChildInfo, ...])
    assert_type(await describe_child(shop, "other"), ChildInfo)
    assert_type(await count_children(shop), ChildCounts)
    assert_type(await get_spec(shop, "other"), ChildSpec[Any])
    started = await shop.ask(StartChild(ChildSpec(Counter, 1)))
    assert_type(started, StartedChild)
    assert_type(await shop.ask(StartInstance((1, 2))), StartedChild)
    assert_type(await shop.ask(ListChildren()), tuple[ChildInfo, ...])


def what_is_known(info: ChildInfo) -> None:
    """The fields of a child's description."""
    assert_type(info.state, ChildState)
    assert_type(info.exit, Exit | None)
    assert_type(info.history, tuple[RestartRecord, ...])
