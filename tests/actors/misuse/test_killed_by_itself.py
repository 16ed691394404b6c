"""A hook may end its own actor, a turn its own session: it goes when it next waits."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors import (
    Aborted,
    Actor,
    Completed,
    Killed,
    Session,
    Turn,
    open_system,
)
from actors.testing import seeds
from supervision import RouterRef, start_router


class Ends(Actor[str]):
    """Kills itself, and then waits."""

    async def receive(self, message: str) -> None:
        del message
        self.ref.kill()
        with trio.move_on_after(5):
            await trio.sleep(1)


@seeds(3)
async def test_an_actor_that_has_killed_itself_goes_when_it_waits() -> None:
    """In the very first step of its first message, and the system goes on."""
    async with open_system() as system:
        ref = system.start(Ends)
        await ref.tell("now")

        assert await ref.wait_stopped() == Killed()
        assert trio.current_time() < 1
        assert system.statistics().actors == 0


class Turns(Session[str, str]):
    """Does to its own key what the prompt says."""

    router: RouterRef[str, str]

    async def take_turn(self, turn: Turn[str, str]) -> str:
        if turn.prompt != "next":
            verb: Any = getattr(self.router, turn.prompt)
            verb(turn.key, reason="why")
            await trio.sleep(1)
        return turn.prompt


@seeds(3)
@pytest.mark.parametrize("verb", ["cancel", "cancel_all", "reset", "close"])
async def test_a_turn_may_do_a_verb_to_its_own_session(verb: str) -> None:
    """It is aborted as by anybody, and the next prompt runs."""
    async with open_system() as system:
        router = Turns.router = start_router(system, Turns)
        outcome = await router.send("k", verb).outcome()
        after = await router.send("k", "next").outcome()

        assert outcome == Aborted("why", turn=1)
        assert after == Completed("next", turn=2)
