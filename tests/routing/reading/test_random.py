"""Random turns and readers, and what holds between any two steps of their tasks.

Said by a turn, by tasks of it, and by children of it; with and without waiting.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

import pytest
import trio
from trio.lowlevel import checkpoint

from actors import (
    Bounded,
    Completed,
    Replay,
    Session,
    StreamGapError,
    Turn,
    UnknownPromptError,
    open_system,
)
from actors.hosting import Chunks
from actors.testing import TurnLog, seeds
from supervision import RouterRef, TurnStream, start_router

Said: TypeAlias = tuple[int, int]  # who, and which


def dice_of(seed: float) -> random.Random:
    """Dice that fall as the seed has it."""
    return random.Random(seed)  # noqa: S311 - a plan, not a secret


class Speakers(Session["Speech", Said]):
    """Say what a speech has them say."""

    async def take_turn(self, turn: Turn[Speech, Said]) -> None:
        await turn.prompt.say(turn, dice_of(turn.prompt.dice.random()))


class Rules(trio.abc.Instrument):
    """Looks at a stream after each step."""

    def __init__(self) -> None:
        self.streams: list[Any] = []
        self.runs: dict[int, Any] = {}
        self.broken: list[str] = []

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Look."""
        del task
        for stream in self.streams:
            look = self._chunks if isinstance(stream, Chunks) else self._log
            self.broken += [rule for rule, holds in look(stream) if not holds]
            if stream.stamped is not None:
                self.broken += [rule for rule, holds in burst(stream) if not holds]
        for run in self.runs.values():
            if run.burst is not None and run.burst.stamped is not run:
                self.broken.append("a turn in a burst of another")

    def _chunks(self, it: Any) -> list[tuple[str, bool]]:
        return [
            (
                "who waits to read: nothing is there",
                not (it.reader and it.emitted - it.passed),
            ),
            ("who waits to write: nothing is ready", not (it.writers and it.ready)),
            (
                "who waits to write: something is there",
                bool(it.queue or not it.writers),
            ),
            (
                "no more than its capacity",
                len(it.queue) + len(it.ready) <= it._capacity,
            ),
        ]

    def _log(self, it: Any) -> list[tuple[str, bool]]:
        return [
            ("who waits to read sleeps", (it.reader is not None) == bool(it._sleepers)),
            (
                "who waits to write: nothing is ready",
                not (it.writers and any(place.ready for place in it.places)),
            ),
            (
                "nobody has missed any",
                bool(it.keeper) or all(place.at >= it.dropped for place in it.places),
            ),
            (
                "who waits to write: there is no room",
                not (it.keeper and it.writers and it.room),
            ),
            (
                "without a burst all is kept",
                not (it.keeper and it.queue)
                or it.stamped is not None
                or it.queue._kept == it.last,
            ),
        ]


def burst(it: Any) -> list[tuple[str, bool]]:
    """The rules of a burst."""
    run = it.stamped
    return [
        ("a burst: its turn knows", run.burst is it),
        ("a burst: its turn is a plain one that runs", run.open and run.extra is None),
        ("a burst: its reader comes", it.reader is None and it.reader_comes),
        ("a burst: counted", it.counted <= len(it.queue)),
        ("a burst: within its limit", len(it.queue) <= it.limit or not it.room),
        ("a burst: within the room", it.limit <= it.room),
    ]


async def take(
    answer: TurnStream[Any, Any], count: int, read: list[Said], seen: Any
) -> None:
    """Read so many; what was read is read, also if it is cancelled then."""
    for _ in range(count):
        chunk = await anext(answer)
        read.append(seen(chunk))


