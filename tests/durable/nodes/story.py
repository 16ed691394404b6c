"""One story of many nodes: they die, stall, are cut off, join and drain, at random.

Senders send through any node, and again through another one when theirs is gone.  In
the end everything is let come to rest, and the store is compared with what everybody
outside has seen.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import attrs
import trio

from actors import (
    Aborted,
    Completed,
    Failed,
    Journal,
    Lost,
    Outcome,
    PromptPolicy,
    Receipt,
    RefusedError,
    StreamGapError,
    StreamNotKeptError,
    StreamRestartedError,
    Turn,
    TurnNotCompletedError,
    UnknownPromptError,
)
from supervision import PromptKeptError
from supervision.durable import StoreError
from tests.durable.keeping.stage import Player

from .town import Node, Town, open_town

KEYS = [f"key{number}" for number in range(6)]
NAMES = ("a", "b", "c")


class Worker(Player):
    """Takes its time, and as many prompts as come."""

    prompts = PromptPolicy(capacity=1000)

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Put the prompt into the state; some take a while."""
        number, seconds, left = turn.prompt.split()
        self.stage.begun.append((turn.key, number))
        for step in range(3):
            await turn.emit(f"{number}.{step}")
            await trio.sleep(float(seconds) / 3)
        turn.state = (*turn.state, number)
        if left != "-":
            turn.send(left, f"{number}+ 0.1 -", id=f"{number}+")
        return number


@attrs.define(eq=False)
class Story:
    """What has happened, as far as anybody outside has seen it."""

    dice: Random
    town: Town
    accepted: dict[str, str] = attrs.Factory(dict[str, str])
    """{number: key} of those whose `accept` has returned."""
    attempts: dict[str, int] = attrs.Factory(dict[str, int])
    senders: dict[tuple[str, int], list[str]] = attrs.Factory(
        dict[tuple[str, int], list[str]]
    )
    """{(key, sender): numbers, in the order in which they were accepted}."""
    told: dict[str, Outcome] = attrs.Factory(dict[str, Outcome])
    wrong: list[str] = attrs.Factory(list[str])
    """What is not as it should be, in words."""
    journaled: set[str] = attrs.Factory(set[str])
    kills: int = 0
    lives: int = 0

    def any_node(self) -> Node | None:
        """Give a node that has not died; None: there is none just now."""
        living = [each for each in self.town.nodes.values() if not each.dead]
        return self.dice.choice(living) if living else None


async def send_some(story: Story, sender: int, prompts: int) -> None:
    """Send, one prompt after the other, until each has its outcome."""
    dice = story.dice
    for nth in range(prompts):
        number, key = f"{sender}-{nth}", dice.choice(KEYS)
        attempts = dice.choice((1, 2, 5))
        story.attempts[number] = attempts
        left = dice.choice(KEYS) if dice.random() < 0.2 else "-"
        if left != "-":
            story.attempts[f"{number}+"] = 1
        prompt = f"{number} {dice.choice((0, 0.5, 6))} {left}"
        stream = Journal() if dice.random() < 0.3 else None
        if stream is not None:
            story.journaled.add(number)
        receipt: Receipt[Any] | None = None
        while receipt is None:
            node = story.any_node()
            if node is not None:
                try:
                    with trio.move_on_after(30):
                        receipt = await node.router.accept(
                            key, prompt, id=number, attempts=attempts, stream=stream
                        )
                        continue
                except (RefusedError, StoreError, PromptKeptError):
                    pass
            await trio.sleep(dice.random())
        story.accepted[number] = key
        story.senders.setdefault((key, sender), []).append(number)
        if dice.random() < 0.5:
            await hear(story, key, number, receipt)


async def hear(
    story: Story, key: str, number: str, receipt: Receipt[Any] | None
) -> None:
    """Wait for an outcome, at whatever node."""
    while number not in story.told:
        try:
            if receipt is not None:
                with trio.move_on_after(20):
                    story.told[number] = await receipt.outcome()
                    return
        except PromptKeptError:
            pass
        await trio.sleep(story.dice.random())
        node, receipt = story.any_node(), None
        if node is not None:
            try:
                with trio.move_on_after(20):
                    receipt = await node.router.find(key, number)
            except (RefusedError, StoreError, PromptKeptError):
                pass


async def read(story: Story, key: str, number: str) -> None:
    """Read an answer, at whatever node, from its beginning to its end."""
    after, chunks = 0, list[str]()
    while True:
        node = story.any_node()
        await trio.sleep(story.dice.random())
        if node is None:
            continue
        try:
            with trio.move_on_after(20):
                async with node.router.reopen_turn(key, number, after=after) as answer:
                    async for chunk in answer:
                        after = answer.number
                        chunks.append(chunk)
                break
        except StreamRestartedError:
            after, chunks = 0, []
        except TurnNotCompletedError:
            return
        except StreamGapError as error:
            story.wrong.append(f"{number}: a gap behind {after}: {error}")
            return
        except (UnknownPromptError, StreamNotKeptError):
            return
        except (RefusedError, StoreError, PromptKeptError):
            pass
    wanted = [f"{number}.{step}" for step in range(3)]
    if chunks != wanted:
        story.wrong.append(f"{number}: read {chunks}, not {wanted}")


