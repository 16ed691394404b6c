"""Rules that nothing held once: A26, each with a test that fails without it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Abort,
    Aborted,
    Actor,
    Completed,
    Lost,
    Mailbox,
    Outcome,
    PromptPolicy,
    Receipt,
    Request,
    ToolSkippedError,
    Turn,
    TurnPolicy,
    Withdrawal,
    open_system,
)
from supervision import Limits
from tests.conformance.sessions.turns.test_children import Deed, Doer, open_family


async def nothing(turn: Turn[Deed, str]) -> str:
    """A turn that is over at once."""
    await turn.emit("x")
    return "x"


async def for_ever(turn: Turn[Deed, str]) -> None:
    """A turn that does not end by itself."""
    await turn.emit("x")
    await trio.sleep_forever()


class Brief(Doer):
    """Its hooks have three seconds."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(cleanup_within=3.0)


async def test_a26_turn_ended_is_cut_off(autojump_clock: trio.abc.Clock) -> None:
    """After `cleanup_within` seconds the outcome is told and the next turn begins."""
    del autojump_clock

    class Hanging(Brief):
        """Its hook never ends."""

        async def turn_ended(self, turn: Turn[Deed, str], outcome: Outcome) -> None:
            del turn, outcome
            await trio.sleep_forever()

    async with open_family(Hanging) as (_, router, _system):
        begun = trio.current_time()
        assert isinstance(await router.send("a", nothing).outcome(), Completed)
        assert trio.current_time() - begun == 3.0
        assert isinstance(await router.send("a", nothing).outcome(), Completed)
        assert trio.current_time() - begun == 6.0


async def test_a26_suspend_is_cut_off(autojump_clock: trio.abc.Clock) -> None:
    """After `cleanup_within` seconds its place is another's."""
    del autojump_clock

    class Hanging(Brief):
        """Its hook never ends."""

        async def suspend(self) -> None:
            await trio.sleep_forever()

    async with open_family(Hanging, Limits(sessions=1)) as (_, router, _system):
        await router.send("a", nothing).outcome()
        begun = trio.current_time()
        await router.send("b", nothing).outcome()
        assert trio.current_time() - begun == 3.0


async def test_a26_a_soft_abort_becomes_hard(autojump_clock: trio.abc.Clock) -> None:
    """A turn that does not heed it within its time is cut; one that does is not."""
    del autojump_clock

    async def heed(turn: Turn[Deed, str]) -> str:
        await trio.sleep(3)
        assert turn.interrupted is not None
        return "heeded"

    async with open_family(Doer) as (_, router, _system):
        deaf, good = router.send("a", for_ever), router.send("b", heed)
        await settle()
        for receipt in (deaf, good):
            assert receipt.turn is not None
            done = router.abort(
                receipt.turn, hard=False, hint="soon", reason="why", within=4.0
            )
            assert done is Abort.ABORTING
        begun = trio.current_time()

        outcome = await deaf.outcome()
        assert isinstance(outcome, Aborted)
        assert outcome.reason == "why"
        assert trio.current_time() - begun == 4.0
        assert await good.outcome() == Completed(
            "heeded", interrupted="soon", turn=good.turn
        )


async def test_a26_withdrawn_steering_skips_no_tool() -> None:
    """A tool is skipped for a prompt that waits, and not for one taken back."""
    door, asked = trio.Event(), trio.Event()
    used: list[str] = []

    async def work(turn: Turn[Deed, str]) -> None:
        with pytest.raises(ToolSkippedError), turn.tool("skipped"):
            pass
        asked.set()
        await door.wait()
        with turn.tool("search"):
            used.append("search")

    class Few(Doer):
        """One prompt may wait for a checkpoint."""

        prompts: ClassVar[PromptPolicy] = PromptPolicy(steering_capacity=1)

    async with open_family(Few) as (_, router, _system):
        receipt = router.send("a", work)
        steering = router.steer("a", nothing)
        await asked.wait()

        for _ in range(3):
            assert steering.withdraw() is Withdrawal.WITHDRAWN
            steering = router.steer("a", nothing)
        steering.withdraw()
        door.set()

        assert isinstance(await receipt.outcome(), Completed)
        assert used == ["search"]


@pytest.mark.parametrize("verb", ["reset", "close"])
async def test_a26_a_message_is_new_after_its_key_was_forgotten(verb: str) -> None:
    """Its id is not known any more, nor does its job run."""
    async with open_family(Doer) as (_, router, _system):
        first = router.send("a", nothing, id="x")
        await first.outcome()
        assert router.send("a", nothing, id="x") is first

        getattr(router, verb)("a")

        again: Receipt[Any] = router.send("a", nothing, id="x")
        assert again is not first
        assert isinstance(await again.outcome(), Completed)


async def test_a26_what_a_drain_has_lost_is_in_the_order_of_acceptance(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Whatever they waited for: a slot, a turn, a checkpoint; keys mixed."""
    del autojump_clock
    async with open_family(Doer, Limits(sessions=9, turns=1)) as (_, router, _system):
        runs = router.send("c", for_ever)
        await settle()
        lost = [
            router.send(key, nothing) for key in ("b", "a", "c", "b", "a", "c", "b")
        ]

        report = await router.drain(10)

        assert list(report.lost) == lost
        assert {type(each.ended) for each in lost} == {Lost}
        assert report.aborted == (runs.turn,)


class Slow(Actor[Request[str]]):
    """Takes its time, and has room for one."""

    mailbox: ClassVar[Mailbox] = Mailbox(capacity=1)

    def __init__(self, taken: list[str], door: trio.Event) -> None:
        self.taken, self.door = taken, door

    async def receive(self, message: Request[str]) -> None:
        self.taken.append(type(message).__name__)
        await self.door.wait()
        message.reply("answer")


class One(Request[str]):
    """The first."""


class Two(Request[str]):
    """The second."""


class Three(Request[str]):
    """The third."""


async def test_a26_an_ask_whose_time_ran_out_while_it_waited_is_not_sent(
    autojump_clock: trio.abc.Clock,
) -> None:
    """There was no room for it: nobody ever takes it, and it fails in time."""
    del autojump_clock
    taken: list[str] = []
    door = trio.Event()
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Slow, taken, door)
        nursery.start_soon(ref.ask, One())
        await settle()
        nursery.start_soon(ref.ask, Two())
        await settle()

        begun = trio.current_time()
        with pytest.raises(trio.TooSlowError):
            await ref.ask(Three(), within=2.0)
        assert trio.current_time() - begun == 2.0
        door.set()
        await settle()

    assert taken == ["One", "Two"]
