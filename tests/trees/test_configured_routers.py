"""Limits that were put into force stay so when the router is restarted."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors import ActorSystem, Completed, Session, Turn, open_system
from actors.hosting import actor_of
from actors.testing import seeds
from supervision import (
    Backoff,
    ChildSpec,
    Limits,
    RestartLimit,
    Router,
    RouterRef,
    Supervisor,
    find_child,
    router_ref,
)


class Echo(Session[str, str]):
    """Answers at once."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        return turn.prompt


class Top(Supervisor):
    """It waits ten seconds before it restarts its router."""

    children = (
        ChildSpec(
            Router,
            Echo,
            (),
            Limits(turns=3),
            id="router",
            limit=RestartLimit(2, within=5),
            backoff=Backoff(10, 10, jitter=0),
        ),
    )


async def supervised(system: ActorSystem) -> RouterRef[str, str]:
    """A router under a supervisor."""
    top = system.start(Top, name="top")
    return router_ref(await find_child(top, "router"), Echo)


def break_down(router: RouterRef[str, str]) -> None:
    """Crash the router."""
    ref: Any = router.ref
    ref.tell_nowait("nobody tells it anything")


@seeds(5)
@pytest.mark.parametrize("when", ["before", "while it waits", "after"])
async def test_they_are_kept(when: str) -> None:
    """Whenever that was: before the crash, while it waits for its restart, after it."""
    async with open_system() as system:
        router = await supervised(system)
        assert await router.send("k", "one").outcome() == Completed("one", turn=1)
        limits = Limits(turns=7)
        if when == "before":
            router.configure(limits)
        break_down(router)
        await trio.sleep(1)
        if when == "while it waits":
            router.configure(limits)
        await trio.sleep(10)
        assert isinstance(await router.send("k", "two").outcome(), Completed)
        if when == "after":
            router.configure(limits)
        assert router.statistics().slots == 7
        break_down(router)
        await trio.sleep(11)
        assert router.statistics().slots == 7
        assert actor_of(router.ref)._limits == limits


class Binder(Session[str, object]):
    """Binds what it is told, and says what was bound before."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def take_turn(self, turn: Turn[str, object]) -> object:
        before = self.token
        self.bind(turn.prompt)
        await trio.lowlevel.checkpoint()
        return self.name, before


class Own(Router):
    """A router whose constructor takes something else."""

    def __init__(self, name: str) -> None:
        super().__init__(Binder, (name,), Limits(turns=5))


class Above(Supervisor):
    """Keeps it."""

    children = (ChildSpec(Own, "ours", id="router"),)


@seeds(5)
async def test_a_router_of_ones_own_comes_back_with_what_it_had() -> None:
    """Made with its own arguments; limits in force, and what was bound in memory."""
    async with open_system() as system:
        top = system.start(Above)
        router = router_ref(await find_child(top, "router"), Binder)
        assert await said(router) == ("ours", None)
        router.configure(Limits(turns=7))
        for _ in range(2):
            router.ref.kill()
            await trio.sleep(0.1)
            assert await said(router) == ("ours", "x")
            assert router.limits.turns == 7


async def said(router: RouterRef[str, object]) -> object:
    """What its session answers."""
    outcome = await router.send("alice", "x").outcome()
    assert isinstance(outcome, Completed)
    return outcome.result
