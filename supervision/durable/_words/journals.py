"""Journals: the chunks of answers as a store has them; see `records`.

Chunks are kept in blocks: those that came to a prompt's journal between two writes.  A
block stands at the number of its last chunk; how many are in it says its body.  Of the
tries of a turn only the latest counts: its *base* is the number before its first chunk.
"""

from __future__ import annotations

from typing import Final

import attrs

GONE: Final = 0
"""`Row.stream` of a prompt whose journal is not kept any more."""


@attrs.frozen(eq=False)
class Chunks:
    """Keep a block of a prompt's answer, if the prompt has a journal.

    One that stands at the journal's base, or below, is passed over.  Without a block:
    another try begins, and what stands at its base or below goes.  Answer: `Done`.
    """

    number: int
    """The prompt's."""
    key: str
    base: int
    last: int
    """Number of the last chunk of the block."""
    body: bytes
    """Empty: there is none, `base` is new."""
    lost: bool = False
    """In place of all that: one could not be kept, so nobody is to read the others."""


@attrs.frozen(eq=False)
class ReadChunks:
    """Read blocks of a prompt's answer.  Answer: `ChunkPage`."""

    number: int
    key: str
    after: int
    """From the block that has the chunk behind this one."""
    most: int
    """Bytes of bodies: no more are read behind the one that comes to it."""


@attrs.frozen(eq=False)
class ChunkPage:
    """Blocks of an answer."""

    blocks: tuple[tuple[int, bytes], ...]
    """(number of its last chunk, body), by their numbers."""
