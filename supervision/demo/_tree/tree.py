"""The tree of the demo: tools, a router of chats, faults, and the traffic.

`actors run supervision.demo:tree` runs it as any service; what it is to do stands in
the environment (`_plan.VARIABLE`).  Started in this order and stopped in the reverse,
so the traffic ends first, and the tools are there as long as turns use them.
"""

from __future__ import annotations

import os
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

from .chat import chat_of
from .faults import Faults
from .senders import Traffic
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
        self.book = Book(plan)

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """The children, in the order of start."""
        plan, book, chat = self.plan, self.book, chat_of(self.plan)
        prompts = planned(recorded()[: plan.turns], plan.seed)
        if plan.leash:
            yield ChildSpec(
                Leash, id="leash", restart=Restart.TRANSIENT, significant=True
            )
        yield ChildSpec(Tools, id="tools")
        yield ChildSpec(Router, chat, (plan, book, self.ref), plan.limits, id="router")
        if plan.faults:
            yield ChildSpec(Faults, plan, book, self.ref, chat, id="faults")
        yield ChildSpec(Traffic, plan, book, self.ref, prompts, chat, id="traffic")

    def stopped(self, exit: Exit) -> None:  # noqa: A002 - its name in the vocabulary
        """Write the last account: every prompt has its outcome by now."""
        super().stopped(exit)
        self.book.settle_all()
        self.book.write(trio.current_time())


def tree() -> ChildSpec[Any]:
    """The tree of the plan in the environment; for ever if there is none.

    Raises:
        PlanError: the plan cannot be read.
    """
    text = os.environ.get(VARIABLE)
    plan = Plan(repeat=True) if text is None else Plan.from_text(text)
    return ChildSpec(Demo, plan, id="demo")
