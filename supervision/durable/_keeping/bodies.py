"""`Bodies`: a router's values as bytes, sealed for the place where they are kept.

Encoding, and sealing where there is a seal, is done in Trio's thread: a state is
written whole with each turn that changes it, so a large one costs each turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from supervision.durable._codec.protocol import Codec, Where
from supervision.durable._codec.sealing import Sealer, context
from supervision.durable._journals.blocks import Blocks

PROMPT, STATE, OUTCOME = Where.PROMPT, Where.STATE, Where.OUTCOME
TOKEN, ORIGIN, ENTRY = Where.TOKEN, Where.ORIGIN, Where.ENTRY
_CHUNK: Final = Where.CHUNK


class Bodies:
    """Makes bytes of values, and values of bytes.

    Args:
        codec: knows the values.
        sealer: seals bodies; None: they are not sealed.
    """

    __slots__ = ("_blocks", "_codec", "_sealer", "item", "texts")

    def __init__(self, codec: Codec, sealer: Sealer | None) -> None:
        self._codec = codec
        self._sealer = sealer
        self._blocks = Blocks(codec)
        self.item = self._blocks.item
        self.texts = self._blocks.texts

    @property
    def version(self) -> int:
        """Of the states that it writes."""
        return self._codec.version

    @property
    def entry_version(self) -> int:
        """Of the entries that it writes."""
        return self._codec.entry_version

    # Any: values are anything
    def encode(self, value: Any, where: Where, key: str) -> bytes:
        """Make bytes of a value of this key.

        Raises:
            TypeError: it would not come back as it is.
        """
        body = self._codec.encode(value, where)
        if self._sealer is None:
            return body
        return self._sealer.seal(body, context(where.name, key))

    def decode(
        self, data: bytes, where: Where, key: str, version: int | None = None
    ) -> Any:
        """Make the value again.  Raises CodecError: it cannot be."""
        if self._sealer is not None:
            data = self._sealer.open(data, context(where.name, key), where.value)
        return self._codec.decode(data, where, version)

    def encode_block(self, items: Sequence[Any], key: str) -> bytes:
        """Make bytes of chunks that `item` has given."""
        body = self._blocks.pack(items)
        if self._sealer is None:
            return body
        return self._sealer.seal(body, context(_CHUNK.name, key))

    def decode_block(self, data: bytes, key: str) -> list[Any]:
        """Make the chunks again.  Raises CodecError: they cannot be."""
        if self._sealer is not None:
            data = self._sealer.open(data, context(_CHUNK.name, key), _CHUNK.value)
        return self._blocks.unpack(data)
