"""One story: some senders, some processes that die, and one that lives.

Each process is a system with a router on the store of the story.  It dies when so many
points of the store's batches have passed, as by `kill -9`: nothing more is written,
nothing more is told, and whatever its tasks do from then on is nobody's.  The last one
lives until no prompt is open.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from random import Random
from typing import Any

import attrs
import trio

from actors import (
    Batch,
    Journal,
    Outcome,
    PromptPolicy,
    RefusedError,
    Session,
    StreamGapError,
    StreamNotKeptError,
    StreamRestartedError,
    Turn,
    TurnNotCompletedError,
    UnknownPromptError,
    open_system,
)
from supervision import Limits, PromptKeptError, RouterRef, start_router
from supervision.durable import MemoryStore, StoreError, StorePolicy

KEYS = ("ann", "bob", "cyd", "dan")
COMPACT_ABOVE = 2  # entries of a history


@attrs.define(eq=False)
class Answer:
    """What a reader has, who comes back after each kill."""

    after: int = 0
    """Number of the latest chunk."""
    chunks: list[str] = attrs.Factory(list[str])
    """Since the beginning of the try that counts."""
    reading: bool = False
    """It reads just now."""
    whole: bool = False
    """It came to the end of a completed one."""


@attrs.define(eq=False)
class Story:
    """What has happened, as far as anybody outside has seen it."""

    dice: Random
    store: MemoryStore
    batch: bool
    prompts: dict[int, str] = attrs.Factory(dict[int, str])
    """{number of a prompt in the story: its key}."""
    attempts: dict[int, int] = attrs.Factory(dict[int, int])
    """{number: how often it may be tried}."""
    senders: dict[int, int] = attrs.Factory(dict[int, int])
    """{number: who sent it}."""
    accepted: set[int] = attrs.Factory(set[int])
    """Those whose `accept` has returned."""
    begun: dict[int, int] = attrs.Factory(dict[int, int])
    """{number: how often a turn has had it}, steered ones not counted."""
    told: dict[int, Outcome] = attrs.Factory(dict[int, Outcome])
    """{number: the outcome that its sender has seen}."""
    open: list[Any] = attrs.Factory(list[Any])
    """Receipts of the process that runs."""
    misread: list[str] = attrs.Factory(list[str])
    """What turns have read in histories that is not so, in words."""
    answers: dict[int, Answer] = attrs.Factory(dict[int, "Answer"])
    """{number: what its reader has of its answer}."""
    reset: set[str] = attrs.Factory(set[str])
    """Keys that were reset or closed: their states began anew some time."""
    kills: int = 0
    dead: bool = False
    """The process that runs just now is dead: nothing that it does counts."""
    next: int = 0


@attrs.frozen
class Say:
    """A prompt."""

    number: int
    how: str


def flat(entries: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    """What all of these say."""
    return tuple(number for each in entries for number in each)


class Chat(Session[Say, str, tuple[int, ...]]):
    """Its state is the numbers of the prompts that it has completed.

    And so is its history, of which the first entries are put together now and then.
    """

    entry_type = tuple[int, ...]
    prompts = PromptPolicy(dedupe=4, capacity=8)

    def __init__(self, story: Story) -> None:
        self.story = story

    def new_state(self) -> tuple[int, ...]:
        """Nothing so far."""
        return ()

    async def take_turn(self, turn: Turn[Say, str, tuple[int, ...]]) -> int:
        """Do as the prompts say."""
        story = self.story
        for prompt in turn.prompts:
            if not story.dead:
                number = prompt.number
                story.begun[number] = story.begun.get(number, 0) + 1
        for prompt in turn.prompts:
            for number in range(1, 2 + prompt.number % 5):
                await turn.emit(f"{prompt.number} {turn.attempt} {number}")
            await self._do(turn, prompt)
            self._add(turn, prompt.number)
        for steered in await turn.checkpoint():
            self._add(turn, steered.prompt.number)
        if len(turn.history) > COMPACT_ABOVE:
            await self._compact(turn)
        return len(turn.state)

    def _add(self, turn: Turn[Say, str, tuple[int, ...]], number: int) -> None:
        turn.state = (*turn.state, number)
        turn.history.append((number,))

    async def _compact(self, turn: Turn[Say, str, tuple[int, ...]]) -> None:
        """One entry in place of the first ones: all that they said."""
        entries = [each async for each in turn.history.all(page=2)]
        turn.history.replace(2, flat(entries[:2]))
        window = await turn.history.window(len(entries) - 2)
        if self.story.dead:
            return
        if flat(entries) != turn.state or window != tuple(entries[2:]):
            words = f"{turn.state}, walked through {entries}, window {window}"
            self.story.misread.append(f"{self.key} has {words}")

    async def _do(self, turn: Turn[Say, str, tuple[int, ...]], prompt: Say) -> None:
        match prompt.how:
            case "quick":
                pass
            case "slow":
                await trio.sleep(1.0)
            case "steps":
                for _ in range(5):
                    await trio.lowlevel.checkpoint()
            case "fail":
                self._add(turn, -1)
                raise ValueError(prompt.how)
            case "reject":
                turn.reject("no")
            case "crash":
                self.ref.kill()
                await trio.sleep_forever()
            case _:
                raise AssertionError(prompt)


class Batched(Chat):
    """Takes several prompts in one turn."""

    prompts = PromptPolicy(dedupe=4, capacity=8, batch=Batch(prompts=3))


HOWS = ("quick", "quick", "slow", "steps", "steps", "fail", "reject", "crash")


async def play(seed: int, kills: int = 4) -> Story:
    """Play the story of this seed to its end."""
    random.seed(seed)  # what jitters is the seed's too
    dice = Random(seed)  # noqa: S311 - of a story
    policy = StorePolicy(
        batch=dice.choice((1, 2, 5, 1000)),
        unwritten=dice.choice((2, 10_000)),
        page=2,
        journal_bytes=dice.choice((1, 120, 3000)),
        journal_every=dice.choice((0.01, 0.5)),
    )
    store = MemoryStore(policy=policy, types=(Say,))
    story = Story(dice, store, batch=dice.random() < 0.3)
    for _ in range(kills):
        await _process(story, dies_after=dice.randrange(1, 80))
    await _process(story, dies_after=None)
    return story


async def _process(story: Story, dies_after: int | None) -> None:
    store, dice = story.store, story.dice
    store.latency = dice.choice((0.0, 0.0, 0.01, 0.3))
    store.lose_answers(dice.choice((0, 0, 1)))
    store.away(dice.choice((0, 0, 2)))
    story.dead = False
    story.open.clear()
    gone = trio.CancelScope()
    left = dies_after

    def at(point: str, _: object) -> None:
        nonlocal left
        del point
        if left is not None and not story.dead:
            left -= 1
            if not left:
                _dies(story, gone)

    store.at_point(at)
    kind = Batched if story.batch else Chat
    limits = Limits(
        sessions=dice.choice((2, 10)),
        turns=dice.choice((1, 3)),
        idle=dice.choice((0.5, 60)),
    )
    with gone:
        async with (
            open_system(stop_within=60) as system,
            trio.open_nursery() as senders,
        ):
            router = start_router(system, kind, story, limits=limits, durable=store)
            for number in story.answers:
                senders.start_soon(_reads, story, router, number)
            if dies_after is not None:
                for sender in range(3):
                    senders.start_soon(_sends, story, router, sender)
                if dice.random() < 0.5:
                    senders.start_soon(_disturbs, story, router)
                await trio.sleep(dice.choice((3.0, 20.0)))
                if not story.dead:  # nothing more would happen
                    at("the end", ()) if left == 1 else None
                    left = 1
                    await trio.sleep(60.0)
                    _dies(story, gone)
                await trio.sleep_forever()
            with trio.fail_after(100_000):
                while any(each.outcome is None for each in store.prompts()):  # noqa: ASYNC110
                    await trio.sleep(1.0)


def _dies(story: Story, gone: trio.CancelScope) -> None:
    story.dead = True
    story.kills += 1
    story.store.kill()
    gone.cancel()


async def _sends(story: Story, router: RouterRef[Say, str], sender: int) -> None:
    dice = story.dice
    for _ in range(dice.randrange(1, 6)):
        await trio.sleep(dice.choice((0.0, 0.0, 0.1, 1.0)))
        old = [each for each, who in story.senders.items() if who == sender]
        way = dice.choice(("accept",) * 4 + ("send", "steer"))
        if old and dice.random() < 0.25:
            number, way = dice.choice(old), "accept"
        else:
            story.next += 1
            number = story.next
            story.prompts[number] = dice.choice(KEYS)
            attempts = 1 if way == "steer" else dice.choice((1, 1, 2, 3))
            story.attempts[number] = attempts
            story.senders[number] = sender
            if number % 2 and way != "steer":
                story.answers[number] = Answer()
        await _send(story, router, number, way)


async def _send(
    story: Story, router: RouterRef[Say, str], number: int, way: str
) -> None:
    dice, key = story.dice, story.prompts[number]
    how = Random(number).choice(HOWS)  # noqa: S311
    prompt, name = Say(number, how), f"m{number}"
    attempts = story.attempts[number]
    stream = Journal(chunks=2) if number in story.answers else None
    receipt: Any = None
    try:
        if way == "steer":
            receipt = router.steer(key, prompt, id=name)
        elif way == "send":
            receipt = router.send(
                key, prompt, id=name, attempts=attempts, stream=stream
            )
        else:
            with trio.move_on_after(dice.choice((0.05, 50.0))) as scope:
                receipt = await router.accept(
                    key, prompt, id=name, attempts=attempts, stream=stream
                )
            if scope.cancelled_caught:
                return
            if not story.dead:
                story.accepted.add(number)
        story.open.append(receipt)
        if number in story.answers:
            await _reads(story, router, number)
        if dice.random() < 0.5:
            outcome = await receipt.outcome()
            if not story.dead:
                story.told[number] = outcome
    except (RefusedError, PromptKeptError, StoreError):
        return


async def _reads(story: Story, router: RouterRef[Say, str], number: int) -> None:
    """Read an answer from where it was left, to its end or that of the process."""
    answer = story.answers[number]
    if not answer.reading:
        answer.reading = True
        try:
            await _read(story, router, number)
        finally:
            answer.reading = False


async def _read(story: Story, router: RouterRef[Say, str], number: int) -> None:
    answer, key = story.answers[number], story.prompts[number]
    while not answer.whole:
        try:
            async with router.reopen_turn(key, f"m{number}", after=answer.after) as it:
                async for chunk in it:
                    if story.dead:
                        return
                    answer.chunks.append(chunk)
                    answer.after = it.number
            answer.whole = not story.dead
        except StreamRestartedError:
            answer.after, answer.chunks = 0, []
        except StreamGapError as error:
            if key not in story.reset and not story.dead:
                story.misread.append(f"the answer to {number}: {error}")
            return
        except (
            TurnNotCompletedError,
            UnknownPromptError,
            StreamNotKeptError,
            RefusedError,
            PromptKeptError,
            StoreError,
        ):
            return


async def _disturbs(story: Story, router: RouterRef[Say, str]) -> None:
    dice = story.dice
    for _ in range(4):
        await trio.sleep(dice.choice((0.1, 0.7)))
        key = dice.choice(KEYS)
        match dice.randrange(8):
            case 0 | 1:
                router.cancel(key)
            case 2:
                router.cancel_all(key)
            case 3:
                story.reset.add(key)
                router.reset(key)
            case 4:
                story.reset.add(key)
                router.close(key)
            case 5 | 6 if story.open:
                dice.choice(story.open).withdraw()
            case _:
                story.store.lose_answers(1)
