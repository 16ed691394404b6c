"""Sessions, part 6: many prompts in one turn, and nothing that piles up.

The numbers are those of our list of scenarios.
"""

from __future__ import annotations

import gc
import sys
from typing import ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Batch,
    Completed,
    PromptPolicy,
    Receipt,
    Session,
    Turn,
    open_system,
)
from actors.testing import TurnLog, run_seeded, seeds
from supervision import Limits, RouterRef, start_router
from tests.conformance.sessions.conversing import open_stage


class Adder(Session[int, None]):
    """Adds one; keeps nothing."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=1000, batch=Batch(prompts=1000)
    )

    async def take_turn(self, turn: Turn[int, None]) -> int:
        await trio.lowlevel.checkpoint()
        return turn.prompts[-1] + 1


def blocks() -> int:
    """How many blocks of memory are in use, strings and numbers too."""
    gc.collect()
    return sys.getallocatedblocks()


async def ask_often(router: RouterRef[int, None], rounds: int) -> None:
    """Have 1000 requests answered, so many times."""
    for _ in range(rounds):
        receipts = [router.send("K", number) for number in range(1000)]
        outcome = await receipts[-1].outcome()
        assert isinstance(outcome, Completed)
        assert outcome.result == 1000
    await settle()


@seeds(20)
async def test_s31_requests_are_answered_in_the_order_of_arrival() -> None:
    """Three requests, three answers, the first one first."""
    async with open_stage() as (_stage, router, *_):
        answered: list[str] = []

        async def wait(receipt: Receipt[str]) -> None:
            await receipt.outcome()
            answered.append(receipt.prompt)

        async with trio.open_nursery() as nursery:
            for prompt in ("r1 sleep:1", "r2 sleep:1", "r3"):
                nursery.start_soon(wait, router.send("K", prompt))

        assert answered == ["r1 sleep:1", "r2 sleep:1", "r3"]


def test_s31_finished_requests_do_not_pile_up() -> None:
    """After 100,000 requests no more memory is in use than after 1,000."""

    async def main() -> None:
        async with open_system() as system:
            router = start_router(system, Adder)
            await ask_often(router, 1)
            before = blocks()
            await ask_often(router, 100)
            assert blocks() - before < 500
            assert router.statistics().accepted == 101_000

    run_seeded(main, seed=0)


@attrs.frozen
class Post:
    """What somebody has posted."""

    text: str
    tokens: int = 1
    attachments: tuple[str, ...] = ()


def count_tokens(post: Post) -> float:
    """How heavy a post is."""
    return post.tokens


class Reader(Session[Post, str]):
    """Reads several posts at once; the first one of all takes two seconds."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=30, batch=Batch(prompts=10, weight=24_000, weigh=count_tokens)
    )
    initial_state: ClassVar[object] = ()

    async def take_turn(
        self, turn: Turn[Post, str]
    ) -> list[tuple[object, str, tuple[str, ...]]]:
        if not turn.state:
            turn.state = ("awake",)
            await trio.sleep(2)
        return [
            (receipt.origin, receipt.prompt.text, receipt.prompt.attachments)
            for receipt in turn.receipts
        ]


@seeds(20)
async def test_s33_what_comes_during_a_turn_is_the_next_one() -> None:
    """The first post is taken at once; four that follow are one turn, each its own."""
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Reader)
        first = router.send("K", Post("zero"), origin="ann")
        await settle()
        info = router.inspect("K")
        assert info is not None
        assert (info.phase, info.turn, trio.current_time()) == (
            "running",
            first.turn,
            0,
        )

        await trio.sleep(1)
        posts = [
            ("bob", Post("one")),
            ("ann", Post("two", attachments=("two.png",))),
            ("bob", Post("three", attachments=("three.png", "three.txt"))),
            ("cid", Post("four")),
        ]
        rest = [router.send("K", post, origin=who) for who, post in posts]
        outcomes = [await receipt.outcome() for receipt in (first, *rest)]

        assert isinstance(outcomes[0], Completed)
        assert outcomes[0].result == [("ann", "zero", ())]
        for receipt, outcome in zip(rest, outcomes[1:], strict=True):
            assert isinstance(outcome, Completed)
            assert outcome.turn == receipt.turn == rest[0].turn
            assert outcome.result == [
                (who, post.text, post.attachments) for who, post in posts
            ]
        assert len({receipt.id for receipt in rest}) == 4
        assert rest[0].turn != first.turn
        assert trio.current_time() == 2
    log.check()


@pytest.mark.parametrize(
    ("tokens", "batches"),
    [
        ([10_000, 14_000, 1, 1], [2, 2]),
        ([10_000, 14_001, 1], [1, 2]),
        ([8_000, 16_000, 24_000, 1], [2, 1, 1]),
        ([1, 30_000, 1, 1], [1, 1, 2]),
        ([30_000, 30_000], [1, 1]),
        ([1] * 21, [10, 10, 1]),
    ],
)
@seeds(20)
async def test_s34_a_turn_takes_what_fits(
    tokens: list[int], batches: list[int]
) -> None:
    """At most ten posts and 24,000 tokens; what is too heavy for all goes alone."""
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Reader)
        router.send("K", Post("first"))
        await settle()
        receipts = [
            router.send("K", Post(str(number), weight))
            for number, weight in enumerate(tokens)
        ]
        outcomes = [await receipt.outcome() for receipt in receipts]

        numbers = iter(range(len(tokens)))
        for size in batches:
            batch = [next(numbers) for _ in range(size)]
            assert len({receipts[number].turn for number in batch}) == 1
            for number in batch:
                outcome = outcomes[number]
                assert isinstance(outcome, Completed)
                texts = [text for _origin, text, _attachments in outcome.result]
                assert texts == [str(each) for each in batch]
    log.check()


class Forgetful(Adder):
    """Knows no message again."""

    prompts: ClassVar[PromptPolicy] = attrs.evolve(Adder.prompts, dedupe=0)


def test_s36_memory_is_that_of_the_sessions_that_live() -> None:
    """After 3,000 keys no more of it is in use than after the first 500.

    What the messages' ids are remembered for outlives a session: here it does not.
    """

    async def main() -> None:
        async with open_system() as system:
            router = start_router(
                system,
                Forgetful,
                limits=Limits(sessions=100, turns=100, idle=1),
            )
            counts: list[int] = []
            for first in range(0, 3000, 100):
                for number in range(first, first + 100):
                    router.send(f"K{number}", 0, id="m", tenant=f"O{number}", job="j")
                await trio.sleep(5)
                counts.append(blocks())
            assert counts[-1] - counts[4] < 500
            assert router.list() == []
            assert router.statistics().outcomes == {"Completed": 3000}

    run_seeded(main, seed=0)
