"""Prompts that were sent without `Replay`: what is said to who wants to read them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Bounded,
    Completed,
    Journal,
    Latest,
    PromptKind,
    Receipt,
    Replay,
    Steered,
    StreamGapError,
    StreamNotKeptError,
    Turn,
    TurnNotCompletedError,
    UnknownPromptError,
)
from supervision import NoStoreError, RouterRef
from tests.routing.reading.test_readers import Deed, count_to, open_router, rest_of


def add(older: int, newer: int) -> int:
    """Merge two chunks."""
    return older + newer


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


# ------------------------------------------------------- a steering prompt that is kept


async def test_a_steering_prompt_with_a_stream_is_read_in_a_turn_of_its_own() -> None:
    """While it waits, while it runs and after its end; the turn before is another's."""
    door, more = trio.Event(), trio.Event()
    async with open_router() as router:
        first = router.send("k", count_to(1, door, 1))
        await settle()
        late = router.steer("k", count_to(3, more, 3), id="m", stream=Replay())
        again = router.steer("k", count_to(9), id="m", stream=Replay())
        assert again is late
        async with router.reopen_turn("k", "m") as answer:
            door.set()
            assert [await anext(answer), await anext(answer)] == [1, 2]
            more.set()
            assert await rest_of(answer) == [3]
        assert isinstance(await first.outcome(), Completed)
        async with router.reopen_turn("k", late.id, after=1) as answer:
            assert [each async for each in answer] == [2, 3]
        assert late.kind is PromptKind.STEER


async def test_one_that_is_steered_has_no_chunks_and_says_so() -> None:
    """Its words are in the answer of the turn that took it, which goes on."""
    door = trio.Event()

    async def takes(turn: Turn[Deed, int]) -> None:
        await door.wait()
        assert len(await turn.checkpoint()) == 1
        await turn.emit(7)

    async with open_router() as router:
        async with router.open_turn("k", takes) as answer:
            await settle()
            steered = router.steer("k", count_to(1), stream=Replay())
            async with router.reopen_turn("k", steered.id) as own:
                door.set()
                with pytest.raises(TurnNotCompletedError) as caught:
                    await anext(own)
            assert [each async for each in answer] == [7]
        async with router.reopen_turn("k", steered.id) as own:
            assert isinstance(own.ended, Steered)
            assert await rest_of(own) == []
    assert isinstance(caught.value.outcome, Steered)


async def test_one_without_a_turn_to_steer_is_kept_as_if_it_was_sent() -> None:
    """Its stream is looked at as that of `send`."""
    async with open_router() as router:
        receipt = router.steer("k", count_to(2), stream=Replay())
        assert isinstance(await receipt.outcome(), Completed)
        async with router.reopen_turn("k", receipt.id) as answer:
            assert [each async for each in answer] == [1, 2]
        with pytest.raises(NoStoreError):
            router.steer("k", count_to(2), stream=Journal())
        bad: Any = Bounded()
        with pytest.raises(TypeError, match="stream must be a Replay or a Journal"):
            router.steer("k", count_to(2), stream=bad)


@pytest.mark.parametrize("verb", ["reset", "close"])
@pytest.mark.parametrize("read", [0, 3, 8])
@pytest.mark.parametrize("policy", [Bounded(), Latest(merge=add), Replay()])
async def test_a_whole_answer_that_is_forgotten_is_whole_for_who_has_read_it_all(
    policy: Bounded | Latest | Replay, read: int, verb: str
) -> None:
    """Whoever has not is told, once: it does not end as if that had been all."""
    whole = Latest is type(policy) and read > 0  # all are one chunk
    async with (
        open_router() as router,
        router.open_turn("k", count_to(8), stream=policy) as answer,
    ):
        assert isinstance(await answer.outcome(), Completed)
        for _ in range(min(read, 1) if isinstance(policy, Latest) else read):
            await anext(answer)
        getattr(router, verb)("k")
        if read < 8 and not whole:
            with pytest.raises(StreamGapError) as caught:
                await anext(answer)
            gap = caught.value
            assert (gap.after, gap.first, gap.last) == (read, 9, 8)
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await anext(answer)


@pytest.mark.parametrize("policy", [Bounded(), Replay()])
async def test_an_answer_that_is_aborted_by_a_reset_has_no_gap(
    policy: Bounded | Replay,
) -> None:
    """It ends as what it is: it was never complete."""
    async with open_router() as router:
        deed = count_to(8, trio.Event(), 8)
        async with router.open_turn("k", deed, stream=policy) as answer:
            await settle()
            await anext(answer)
            router.reset("k")
            for _ in range(2):
                with pytest.raises(TurnNotCompletedError):
                    await anext(answer)
