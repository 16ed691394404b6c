"""Bodies that nobody else can read: the seal is the user's, the place is bound to it.

Whoever can write to a table could put one session's state under another's key.  So a
seal is told where a body is (`context`), and refuses it elsewhere; what cryptography
calls associated data.  Sealing may take time, and is done in the store's thread:
`Sealer` knows bytes only.  `Sealed` is both in one, for where that does not matter.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from supervision.durable._words.errors import CodecError

from .protocol import Codec, Where, unreadable

_SEALED: Final = b"S\x01"


class Seal(Protocol):
    """What a user gives as `seal=`."""

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Seal a body.  An exception is the store's crash."""
        ...

    def open(self, data: bytes, context: bytes) -> bytes:
        """Give the body back.  An exception: it cannot be, or stands elsewhere."""
        ...


def context(table: str, *address: str) -> bytes:
    """Name a place: a table, and the key (and id) in it.

    No two places have the same: each part stands behind its length.
    """
    parts = [each.encode("utf-8", "surrogatepass") for each in (table, *address)]
    return b"".join(len(each).to_bytes(4, "big") + each for each in parts)


class Sealer:
    """Seals bodies, and opens them.

    Args:
        seal: the user's.

    Raises:
        TypeError: it has no `seal` or no `open`.
    """

    def __init__(self, seal: Seal) -> None:
        for name in ("seal", "open"):
            if not callable(getattr(seal, name, None)):
                msg = f"seal= must have {name}(data, context), got {seal!r:.100}"
                raise TypeError(msg)
        self._seal = seal

    def seal(self, body: bytes, context: bytes) -> bytes:
        """Seal a body.  Raises whatever the user's `seal` raises.

        Raises:
            TypeError: it has not given bytes.
        """
        sealed: object = self._seal.seal(body, context)
        if not isinstance(sealed, bytes):
            msg = f"seal() must return bytes, it gave a {type(sealed).__name__}"
            raise TypeError(msg)
        return _SEALED + sealed

    def open(self, data: bytes, context: bytes, what: str) -> bytes:
        """Give the body back.

        Args:
            data: what `seal` has made.
            context: where it is.
            what: for a person: "a state".

        Raises:
            CodecError: it was not sealed, with another key, for another place; or the
                user's `open` is broken.
        """
        if data[:2] != _SEALED:
            raise CodecError(what, "it was not sealed")
        try:
            body: object = self._seal.open(bytes(data[2:]), context)
        except Exception as error:  # noqa: BLE001 - it is a stranger's
            found = unreadable(what, "the seal does not open it", error)
            raise found from found.__cause__
        if not isinstance(body, bytes):
            raise CodecError(what, "the seal has not given bytes")
        return body


class Sealed:
    """A codec for one place of a store: what it gives out is sealed for that place.

    Args:
        codec: makes the bodies.
        sealer: seals them.
        context: the place; see `context`.
    """

    def __init__(self, codec: Codec, sealer: Sealer, context: bytes) -> None:
        self.version = codec.version
        self.entry_version = codec.entry_version
        self._codec = codec
        self._sealer = sealer
        self._context = context

    # Any: values are anything
    def takes_any(self, sample: Any, where: Where) -> bool:
        """See `Codec`."""
        return self._codec.takes_any(sample, where)

    def encode(self, value: Any, where: Where) -> bytes:
        """Make a sealed body.  Raises TypeError: it would not come back as it is."""
        return self._sealer.seal(self._codec.encode(value, where), self._context)

    def decode(self, data: bytes, where: Where, version: int | None = None) -> Any:
        """Make the value again.  Raises CodecError: it cannot be."""
        body = self._sealer.open(data, self._context, where.value)
        return self._codec.decode(body, where, version)
