"""What comes to a node that was silent for too long, before it has heard of that."""

from __future__ import annotations

import trio

from actors import Completed
from actors.testing import seeds

from .town import TTL, open_town


@seeds(20)
async def test_a_prompt_that_another_node_has_by_now_gets_its_outcome() -> None:
    """Its sender has sent it elsewhere meanwhile, with the same id."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        there = town.nodes["b"]
        there.store.cut_off()
        late = there.router.send(key, "hello", id="m")
        await trio.sleep(3 * TTL)
        first = await town.nodes["a"].router.accept(key, "hello", id="m")
        outcome = await first.outcome()
        there.store.join_again()
        again = there.router.send(key, "hello", id="m")
        with trio.fail_after(3 * TTL):
            assert await late.outcome() == outcome
            assert await again.outcome() == outcome

        assert isinstance(outcome, Completed)
        assert town.stage.begun == [(key, "hello")]


@seeds(20)
async def test_a_prompt_that_comes_then_and_runs_elsewhere_gets_its_outcome() -> None:
    """While the other node runs it, too."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        there = town.nodes["b"]
        there.store.cut_off()
        late = there.router.send(key, "wait:door", id="m")
        await trio.sleep(3 * TTL)
        first = await town.nodes["a"].router.accept(key, "wait:door", id="m")
        await town.until(lambda: bool(town.stage.begun))
        there.store.join_again()
        again = there.router.send(key, "wait:door", id="m")
        await trio.sleep(TTL)
        town.stage.open("door")
        outcome = await first.outcome()
        with trio.fail_after(3 * TTL):
            assert await late.outcome() == outcome
            assert await again.outcome() == outcome

        assert len(town.stage.begun) == 1
