"""A turn that its session leaves before its first step never was."""

from __future__ import annotations

import trio

from actors import Completed, Outcome, Session, Turn, open_system
from supervision import start_router


class Told(Session[str, str]):
    """Says which it is, and writes down which turns it is told the end of."""

    def __init__(self, made: list[Told], told: list[int]) -> None:
        made.append(self)
        self.number = len(made)
        self.told = told

    async def take_turn(self, turn: Turn[str, str]) -> int:
        del turn
        return self.number

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        assert outcome.turn == turn.id
        self.told.append(turn.id)


async def test_a_turn_that_has_not_begun_has_no_end(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Its session ends in that very step: the prompt is its successor's."""
    del autojump_clock
    made: list[Told] = []
    told: list[int] = []
    async with open_system() as system:
        router = start_router(system, Told, made, told)
        await router.send("a", "first").outcome()

        receipt = router.send("a", "second")
        assert receipt.turn == 2
        made[0].ref.stop()
        outcome = await receipt.outcome()

    assert isinstance(outcome, Completed)
    assert (outcome.result, outcome.turn) == (2, 3)
    assert told == [1, 3]


class Talks(Session[str, str]):
    """Says its prompt, word by word, without waiting."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        for word in turn.prompt.split():
            turn.emit_nowait(word)


async def test_what_nobody_reads_is_counted(autojump_clock: trio.abc.Clock) -> None:
    """Of a turn without a reader, each chunk once."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Talks)
        await router.send("a", "one two three").outcome()
        counts = router.statistics()

    assert (counts.chunks, counts.unread) == (3, 3)
