"""Where senders are served: what they ask goes to the router, and they are told.

`Desk` does it, whoever asks; `Traffic` has the senders beside it, in this process.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import trio

from actors import (
    Actor,
    AnyRef,
    QueueFullError,
    Receipt,
    RefusedError,
    SaturatedError,
    TurnNotCompletedError,
)
from supervision import PromptKeptError, RouterRef, find_child, router_ref
from supervision.demo.traffic.recording import Prompt
from supervision.demo.traffic.senders import Senders
from supervision.demo.traffic.words import (
    Abort,
    Accepted,
    Ask,
    Chunk,
    Find,
    Leave,
    Refused,
    Send,
    Unknown,
)

from .chat import Chat
from .ledger import Ledger, ended

EVERY: Final = 0.25
"""Seconds between two pieces of news."""


@attrs.frozen
class Tick:
    """Tell the news."""


class Desk:
    """Serves senders.

    Args:
        ledger: knows what is open, and tells the senders.
        router: takes the prompts.
        keeps: it has a store.
        start_soon: starts a task for a prompt.
    """

    def __init__(
        self,
        ledger: Ledger,
        router: RouterRef[Prompt, int],
        start_soon: Callable[..., object],
        *,
        keeps: bool,
    ) -> None:
        self.ledger = ledger
        self.router = router
        self.keeps = keeps
        self._start_soon = start_soon
        self._readers: dict[str, trio.CancelScope] = {}

    def take(self, ask: Ask) -> None:
        """Do what is asked for.  Not a checkpoint."""
        match ask:
            case Send():
                self._start_soon(self._play, self._send, ask)
            case Find():
                self._start_soon(self._play, self._find, ask)
            case Abort(id):
                self._abort(id)
            case Leave(id):
                if id in self._readers:
                    self._readers[id].cancel()

    async def _play(self, serve: Callable[[Any], Awaitable[None]], ask: Any) -> None:
        """Serve one prompt; a refusal is part of the traffic."""
        try:
            await serve(ask)
        except RefusedError as error:
            self._refuse(ask.id, error)
        except PromptKeptError:  # the router has ended; it is told when all are
            pass

    def _refuse(self, id: str, error: Exception) -> None:  # noqa: A002 - its name
        self.ledger.forget(id)
        self.ledger.tell(Refused(id, type(error).__name__))

    async def _send(self, ask: Send) -> None:
        """Send it as it is to be sent, and tell its outcome."""
        known = self.ledger.find(ask.id)
        if known is not None:  # they have not heard that it was accepted
            await self._tell(ask.id, known)
        elif ask.into is not None and not ask.again:
            prompt = ask.prompt
            await self._tell(ask.id, self.router.steer(prompt.key, prompt, id=ask.id))
        elif ask.prompt.streamed and ask.into is None and not ask.again:
            await self._read(ask)
        else:
            await self._accept(ask)

    async def _accept(self, ask: Send) -> None:
        """Send it, waiting for room if there is none."""
        prompt, attempts = ask.prompt, ask.prompt.attempts
        try:
            receipt = self.router.send(prompt.key, prompt, id=ask.id, attempts=attempts)
        except (QueueFullError, SaturatedError):
            receipt = await self.router.send_wait(
                prompt.key, prompt, id=ask.id, attempts=attempts
            )
            await self._tell(ask.id, receipt, waited=True)
        else:
            await self._tell(ask.id, receipt)

    async def _read(self, ask: Send) -> None:
        """Read the answer as it comes, until its reader leaves."""
        prompt = ask.prompt
        async with self.router.open_turn(prompt.key, prompt, id=ask.id) as stream:
            self.ledger.accept(ask.id, stream.receipt)
            with (
                trio.CancelScope() as self._readers[ask.id],
                contextlib.suppress(TurnNotCompletedError),  # the outcome says more
            ):
                await self._stored(ask.id, stream.receipt)
                async for _ in stream:
                    self.ledger.tell(Chunk(ask.id))
            del self._readers[ask.id]
        self.ledger.settle(ask.id, await stream.receipt.outcome())

    async def _tell(
        self,
        id: str,  # noqa: A002
        receipt: Receipt[Prompt],
        *,
        waited: bool = False,
    ) -> None:
        """Tell that it is accepted, then its outcome."""
        self.ledger.accept(id, receipt)
        await self._stored(id, receipt, waited=waited)
        self.ledger.settle(id, await receipt.outcome())

    async def _stored(
        self,
        id: str,  # noqa: A002
        receipt: Receipt[Prompt],
        *,
        waited: bool = False,
    ) -> None:
        """Tell that it is accepted, once it is in the store if there is one."""
        if self.keeps:
            await receipt.durable()
        self.ledger.tell(Accepted(id, waited))

    async def _find(self, ask: Find) -> None:
        """Tell what becomes of a prompt that was accepted before."""
        receipt = self.ledger.find(ask.id)
        if receipt is None and self.keeps:
            receipt = await self.router.find(ask.key, ask.id)
        if receipt is None:
            self.ledger.tell(Unknown(ask.id))
        elif receipt.ended is not None:
            self.ledger.forget(ask.id)
            self.ledger.tell(ended(ask.id, receipt.ended))
        else:
            self.ledger.accept(ask.id, receipt)
            self.ledger.settle(ask.id, await receipt.outcome())

    def _abort(self, id: str) -> None:  # noqa: A002
        receipt = self.ledger.find(id)
        if receipt is None:
            return
        receipt.withdraw("tired of waiting")
        if receipt.turn is not None and receipt.ended is None:
            self.router.abort(receipt.turn, reason="enough")


class Direct:
    """The line of senders in this process: whoever serves them now."""

    def __init__(self) -> None:
        self.take: Callable[[Ask], None] = _to_nobody
        """Who is asked."""

    def ask(self, ask: Ask) -> None:
        """Ask."""
        self.take(ask)

    async def wait_there(self) -> None:
        """Somebody is always there."""
        await trio.lowlevel.checkpoint()


class Traffic(Actor[Tick]):
    """Has senders in this process.

    Args:
        ledger: tells them.
        line: theirs.
        senders: they go on where they were when this is restarted.
        demo: the supervisor that has the router.
        chat: the class of the router's sessions.
        keeps: the router has a store.
    """

    def __init__(
        self,
        ledger: Ledger,
        line: Direct,
        senders: Senders,
        demo: AnyRef,
        chat: type[Chat],
        keeps: bool,  # noqa: FBT001 - an actor's arguments have places
    ) -> None:
        self.ledger = ledger
        self.line = line
        self.senders = senders
        self.demo = demo
        self.chat = chat
        self.keeps = keeps
        self.router: RouterRef[Prompt, int]

    async def started(self) -> None:
        """Find the router, and let the senders begin."""
        self.router = router_ref(await find_child(self.demo, "router"), self.chat)
        desk = Desk(self.ledger, self.router, self.start_soon, keeps=self.keeps)
        self.line.take = desk.take
        self.start_soon(self.senders.run)
        self.senders.again()
        self.receive(Tick())
        self.every(EVERY, Tick())

    def receive(self, message: Tick) -> None:
        """Tell the news."""
        del message
        self.ledger.tell_news(self.router)


def _to_nobody(ask: Ask) -> None:
    """Hear nothing."""
