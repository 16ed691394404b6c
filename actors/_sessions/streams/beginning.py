"""That a turn has begun: said once, to who waits for it at its stream.

A stream has `begun`, False at first, and `beginning`, None until somebody waits.
"""

from __future__ import annotations

from typing import Any

import trio

# Any in this room: a stream, whose room stands above this one


def begin(stream: Any) -> None:
    """The turn has its first step, or never will."""
    stream.begun = True
    if stream.beginning is not None:
        stream.beginning.set()


async def wait_begun(stream: Any) -> None:
    """Wait for `begin`.  A checkpoint."""
    if stream.begun:
        await trio.lowlevel.checkpoint()
        return
    if stream.beginning is None:
        stream.beginning = trio.Event()
    await stream.beginning.wait()
