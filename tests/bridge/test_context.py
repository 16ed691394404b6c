"""The context variables of a sender on the other side go over with its prompt."""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from typing import Any

from actors import Completed, Outcome, Turn
from supervision.bridge import open_blocking_tree, open_tree

from .ground import Doer, Gate, Tree, play

TRACE: ContextVar[str] = ContextVar("TRACE")


async def look(turn: Turn[Any, Any]) -> str:
    """Tell whose the turn is; its own code does not see that."""
    assert TRACE.get(None) is None
    return turn.context[TRACE]


def results(*outcomes: Outcome) -> list[object]:
    """What came of them."""
    return [each.result if isinstance(each, Completed) else each for each in outcomes]


def test_a_prompt_from_asyncio_has_its_senders_context() -> None:
    """By each way; what runs for the caller beside the tree has none."""
    begun = Gate()

    async def be_steered(turn: Turn[Any, Any]) -> list[str]:
        begun.open()
        while not (steering := await turn.checkpoint()):
            pass
        return [each.context[TRACE] for each in steering]

    async def work(turn: Turn[Any, Any]) -> None:
        assert await look(turn) == "mine"

    async def main() -> list[object]:
        async with open_tree(Tree) as tree:
            TRACE.set("mine")
            router = await tree.router(Doer, "router")
            sent = await router.send("ann", look)
            waited = await router.send_wait("ann", look)
            followed = await router.follow_up("ann", look)
            worked = await router.run_exclusive("ann", work)
            outcomes = [await each.outcome() for each in (sent, waited, followed)]
            assert results(await worked.outcome()) == [None]
            async with router.open_turn("ann", look) as answer:
                outcomes.append(await answer.outcome())
            async with router.open_turn("ann", be_steered) as answer:
                await begun.wait_in_loop()
                await answer.steer(look)
                outcomes.append(await answer.outcome())
            assert await tree.run_sync(TRACE.get, "nobody's") == "nobody's"
            return results(*outcomes)

    assert copy_context().run(play, main) == ["mine"] * 4 + [["mine"]]


def test_a_prompt_from_a_thread_has_its_senders_context() -> None:
    """By each way; what runs for the caller beside the tree has none."""

    async def work(turn: Turn[Any, Any]) -> None:
        assert await look(turn) == "mine"

    def main() -> list[object]:
        with open_blocking_tree(Tree) as tree:
            TRACE.set("mine")
            router = tree.router(Doer, "router")
            sent = router.send("ann", look)
            waited = router.send_wait("ann", look)
            outcomes = [sent.outcome(), waited.outcome()]
            assert results(router.run_exclusive("ann", work).outcome()) == [None]
            with router.open_turn("ann", look) as answer:
                outcomes.append(answer.outcome())
            assert tree.run_sync(TRACE.get, "nobody's") == "nobody's"
            return results(*outcomes)

    assert copy_context().run(main) == ["mine"] * 3
