"""What others see of a turn while it runs, and what it may wait for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
import trio

from actors import Completed, DeadlockError, Session, Turn, open_system
from supervision import RouterRef, start_router

Deed: TypeAlias = Callable[[Turn[Any, Any]], Awaitable[object]]


class Does(Session[Deed, str]):
    """Does what its prompt does."""

    async def take_turn(self, turn: Turn[Deed, str]) -> object:
        return await turn.prompt(turn)


async def test_a_tool_and_the_children_of_a_turn_are_seen(
    autojump_clock: trio.abc.Clock,
) -> None:
    """A plain child and a critical one, each once; and by which tool it is busy."""
    del autojump_clock

    async def rest(turn: Turn[Any, Any]) -> None:
        del turn
        await trio.sleep(5)

    async def work(turn: Turn[Any, Any]) -> None:
        await turn.start_child(rest)
        await turn.start_child(rest, critical=True)
        with turn.tool("search"):
            await trio.sleep(2)
        await trio.sleep(2)

    async with open_system() as system:
        router: RouterRef[Deed, str] = start_router(system, Does)
        receipt = router.send("a", work)
        await trio.sleep(1)
        busy = router.inspect("a")
        await trio.sleep(2)
        later = router.inspect("a")
        await receipt.outcome()

    assert busy is not None
    assert later is not None
    assert (busy.phase, busy.tool, busy.children) == ("tool", "search", 2)
    assert (later.phase, later.tool, later.children) == ("running", None, 2)


@pytest.mark.parametrize("more", [{}, {"id": "m"}, {"origin": "me"}])
async def test_a_turn_cannot_wait_for_what_waits_for_its_end(
    more: dict[str, Any], autojump_clock: trio.abc.Clock
) -> None:
    """However that was sent."""
    del autojump_clock
    sent: list[Any] = []

    async def nothing(turn: Turn[Any, Any]) -> None:
        """Is done at once."""

    async def wait(turn: Turn[Any, Any]) -> str:
        del turn
        receipt = router.send("a", nothing, **more)
        sent.append(receipt)
        with pytest.raises(DeadlockError):
            await receipt.outcome()
        return "told"

    async with open_system() as system:
        router: RouterRef[Deed, str] = start_router(system, Does)
        outcome = await router.send("a", wait).outcome()
        assert isinstance(await sent[0].outcome(), Completed)

    assert isinstance(outcome, Completed)
    assert outcome.result == "told"
