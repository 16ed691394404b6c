"""`KeptTokens`: what sessions have bound, of those keys whose lanes are there.

The store has the rest: a key brings its token with it, and leaves it there.
"""

from __future__ import annotations

from supervision._routing.tokens import to_json


class KeptTokens:
    """`{key: token}` of the keys that are there; the store is told by `Kept.bound`."""

    __slots__ = ("_tokens", "suspended")

    def __init__(self) -> None:
        self._tokens: dict[str, object] = {}
        self.suspended: dict[str, None] = {}
        """Empty: whose tokens wait in the store is not known without asking it."""

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self._tokens.get(key)

    def entered(self, key: str) -> None:
        """The key has a lane; what it has bound comes with it."""

    def left(self, key: str) -> None:
        """It has none any more."""
        self._tokens.pop(key, None)

    def brought(self, key: str, token: object) -> None:
        """The store has this one."""
        self._tokens[key] = token

    def keep(self, key: str, token: object) -> bool:
        """Keep a token; None forgets it.  False: there was nothing to forget.

        Raises:
            TypeError: it is not a JSON value; nothing was changed.
        """
        if token is None:
            return self._tokens.pop(key, None) is not None
        to_json(token)
        self._tokens[key] = token
        return True

    def close(self) -> None:
        """Its router has ended."""
        self._tokens.clear()
