"""The seal is the user's, the place is bound to it.

Whoever can write to a table could put one session's state under another's key.  So a
seal is told where a body is (`context`), and refuses it elsewhere; what cryptography
calls associated data.
"""

from __future__ import annotations

import threading
from typing import Any, Final, Protocol, Self

from actors.hosting import Whole
from supervision.durable._codec.protocol import unreadable
from supervision.durable._words.errors import CodecError

_SEALED: Final = b"S\x01"


class Seal(Protocol):
    """What a user gives as `seal=`.  Called in the store's thread, one at a time."""

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Seal a body.  An exception: the record that it is in is refused."""
        ...

    def open(self, data: bytes, context: bytes) -> bytes:
        """Give the body back.  An exception: it cannot be, or stands elsewhere."""
        ...


class InTurn:
    """Has a seal called by one thread at a time, where a store has more than one."""

    def __init__(self, seal: Seal) -> None:
        self._given = seal
        self._lock = threading.Lock()

    def seal(self, data: bytes, context: bytes) -> bytes:
        """See `Seal`."""
        with self._lock:
            return self._given.seal(data, context)

    def open(self, data: bytes, context: bytes) -> bytes:
        """See `Seal`."""
        with self._lock:
            return self._given.open(data, context)


class Unopened(bytes):
    """A body as it is stored, because it could not be opened.

    It may be written again, as it is; whoever wants to read it hears why not.
    """

    why: CodecError

    def __new__(cls, data: bytes, why: CodecError) -> Self:
        """Keep the error beside the bytes."""
        made = super().__new__(cls, data)
        made.why = why
        return made


class NotSealedError(Whole, Exception):
    """The user's `seal` has not sealed a body."""


def context(table: str, *address: str) -> bytes:
    """Name a place: a table, and the key (and id) in it.

    No two places have the same: each part stands behind its length.
    """
    parts = [each.encode("utf-8", "surrogatepass") for each in (table, *address)]
    return b"".join(len(each).to_bytes(4, "big") + each for each in parts)


class Sealer:
    """Seals bodies, and opens them.

    Args:
        seal: the user's; it has `seal` and `open`.
    """

    def __init__(self, seal: Any) -> None:  # Any: what it gives is looked at
        self._seal = seal

    def seal(self, body: bytes, context: bytes) -> bytes:
        """Seal a body; one that could not be opened is as it was.

        Raises:
            NotSealedError: the user's `seal` is broken.  It says how, without a word of
                what was to be sealed.
        """
        if isinstance(body, Unopened):
            return bytes(body)
        try:
            sealed: object = self._seal.seal(body, context)
        except Exception as error:  # noqa: BLE001 - it is a stranger's
            msg = f"seal() has failed with {type(error).__name__}"
            raise NotSealedError(msg) from None
        if not isinstance(sealed, bytes):
            msg = f"seal() must return bytes, it gave a {type(sealed).__name__}"
            raise NotSealedError(msg)
        return _SEALED + sealed

    def open(self, data: bytes, context: bytes, what: str) -> bytes:
        """Give the body back; an `Unopened` if it was not sealed, or with another key.

        Or for another place; or the user's `open` is broken.

        Args:
            data: what `seal` has made.
            context: where it is.
            what: for a person: "a state".
        """
        if data[:2] != _SEALED:
            return Unopened(data, CodecError(what, "it was not sealed"))
        try:
            body: object = self._seal.open(bytes(data[2:]), context)
        except Exception as error:  # noqa: BLE001 - it is a stranger's
            why = unreadable(what, "the seal does not open it", error)
            return Unopened(data, why)
        if not isinstance(body, bytes):
            why = CodecError(what, "the seal has not given bytes")
            return Unopened(data, why)
        return body