class Speech:
    """What is said in a turn, by how many, and what became of it.

    `shown` makes a chunk of it, and `seen` makes it again.
    """

    def __init__(
        self,
        router: RouterRef[Any, Any],
        rules: Rules,
        seed: int,
        shown: Callable[[Said], Any] = lambda said: said,
        seen: Callable[[Any], Said] = lambda chunk: chunk,
    ) -> None:
        self.router = router
        self.rules = rules
        self.shown, self.seen = shown, seen
        self.dice = dice_of(seed)
        self.speakers = self.tried = 0
        self.said: list[Said] = []

    async def say(  # noqa: C901 - one deed after the other
        self, turn: Turn[Any, Any], dice: random.Random, depth: int = 0
    ) -> None:
        """Say something, for a while."""
        self.rules.runs[turn.id] = turn._run
        self.speakers += 1
        who = self.speakers
        for _ in range(dice.randint(1, 8)):
            match dice.choice(["emit", "emit", "sleep", "pass", "late", "now", "two"]):
                case "emit":
                    for _ in range(dice.choice([1, 1, 3, 8, 63, 130])):
                        await self.emit(turn, who)
                case "sleep":
                    await trio.sleep(dice.choice([0.5, 1]))
                case "pass":
                    await checkpoint()
                case "late":
                    with trio.move_on_after(dice.choice([0, 0.5, 1])):
                        for _ in range(dice.choice([1, 70])):
                            await self.emit(turn, who)
                case "now":
                    with suppress(trio.WouldBlock):
                        self.tried += 1
                        number = (who, self.tried)
                        turn.emit_nowait(self.shown(number))
                        self.said.append(number)
                case "two" if not depth:
                    async with trio.open_nursery() as nursery:
                        for _ in range(2):
                            each = dice_of(dice.random())
                            nursery.start_soon(self.say, turn, each, 1)
                case "two" if depth == 1:
                    each = dice_of(dice.random())
                    await turn.run_child(self.say, each, 2, direct=True)
                case _:
                    turn.progress()
            assert len(self.said) <= self.router.statistics().chunks <= self.tried

    async def emit(self, turn: Turn[Any, Any], who: int) -> None:
        """Say one, and count."""
        self.tried += 1
        number = (who, self.tried)
        await turn.emit(self.shown(number))
        self.said.append(number)

    async def read(
        self, answer: TurnStream[Any, Any], dice: random.Random
    ) -> list[Said]:
        """Read to the end, in some way."""
        stream: Any = answer._reader
        self.rules.streams.append(getattr(stream, "log", stream))
        read: list[Said] = []
        with suppress(StopAsyncIteration):
            while True:
                match dice.choice(["next", "next", "late", "cancelled", "sleep"]):
                    case "next":
                        await take(answer, dice.choice([1, 3, 100]), read, self.seen)
                    case "sleep":
                        await trio.sleep(dice.choice([0, 0.5, 1]))
                    case how:
                        with trio.move_on_after(dice.choice([0, 0.5, 1])) as scope:
                            if how == "cancelled":
                                scope.cancel()
                            await take(answer, dice.choice([1, 70]), read, self.seen)
                assert answer.number == len(read)
        return read

    def check(self, read: list[Said]) -> None:
        """All that was said was read, once, and of each in its order."""
        orders: dict[int, list[int]] = defaultdict(list)
        for who, number in read:
            orders[who].append(number)
        assert sorted(read) == sorted(self.said)
        assert all(order == sorted(order) for order in orders.values())


@pytest.mark.parametrize(
    "kind", [(Bounded, 1), (Bounded, 8), (Bounded, 1000), (Replay, 5), (Replay, 1000)]
)
@seeds(20)
async def test_what_is_said_is_read(seed: int, kind: tuple[type[Any], int]) -> None:
    """However it is said and read, and the rules hold after each step."""
    policy = kind[0](chunks=kind[1]) if kind[0] is Replay else kind[0](kind[1])
    rules = Rules()
    async with open_system() as system:
        log = TurnLog(system)
        router: RouterRef[Speech, Said] = start_router(system, Speakers)
        speech = Speech(router, rules, seed)

        async def read_too(dice: random.Random) -> None:
            with suppress(StreamGapError, UnknownPromptError):
                await trio.sleep(dice.choice([0, 0.5, 1]))
                async with router.reopen_turn("k", "m") as again:
                    speech.check(await speech.read(again, dice))

        trio.lowlevel.add_instrument(rules)
        async with (
            trio.open_nursery() as nursery,
            router.open_turn("k", speech, id="m", stream=policy) as answer,
        ):
            if kind[0] is Replay:
                nursery.start_soon(read_too, dice_of(speech.dice.random()))
            speech.check(await speech.read(answer, dice_of(speech.dice.random())))
        counted = router.statistics().chunks
        trio.lowlevel.remove_instrument(rules)
    log.check()

    assert rules.broken == []
    assert isinstance(answer.ended, Completed)
    assert counted == len(speech.said)