async def disturb(story: Story, times: int) -> None:
    """Let something go wrong, so many times."""
    dice = story.dice
    for _ in range(times):
        await trio.sleep(dice.random() * 8)
        node, what = story.any_node(), dice.choice(DISTURBANCES)
        if node is None or what is join:
            await join(story, node)
        else:
            await what(story, node)
    if story.any_node() is None:
        await story.town.add("a")


async def join(story: Story, _: Node | None) -> None:
    """Another node comes."""
    name = story.dice.choice(NAMES)
    if name not in story.town.nodes or story.town.nodes[name].dead:
        await story.town.add(name)
        story.lives += 1


async def kill(story: Story, node: Node) -> None:
    """A node dies, and comes back, it may be."""
    node.kill()
    story.kills += 1
    if story.dice.random() < 0.7:
        await trio.sleep(story.dice.random() * 15)
        await story.town.add(node.name)
        story.lives += 1


async def cut_off(story: Story, node: Node) -> None:
    """A node does not reach the server, for longer than others wait, it may be."""
    node.store.cut_off()
    await trio.sleep(story.dice.random() * 25)
    node.store.join_again()


async def stop_server(story: Story, _: Node) -> None:
    """The server is down for all."""
    story.town.server.down()
    await trio.sleep(story.dice.random() * 30)
    story.town.server.up()


async def lose_answers(_: Story, node: Node) -> None:
    """What was asked is done, and nobody hears."""
    node.store.lose_answers(1)
    node.store.lose_reactions(1)


async def hold_hints(story: Story, node: Node) -> None:
    """No hint comes to a node, for a while."""
    node.store.hold_hints()
    await trio.sleep(story.dice.random() * 5)
    node.store.pass_hints()


async def leave_in_order(story: Story, node: Node) -> None:
    """Drain a node, and let another one come in its place."""
    node.dead = True  # nobody sends to it any more
    with trio.move_on_after(60):
        await node.router.drain(30)
    node.gone.cancel()
    await node.stopped.wait()
    await story.town.add(node.name)
    story.lives += 1


DISTURBANCES = (
    join,
    kill,
    kill,
    cut_off,
    stop_server,
    lose_answers,
    hold_hints,
    leave_in_order,
)


async def play(seed: int, *, disturbances: int = 8, prompts: int = 6) -> Story:
    """Play a story, and look at what it came to."""
    dice = Random(seed)  # noqa: S311 - a plan, not a secret
    async with open_town(*NAMES[: dice.choice((2, 3))], make=Worker) as town:
        story = Story(dice, town)
        async with trio.open_nursery() as nursery:
            for sender in range(3):
                nursery.start_soon(send_some, story, sender, prompts)
            nursery.start_soon(disturb, story, disturbances)
        town.server.up()
        for node in town.nodes.values():
            node.store.join_again()
            node.store.pass_hints()
        async with trio.open_nursery() as nursery:
            for number, key in story.accepted.items():
                nursery.start_soon(hear, story, key, number, None)
                if number in story.journaled:
                    nursery.start_soon(read, story, key, number)
        await town.until(
            lambda: all(each.outcome is not None for each in town.server.prompts())
        )
        await trio.sleep(40)
        check(story)
    return story


def check(story: Story) -> None:
    """Compare the store with what was seen."""
    _check_prompts(story)
    for key in KEYS:
        _check_key(story, key)
    for name, node in story.town.nodes.items():
        if node.dead:
            continue
        looked = node.router.statistics()
        if looked.turns_running or looked.queued or looked.turns_waiting:
            story.wrong.append(f"{name} still has {looked}")
        if looked.accepted != sum(looked.outcomes.values()):
            story.wrong.append(f"{name}: {looked.accepted}, {looked.outcomes}")


def _check_prompts(story: Story) -> None:
    town, wrong = story.town, story.wrong
    stored = {each.id: each for each in town.server.prompts()}
    runs = Counter(number for _, number in town.stage.begun)
    for number in story.accepted.keys() - stored.keys():
        wrong.append(f"{number} was accepted, and is not stored")
    for number, outcome in town.outcomes().items():
        tried, told = stored[number].tried, story.told.get(number)
        if outcome is None or isinstance(outcome, Lost | Aborted):
            wrong.append(f"{number} has come to {outcome}")
        if not runs[number] <= tried <= story.attempts[number]:
            wrong.append(f"{number} ran {runs[number]} times, and was tried {tried}")
        if told is not None and not _same(told, outcome):
            wrong.append(f"{number} was told as {told}, and is {outcome}")


def _check_key(story: Story, key: str) -> None:
    """Its state is its completed prompts; those of each sender in their order."""
    town = story.town
    outcomes = town.outcomes()
    state = town.state(key) or ()
    completed = {
        each.id
        for each in town.server.prompts()
        if each.key == key and isinstance(outcomes[each.id], Completed)
    }
    if len(state) != len(set(state)) or set(state) != completed:
        story.wrong.append(f"{key} has {state}, completed are {sorted(completed)}")
    for (its_key, _), numbers in story.senders.items():
        mine = [each for each in state if each in numbers]
        if its_key == key and mine != [each for each in numbers if each in mine]:
            story.wrong.append(f"{key}: {mine} were sent as {numbers}")


def _same(told: Outcome, stored: Outcome | None) -> bool:
    if isinstance(told, Failed) and isinstance(stored, Failed):
        return True
    return type(told) is type(stored) and told.turn == getattr(stored, "turn", None)
