"""The senders' line to the service: it breaks when the process ends."""

from __future__ import annotations

import trio

from supervision.demo.traffic.senders import Senders
from supervision.demo.traffic.wire import Wire
from supervision.demo.traffic.words import Ask


class FarLine:
    """A `Line` to another process, and to the one that follows it."""

    def __init__(self) -> None:
        self._wire: Wire | None = None
        self._there = trio.Event()
        self._broken = trio.Event()
        self._broken.set()

    def ask(self, ask: Ask) -> None:
        """Say it; into the void while there is nobody there.  Not a checkpoint."""
        if self._wire is not None:
            self._wire.say(ask)

    async def wait_there(self) -> None:
        """Wait until somebody is there.  A checkpoint."""
        await self._there.wait()

    async def wait_broken(self) -> None:
        """Wait until nobody is, and all that was said is heard.  A checkpoint."""
        await self._broken.wait()

    async def hold(self, wire: Wire, senders: Senders) -> None:
        """Carry words to a process and back, until it has ended.

        Somebody is there from the first word on; the senders are told then, so that
        they ask again.
        """
        self._broken = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.send_all)
            async for told in wire.words():
                senders.hear(told)
                if self._wire is None:
                    self._wire = wire
                    senders.again()
                    self._there.set()
            nursery.cancel_scope.cancel()
        self._wire = None
        self._there = trio.Event()
        self._broken.set()
