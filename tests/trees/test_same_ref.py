"""A child that is started again is behind the ref that it had, whoever stopped it."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
import trio

from actors import (
    Actor,
    ActorStoppedError,
    AnyRef,
    Completed,
    DuplicateNameError,
    Exit,
    Request,
    Session,
    Stopped,
    Terminated,
    Turn,
    open_system,
)
from actors.testing import seeds
from supervision import (
    ChildSpec,
    ChildStartError,
    Limits,
    Restart,
    RestartLimit,
    Router,
    Strategy,
    Supervisor,
    delete_child,
    describe_child,
    find_child,
    restart_child,
    router_ref,
    start_child,
    stop_child,
)
from supervision.service import View


@attrs.frozen
class Life(Request[int]):
    """Which life of it is this?"""


class Worker(Actor[Life | str]):
    """Tells which of them it is; a new one may fail."""

    made: ClassVar[int] = 0
    fails: ClassVar[bool] = False

    def __init__(self, name: str = "") -> None:
        if Worker.fails:
            msg = "as told"
            raise RuntimeError(msg)
        Worker.made += 1
        self.number = Worker.made
        self.name = name

    async def receive(self, message: Life | str) -> None:
        if isinstance(message, Life):
            message.reply(self.number)
        elif message == "crash":
            raise ValueError(message)
        else:
            await trio.sleep_forever()


class Slow(Worker):
    """Takes its time to start."""

    async def started(self) -> None:
        await trio.sleep(1)


class Tree(Supervisor):
    """One of each."""

    children = (
        ChildSpec(Worker, "a", id="worker", grace=0.0),
        ChildSpec(Slow, id="slow"),
    )


@pytest.fixture(autouse=True)
def anew() -> None:
    """Count from nothing."""
    Worker.made = 0
    Worker.fails = False


async def ready(tree: AnyRef, name: str) -> Any:
    """A child of a tree that is ready."""
    await tree.wait_started()
    return await find_child(tree, name)


@pytest.mark.parametrize("name", ["worker", "slow"])
@seeds(10)
async def test_a_child_that_was_stopped_is_back_behind_its_ref(name: str) -> None:
    """It refuses meanwhile; then whoever kept the ref reaches the new actor."""
    Worker.made = 0
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        worker = await ready(tree, name)
        before = await worker.ask(Life())
        await stop_child(tree, name)
        with pytest.raises(ActorStoppedError):
            await worker.ask(Life())
        gone = worker.exit

        again = await restart_child(tree, name)

        assert again is worker
        assert (await describe_child(tree, worker)).ref is worker
        assert await worker.ask(Life()) > before
        assert (gone, worker.exit) == (Stopped(), None)
        assert worker.path == f"/tree/{name}"
        (shown,) = [each for each in system.tree().walk() if each.path == worker.path]
        assert shown.incarnation == 2


@seeds(10)
async def test_what_waited_in_its_mailbox_is_gone() -> None:
    """As of any actor that ends; the new one begins with nothing."""
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        worker = await ready(tree, "worker")
        worker.tell_nowait("hang")
        worker.tell_nowait("hang")
        await stop_child(tree, "worker")
        await restart_child(tree, "worker")

        assert await worker.ask(Life()) == Worker.made
        assert system.statistics().dead_letters


class Watcher(Actor[Terminated]):
    """Counts the ends that it is told of."""

    told: ClassVar[list[Exit]] = []

    def __init__(self, whom: AnyRef) -> None:
        self.whom = whom

    def started(self) -> None:
        self.watch(self.whom)

    def receive(self, message: Terminated) -> None:
        self.told.append(message.exit)
        if len(self.told) == 1:
            self.after(5, Terminated(self.whom, Stopped("again")))
        elif len(self.told) == 2:
            self.watch(self.whom)


@seeds(5)
async def test_who_watched_it_is_told_once_and_may_watch_again() -> None:
    """Of each life's end; who waited for the first has its exit."""
    Watcher.told.clear()
    exits: list[Exit] = []
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        worker = await ready(tree, "worker")
        system.start(Watcher, worker)

        async def wait() -> None:
            exits.append(await worker.wait_stopped())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            await stop_child(tree, "worker")
            await restart_child(tree, "worker")
        await trio.sleep(10)
        told = list(Watcher.told)
        await stop_child(tree, "worker")
        await trio.sleep(1)

    assert exits == [Stopped()]
    assert told == [Stopped(), Stopped("again")]
    assert Watcher.told == [*told, Stopped()]


@seeds(10)
async def test_a_permanent_child_that_somebody_stops_is_back_too() -> None:
    """By its ref: it is still wanted; at rest, busy, and while it starts."""
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        worker = await ready(tree, "worker")
        slow = await ready(tree, "slow")
        worker.stop()
        slow.stop()
        await trio.sleep(0.5)
        first = await worker.ask(Life())
        worker.tell_nowait("hang")
        await trio.testing.wait_all_tasks_blocked()
        worker.kill()
        await trio.testing.wait_all_tasks_blocked()
        await trio.sleep(2)

        assert await worker.ask(Life()) > first
        assert await slow.ask(Life()) > 2
        assert await find_child(tree, "worker") is worker
        assert await find_child(tree, "slow") is slow


