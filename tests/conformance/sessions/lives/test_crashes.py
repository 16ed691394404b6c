"""Crashes of sessions: scenarios S96 to S98.

A turn that raises is an outcome; a crash is the end of the session's actor, through its
own hooks and child tasks.  S99 and S100 are in `test_sessions_recovery.py`.
"""

from __future__ import annotations

from typing import ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorCrashed,
    Batch,
    CloseReason,
    Completed,
    Failed,
    Outcome,
    PromptPolicy,
    QuarantinedError,
    SessionClosed,
    SessionCrashedError,
    SessionOpened,
    SessionQuarantined,
    Turn,
)
from actors.testing import seeds
from supervision import (
    Limits,
    RestartLimit,
    RouterRef,
)
from tests.conformance.sessions.conversing import ScriptError, Talker, open_stage


class Fragile(Talker):
    """Its own child task crashes with the prompt "crash": the session, not the turn.

    "crash-once" does so the first time only.  `stage.steered` says what was played.
    """

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        again = prompt in self.stage.steered
        self.stage.steered.append(prompt)
        if prompt == "crash" or (prompt == "crash-once" and not again):
            self.start_soon(self._crash)
            await trio.sleep_forever()
        await super().play(turn, prompt)

    async def _crash(self) -> None:
        raise ScriptError(self.key)


def assert_crashed(outcome: Outcome | None, *, attempts: int = 1) -> None:
    """The prompt was in hand when the session crashed."""
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionCrashedError)
    assert isinstance(outcome.error.__cause__, ScriptError)
    assert outcome.attempts == attempts


@seeds(20)
async def test_s96_a_session_that_crashes_is_replaced_and_its_queue_goes_on() -> None:
    """The crash is an event; what was committed is kept; siblings do not notice."""
    async with open_stage(Fragile) as (stage, router, _, system):
        events = system.subscribe(SessionOpened, SessionClosed, ActorCrashed)
        sibling = router.send("sibling", "wait:door")
        await settle()
        await router.send("k", "kept").outcome()

        crash, *queued = [router.send("k", each) for each in ("crash", "two", "three")]
        for receipt in queued:
            assert isinstance(await receipt.outcome(), Completed)

        assert_crashed(crash.ended)
        info = router.inspect("k")
        assert info is not None
        assert info.generation == 2
        told = events.drain()
        mine = [
            (type(each), each.generation)
            for each in told
            if isinstance(each, SessionOpened | SessionClosed) and each.key == "k"
        ]
        assert mine == [(SessionOpened, 1), (SessionClosed, 1), (SessionOpened, 2)]
        (closed,) = [each for each in told if isinstance(each, SessionClosed)]
        assert closed.reason is CloseReason.CRASHED
        assert sum(isinstance(each, ActorCrashed) for each in told) == 1
        assert router.statistics().closed == {CloseReason.CRASHED: 1}
        assert stage.steered == ["wait:door", "kept", "crash", "two", "three"]
        assert sibling.ended is None
        stage.open("door")
        assert isinstance(await sibling.outcome(), Completed)
        assert await state_of(router, "k") == ("kept", "two", "three")
        other = router.inspect("sibling")
        assert other is not None
        assert other.generation == 1


async def state_of(router: RouterRef[str, str], key: str) -> object:
    """What the session's state is between its turns."""

    async def look(turn: Turn[str, str]) -> object:
        return turn.state

    outcome = await router.run_exclusive(key, look).outcome()
    assert isinstance(outcome, Completed)
    return outcome.result


class Batching(Fragile):
    """Takes up to three prompts at once."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(batch=Batch(prompts=3))


@seeds(20)
async def test_s97_a_crash_fails_the_batch_but_for_what_may_be_tried_again() -> None:
    """Each prompt by its own `attempts`; those behind are kept, in their order."""
    async with open_stage(Batching) as (stage, router, _, _):
        first = router.send("k", "wait:door")
        await settle()
        once = router.send("k", "m1")
        twice = router.send("k", "m2", attempts=2)
        culprit = router.send("k", "crash-once")
        behind = router.send("k", "m4")

        stage.open("door")
        for receipt in (first, twice, behind):
            assert isinstance(await receipt.outcome(), Completed)

        assert_crashed(once.ended)
        assert_crashed(culprit.ended)
        assert once.turn == culprit.turn is not None
        assert stage.steered == ["wait:door", "m1", "m2", "crash-once", "m2", "m4"]
        assert await state_of(router, "k") == ("wait:door", "m2", "m4")


@seeds(20)
async def test_s97_a_prompt_is_not_tried_more_often_than_it_may() -> None:
    """Its last crash is its outcome, and the next prompt has its turn."""
    async with open_stage(Fragile) as (stage, router, _, _):
        culprit = router.send("k", "crash", attempts=3)
        behind = router.send("k", "hello")

        assert_crashed(await culprit.outcome(), attempts=3)
        assert isinstance(await behind.outcome(), Completed)

        assert stage.steered == ["crash", "crash", "crash", "hello"]
        assert router.statistics().closed == {CloseReason.CRASHED: 3}


@seeds(20)
async def test_s98_a_session_that_crashes_too_often_is_quarantined() -> None:
    """Its queue fails, its sends are refused; the router and the others live on."""
    limits = Limits(restarts=RestartLimit(1, within=60))
    async with open_stage(Fragile, limits=limits) as (stage, router, _, system):
        told = system.subscribe(SessionQuarantined)
        sibling = router.send("sibling", "wait:door")
        crashes = [router.send("k", "crash") for _ in range(2)]
        queued = router.send("k", "too late")

        outcome = await queued.outcome()

        for receipt in crashes:
            assert_crashed(receipt.ended)
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, QuarantinedError)
        with pytest.raises(QuarantinedError) as caught:
            router.send("k", "refused")
        assert caught.value.key == "k"
        assert isinstance(caught.value.__cause__, ScriptError)
        assert [(each.key, type(each.error)) for each in told.drain()] == [
            ("k", ScriptError)
        ]
        info = router.inspect("k")
        assert info is not None
        assert (info.phase, info.queued, info.turn) == ("quarantined", 0, None)
        assert "too late" not in stage.steered

        # nobody else is concerned
        stage.open("door")
        assert isinstance(await sibling.outcome(), Completed)
        assert isinstance(await router.send("new", "hello").outcome(), Completed)

        # and it can be lifted
        assert router.reset("k").known
        assert isinstance(await router.send("k", "hello").outcome(), Completed)


@seeds(20)
async def test_s98_crashes_far_apart_quarantine_nobody() -> None:
    """The limit is a number within a time."""
    limits = Limits(restarts=RestartLimit(1, within=60))
    async with open_stage(Fragile, limits=limits) as (_, router, _, _):
        for _ in range(4):
            assert_crashed(await router.send("k", "crash").outcome())
            await trio.sleep(61)

        assert isinstance(await router.send("k", "hello").outcome(), Completed)
