"""How a thread ends that may wait for a server which does not answer.

It has a moment to come to an end by itself.  Then its connection is cut; and if it is
still making one, it is left alone with that, and ends when that is over.
"""

from __future__ import annotations

from typing import Final

import trio

from supervision.durable._threads.thread import StoreThread

from .link import Link

CUT_AFTER: Final = 1.0
"""Seconds that it has."""
LEFT_AFTER: Final = 2.0
"""Seconds after which nobody waits for it any more."""


async def end(thread: StoreThread, link: Link) -> None:
    """Have the thread close the connection, and end."""
    thread.do_unheard(link.close)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_cut, link)
        with trio.move_on_after(LEFT_AFTER):
            await thread.end()
        nursery.cancel_scope.cancel()


async def _cut(link: Link) -> None:
    await trio.sleep(CUT_AFTER)
    link.cut()
