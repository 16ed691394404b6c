"""The tree of the demo: tools, a router of chats, faults, and the traffic.

`actors run supervision.demo:tree` runs it as any service; what it is to do stands in
the environment (`plan.VARIABLE`).  Started in this order and stopped in the reverse,
so the traffic ends first, the tools are there as long as turns use them, and the door
to senders outside is closed when they have been told all.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from typing import Any, ClassVar

import trio

from actors import Actor, Exit
from supervision import (
    AutoShutdown,
    ChildSpec,
    Restart,
    RestartLimit,
    Router,
    Supervisor,
)
from supervision.demo.traffic.book import Book
from supervision.demo.traffic.plan import VARIABLE, Plan
from supervision.demo.traffic.recording import planned, recorded
from supervision.demo.traffic.senders import Senders
from supervision.demo.traffic.wire import Wire

from .chat import chat_of
from .desk import Direct, Traffic
from .door import Clerk, Door
from .faults import Faults
from .ledger import Ledger
from .tools import Tools


class Leash(Actor[None]):
    """Ends when standard input does: whoever has started the service has gone.

    Args:
        descriptor: what to read.  Default: standard input.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = sys.stdin.fileno() if descriptor is None else descriptor

    def started(self) -> None:
        """Listen."""
        self.start_soon(self._listen)

    def receive(self, message: None) -> None:
        """Nobody tells it anything."""

    async def _listen(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self.descriptor)
            if not os.read(self.descriptor, 1024):
                break
        self.finish()


class Demo(Supervisor):
    """The whole service.

    Args:
        plan: what it is to do.
    """

    auto_shutdown: ClassVar = AutoShutdown.ANY_SIGNIFICANT
    limit: ClassVar = RestartLimit(10, within=1.0)

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.ledger = Ledger(plan.faults_before)
        self.book = Book()
        """Of the senders, if they are in this process."""
        self.wire: Wire | None = None
        """To the senders, if they are in another one."""
        if plan.desk is not None:
            self.wire = Wire(socket.socket(fileno=plan.desk))

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """The children, in the order of start."""
        plan, ledger, chat = self.plan, self.ledger, chat_of(self.plan)
        keeps, ends = plan.store is not None, Restart.TEMPORARY
        if plan.leash:
            yield ChildSpec(
                Leash, id="leash", restart=Restart.TRANSIENT, significant=True
            )
        yield ChildSpec(Tools, id="tools")
        if self.wire is not None:
            yield ChildSpec(
                Door, ledger, self.wire, id="door", restart=ends, significant=True
            )
        sessions = (plan, ledger, self.ref)
        yield ChildSpec(
            Router, chat, sessions, plan.limits, None, _store_of(plan), id="router"
        )
        if plan.faults:
            yield ChildSpec(Faults, plan, ledger, self.ref, chat, id="faults")
        who = (self.ref, chat, keeps)
        if self.wire is not None:
            yield ChildSpec(
                Clerk,
                ledger,
                self.wire,
                *who,
                id="clerk",
                restart=ends,
                significant=True,
            )
        else:
            line = Direct()
            prompts = planned(recorded()[: plan.turns], plan.seed)
            senders = Senders(plan, self.book, prompts, line)
            ledger.tell = senders.hear
            yield ChildSpec(Traffic, ledger, line, senders, *who, id="traffic")

    def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        """Tell the rest: every prompt has its outcome by now."""
        super().stopped(exit)
        self.ledger.settle_all()
        self.ledger.tell_news(None)


def _store_of(plan: Plan) -> Any:  # Any: what is not installed need not be imported
    if plan.store is None:
        return None
    from supervision.durable import SqliteStore  # noqa: PLC0415

    return SqliteStore(plan.store)


def tree() -> ChildSpec[Any]:
    """The tree of the plan in the environment; for ever if there is none.

    Raises:
        PlanError: the plan cannot be read.
    """
    text = os.environ.get(VARIABLE)
    plan = Plan(repeat=True) if text is None else Plan.from_text(text)
    return ChildSpec(Demo, plan, id="demo")
