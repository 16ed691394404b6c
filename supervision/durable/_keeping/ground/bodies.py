"""`Bodies`: a router's values as bytes, and back.

In Trio's thread: a state is written whole with each turn that changes it, so a large
one costs each turn.  Where there is a seal the store puts it on, and takes it off, in
its own thread; a body that it could not open comes as it is.
"""

from __future__ import annotations

from typing import Any

from supervision.durable._codec.protocol import Codec, Where
from supervision.durable._journals.blocks import Blocks
from supervision.durable._sealing.seals import Unopened

PROMPT, STATE, OUTCOME = Where.PROMPT, Where.STATE, Where.OUTCOME
TOKEN, ORIGIN, ENTRY = Where.TOKEN, Where.ORIGIN, Where.ENTRY


class Bodies:
    """Makes bytes of values, and values of bytes.

    Args:
        codec: knows the values.
    """

    __slots__ = ("_blocks", "_codec", "encode", "encode_block", "item", "texts")

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self.encode = codec.encode
        """Make bytes of a value.  Raises TypeError: it would not come back as it is."""
        self._blocks = blocks = Blocks(codec)
        self.item, self.texts = blocks.item, blocks.texts
        self.encode_block = blocks.pack
        """Make bytes of chunks that `item` has given."""

    @property
    def version(self) -> int:
        """Of the states that it writes."""
        return self._codec.version

    @property
    def entry_version(self) -> int:
        """Of the entries that it writes."""
        return self._codec.entry_version

    # Any: values are anything
    def decode(self, data: bytes, where: Where, version: int | None = None) -> Any:
        """Make the value again.  Raises CodecError: it cannot be."""
        if isinstance(data, Unopened):
            raise data.why
        return self._codec.decode(data, where, version)

    def decode_block(self, data: bytes) -> list[Any]:
        """Make chunks again.  Raises CodecError: they cannot be."""
        if isinstance(data, Unopened):
            raise data.why
        return self._blocks.unpack(data)
