"""`LastWords`: the hook of a turn that does not end, said in its place.

A piece of work of the session, or of the house when the session is ending, so that it
is bounded by them as everything else is.
"""

from __future__ import annotations

import math
from typing import Any

import attrs
from trio.lowlevel import enable_ki_protection

from actors.actor import Actor
from actors.exits import Exit


class LastWords(Actor[Any]):
    """Runs `turn_ended` for a turn, and then lets go of it.

    Args:
        run: the turn.
    """

    __slots__ = ("run",)

    def __init__(self, run: Any) -> None:  # Any: its room stands above this one
        self.run = run

    @property
    def number(self) -> int:
        """Their number among its owner's children: the turn's."""
        number: int = self.run.id
        return number

    async def receive(self, message: Any) -> None:
        """Say them."""
        del message
        await self.run.say_last_words(self.run.late_outcome())
        self._seat.finish_work()

    def _over(self, exit_: Exit) -> None:
        """They have been said, or cut off."""
        del exit_
        self.run.let_go()


enable_ki_protection(LastWords.receive)

LAST_WORDS_PROPS = attrs.evolve(LastWords.props, label="last-words", grace=math.inf)
"""What the engine knows of them."""
