"""Limits of a router that is restarted: A25."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import SaturatedError, Session, Turn, open_system
from supervision import (
    Backoff,
    ChildSpec,
    Limits,
    Router,
    RouterRef,
    Supervisor,
    find_child,
    router_ref,
)


class Staying(Session[str, str]):
    """Its turns do not end by themselves."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        del turn
        await trio.sleep_forever()


class Tree(Supervisor):
    """One router, which waits a while before it is restarted."""

    children = (
        ChildSpec(
            Router,
            Staying,
            (),
            Limits(sessions=1),
            id="router",
            backoff=Backoff(10.0, 10.0, jitter=0.0),
        ),
    )


def fits(router: RouterRef[str, str]) -> int:
    """How many sessions it takes."""
    for number in range(9):
        try:
            router.send(str(number), "")
        except SaturatedError:
            return number
    return 9


@pytest.mark.parametrize("when", ["before", "meanwhile", "after"])
async def test_a25_configured_limits_stay_in_force(
    autojump_clock: trio.abc.Clock, when: str
) -> None:
    """Put into force before a restart, while it is waited for, or after: they hold."""
    del autojump_clock
    async with open_system() as system:
        tree = system.start(Tree, name="tree")
        router = router_ref(await find_child(tree, "router"), Staying)

        if when == "before":
            router.configure(Limits(sessions=3))
            assert fits(router) == 3
        router.ref.tell_nowait("crash")
        await settle()
        if when == "meanwhile":
            router.configure(Limits(sessions=3))
        await trio.sleep(20)
        if when == "after":
            assert fits(router) == 1
            router.configure(Limits(sessions=3))
        assert fits(router) == 3
        for _ in range(2):  # and in each that follows
            router.ref.tell_nowait("crash")
            await trio.sleep(20)
            assert fits(router) == 3
