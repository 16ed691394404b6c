"""Waiting until a turn has its first step, as a stream's readers do.

A stream has `begun`, and `beginning`: whom `wait_begun` has wait, or None.
"""

from __future__ import annotations

from typing import Any

import trio


def begin(stream: Any) -> None:  # Any: of two kinds, which stand above this one
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
