"""A resource of many users: it is closed after the last of them, and not before."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors.testing import open_tasks, seeds
from supervision import Shared


class Shop:
    """Makes resources, which are their names, and writes down what happens."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.users: list[str] = []  # names of resources, one for each user

    def make(self, name: str) -> Callable[[], AbstractAsyncContextManager[str]]:
        """How a resource of this name is opened."""
        return lambda: self.open(name)

    @asynccontextmanager
    async def open(self, name: str) -> AsyncGenerator[str]:
        """Open it, and look at its end that nobody uses it."""
        await trio.lowlevel.checkpoint()
        self.log.append(f"open {name}")
        try:
            yield name
        finally:
            assert name not in self.users
            self.log.append(f"close {name}")

    async def use(self, shared: Shared[str], leave: trio.Event) -> None:
        """Use what is there until told to leave; end in an orderly way."""
        async with shared.use() as name:
            self.users.append(name)
            try:
                await leave.wait()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.lowlevel.checkpoint()
                self.users.remove(name)


async def test_it_is_open_in_its_block() -> None:
    """And nobody can use it before or after."""
    shop = Shop()
    shared = Shared(shop.make("a"))

    with pytest.raises(trio.ClosedResourceError):
        async with shared.use():
            pass
    async with shared:
        async with shared.use() as first, shared.use() as second:
            assert (first, second) == ("a", "a")
        assert shop.log == ["open a"]
    with pytest.raises(trio.ClosedResourceError):
        async with shared.use():
            pass
    with pytest.raises(trio.ClosedResourceError):
        await shared.replace(shop.make("b"))

    assert shop.log == ["open a", "close a"]


@seeds(100)
async def test_an_old_resource_is_kept_until_its_last_user_has_left() -> None:
    """S103: a reload harms no turn that runs, and new ones get the new resource."""
    shop = Shop()
    leave_a, leave_b = trio.Event(), trio.Event()

    async with Shared(shop.make("a")) as shared, trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(shop.use, shared, leave_a)
        await settle()
        await shared.replace(shop.make("b"))
        nursery.start_soon(shop.use, shared, leave_b)
        await settle()
        shop.log.append(" ".join(sorted(shop.users)))
        leave_a.set()
        await settle()
        shop.log.append(" ".join(shop.users))
        leave_b.set()

    assert shop.log == ["open a", "open b", "a a b", "close a", "b", "close b"]
    assert open_tasks() == []


@seeds(20)
async def test_an_unused_resource_is_closed_when_it_is_replaced() -> None:
    """After the new one is there."""
    shop = Shop()

    async with Shared(shop.make("a")) as shared:
        await shared.replace(shop.make("b"))
        await settle()
        shop.log.append("end of the block")

    assert shop.log == ["open a", "open b", "close a", "end of the block", "close b"]


@seeds(50)
async def test_several_replacements_happen_in_their_order() -> None:
    """The last one stays, and each of the others is closed once."""
    shop = Shop()

    async with Shared(shop.make("a")) as shared:
        async with trio.open_nursery() as nursery:
            for name in "bcd":
                nursery.start_soon(shared.replace, shop.make(name))
                await settle()
        async with shared.use() as name:
            assert name == "d"

    assert [each for each in shop.log if "open" in each] == [
        f"open {name}" for name in "abcd"
    ]
    assert sorted(each for each in shop.log if "close" in each) == [
        f"close {name}" for name in "abcd"
    ]


@asynccontextmanager
async def broken() -> AsyncGenerator[str]:
    """Cannot be opened."""
    await trio.lowlevel.checkpoint()
    raise ArithmeticError
    yield ""


async def test_a_replacement_that_fails_changes_nothing() -> None:
    """Whoever replaces is told; the old resource is used on."""
    shop = Shop()

    async with Shared(shop.make("a")) as shared:
        with pytest.raises(ArithmeticError):
            await shared.replace(broken)
        async with shared.use() as name:
            assert name == "a"
        await shared.replace(shop.make("b"))
        await settle()

    assert shop.log == ["open a", "open b", "close a", "close b"]


