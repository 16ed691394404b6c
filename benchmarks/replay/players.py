"""Who plays in a replay: the session that answers, and those who send and read.

They do what the plan of each prompt says, its accident too, and write down in the book
what they get. They check nothing themselves.
"""

from collections.abc import Sequence
from typing import ClassVar

import attrs
import trio

from actors import (
    QueueFullError,
    Receipt,
    SaturatedError,
    Session,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
)
from benchmarks.replay.book import Book, ScriptedError
from supervision import RouterRef, TurnStream
from supervision.demo.traffic import CHUNK, TOKENS_PER_SECOND, Accident, Prompt


class Chat(Session[Prompt, int]):
    """Answers at the rate of a model, until its accident."""

    turns: ClassVar = TurnPolicy(time_limit=180.0, inactivity=30.0, abort_grace=10.0)

    def __init__(self, book: Book, crashed: set[int]) -> None:
        self.book = book
        self.crashed = crashed

    async def take_turn(self, turn: Turn[Prompt, int]) -> int:
        """Read the prompt, then write the chunks, each its own number."""
        self.book.enter(turn.key)
        try:
            prompt = turn.prompt
            await trio.sleep(prompt.prefill)
            for number in range(prompt.chunks):
                if number == prompt.after:
                    await self._suffer(turn, prompt)
                await trio.sleep(CHUNK / TOKENS_PER_SECOND)
                await turn.emit(number)
            return prompt.chunks
        finally:
            self.book.leave(turn.key)

    async def _suffer(self, turn: Turn[Prompt, int], prompt: Prompt) -> None:
        match prompt.accident:
            case Accident.RAISES:
                raise ScriptedError
            case Accident.CRASHES if prompt.number not in self.crashed:
                self.crashed.add(prompt.number)
                self.start_soon(_crash)
                await trio.sleep_forever()
            case Accident.HANGS:
                await trio.sleep_forever()
            case Accident.DRIVELS:
                while True:
                    await trio.sleep(10)
                    turn.progress()
            case _:
                pass


async def _crash() -> None:
    raise ScriptedError


@attrs.frozen
class Players:
    """Those who send the prompts, each in a task of its own."""

    router: RouterRef[Prompt, int]
    book: Book

    async def send_all(self, prompts: Sequence[Prompt]) -> None:
        """Begin each at its time, and wait until all have their outcome."""
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for prompt in prompts:
                await trio.sleep_until(began + prompt.at)
                play = self._read if prompt.streamed else self._send
                nursery.start_soon(play, prompt)

    async def _send(self, prompt: Prompt) -> None:
        """Send, waiting for room if there is none; abort it if it is to be aborted."""
        try:
            receipt = self.router.send(
                prompt.key, prompt, origin=prompt.number, attempts=prompt.attempts
            )
        except (QueueFullError, SaturatedError) as refusal:
            self.book.refused[type(refusal).__name__] += 1
            receipt = await self.router.send_wait(
                prompt.key, prompt, origin=prompt.number, attempts=prompt.attempts
            )
        if prompt.accident is Accident.ABORTED:
            await self._abort(prompt, receipt)
        self.book.took(prompt, await receipt.outcome())

    async def _abort(self, prompt: Prompt, receipt: Receipt[Prompt]) -> None:
        """Give it as long as its turn would take alone, then take it back or abort."""
        await trio.sleep(prompt.moment)
        receipt.withdraw("tired of waiting")
        if receipt.turn is not None:
            self.router.abort(receipt.turn, reason="enough")

    async def _read(self, prompt: Prompt) -> None:
        """Read the answer as it comes; abort it, or leave, if that is the accident."""
        seen = 0
        try:
            async with self.router.open_turn(
                prompt.key, prompt, origin=prompt.number
            ) as stream:
                try:
                    seen = await self._chunks(prompt, stream)
                except TurnNotCompletedError as error:
                    if error.outcome != stream.ended:
                        self.book.broke("a reader is told another outcome")
        except (QueueFullError, SaturatedError) as refusal:
            self.book.refused[type(refusal).__name__] += 1
            return
        outcome = await stream.outcome()
        self.book.took(prompt, outcome)
        self.book.read(prompt, seen, outcome)

    async def _chunks(self, prompt: Prompt, stream: TurnStream[Prompt, int]) -> int:
        """Count them, until the stream ends or the reader has had enough."""
        seen = 0
        while True:
            if seen == prompt.after and prompt.accident is Accident.LEFT:
                return seen
            if seen == prompt.after and prompt.accident is Accident.ABORTED:
                stream.abort("enough")
            chunk = await anext(stream, None)
            if chunk is None:
                return seen
            if chunk != seen:
                self.book.broke("a chunk is missing, doubled or misplaced")
            seen += 1
