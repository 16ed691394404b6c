"""The traffic of the demo: an actor that sends the recorded prompts, each at its time.

It sits in the service, beside the router, and uses it as a web server would: a task for
each prompt, which sends it, reads the answer as it comes or waits for the outcome, and
does what its user does: aborts, leaves, puts a word in.  What it gets it writes in the
book.  It knows nothing of the faults of the tree, and is told of them as any sender is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

import attrs
import trio

from actors import (
    Actor,
    AnyRef,
    Exit,
    QueueFullError,
    Receipt,
    RefusedError,
    SaturatedError,
    TurnNotCompletedError,
)
from supervision import RouterRef, TurnStream, find_child, router_ref
from supervision.demo.traffic.book import NOTHING, STEERED, Book
from supervision.demo.traffic.plan import Plan
from supervision.demo.traffic.recording import GRID, Accident, Prompt

from .chat import Chat

EVERY: Final = 0.25
"""Seconds between two accounts."""
_WORD_EVERY: Final = 25
"""Each 25th prompt that is read as it comes has a word put in."""
_AFTER: Final = 2
"""After so many chunks."""


@attrs.frozen
class Tick:
    """Write the account down."""


class Traffic(Actor[Tick]):
    """Sends the prompts; continues where it was when it is restarted.

    Args:
        plan: how fast.
        book: where it writes what it gets.
        demo: the supervisor that has the router.
        prompts: what to send.
        chat: the class of the router's sessions.
    """

    def __init__(
        self,
        plan: Plan,
        book: Book,
        demo: AnyRef,
        prompts: Sequence[Prompt],
        chat: type[Chat],
    ) -> None:
        self.plan = plan
        self.book = book
        self.demo = demo
        self.prompts = prompts
        self.chat = chat
        self.router: RouterRef[Prompt, int]

    async def started(self) -> None:
        """Find the router, and begin."""
        self.router = router_ref(await find_child(self.demo, "router"), self.chat)
        self.book.planned = len(self.prompts)
        if self.book.began is None:
            self.book.began = trio.current_time()
        self.start_soon(self._send_all)
        self.receive(Tick())
        self.every(EVERY, Tick())

    def receive(self, message: Tick) -> None:
        """Look at the router, and write the account down."""
        del message
        book = self.book
        try:
            now = self.router.statistics()
        except RefusedError:  # it has ended for good, or is being restarted
            book.turns = book.waiting = book.sessions = 0
        else:
            book.turns = now.turns_running
            book.waiting = now.turns_waiting
            book.sessions = now.sessions
        book.write(trio.current_time())

    def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        """Take down what has ended and was not heard of."""
        del exit
        self.book.settle_all()

    async def _send_all(self) -> None:
        """Begin each at its time, and wait until all have their outcome."""
        async with trio.open_nursery() as nursery:
            while True:
                await self._send_lap(nursery)
                if not self.plan.repeat:
                    break
                self.book.position = 0
        self.book.finished.set()

    async def _send_lap(self, nursery: trio.Nursery) -> None:
        """Begin each prompt at its time, from the one that is next."""
        book, pace = self.book, self.plan.pace
        left = self.prompts[book.position :]
        # what was sent before a restart is not waited for again
        begun = trio.current_time() - pace(left[0].at if left else 0.0)
        for prompt in left:
            await trio.sleep_until(begun + pace(prompt.at))
            book.position += 1
            book.offer(prompt.key)
            nursery.start_soon(self._play, prompt)
        await trio.sleep_until(begun + pace(self.prompts[-1].at + GRID))

    async def _play(self, prompt: Prompt) -> None:
        """Send one prompt as its user does; a refusal is part of the traffic."""
        try:
            if prompt.streamed:
                await self._read(prompt)
            else:
                await self._send(prompt)
        except RefusedError as error:
            self.book.refuse(error)

    def _under(self, prompt: Prompt) -> str:
        accident = prompt.accident if self.plan.faults else Accident.NONE
        return NOTHING if accident is Accident.NONE else accident.value

    async def _send(self, prompt: Prompt) -> None:
        """Send it, waiting for room if there is none; perhaps abort it."""
        under = self._under(prompt)
        try:
            receipt = self.router.send(prompt.key, prompt, attempts=prompt.attempts)
        except (QueueFullError, SaturatedError):
            receipt = await self.router.send_wait(
                prompt.key, prompt, attempts=prompt.attempts
            )
            self.book.came_back += 1
        self.book.accept(receipt, under)
        if under == Accident.ABORTED.value:
            await trio.sleep(self.plan.pace(prompt.moment))
            receipt.withdraw("tired of waiting")
            if receipt.turn is not None and receipt.ended is None:
                self.router.abort(receipt.turn, reason="enough")
        self.book.settle(receipt, await receipt.outcome())

    async def _read(self, prompt: Prompt) -> None:
        """Read the answer as it comes; abort it, or leave, if that is the accident."""
        under = self._under(prompt)
        words: list[Receipt[Prompt]] = []
        async with self.router.open_turn(prompt.key, prompt) as stream:
            self.book.accept(stream.receipt, under)
            with contextlib.suppress(TurnNotCompletedError):  # the outcome says more
                await self._chunks(prompt, under, stream, words)
        for receipt in (stream.receipt, *words):
            self.book.settle(receipt, await receipt.outcome())

    async def _chunks(
        self,
        prompt: Prompt,
        under: str,
        stream: TurnStream[Prompt, int],
        words: list[Receipt[Prompt]],
    ) -> None:
        """Read until the stream ends, or the reader has had enough."""
        seen = 0
        while True:
            if seen == prompt.after and under == Accident.LEFT.value:
                return
            if seen == prompt.after and under == Accident.ABORTED.value:
                stream.abort("enough")
            if seen == _AFTER and not prompt.number % _WORD_EVERY:
                self._put_a_word_in(prompt, stream, words)
            if await anext(stream, None) is None:
                return
            seen += 1
            self.book.read += 1

    def _put_a_word_in(
        self,
        prompt: Prompt,
        stream: TurnStream[Prompt, int],
        words: list[Receipt[Prompt]],
    ) -> None:
        """Steer the turn; if it ends before, the word has a short turn of its own."""
        word = attrs.evolve(prompt, chunks=1, accident=Accident.NONE, after=0)
        self.book.offer(prompt.key)
        try:
            receipt = stream.steer(word)
        except RefusedError as error:
            self.book.refuse(error)
        else:
            self.book.accept(receipt, STEERED)
            words.append(receipt)
