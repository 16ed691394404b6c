"""Blocks of chunks: many small values, made into one body at once.

A chunk that a turn emits is mostly a text.  To encode each by itself would cost more
than to emit it; so what cannot change any more, and is sure to come back, waits as it
is and is packed with its neighbours.  Everything else is encoded where it is emitted:
what cannot be kept is refused there, and what is changed later stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from supervision.durable._codec.protocol import Where, unreadable

# Any in this file: chunks are anything

_class_of: Callable[[Any], Any] = type
_BLOCK: Final = b"B\x01"
_ENCODED: Final = 1  # the code of an Ext: a chunk that was encoded by itself
_NUMBER: Final = 8  # bytes
BESIDE: Final = 50
"""Bytes that a chunk counts beside its own: it waits as an object, however short."""
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder().decode
_Ext: Final = msgspec.msgpack.Ext
_SAMPLES: Final = ("", b"", True, 0, 0.5)
_LEAST, _MOST = -(2**63), 2**63 - 1  # of an int that msgpack has


class Blocks:
    """Packs chunks, and unpacks them.

    Args:
        values: the codec of one chunk.
    """

    __slots__ = ("_as_they_are", "_values", "texts")

    def __init__(self, values: Any) -> None:  # Any: its module stands above this one
        self._values = values
        # types of chunks that may wait as they are
        self._as_they_are = frozenset(
            type(each) for each in _SAMPLES if values.takes_any(each, Where.CHUNK)
        )
        self.texts = str in self._as_they_are
        """Whether a chunk that is an ASCII text waits as it is."""

    def item(self, chunk: Any) -> tuple[Any, int]:
        """Give a chunk as it may wait to be packed, and its bytes, more or less.

        Raises:
            TypeError: it would not come back as it is.
        """
        kind = _class_of(chunk)
        if kind in self._as_they_are:
            if kind is str:
                if chunk.isascii():
                    return chunk, len(chunk)
                try:
                    return chunk, len(chunk.encode())
                except UnicodeEncodeError:
                    pass  # it has half of a pair of surrogates
            elif kind is bytes:
                return chunk, len(chunk)
            elif kind is not int or _LEAST <= chunk <= _MOST:
                return chunk, _NUMBER
        body = self._values.encode(chunk, Where.CHUNK)
        return _Ext(_ENCODED, body), len(body)

    def pack(self, items: Sequence[Any]) -> bytes:
        """Make a body of items, in their order."""
        return _BLOCK + _pack(items)

    def unpack(self, data: bytes) -> list[Any]:
        """Make the chunks again.  Raises CodecError: they cannot be."""
        if data[:2] != _BLOCK:
            raise unreadable(Where.CHUNK.value, "it is in no block of ours")
        try:
            items: list[Any] = _unpack(memoryview(data)[2:])
        except Exception as error:  # noqa: BLE001 - the bytes may be anything
            why = "the bytes are not what they should be"
            found = unreadable(Where.CHUNK.value, why, error)
            raise found from found.__cause__
        return [
            self._values.decode(each.data, Where.CHUNK) if type(each) is _Ext else each
            for each in items
        ]
