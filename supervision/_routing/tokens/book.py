"""`TokenBook`: the tokens of one router, and which keys have no session."""

from __future__ import annotations

from .words import Tokens


class TokenBook:
    """`{key: token}`, as the store has it.

    Args:
        store: loaded once, and told of each change.
    """

    __slots__ = ("_store", "_tokens", "suspended")

    def __init__(self, store: Tokens) -> None:
        self._store = store
        self._tokens = store.load()
        # an ordered set of keys; those of live sessions are not among them
        self.suspended: dict[str, None] = dict.fromkeys(self._tokens)
        """Keys that have a token and no session: the next prompt would resume them."""

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self._tokens.get(key)

    def entered(self, key: str) -> None:
        """The key has a session now, or will."""
        if self.suspended:
            self.suspended.pop(key, None)

    def left(self, key: str) -> None:
        """It has none any more."""
        if key in self._tokens:
            self.suspended[key] = None

    def keep(self, key: str, token: object) -> bool:
        """Keep a token; None forgets it.  False: there was nothing to forget.

        Raises:
            TypeError: the store does not take it; nothing was changed.
        """
        if token is None and key not in self._tokens:
            return False
        self._store.save(key, token)
        if token is None:
            del self._tokens[key]
            self.suspended.pop(key, None)
        else:
            self._tokens[key] = token
        return True

    def close(self) -> None:
        """Its router has ended: what its store holds is free for another one."""
        close = getattr(self._store, "close", None)
        if close is not None:
            close()
