"""Prompts that were sent without `Replay`: what is said to who wants to read them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    PromptKind,
    Receipt,
    Steered,
    StreamNotKeptError,
    Turn,
    TurnNotCompletedError,
    UnknownPromptError,
)
from supervision import RouterRef
from tests.routing.reading.test_readers import Deed, count_to, open_router, rest_of


@pytest.mark.parametrize("own", [None, "m"])
@pytest.mark.parametrize("verb", ["send", "steer", "follow_up", "ask_aside", "open"])
async def test_a_prompt_is_found_by_the_id_of_its_receipt_until_it_ends(
    own: str | None, verb: str
) -> None:
    """However it was sent; and afterwards if it has an id of its own.

    Nobody takes it for an answer that says nothing, before or after its end.
    """
    door = trio.Event()
    deed = count_to(1, door, 1)

    async with open_router() as router, trio.open_nursery() as nursery:
        receipt = await given(router, verb, deed, own, nursery)
        with pytest.raises(StreamNotKeptError):
            async with router.reopen_turn("k", receipt.id):
                pass
        door.set()
        await receipt.outcome()
        nursery.cancel_scope.cancel()
        with expected_of(receipt):
            async with router.reopen_turn("k", receipt.id) as answer:
                for _ in range(2):
                    with pytest.raises(StreamNotKeptError, match="is not kept"):
                        await anext(answer)
                assert answer.ended is receipt.ended


async def given(
    router: RouterRef[Deed, int],
    verb: str,
    deed: Deed,
    own: str | None,
    nursery: trio.Nursery,
) -> Receipt[Deed]:
    """The receipt of a prompt that was sent by this verb."""
    if verb == "ask_aside":
        return router.ask_aside("k", deed)
    if verb != "open":
        return getattr(router, verb)("k", deed, id=own)  # type: ignore[no-any-return]
    return await nursery.start(read_it, router, deed, own)  # type: ignore[no-any-return]


async def read_it(
    router: RouterRef[Deed, int],
    deed: Deed,
    own: str | None,
    task_status: trio.TaskStatus[Receipt[Deed]],
) -> None:
    """Read the answer, without `Replay`."""
    async with router.open_turn("k", deed, id=own) as answer:
        task_status.started(answer.receipt)
        await rest_of(answer)


def expected_of(receipt: Receipt[Deed]) -> AbstractContextManager[object]:
    """What is said of a prompt that has ended."""
    more = receipt._more
    if more is None or more.message_id is None:
        return pytest.raises(UnknownPromptError)
    return nullcontext()


async def test_who_waits_is_found_by_the_id_of_its_receipt() -> None:
    """In the queue, and at a checkpoint; what was to steer and could not was sent."""
    door = trio.Event()
    async with open_router() as router:
        first = router.send("k", count_to(1, door, 1))
        aside = router.ask_aside("k", count_to(1))
        await settle()
        waits = [router.send("k", count_to(1)), router.steer("k", count_to(1))]
        assert first.turn is not None
        assert [each.kind for each in (first, *waits)] == [
            PromptKind.SEND,
            PromptKind.SEND,
            PromptKind.STEER,
        ]
        for each in waits:
            with pytest.raises(StreamNotKeptError):
                async with router.reopen_turn("k", each.id):
                    pass
        door.set()
        for each in (first, aside, *waits):
            await each.outcome()


async def test_of_what_was_steered_or_did_not_complete_the_outcome_is_said() -> None:
    """It is no answer of its own, or not a whole one: that says enough."""
    door = trio.Event()

    async def takes(turn: Turn[Deed, int]) -> None:
        await door.wait()
        await turn.checkpoint()
        await turn.emit(1)
        await trio.sleep_forever()

    async with open_router() as router:
        first = router.send("k", takes, id="m")
        await settle()
        steered = router.steer("k", count_to(1), id="s")
        door.set()
        assert isinstance(await steered.outcome(), Steered)
        router.cancel("k")
        await first.outcome()
        for each in (first, steered):
            async with router.reopen_turn("k", each.id) as answer:
                with pytest.raises(TurnNotCompletedError) as caught:
                    await anext(answer)
                assert caught.value.outcome is each.ended


async def test_what_a_key_knew_is_found_when_its_session_is_gone(
    autojump_clock: trio.abc.Clock,
) -> None:
    """As by sending it again."""
    del autojump_clock
    async with open_router(idle=5) as router:
        receipt = router.send("k", count_to(1), id="m")
        await receipt.outcome()
        await trio.sleep(20)
        assert router.statistics().sessions == 0
        for each in ("m", receipt.id):
            async with router.reopen_turn("k", each) as answer:
                assert answer.ended == receipt.ended
