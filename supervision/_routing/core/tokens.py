"""`TokenBook`: what sessions have bound under their keys, and where it is kept."""

from __future__ import annotations

from supervision._routing.tokens import Tokens


class TokenBook:
    """`{key: token}`, as the store has it.

    Args:
        store: loaded once, and told of each change.
    """

    __slots__ = ("_store", "_tokens")

    def __init__(self, store: Tokens) -> None:
        self._store = store
        self._tokens = store.load()

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self._tokens.get(key)

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
        else:
            self._tokens[key] = token
        return True
