"""Steering and withdrawing in a race with the turn, and beside it.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

import inspect

import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Completed,
    Receipt,
    Steered,
    Withdrawal,
    Withdrawn,
)
from actors.testing import seeds
from supervision import Limits
from tests.conformance.sessions.diaries import Diarist, after, open_stage, result


@seeds(500)
async def test_s42_steering_that_races_with_the_end_of_a_turn_is_never_lost() -> None:
    """Each prompt is in one turn, in order; its outcome says which and how."""
    async with open_stage(Diarist) as (stage, router, _, _system):
        first = router.send("k", "wait:door point point point")
        await settle()
        receipts = [router.steer("k", "m0")]

        def steer(number: int) -> None:
            receipts.append(router.steer("k", f"m{number}"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(after, 0, lambda: stage.open("door"))
            for number in range(1, 7):
                nursery.start_soon(after, number - 1, lambda n=number: steer(n))
        outcomes = [await each.outcome() for each in receipts]
        await first.outcome()
        steer(7)  # too late for any turn
        outcomes.append(await receipts[-1].outcome())

        told = (await result(router.send("k", "end"))).split("|")
        assert sorted(told[1:-1]) == [f"m{number}" for number in range(8)]
        assert told[1:-1] == [each.prompt for each in receipts]
        assert isinstance(outcomes[0], Steered)
        assert isinstance(outcomes[-1], Completed)
        for receipt, outcome in zip(receipts, outcomes, strict=True):
            assert isinstance(outcome, Steered | Completed)
            assert outcome.turn == receipt.turn
            own = ("k", receipt.prompt) in stage.begun
            assert own == isinstance(outcome, Completed)


@seeds(500)
async def test_s47_steering_reaches_the_session_it_names_and_no_other() -> None:
    """There is no "current" session: every verb takes a key."""
    async with open_stage(Diarist) as (stage, router, _, _system):
        for key in ("k1", "k2"):
            router.send(key, "wait:door point point")
        await settle()
        receipts: list[Receipt[str]] = []

        def steer(key: str, number: int) -> None:
            receipts.append(router.steer(key, f"{key}-{number}"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(after, 1, lambda: stage.open("door"))
            for number in range(4):
                for key in ("k1", "k2"):
                    nursery.start_soon(
                        after, number, lambda k=key, n=number: steer(k, n)
                    )
        for each in receipts:
            await each.outcome()

        for key in ("k1", "k2"):
            told = (await result(router.send(key, "end"))).split("|")
            assert told[1:-1] == [f"{key}-{number}" for number in range(4)]
        for name in ("steer", "send", "follow_up", "ask_aside"):
            first, *_ = inspect.signature(getattr(router, name)).parameters.values()
            assert first.name == "key"
            assert first.default is inspect.Parameter.empty


@seeds(200)
async def test_s50_a_prompt_is_withdrawn_or_taken_never_both() -> None:
    """Before its pickup it is withdrawn, afterwards it is too late."""
    async with open_stage(Diarist) as (stage, router, _, _system):
        first = router.send("k", "wait:door point point")
        await settle()
        assert first.withdraw() is Withdrawal.TOO_LATE
        steers = [router.steer("k", f"s{number}") for number in range(3)]
        queued = [router.send("k", f"q{number}") for number in range(3)]
        assert steers[1].withdraw("typo") is Withdrawal.WITHDRAWN
        assert steers[1].withdraw("again") is Withdrawal.TOO_LATE
        assert await steers[1].outcome() == Withdrawn("typo")
        taken: dict[str, Withdrawal] = {}

        def withdraw(receipt: Receipt[str]) -> None:
            taken[receipt.prompt] = receipt.withdraw("race")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(after, 0, lambda: stage.open("door"))
            for steps, each in enumerate([steers[0], steers[2], *queued]):
                nursery.start_soon(after, steps, lambda r=each: withdraw(r))
        for each in (first, *steers, *queued):
            await each.outcome()

        told = (await result(router.send("k", "end"))).split("|")
        for each in (steers[0], steers[2], *queued):
            if taken[each.prompt] is Withdrawal.WITHDRAWN:
                assert each.ended == Withdrawn("race")
                assert told.count(each.prompt) == 0
            else:
                assert isinstance(each.ended, Steered | Completed)
                assert told.count(each.prompt) == 1
        assert "s1" not in told


@seeds(20)
async def test_s51_a_side_question_is_answered_beside_the_turn() -> None:
    """From a snapshot: neither turn nor history knows of it; it takes a slot."""
    async with open_stage(Diarist, limits=Limits(turns=2)) as (stage, router, _, _s):
        await result(router.send("k", "old"))
        running = router.send("k", "wait:door")
        await settle()
        side = router.ask_aside("k", "wait:aside")
        other = router.send("j", "other")
        await settle()

        info = router.inspect("k")
        assert info is not None
        assert (info.turn, info.asides) == (running.turn, 1)
        waiting = router.inspect("j")
        assert waiting is not None
        assert waiting.phase == "waiting for a slot"
        assert other.ended is None

        stage.open("aside")
        assert await result(side) == "old"
        assert side.turn not in {None, running.turn}
        assert running.ended is None
        assert await result(other) == "other"
        stage.open("door")
        assert await result(running) == "old|wait:door"
        assert await result(router.send("k", "next")) == "old|wait:door|next"


@seeds(500)
async def test_s52_steering_that_a_turn_leaves_begins_the_next_ones() -> None:
    """Each prompt is injected or begins a turn once, before what was queued."""
    async with open_stage(Diarist) as (stage, router, _, _system):
        router.send("k", "wait:door")
        await settle()
        queued = router.send("k", "queued point")
        left = [router.steer("k", f"s{number}") for number in range(3)]
        raced: list[Receipt[str]] = []

        def steer(number: int) -> None:
            raced.append(router.steer("k", f"r{number}"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(after, 0, lambda: stage.open("door"))
            for number in range(4):
                nursery.start_soon(after, 2 * number, lambda n=number: steer(n))
        for each in (queued, *left, *raced):
            await each.outcome()

        told = (await result(router.send("k", "end"))).split("|")
        assert told[:4] == ["wait:door", "s0", "s1", "s2"]
        assert sorted(told[4:-1]) == ["queued point", "r0", "r1", "r2", "r3"]
        assert [each for each in told if each[0] == "r"] == ["r0", "r1", "r2", "r3"]
        assert all(isinstance(each.ended, Completed) for each in left)
