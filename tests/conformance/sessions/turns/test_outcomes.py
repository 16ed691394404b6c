"""Sessions, part 8: whatever happens, each accepted prompt has exactly one outcome.

Some drivers throw dice and do to a router whatever can be done to one, while its
sessions fail, crash, hang and leave.  Then all events are counted.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar

import pytest
import trio

from actors import (
    Event,
    Outcome,
    PromptAccepted,
    PromptEnded,
    PromptPolicy,
    Receipt,
    RefusedError,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
    TurnStarted,
)
from actors.testing import run_seeded
from supervision import Limits, RestartLimit, RouterRef
from tests.conformance.sessions.conversing import ScriptError, Stage, Talker, open_stage

SEEDS, ROUNDS = 500, 20
KEYS = "JKL"
SCRIPTS = (
    "x",
    "x",
    "x",
    "sleep:1",
    "sleep:1",
    "sleep:4",
    "say:a say:b say:c",
    *["sleep:1 point sleep:1 point"] * 3,
    "tool:saw point tool:axe",
    "wait:never",
    "hang:door",
    "fail:why",
    "follow",
    "child",
    "crash",
    "finish",
    "reject",
)
DEEDS = (
    *["send"] * 8,
    *["steer"] * 4,
    *["follow_up", "aside", "exclusive", "park", "read", "again"] * 2,
    *["withdraw", "abort", "cancel", "cancel_all", "reset", "close", "configure"],
    *["pause", "pause", "sleep", "sleep"],
)


class Unruly(Talker):
    """Does more of what a session should not do, and fails in each of its hooks."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, steering_capacity=2)
    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=20, abort_grace=2)
    dice: ClassVar[random.Random]

    async def started(self) -> None:
        await self.stumble(0.1)

    async def suspend(self) -> None:
        await self.stumble(0.1)

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        await super().turn_ended(turn, outcome)
        await self.stumble(0.05)

    async def stumble(self, chance: float) -> None:
        """Take a little time, and maybe fail."""
        for _ in range(self.dice.randrange(3)):
            await trio.lowlevel.checkpoint()
        if self.dice.random() < chance:
            raise ScriptError

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        match prompt:
            case "follow":
                self.follow_up("x")
            case "child":
                await turn.run_child(self.rest)
            case "crash":
                self.start_soon(self.stumble, 1.0)
                await trio.sleep_forever()
            case "finish":
                self.finish()
            case "reject":
                turn.reject("no")
            case _:
                await super().play(turn, prompt)

    async def rest(self, turn: Turn[str, str]) -> None:
        """Be a child turn."""
        await turn.emit("child")
        await self.stumble(0.2)


def limits_of(dice: random.Random) -> Limits:
    """Narrow ones, so that somebody always waits for something."""
    return Limits(
        sessions=dice.randint(1, 3),
        turns=dice.randint(1, 3),
        idle=dice.choice((1, 3, 100)),
        restarts=RestartLimit(dice.randint(0, 2), within=60),
    )


class Driver:
    """Does things to a router, and keeps the receipts."""

    def __init__(
        self, dice: random.Random, router: RouterRef[str, str], helpers: trio.Nursery
    ) -> None:
        self.dice, self.router, self.helpers = dice, router, helpers
        self.receipts: list[Receipt[str]] = []

    async def run(self) -> None:
        """Do a few things."""
        for _ in range(self.dice.choice((3, 3, 4, 4, 5, 6, 7, 15))):
            with suppress(RefusedError):
                await self.do(self.dice.choice(DEEDS))

    async def do(self, deed: str) -> None:  # noqa: C901, PLR0912 - a list of deeds
        """Do one thing."""
        dice, router = self.dice, self.router
        key, prompt = dice.choice(KEYS), dice.choice(SCRIPTS)
        known = dice.choice(self.receipts) if self.receipts else None
        match deed:
            case "send":
                receipt = router.send(key, prompt, attempts=dice.randint(1, 2))
                self.receipts.append(receipt)
            case "again":
                self.receipts.append(router.send(key, prompt, id="same"))
            case "steer":
                busy = known.key if known is not None else key
                self.receipts.append(router.steer(busy, prompt))
            case "follow_up":
                self.receipts.append(router.follow_up(key, prompt))
            case "aside":
                self.receipts.append(router.ask_aside(key, prompt))
            case "exclusive":
                router.run_exclusive(key, self.compact)
            case "park":
                self.helpers.start_soon(self.park, key, prompt, dice.randrange(4))
            case "read":
                self.helpers.start_soon(self.read, key, prompt, dice.randrange(4))
            case "withdraw" if known is not None:
                known.withdraw()
            case "abort" if known is not None and known.turn is not None:
                router.abort(known.turn, hard=dice.random() < 0.5)
            case "cancel":
                router.cancel(key, hard=dice.random() < 0.5)
            case "cancel_all":
                router.cancel_all(key)
            case "reset":
                router.reset(key)
            case "close":
                router.close(key)
            case "configure":
                router.configure(limits_of(dice))
            case "sleep":
                await trio.sleep(dice.choice((0.5, 1, 3)))
            case _:
                for _ in range(dice.randrange(6)):
                    await trio.lowlevel.checkpoint()

    async def compact(self, turn: Turn[str, str]) -> None:
        """Work on the state, exclusively."""
        await trio.lowlevel.checkpoint()
        turn.state = ("compact",)

    async def park(self, key: str, prompt: str, patience: int) -> None:
        """Wait for room, for a while."""
        with suppress(RefusedError), trio.move_on_after(patience):
            self.receipts.append(await self.router.send_wait(key, prompt))

    async def read(self, key: str, prompt: str, patience: int) -> None:
        """Read an answer, for a while."""
        with (
            suppress(RefusedError, TurnNotCompletedError),
            trio.move_on_after(patience),
        ):
            async with self.router.open_turn(key, prompt) as answer:
                self.receipts.append(answer.receipt)
                async for _ in answer:
                    if patience == 1:
                        break


