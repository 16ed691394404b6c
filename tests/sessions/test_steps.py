"""Looking for steering prompts, and counting the steps of an agent: two things."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Completed, Failed, Receipt, Steered, StepLimitError, Turn
from actors.testing import seeds
from tests.sessions.doers import open_router


@seeds(3)
async def test_a_turn_may_look_for_steering_as_often_as_it_likes() -> None:
    """Its steps are not used up by that."""

    async def look(turn: Turn[Any, Any]) -> int:
        for _ in range(500):
            assert await turn.checkpoint() == ()
        return turn.steps_left

    async with open_router() as router:
        outcome = await router.send("k", look).outcome()

    assert outcome == Completed(2, turn=1)


async def test_a_step_says_how_many_are_left() -> None:
    """And the one that is too many is refused."""
    left: list[int] = []

    async def walk(turn: Turn[Any, Any]) -> None:
        left.append(turn.steps_left)
        left.append(turn.step())
        left.append(turn.step())
        await turn.checkpoint()
        turn.step()

    async with open_router() as router:
        outcome = await router.send("k", walk).outcome()

    assert left == [2, 1, 0]
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, StepLimitError)
    assert (outcome.error.turn, outcome.error.limit) == (1, 2)


async def test_a_child_has_steps_of_its_own() -> None:
    """Those of its parent are not touched."""

    async def child(turn: Turn[Any, Any]) -> None:
        while turn.steps_left:
            turn.step()

    async def parent(turn: Turn[Any, Any]) -> int:
        turn.step()
        await turn.run_child(child)
        return turn.steps_left

    async with open_router() as router:
        assert await router.send("k", parent).outcome() == Completed(1, turn=1)


@pytest.mark.parametrize("steps", [1, 2])
async def test_nothing_is_taken_in_the_last_step(steps: int) -> None:
    """Who steers then is answered by a turn of its own."""
    more: list[Receipt[Any]] = []

    async def steered(turn: Turn[Any, Any]) -> int:
        for _ in range(steps):
            turn.step()
        more.append(router.steer("k", "more"))
        return len(await turn.checkpoint())

    async with open_router() as router:
        outcome = await router.send("k", steered).outcome()
        ended = await more[0].outcome()

    assert outcome == Completed(0 if steps == 2 else 1, turn=1)
    assert ended == (Completed("more", turn=2) if steps == 2 else Steered(turn=1))