@seeds(50)
async def test_a_cancelled_replacement_leaves_nothing_open() -> None:
    """Neither while it waits for its turn nor while it opens; the old one stays."""
    shop = Shop()

    async with Shared(shop.make("a")) as shared:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shared.replace, shop.make("b"))
            nursery.start_soon(shared.replace, shop.make("c"))
            await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        await settle()
        async with shared.use() as name:
            still_open = [
                each
                for each in "abc"
                if f"open {each}" in shop.log and f"close {each}" not in shop.log
            ]
            assert still_open == [name]

    assert sum("open" in each for each in shop.log) == len(shop.log) / 2
    assert open_tasks() == []


async def test_a_resource_that_cannot_be_opened_fails_the_block() -> None:
    """With its own error, not a group; the body does not run."""
    entered: list[None] = []

    with pytest.raises(ArithmeticError):
        async with Shared(broken):
            entered.append(None)

    assert entered == []


@seeds(50)
async def test_the_end_of_the_block_waits_for_users() -> None:
    """Also for those outside of it."""
    shop = Shop()
    leave = trio.Event()
    shared = Shared(shop.make("a"))

    async with trio.open_nursery() as nursery:
        async with shared:
            nursery.start_soon(shop.use, shared, leave)
            await settle()
            nursery.start_soon(_set_later, leave, shop.log)
        shop.log.append("end")

    assert shop.log == ["open a", "leave", "close a", "end"]


async def _set_later(event: trio.Event, log: list[str]) -> None:
    await settle()
    log.append("leave")
    event.set()


@seeds(100)
async def test_a_cancelled_service_ends_its_users_before_the_resource() -> None:
    """What their clean-up needs is open until it is done: `Shop.open` looks."""
    shop = Shop()

    with trio.CancelScope() as scope:
        async with Shared(shop.make("a")) as shared, trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(shop.use, shared, trio.Event())
            await settle()
            await shared.replace(shop.make("b"))
            nursery.start_soon(shop.use, shared, trio.Event())
            await settle()
            scope.cancel()

    assert scope.cancelled_caught
    assert sorted(shop.log) == ["close a", "close b", "open a", "open b"]
    assert shop.users == []
    assert open_tasks() == []


@seeds(20)
async def test_a_cancelled_service_does_not_wait_for_strangers() -> None:
    """Who uses it outside of the block holds up nobody who is cancelled."""
    log: list[str] = []

    @asynccontextmanager
    async def open_and_log() -> AsyncGenerator[None]:
        yield
        log.append("closed in peace")

    shared = Shared(open_and_log)
    scope = trio.CancelScope()
    async with trio.open_nursery() as nursery:
        leave = trio.Event()
        with scope:
            async with shared:
                nursery.start_soon(_use, shared, leave)
                await settle()
                nursery.start_soon(_cancel_later, scope)
        log.append("end")
        leave.set()

    assert scope.cancelled_caught
    assert log == ["end"]


async def _use(shared: Shared[None], leave: trio.Event) -> None:
    async with shared.use():
        await leave.wait()


async def _cancel_later(scope: trio.CancelScope) -> None:
    await settle()
    scope.cancel()


@seeds(50)
async def test_an_error_in_the_block_does_not_disturb_the_users() -> None:
    """It leaves the block as it is, when the resource is closed in peace."""
    log: list[str] = []

    @asynccontextmanager
    async def open_calmly() -> AsyncGenerator[None]:
        yield
        await trio.sleep(1)
        log.append("said goodbye")

    async def fail() -> None:
        await trio.lowlevel.checkpoint()
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        async with Shared(open_calmly):
            await fail()

    assert log == ["said goodbye"]


