"""What comes out of the block of an answer that has no end to wait for."""

from __future__ import annotations

import pytest
import trio

from actors import Completed, Failed, Session, Turn, Withdrawn, open_system
from actors.testing import seeds
from supervision import PromptKeptError, RouterRef, TurnStream, start_router
from supervision.durable import MemoryStore
from tests.durable.keeping.stage import Stage, open_process, turn_runs


class BodyError(Exception):
    """Of the code inside of a block."""


async def body(
    how: str, answer: TurnStream[str, str], scope: trio.CancelScope | None
) -> None:
    """Leave a block, in one of the ways in which that can be done."""
    if how == "raises":
        raise BodyError
    if how == "cancelled":
        assert scope is not None
        scope.cancel()
        await trio.lowlevel.checkpoint()
    if how == "has read it":
        with pytest.raises(PromptKeptError):
            await anext(answer)
    if how == "reads":
        await anext(answer)


@seeds(3)
@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("raises", BodyError),
        ("cancelled", None),
        ("has read it", None),
        ("reads", PromptKeptError),
        ("leaves", None),
    ],
)
async def test_a_block_whose_router_has_ended_gives_what_its_body_gives(
    how: str, error: type[Exception] | None
) -> None:
    """The store keeps the prompt: `outcome` says so, leaving the block does not."""
    stage = Stage()
    got: Exception | None = None
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:never", id="runs")
        await turn_runs(stage, "wait:never")
        answer: TurnStream[str, str] | None = None
        with trio.CancelScope() as scope:
            try:
                async with router.open_turn("ann", "say:x", id="waits") as answer:
                    await answer.receipt.durable()
                    router.ref.stop()
                    await trio.sleep(100)
                    await body(how, answer, scope)
            except (BodyError, PromptKeptError) as raised:
                got = raised

        assert type(got) is (error or type(None))
        assert scope.cancelled_caught == (how == "cancelled")
        assert answer is not None
        with pytest.raises(PromptKeptError):
            await answer.outcome()
    async with open_process(stage) as process:  # it was not aborted
        found = await process.router.find("ann", "waits")
        assert found is not None
        assert isinstance(await found.outcome(), Completed)


class Own(Session[str, str]):
    """Opens an answer of its own key, which can only wait."""

    router: RouterRef[str, str]

    async def take_turn(self, turn: Turn[str, str]) -> object:
        async with self.router.open_turn(self.key, "own") as answer:
            if turn.prompt == "raises":
                raise BodyError
        return isinstance(answer.ended, Withdrawn)


@seeds(3)
@pytest.mark.parametrize("stored", [False, True])
async def test_a_turn_leaves_an_answer_of_its_own_key(*, stored: bool) -> None:
    """It is taken back: there is an outcome to wait for, which waits for no turn."""
    async with open_system() as system:
        store = MemoryStore() if stored else None
        Own.router = router = start_router(system, Own, durable=store)
        outcome = await router.send("k", "raises").outcome()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, BodyError)

        outcome = await router.send("k", "leaves").outcome()

        assert isinstance(outcome, Completed)
        assert outcome.result is True
