"""Bodies that msgspec writes: fast, where the type of a value is declared.

A value is looked at before (`columns`, `places`), because msgspec does not.  Where its
type has constraints, validators or hooks of its own, each body is also read again
before it is given out: they run at reading, and might refuse, or change, what was
written.

What is of the type and would not come back exactly is `Unfaithful`: an int for a float,
an int of more than 64 bits, a time that is not UTC, half a surrogate pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as kinds

from actors.hosting import shown

from .columns import Classes, Unfaithful
from .places import Places
from .versions import left_out

# Any in this file: values are anything


class Typed:
    """Makes bodies of the values of one type, and values of bodies.

    Args:
        declared: the type.

    Raises:
        TypeError: msgspec does not take it, or would not bring all its values back.
    """

    def __init__(self, declared: Any) -> None:
        places = Places()
        self._place = places.of(kinds.type_info(declared))
        self._careful = places.careful
        # classes of which any value may be: nothing is inside to be looked at
        inner = self._place.inner
        self._any_of: Classes = self._place.takes if inner is None else frozenset()
        self.builtin = places.builtin
        """A body is read the same without the type."""
        self.plain = places.builtin and not places.careful
        """Nothing but the types of builtin values says which are taken."""
        self._declared = declared
        self._pack = msgspec.msgpack.Encoder().encode
        self._unpack = msgspec.msgpack.Decoder(declared).decode

    def encode(self, value: Any) -> bytes:
        """Make a body.

        Raises:
            TypeError: the value is not of the type.
            Unfaithful: it is, and would not come back as it is.
        """
        try:
            if type(value) not in self._any_of:
                self._place.check((value,))
            body = self._pack(value)
        except RecursionError:
            msg = f"{shown(value)[:60]} is nested too deeply, or contains itself"
            raise TypeError(msg) from None
        except (OverflowError, UnicodeEncodeError):
            raise Unfaithful from None
        if self._careful:
            self._read_again(body)
        return body

    def _read_again(self, body: bytes) -> None:
        try:
            same = self._pack(self._unpack(body)) == body
        except Exception as error:
            msg = f"it could not be read again: {error}"
            raise TypeError(msg) from error
        if not same:  # a hook has changed it
            raise Unfaithful

    def decode(self, body: bytes | memoryview) -> Any:
        """Make the value again.  Raises any Exception: it cannot be."""
        return self._unpack(body)

    def left_out(self, body: bytes | memoryview, value: Any) -> Iterator[str]:
        """Yield the fields in a body that are not in the value it was read as.

        Mostly it is written again as it was, and nothing has to be looked at.
        """
        if not self.builtin and self._pack(value) != bytes(body):
            yield from left_out(read_untyped(body), value)

    def convert(self, plain: Any) -> Any:
        """Make a value of builtin values.  Raises any Exception: it cannot be."""
        return msgspec.convert(plain, self._declared)


def typed(declared: Any) -> Typed | None:
    """Make the bodies of a type, if msgspec knows it and brings its values back."""
    try:
        return Typed(declared)
    except Exception:  # noqa: BLE001 - annotations are anybody's code
        return None


def read_untyped(body: bytes | memoryview) -> Any:
    """Make builtin values of a body.  Raises any Exception: it cannot be."""
    return msgspec.msgpack.decode(body)
