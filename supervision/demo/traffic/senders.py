"""The senders: the recorded prompts, each at its time, and what their users do.

They talk to the service over a `Line`, as clients of a chat would: they send a prompt,
read the answer as it comes or wait for the outcome, abort, leave, put a word in.  What
they are told they write in the book.  When the line breaks, because the service was
killed, they stand still; when there is one again they ask what became of what was
accepted, and send again, with its id, what nobody has answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import attrs
import trio

from .book import NOTHING, STEERED, Book
from .plan import Plan
from .recording import GRID, Accident, Prompt
from .words import (
    Abort,
    Accepted,
    Ask,
    Chunk,
    Ended,
    Find,
    Kept,
    Leave,
    News,
    Refused,
    Send,
    Told,
    Unknown,
)

_WORD_EVERY: Final = 25
"""Each 25th prompt that is read as it comes has a word put in."""
_AFTER: Final = 2
"""After so many chunks."""


class Line(Protocol):
    """A way to the service, which may be away for a while."""

    def ask(self, ask: Ask) -> None:
        """Say it; into the void while there is nobody there.  Not a checkpoint."""

    async def wait_there(self) -> None:
        """Wait until somebody is there.  A checkpoint."""


@attrs.define(eq=False)
class Talk:
    """One prompt and its user, until it has its outcome."""

    prompt: Prompt
    under: str
    into: str | None = None
    seen: int = 0
    """Chunks that were read."""

    @property
    def reads(self) -> bool:
        """Its user reads the answer as it comes."""
        return self.prompt.streamed and self.into is None


class Senders:
    """Sends the prompts; run again, it goes on where it was.

    Args:
        plan: how fast.
        book: where it writes what it is told.
        prompts: what to send.
        line: the way to the service.
    """

    def __init__(
        self, plan: Plan, book: Book, prompts: Sequence[Prompt], line: Line
    ) -> None:
        self.plan = plan
        self.book = book
        self.prompts = prompts
        self.line = line
        self._talks: dict[str, Talk] = {}
        self._nursery: trio.Nursery | None = None
        self._quiet = trio.Event()
        book.planned = len(prompts)

    async def run(self) -> None:
        """Begin each at its time, and wait until all have their outcome."""
        book = self.book
        if book.began is None:
            book.began = trio.current_time()
        async with trio.open_nursery() as self._nursery:
            while True:
                await self._send_lap()
                if not self.plan.repeat:
                    break
                book.position = 0
                book.lap += 1
            while book.open:
                self._quiet = trio.Event()
                await self._quiet.wait()
            self._nursery.cancel_scope.cancel()  # nobody need be aborted any more
        book.finished.set()

    async def _send_lap(self) -> None:
        """Begin each prompt at its time, from the one that is next."""
        book, pace = self.book, self.plan.pace
        left = self.prompts[book.position :]
        # what was sent before a restart is not waited for again
        begun = trio.current_time() - pace(left[0].at if left else 0.0)
        for prompt in left:
            await trio.sleep_until(begun + pace(prompt.at))
            now = trio.current_time()
            await self.line.wait_there()
            begun += trio.current_time() - now  # while it was away time stood still
            book.position += 1
            accident = prompt.accident if self.plan.faults else Accident.NONE
            under = NOTHING if accident is Accident.NONE else accident.value
            self._offer(self._name(prompt), Talk(prompt, under))
        await trio.sleep_until(begun + pace(self.prompts[-1].at + GRID))

    def _name(self, prompt: Prompt) -> str:
        return f"{self.book.lap}.{prompt.number}"

    def _offer(self, id: str, talk: Talk) -> None:  # noqa: A002 - its name
        self._talks[id] = talk
        self.book.offer(id, talk.prompt.key, talk.under)
        self.line.ask(Send(id, talk.prompt, talk.into))

    def again(self) -> None:
        """There is somebody at the other end again: ask, and send, once more."""
        for id, talk in self._talks.items():  # noqa: A001
            if self.book.prompts[id].accepted:
                self.line.ask(Find(id, talk.prompt.key))
            else:
                self.line.ask(Send(id, talk.prompt, talk.into, again=True))

    def hear(self, told: Told) -> None:
        """Take what the service says.  Not a checkpoint."""
        if isinstance(told, News):
            self.book.note(told)
            return
        talk = self._talks.get(told.id)
        if talk is None:  # it has its outcome
            return
        match told:
            case Accepted(id, waited):
                self.book.accept(id, waited=waited)
                self._read(id, talk)
                if talk.under == Accident.ABORTED.value and not talk.reads:
                    self._later(id, talk)
            case Chunk(id):
                self.book.read += 1
                talk.seen += 1
                self._read(id, talk)
            case Refused(id, error):
                self.book.refuse(id, error)
                self._over(id)
            case Ended(id):
                self.book.accept(id)
                self.book.settle(told)
                self._over(id)
            case Kept(id):
                self.book.keep(id)
                self._over(id)
            case Unknown(id):
                self.book.miss(id)
                self._over(id)

    def _over(self, id: str) -> None:  # noqa: A002
        del self._talks[id]
        if not self.book.open:
            self._quiet.set()

    def _read(self, id: str, talk: Talk) -> None:  # noqa: A002
        """Do what a reader does who has read so much."""
        if not talk.reads:
            return
        prompt = talk.prompt
        if talk.seen == prompt.after and talk.under == Accident.LEFT.value:
            self.line.ask(Leave(id))
        if talk.seen == prompt.after and talk.under == Accident.ABORTED.value:
            self.line.ask(Abort(id))
        if talk.seen == _AFTER and not prompt.number % _WORD_EVERY:
            word = attrs.evolve(prompt, chunks=1, accident=Accident.NONE, after=0)
            self._offer(f"{id}.word", Talk(word, STEERED, id))

    def _later(self, id: str, talk: Talk) -> None:  # noqa: A002
        assert self._nursery is not None  # it runs: nobody hears anything before
        self._nursery.start_soon(self._abort_later, id, talk)

    async def _abort_later(self, id: str, talk: Talk) -> None:  # noqa: A002
        await trio.sleep(self.plan.pace(talk.prompt.moment))
        if id in self._talks:
            self.line.ask(Abort(id))