@seeds(20)
async def test_a_resource_that_ends_by_itself_fails_the_block() -> None:
    """As if it were opened without `Shared`: with its error."""
    fail = trio.Event()

    async def crash() -> None:
        await fail.wait()
        raise ArithmeticError

    @asynccontextmanager
    async def open_with_task() -> AsyncGenerator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash)
            yield
            nursery.cancel_scope.cancel()

    with pytest.RaisesGroup(ArithmeticError):
        async with Shared(open_with_task):
            fail.set()
            await trio.sleep_forever()

    assert open_tasks() == []


@seeds(20)
async def test_a_resource_that_stops_quietly_fails_the_block_too() -> None:
    """Nobody goes on with a resource that is gone."""
    stop = trio.Event()

    async def wait(scope: trio.CancelScope) -> None:
        await stop.wait()
        scope.cancel()

    @asynccontextmanager
    async def open_with_task() -> AsyncGenerator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait, nursery.cancel_scope)
            yield

    async def run() -> None:
        async with Shared(open_with_task):
            stop.set()
            await trio.sleep_forever()

    with pytest.raises(RuntimeError, match="ended by itself"):
        await run()


@pytest.mark.parametrize("count", [1, 2])
async def test_an_old_resource_that_cannot_be_closed_is_told_at_the_end(
    count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged at once, harms nobody, and is raised when the block is left."""
    shop = Shop()
    used: list[str] = []

    @asynccontextmanager
    async def open_badly() -> AsyncGenerator[str]:
        yield "bad"
        await trio.lowlevel.checkpoint()
        raise ArithmeticError

    async def run() -> None:
        async with Shared(open_badly) as shared:
            for _ in range(count - 1):
                await shared.replace(open_badly)
            await shared.replace(shop.make("good"))
            await settle()
            assert len(caplog.records) == count
            async with shared.use() as name:
                used.append(name)

    if count == 1:
        with pytest.raises(ArithmeticError):
            await run()
    else:
        with pytest.RaisesGroup(ArithmeticError, ArithmeticError):
            await run()

    assert used == ["good"]
    assert shop.log == ["open good", "close good"]


async def test_it_is_entered_once_at_a_time() -> None:
    """A second time is a mistake inside, and opens it anew after."""
    shared = Shared(Shop().make("a"))

    async with shared:
        with pytest.raises(RuntimeError, match="open already"):
            await shared.__aenter__()
    async with shared, shared.use() as again:
        assert again is not None


@seeds(20)
async def test_a_broken_one_is_renewed_once_for_all_who_say_so() -> None:
    """Each of them may go on with the new one when its call returns."""
    log: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncGenerator[list[str]]:
        log.append("opening")
        await trio.sleep(1)
        resource: list[str] = []
        yield resource
        log.append(f"closed with {len(resource)} users")

    async def find_out(shared: Shared[list[str]]) -> None:
        async with shared.use() as broken:
            broken.append("user")
            await trio.sleep(1)
            await shared.renew(broken)
            async with shared.use() as new:
                assert new is not broken
            broken.pop()
        await shared.renew(broken)  # too late: it is gone already

    async with Shared(opened) as shared:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(find_out, shared)
        await settle()
        assert log == ["opening", "opening", "closed with 0 users"]
    assert log[3:] == ["closed with 0 users"]


async def test_one_that_cannot_be_renewed_stays() -> None:
    """Its user is told why, and the next may try again; by what opened it last."""
    shop, broken = Shop(), False

    def make() -> AbstractAsyncContextManager[str]:
        if broken:
            raise OSError("away")
        return shop.open("b")

    shared = Shared(shop.make("a"))
    async with shared:
        await shared.replace(make)
        async with shared.use() as name:
            broken = True
            with pytest.raises(OSError, match="away"):
                await shared.renew(name)
            async with shared.use() as still:
                assert still is name
            broken = False
            await shared.renew("never seen")
            assert shop.log == ["open a", "open b", "close a"]
            await shared.renew(name)
        await settle()
    with pytest.raises(trio.ClosedResourceError):
        await shared.renew("b")

    assert shop.log == ["open a", "open b", "close a", "open b", "close b", "close b"]
