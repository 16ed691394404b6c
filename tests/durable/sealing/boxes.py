"""Seals for tests: toys, not to be used."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable


class Keyed:
    """A toy of a seal: hides by exclusive or, and knows what is its own."""

    def __init__(self, *keys: bytes) -> None:
        self.keys = keys

    def _hidden(self, key: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_128(key).digest(len(data))
        return bytes(one ^ other for one, other in zip(data, stream, strict=True))

    def seal(self, data: bytes, context: bytes) -> bytes:
        """With the first key."""
        mark = hmac.digest(self.keys[0], context + data, "sha256")
        return mark + self._hidden(self.keys[0], data)

    def open(self, data: bytes, context: bytes) -> bytes:
        """With any."""
        for key in self.keys:
            found = self._hidden(key, data[32:])
            if hmac.compare_digest(
                hmac.digest(key, context + found, "sha256"), data[:32]
            ):
                return found
        msg = f"not mine: {data!r}"
        raise ValueError(msg)


class Counted:
    """No two bodies look alike, equal ones neither; the place is of no account."""

    def __init__(self) -> None:
        self.number = 0

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Put a number in front."""
        del context
        self.number += 1
        return self.number.to_bytes(8, "big") + data[::-1]

    def open(self, data: bytes, context: bytes) -> bytes:
        """Take it away."""
        del context
        return data[8:][::-1]


class Choosy(Keyed):
    """Does not seal a body of this kind with this in it."""

    def __init__(self, key: bytes, kind: bytes, what: bytes) -> None:
        super().__init__(key)
        self.kind, self.what = kind, what

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Or raise."""
        if self.kind in context and self.what in data:
            msg = f"too secret: {data!r}"
            raise ValueError(msg)
        return super().seal(data, context)


class Watched(Keyed):
    """Says that it is called."""

    def __init__(self, key: bytes, called: Callable[[str], object]) -> None:
        super().__init__(key)
        self.called = called

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Say so, and seal."""
        self.called("seal")
        return super().seal(data, context)

    def open(self, data: bytes, context: bytes) -> bytes:
        """Say so, and open."""
        self.called("open")
        return super().open(data, context)