async def finish(
    ending: str, stage: Stage, router: RouterRef[str, str], drivers: list[Driver]
) -> None:
    """End a round: see all outcomes, drain, crash, or just leave."""
    match ending:
        case "rest":
            stage.open("door", "saw", "axe")
            for driver in drivers:
                for receipt in driver.receipts:
                    await receipt.outcome()
        case "drain":
            before = trio.current_time()
            await router.drain(5)
            assert trio.current_time() - before <= 5
            stage.open("door")
        case _:
            stage.open("door")


async def play_round(seed: int) -> tuple[object, ...]:
    """Play one small system to its end; returns what happened, in order."""
    dice = Unruly.dice = random.Random(seed)  # noqa: S311 - dice
    drivers: list[Driver] = []
    limits = limits_of(dice)
    with trio.fail_after(1000):  # whoever waits for ever must not spin the clock
        async with open_stage(Unruly, limits=limits) as (stage, router, _, system):
            events = system.subscribe(PromptAccepted, PromptEnded, TurnStarted)
            async with trio.open_nursery() as helpers:
                drivers += [Driver(dice, router, helpers) for _ in range(2)]
                async with trio.open_nursery() as nursery:
                    for driver in drivers:
                        nursery.start_soon(driver.run)
                ending = dice.choice(("rest", "drain", "leave"))
                await finish(ending, stage, router, drivers)
                helpers.cancel_scope.cancel()
    return judge(events.drain(), [each for one in drivers for each in one.receipts])


def judge(events: Sequence[Event], receipts: list[Receipt[str]]) -> tuple[object, ...]:
    """Count; returns the story of the round, for telling one from another."""
    accepted = Counter(
        event.prompt for event in events if isinstance(event, PromptAccepted)
    )
    ended = [event for event in events if isinstance(event, PromptEnded)]
    assert Counter(event.prompt for event in ended) == accepted
    assert set(accepted.values()) <= {1}
    outcomes = {event.prompt: event.outcome for event in ended}
    for receipt in receipts:
        assert receipt.ended is not None
        assert as_told(receipt.ended, outcomes[receipt.id])
    return tuple(
        (
            type(event),
            event.turn if isinstance(event, TurnStarted) else event.prompt,
            type(event.outcome) if isinstance(event, PromptEnded) else None,
        )
        for event in events
        if isinstance(event, PromptAccepted | PromptEnded | TurnStarted)
    )


def as_told(again: Outcome, first: Outcome) -> bool:
    """Whether a receipt tells what the event told; of an error only what it was."""
    if not again.forgotten:
        return again == first
    return (type(again), again.turn) == (type(first), first.turn)


async def play_rounds(seed: int) -> list[int]:
    """Play some rounds; returns a number for each story."""
    return [hash(await play_round(ROUNDS * seed + number)) for number in range(ROUNDS)]


def test_s25_each_accepted_prompt_has_exactly_one_outcome(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In 10,000 small systems all verbs meet all faults: none is lost, none doubled."""
    caplog.set_level(logging.CRITICAL, "supervision")  # crashes are its business
    stories: list[int] = []

    for seed in range(SEEDS):
        try:
            stories += run_seeded(play_rounds, seed, seed=seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise

    assert len(stories) >= 10_000
    assert len(set(stories)) >= 5_000  # they differ, not only their numbers
