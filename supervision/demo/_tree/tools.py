"""The tools that the demo's turns use: workers that crash, and their supervisor.

A call is a request with a deadline of its asker's.  A worker handles one call at a
time, so calls wait in its mailbox; when it crashes the call in hand fails, those behind
it wait for the next incarnation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import attrs
import trio

from actors import Actor, Mailbox, Request
from actors.hosting import Whole
from supervision import Backoff, ChildSpec, RestartLimit, Supervisor

NAMES: Final = ("browser", "calculator", "files", "search")
"""Of the tools, and of the workers behind them."""


class ToolBrokeError(Whole, Exception):
    """What a broken tool raises: the demo's doing."""


@attrs.frozen
class Call(Request[str]):
    """Use the tool; the answer is what it has found."""

    seconds: float
    """How long that takes."""


@attrs.frozen
class Break:
    """Crash with the next call in hand: the demo's doing."""


class Tool(Actor[Call | Break]):
    """One tool.

    Args:
        name: which.
    """

    mailbox: ClassVar = Mailbox(256)

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls = 0
        self.broken = False

    async def receive(self, message: Call | Break) -> None:
        """Do what is asked for, one call after the other."""
        match message:
            case Call(seconds):
                await trio.sleep(seconds)
                if self.broken:
                    msg = f"the {self.name} tool was broken by the demo"
                    raise ToolBrokeError(msg)
                self.calls += 1
                message.reply(f"{self.name}: result {self.calls}")
            case Break():
                self.broken = True


class Tools(Supervisor):
    """Starts them again, each after a moment."""

    limit: ClassVar = RestartLimit(50, within=10.0)

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """One worker for each tool."""
        patience = Backoff(0.2, 1.0)
        return [ChildSpec(Tool, name, id=name, backoff=patience) for name in NAMES]
