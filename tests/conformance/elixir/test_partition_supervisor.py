"""Elixir's partition supervisor: the cases of its suite."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.lowlevel

from actors import Actor, AnyRef, Request, Stopped, open_system
from actors.testing import seeds
from supervision import (
    ChildCounts,
    ChildSpec,
    DynamicSupervisor,
    Partitions,
    PartitionSupervisor,
    RestartLimit,
    SpecError,
    count_children,
    find_partitions,
    list_children,
    resize_partitions,
    start_child,
)


class Number(Request[int]):
    """What the partition was given."""


class Numbered(Actor[Number]):
    """Knows its number; takes a second to stop."""

    def __init__(self, number: int = -1) -> None:
        self.number = number

    def receive(self, message: Number) -> None:
        """Answer."""
        message.reply(self.number)

    async def stopped(self, exit: Any) -> None:  # noqa: A002, ARG002
        """Take a second."""
        await trio.sleep(1)


class Four(PartitionSupervisor):
    """Four partitions that know their numbers."""

    partitions = 4
    partition = ChildSpec(Numbered)

    def arguments(self, number: int) -> tuple[int]:
        """The number."""
        return (number,)


class Fragile(Actor[object]):
    """Crashes on everything."""

    def receive(self, message: object) -> None:
        """Crash."""
        raise ValueError(message)


class Room(DynamicSupervisor):
    """A partition that is a supervisor with a low limit."""

    template = ChildSpec(Fragile)
    limit = RestartLimit(0, within=1.0)


class Rooms(PartitionSupervisor):
    """Two of them."""

    partitions = 2
    partition = ChildSpec(Room)


async def start(system: Any, make: Any) -> AnyRef:
    """Start a supervisor and wait until it is ready."""
    ref: AnyRef = system.start(make, name="s")
    await ref.wait_started()
    return ref


@seeds(10)
async def test_elixir_partition_supervisor_same_key_same_partition() -> None:
    """Equal keys have one partition, each has some keys, restarts change nothing."""
    async with open_system() as system:
        sup = await start(system, Four)
        found = await find_partitions(sup)
        before = {key: found.of(key) for key in range(100)}
        assert set(before.values()) == set(found.refs)

        found.refs[1].kill()
        await trio.sleep(2)

        again = await find_partitions(sup)
        assert again == found
        assert {key: again.of(key) for key in range(100)} == before
        assert again.of((1, "a")) is again.of((1, "a"))


@seeds(10)
async def test_elixir_partition_supervisor_one_partition_fails_alone() -> None:
    """A share that gives up is restarted; the other keeps its children."""
    async with open_system() as system:
        sup = await start(system, Rooms)
        rooms = await find_partitions(sup)
        bad = await start_child(rooms.refs[0])
        good = await start_child(rooms.refs[1])

        bad.tell_nowait("crash")
        await bad.wait_stopped()
        await trio.lowlevel.checkpoint()

        assert [child.restarts for child in await list_children(sup)] == [0, 1]
        assert await find_partitions(sup) == rooms
        assert good.exit is None
        assert (await count_children(rooms.refs[0])).active == 0


async def test_elixir_partition_supervisor_with_arguments_gets_partition(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Each is made with what `arguments` gives for it, by default the spec's."""
    del autojump_clock

    class Same(PartitionSupervisor):
        partitions = 2
        partition = ChildSpec(Numbered, 7)

    async with open_system() as system:
        four = await find_partitions(await start(system, Four))
        assert [await ref.ask(Number()) for ref in four.refs] == [0, 1, 2, 3]
        assert [ref.path for ref in four.refs] == ["/s/0", "/s/1", "/s/2", "/s/3"]
        same = system.start(Same)
        await same.wait_started()
        refs = (await find_partitions(same)).refs
        assert [await ref.ask(Number()) for ref in refs] == [7, 7]


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2", None])
def test_elixir_partition_supervisor_bad_partitions_or_arguments_raise(
    count: Any,
) -> None:
    """When the class is made."""
    with pytest.raises(SpecError, match="partitions must be an int of at least 1"):
        type("Bad", (PartitionSupervisor,), {"partitions": count})
    with pytest.raises(SpecError, match="partition must be a ChildSpec, got <class"):
        type("Bad", (PartitionSupervisor,), {"partition": Numbered})


async def test_elixir_partition_supervisor_stop_is_synchronous(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """When the supervisor has ended all partitions have, one after the other."""
    del autojump_clock
    async with open_system() as system:
        sup = await start(system, Four)
        refs = (await find_partitions(sup)).refs
        begun = trio.current_time()
        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        assert [ref.exit for ref in refs] == [Stopped()] * 4
        assert trio.current_time() - begun == pytest.approx(4)


async def test_elixir_partition_supervisor_resize_within_start_size(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Down stops the last ones, up starts them anew; beyond the start is refused."""
    del autojump_clock
    async with open_system() as system:
        sup = await start(system, Four)
        four = await find_partitions(sup)

        two = await resize_partitions(sup, 2)
        assert two.refs == four.refs[:2]
        assert [ref.exit for ref in four.refs] == [None, None, Stopped(), Stopped()]
        assert {two.of(key) for key in range(10)} == set(two.refs)

        three = await resize_partitions(sup, 3)
        assert three.refs[:2] == four.refs[:2]
        assert await three.refs[2].ask(Number()) == 2
        for count in (5, -1):
            with pytest.raises(ValueError, match="from 0 to 4"):
                await resize_partitions(sup, count)
        assert await find_partitions(sup) == three


async def test_elixir_partition_supervisor_zero_partitions_raises_on_lookup(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """There is nobody for any key."""
    del autojump_clock
    async with open_system() as system:
        sup = await start(system, Four)
        none = await resize_partitions(sup, 0)
        assert none == Partitions(())
        with pytest.raises(LookupError, match="no partition is in use"):
            none.of("key")
        assert len((await resize_partitions(sup, 4)).refs) == 4


async def test_elixir_partition_supervisor_counts_per_type(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Workers and supervisors, as of any supervisor."""
    del autojump_clock
    async with open_system() as system:
        four = await start(system, Four)
        assert await count_children(four) == ChildCounts(4, 4, 0, 4)
        rooms = system.start(Rooms)
        await rooms.wait_started()
        assert await count_children(rooms) == ChildCounts(2, 2, 2, 0)
