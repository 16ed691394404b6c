"""What a verb names is what happens, and nothing comes after it: A20, A22, A24, A25."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.lowlevel
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Bounded,
    Completed,
    Latest,
    Lost,
    Outcome,
    PromptKind,
    Turn,
    TurnNotCompletedError,
    Withdrawn,
)
from supervision import Limits, RouterRef, TurnStream
from tests.conformance.sessions.turns.test_children import (
    Deed,
    Doer,
    open_family,
)

Verb = Callable[[RouterRef[Any, Any]], Any]
VERBS: dict[str, Verb] = {
    "cancel_all": lambda router: router.cancel_all("a", "why"),
    "reset": lambda router: router.reset("a", "why"),
    "close": lambda router: router.close("a", "why"),
}


class Lingering(Doer):
    """Its turns take a while to be over: the hook waits for the door."""

    async def turn_ended(self, turn: Turn[Deed, str], outcome: Outcome) -> None:
        del outcome
        self.notes.log.append(f"ending {turn.id}")
        await self.notes.door.wait()

    async def stopped(self, exit: object) -> None:  # noqa: A002
        del exit
        self.notes.log.append(f"stopped {self.generation}")


async def nothing(turn: Turn[Deed, str]) -> None:
    """A turn that is over at once."""
    await turn.emit("x")


# ---------------------------------------------------------------------------------- A20


async def test_a20_a_router_that_ends_gives_each_prompt_its_outcome() -> None:
    """Also when a key waits for a place in vain, and all have owners."""
    limits = Limits(sessions=2, turns=2, sessions_per_tenant=2)

    async def stay(turn: Turn[Deed, str]) -> None:
        await turn.emit("x")
        await trio.sleep_forever()

    class Slow(Doer):
        """It takes a while to clean up, so that others wait for its place."""

        async def stopped(self, exit: object) -> None:  # noqa: A002
            del exit
            await self.notes.door.wait()

    async with open_family(Slow, limits) as (notes, router, _):
        for key in "ab":
            await router.send(key, nothing, tenant="me").outcome()
        receipts = [router.send(key, stay, tenant=key) for key in "xy"]
        receipts[0].withdraw("why")
        router.ref.stop()
        await settle()
        notes.door.set()

    assert receipts[0].ended == Withdrawn("why")
    assert isinstance(receipts[1].ended, Lost)


# ---------------------------------------------------------------------------------- A22


@pytest.mark.parametrize("verb", VERBS)
async def test_a22_what_a_verb_names_as_withdrawn_is_not_run(verb: str) -> None:
    """While a turn is ending already: its steering prompts, and those that wait."""
    ran: list[str] = []

    def note(name: str) -> Deed:
        async def run(turn: Turn[Deed, str]) -> None:
            ran.append(name)
            await turn.emit(name)

        return run

    async with open_family(Lingering) as (notes, router, _):
        started = trio.Event()

        async def work(turn: Turn[Deed, str]) -> None:
            started.set()
            await turn.emit("x")
            await trio.lowlevel.checkpoint()

        first = router.send("a", work)
        await started.wait()
        steering = [router.steer("a", note(f"steering {n}")) for n in range(2)]
        assert steering[0]._more is not None
        assert steering[0].kind is PromptKind.STEER
        waits = router.send("a", note("waits"))
        await settle()
        assert notes.log == ["ending 1"]

        result = VERBS[verb](router)
        named = {waits.id, *(each.id for each in steering)}
        assert set(result.withdrawn) == named
        assert {type(each.ended) for each in (waits, *steering)} == {Withdrawn}
        notes.door.set()
        assert isinstance(await first.outcome(), Completed)
        await settle()

        assert ran == []
        assert (router.inspect("a") is None) == (verb == "close")
        assert router.statistics().opened == 1


# ---------------------------------------------------------------------------------- A24


async def last_words(turn: Turn[Deed, str]) -> None:
    """Say something, and something else when it is cut."""
    await turn.emit("first")
    try:
        await trio.sleep_forever()
    finally:
        turn.emit_nowait("last")


async def rest_of(reader: TurnStream[Any, str]) -> list[str]:
    """What there is still to be read of an answer that will not be complete."""
    read: list[str] = []
    with suppress(TurnNotCompletedError):
        while True:
            read.append(await anext(reader))
    return read


@pytest.mark.parametrize("verb", ["reset", "close"])
@pytest.mark.parametrize("stream", [Bounded(), Latest(), Latest(every=5.0)], ids=repr)
async def test_a24_nothing_reaches_the_reader_after_it_was_forgotten(
    autojump_clock: trio.abc.Clock, verb: str, stream: Bounded | Latest
) -> None:
    """Neither last words nor a chunk that was pending: nothing after the verb."""
    del autojump_clock
    async with (
        open_family(Doer) as (_, router, _system),
        router.open_turn("a", last_words, stream=stream) as reader,
    ):
        await settle()
        VERBS[verb](router)

        assert await rest_of(reader) == []
    assert isinstance(reader.ended, Aborted)


@pytest.mark.parametrize("how", ["cancel_all", "abort"])
@pytest.mark.parametrize("stream", [Bounded(), Latest()], ids=repr)
async def test_a24_an_aborted_answer_may_have_last_words(
    autojump_clock: trio.abc.Clock, how: str, stream: Bounded | Latest
) -> None:
    """Up to its outcome they reach its reader."""
    del autojump_clock
    async with (
        open_family(Doer) as (_, router, _system),
        router.open_turn("a", last_words, stream=stream) as reader,
    ):
        await settle()
        if how == "abort":
            reader.abort()
        else:
            router.cancel_all("a")
        assert (await rest_of(reader))[-1] == "last"
