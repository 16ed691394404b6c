"""`Tokens`, `Durable`: what keeps things for a router; and what a token is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol


class Tokens(Protocol):
    """Where a router keeps the tokens of its sessions.

    Its methods are called in Trio's thread and not awaited: be quick.  If it has a
    method `close`, that is called without arguments when its router has ended; `load`
    may come again after it, as when the router is restarted.
    """

    def load(self) -> dict[str, object]:
        """Return `{key: token}` of all that is kept; when the router starts."""
        ...

    def save(self, key: str, token: object) -> None:
        """Keep a token, in place of the one before; None: forget it.

        Raises:
            TypeError: it is not a JSON value.
        """
        ...


class Durable(Protocol):
    """The type of `durable=`: a store for what a router accepts.

    It is a `SqliteStore`, `PostgresStore` or `MemoryStore` of `supervision.durable`;
    the name is for the signatures of functions that make one or take any.

    Example:
        >>> def make_store(self) -> Durable:
        ...     return SqliteStore("chat.db")
    """

    # Any: what a router has of it, of a room above this one
    def keep(self, make: type[Any], crash: Callable[[Exception], None]) -> Any:
        """Make it one router's: of sessions of this class, which it may have to end.

        Raises:
            StoreError: it cannot be had.
        """
        ...


def to_json(token: object) -> str:
    """Write a token as JSON.

    Raises:
        TypeError: it is not a JSON value: it would not come back as it is.
    """
    try:
        text = json.dumps(token, allow_nan=False)
        same = bool(json.loads(text) == token)
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"a token must be a JSON value, got {token!r:.100}: {error}"
        raise TypeError(msg) from error
    if not same:
        msg = (
            f"a token must be a JSON value, got {token!r:.100}, which would come back "
            f"as {text:.100}: use lists, and dicts with keys of type str"
        )
        raise TypeError(msg)
    return text


def keep(texts: dict[str, str], key: str, token: object, text: str) -> None:
    """Put one among those that are kept, behind them; None: forget it."""
    texts.pop(key, None)
    if token is not None:
        texts[key] = text