class Group(Supervisor):
    """All of them, or none."""

    strategy = Strategy.ONE_FOR_ALL
    children = (ChildSpec(Worker, id="a"), ChildSpec(Worker, id="b"))


@seeds(10)
async def test_a_group_restart_brings_a_stopped_one_back_behind_its_ref() -> None:
    """As in OTP it comes back; those who know it need not know that."""
    async with open_system() as system:
        tree = system.start(Group, name="tree")
        a, b = await ready(tree, "a"), await ready(tree, "b")
        await stop_child(tree, "b")
        a.tell_nowait("crash")
        await trio.testing.wait_all_tasks_blocked()

        assert await b.ask(Life()) > 2
        assert await find_child(tree, "b") is b


class Strict(Supervisor):
    """Its child may not crash."""

    limit = None
    children = (ChildSpec(Worker, id="a", limit=RestartLimit(0, within=60)),)


@seeds(5)
async def test_a_quarantined_child_is_back_behind_its_ref() -> None:
    """When somebody has looked at it and says so."""
    async with open_system() as system:
        tree = system.start(Strict, name="tree")
        a = await ready(tree, "a")
        a.tell_nowait("crash")
        await trio.testing.wait_all_tasks_blocked()
        assert a.exit is not None

        assert await restart_child(tree, "a") is a
        assert await a.ask(Life()) == Worker.made


@seeds(5)
async def test_one_that_cannot_be_made_stays_stopped() -> None:
    """Until it can: then it is back."""
    Worker.fails = False
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        worker = await ready(tree, "worker")
        await stop_child(tree, "worker")
        Worker.fails = True
        with pytest.raises(ChildStartError):
            await restart_child(tree, "worker")
        assert worker.exit == Stopped()
        Worker.fails = False

        assert await restart_child(tree, "worker") is worker
        assert await worker.ask(Life()) == Worker.made


@seeds(5)
async def test_a_child_that_was_forgotten_is_another() -> None:
    """Its name is free for a stranger, who is nobody's successor."""
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        worker = await ready(tree, "worker")
        await stop_child(tree, "worker")
        await delete_child(tree, "worker")
        other = await start_child(tree, ChildSpec(Worker, "b", id="worker"))
        temporary = await start_child(
            tree, ChildSpec(Worker, id="once", restart=Restart.TEMPORARY)
        )
        await stop_child(tree, "once")

        assert other is not worker
        assert worker.exit == Stopped()
        assert temporary.exit == Stopped()


class Owner(Actor[str]):
    """Starts a child again by hand."""

    def started(self) -> None:
        self.child: AnyRef = self.start(Worker, name="child")

    def receive(self, message: str) -> None:
        if message == "stop":
            self.child.stop()
        elif message == "other":
            self.start(Worker, name="child")
        else:
            self.revive_child(self.child)


async def have_owner_do(words: list[str]) -> None:
    """One thing after the other."""
    async with open_system() as system:
        owner = system.start(Owner, name="owner")
        for word in words:
            owner.tell_nowait(word)
        await trio.sleep(1)


@seeds(5)
async def test_an_owner_may_start_a_child_again() -> None:
    """Not one that lives, nor when another has its name."""
    async with open_system() as system:
        owner = system.start(Owner, name="owner")
        await owner.wait_started()
        owner.tell_nowait("stop")
        owner.tell_nowait("revive")
        await trio.testing.wait_all_tasks_blocked()
        assert system.statistics().actors == 2

    for words, error in (
        (["revive"], ValueError),
        (["stop", "other", "revive"], DuplicateNameError),
    ):
        with pytest.raises(error):
            await have_owner_do(words)


class Chat(Session[str, str]):
    """Answers."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        return turn.prompt.upper()


class House(Supervisor):
    """A router in a tree."""

    children = (ChildSpec(Router, Chat, (), Limits(turns=3), id="router"),)


@seeds(10)
async def test_a_router_that_an_operator_restarts_takes_prompts_by_its_old_handle() -> (
    None
):
    """Its ids go on, and the limits that somebody has set are in force."""
    async with open_system() as system:
        tree = system.start(House, name="house")
        router = router_ref(await ready(tree, "router"), Chat)
        before = router.send("alice", "hi")
        await before.outcome()
        router.configure(Limits(turns=7))

        await View(system).restart_actor("/house/router")
        after = router.send("alice", "hello")
        outcome = await after.outcome()

        assert isinstance(outcome, Completed)
        assert outcome.result == "HELLO"
        assert after.id > before.id
        assert outcome.turn is not None
        assert outcome.turn > 1_000_000_000
        assert router.statistics().slots == 7
