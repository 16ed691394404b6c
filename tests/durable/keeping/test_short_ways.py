"""What is written out for speed comes to what the long way comes to.

The same stories, with a short way and without it: the same outcomes, states, events,
and rows of the store.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
import trio

from actors import PromptPolicy, RefusedError, WhileBusy
from actors.testing import run_seeded
from supervision._routing.parts.admission import Admission
from supervision.durable import StorePolicy
from supervision.durable._keeping.arriving import Arrival
from supervision.durable._keeping.later.leaving import Left
from supervision.durable._words.records import Begin, Bring
from supervision.durable._writing.book import Book, Entry

from .stage import Player, Stage, open_process

KEYS = ("a", "b", "c")
WORDS = ("x", "wait:door", "fail:no", "reject:no", "keep", "bind:t", "say:it", "point")


def never(*_: object) -> bool:
    """Say that it is not for the short way."""
    return False


SHORT_WAYS: dict[str, tuple[Any, str, object]] = {
    "into the queue": (Admission, "is_plain", never),
    "mark": (Arrival, "mark", never),
    "commit": (Left, "is_plain", property(never)),
}


async def story(seed: int) -> list[object]:
    """Play a random story, and give all that can be seen of it."""
    dice = random.Random(seed)  # noqa: S311 - a plan, not a secret
    stage = Stage()
    seen: list[object] = []

    class Busy(Player):
        prompts = PromptPolicy(
            busy=dice.choice((WhileBusy.QUEUE, WhileBusy.STEER, WhileBusy.NEVER_STEER)),
            capacity=3,
        )

    async with open_process(stage, Busy) as process:
        receipts: list[Any] = []

        async def accept(key: str, prompt: str, **how: Any) -> None:
            with trio.move_on_after(dice.choice((0, 5, 5))):
                try:
                    receipts.append(await process.router.accept(key, prompt, **how))
                except RefusedError as error:
                    seen.append(type(error))

        for number in range(30):
            key, words = dice.choice(KEYS), dice.sample(WORDS, 2)
            how: dict[str, Any] = {"attempts": dice.choice((1, 1, 2))}
            if dice.random() < 0.3:
                how["id"] = f"id-{dice.randint(0, 9)}"
            if dice.random() < 0.1:
                how["busy"] = WhileBusy.INTERRUPT
            await accept(key, f"{number} {' '.join(words)}", **how)
            if dice.random() < 0.2:
                await trio.sleep(1)
                stage.open("door")
                stage.doors.pop("door")
            if dice.random() < 0.1:
                process.router.cancel(dice.choice(KEYS))
        stage.open("door")
        seen += [await each.outcome() for each in receipts]
        await trio.sleep(1)
        statistics = process.router.statistics()
    seen += [statistics.accepted, statistics.outcomes, stage.begun]
    seen += [(key, stage.state(key), stage.entries(key)) for key in KEYS]
    seen += [
        (each.number, each.key, each.id, each.tried, each.begun, each.outcome)
        for each in stage.memory.prompts()
    ]
    return list(map(str, seen))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("way", SHORT_WAYS)
def test_a_short_way_is_the_long_one(
    way: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of prompts, of marks, of commits."""
    short = run_seeded(story, seed, seed=seed)
    monkeypatch.setattr(*SHORT_WAYS[way])

    assert run_seeded(story, seed, seed=seed) == short


class Slow(Book):
    """A book that always looks at each entry."""

    __slots__ = ()

    def close(self) -> tuple[Entry, ...]:
        """Make a batch: the short way is shut by what no batch could take."""
        void = Entry(Bring("void"), print)
        self.add(void)
        self.take_back(void)
        return super().close()


@pytest.mark.parametrize("seed", range(20))
def test_a_batch_that_takes_all_is_what_looking_at_each_would_make(seed: int) -> None:
    """By number, by bytes, with those that are taken back."""
    dice = random.Random(seed)  # noqa: S311 - a plan, not a secret
    policy = StorePolicy(batch=5, batch_bytes=100)
    quick, slow = Book(policy), Slow(policy)
    for _ in range(50):
        for number in range(dice.randint(0, 7)):
            record, size = Begin((number,), (1,), 1, 1), dice.choice((0, 10, 60, 200))
            pair = Entry(record, print, size), Entry(record, print, size)
            quick.add(pair[0])
            slow.add(pair[1])
            if dice.random() < 0.1:
                assert quick.take_back(pair[0])
                assert slow.take_back(pair[1])
        taken = quick.close()
        assert [each.record for each in slow.close()] == [each.record for each in taken]
        assert all(each.out for each in taken)
        assert len(quick) - len(taken) == len(slow) - len(taken)
        quick.answered(len(taken))
        slow.answered(len(taken))
