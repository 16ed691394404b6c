"""The socket to senders in another process, who are there when this one is killed.

`Door` sends and ends last, when all has been told; `Clerk` takes what comes in to the
desk.
"""

from __future__ import annotations

from actors import Actor, AnyRef, Exit
from supervision import RouterRef, find_child, router_ref
from supervision.demo.traffic.recording import Prompt
from supervision.demo.traffic.wire import Wire

from .chat import Chat
from .desk import EVERY, Desk, Tick
from .ledger import Ledger


class Door(Actor[None]):
    """Sends what is told; ends after the router, when all has been told.

    Args:
        ledger: tells the senders.
        wire: leads to them.
    """

    def __init__(self, ledger: Ledger, wire: Wire) -> None:
        self.ledger = ledger
        self.wire = wire

    def started(self) -> None:
        """From now on the senders are told."""
        self.ledger.tell = self.wire.say
        self.start_soon(self.wire.send_all)

    def receive(self, message: None) -> None:
        """Nobody tells it anything."""

    async def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        """Tell the rest: the router has ended."""
        del exit
        self.ledger.settle_all()
        self.ledger.tell_news(None)
        await self.wire.flush()
        await self.wire.aclose()


class Clerk(Actor[Tick]):
    """Takes what the senders ask to a desk.

    Args:
        ledger: tells them.
        wire: leads to them.
        demo: the supervisor that has the router.
        chat: the class of the router's sessions.
        keeps: the router has a store.
    """

    def __init__(
        self,
        ledger: Ledger,
        wire: Wire,
        demo: AnyRef,
        chat: type[Chat],
        keeps: bool,  # noqa: FBT001 - an actor's arguments have places
    ) -> None:
        self.ledger = ledger
        self.wire = wire
        self.demo = demo
        self.chat = chat
        self.keeps = keeps
        self.router: RouterRef[Prompt, int]

    async def started(self) -> None:
        """Find the router, and say that somebody is there."""
        self.router = router_ref(await find_child(self.demo, "router"), self.chat)
        self.start_soon(self._serve)
        self.receive(Tick())
        self.every(EVERY, Tick())

    def receive(self, message: Tick) -> None:
        """Tell the news."""
        del message
        self.ledger.tell_news(self.router)

    async def _serve(self) -> None:
        desk = Desk(self.ledger, self.router, self.start_soon, keeps=self.keeps)
        async for ask in self.wire.words():
            desk.take(ask)
