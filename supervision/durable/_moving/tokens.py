"""`move_tokens`: what sessions have bound comes into a store, so that they are resumed.

Before a router has the store, and by records as a router would make them: a key that
has a token and nothing else is one that has been passivated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import trio

from supervision._routing.tokens import Tokens
from supervision.durable._codec.values import token_to_bytes
from supervision.durable._keeping.ground.wall import wall
from supervision.durable._words.errors import StoreRefusedError
from supervision.durable._words.looks import Look, Seen
from supervision.durable._words.opened import Engine, Opened
from supervision.durable._words.records import Answer, Bind, Record, Refused

_BATCH: Final = 500  # keys that are asked for, and written, in one transaction


async def move_tokens(tokens: Tokens, store: Engine) -> int:
    """Bring what sessions have bound into a store, so that they are resumed there.

    Once, before a router is started with `durable=store` in place of `tokens=`: its
    sessions find what they had bound.  A key that has a token in the store already
    keeps that, so it may be done again, as after a kill in the middle.  What was kept
    before is not changed; it is let go of at the end.

    Args:
        tokens: where they are, such as a `FileTokens`.
        store: where to, such as a `SqliteStore`; made if it is not there.

    Returns:
        How many were brought.

    Raises:
        TypeError: one of them is something else.
        TokensHeldError, StoreInUseError: a router has one of them.
        TokensFileError, OSError: the tokens cannot be read.
        StoreError: the store cannot be opened, or written just now; or it does not take
            a key.

    Example:
        >>> trio.run(move_tokens, FileTokens("chats.jsonl"), SqliteStore("chat.db"))
    """
    if not callable(getattr(tokens, "load", None)):
        msg = f"tokens must be where tokens are, such as a FileTokens, got {tokens!r}"
        raise TypeError(msg)
    if isinstance(store, type) or not callable(getattr(store, "claim", None)):
        msg = f"store must be a store, such as a SqliteStore, got {store!r}"
        raise TypeError(msg)
    moved = 0
    try:
        found = tokens.load()
        opened = await store.claim().open()
        try:
            keys = list(found)
            for first in range(0, len(keys), _BATCH):
                page = {key: found[key] for key in keys[first : first + _BATCH]}
                moved += await _bring(opened, page)
        finally:
            with trio.CancelScope(shield=True):
                await opened.close()
    finally:
        close: Any = getattr(tokens, "close", None)
        if close is not None:
            close()
    return moved


async def _bring(opened: Opened, tokens: dict[str, object]) -> int:
    """Bring some; how many were not there."""
    looks = await _carry(opened, [Look("", 1, key=key) for key in tokens])
    there = {
        row.key
        for key, answer in zip(tokens, looks, strict=True)
        for row in _seen(key, answer).rows
        if row.token
    }
    now = wall()
    new = {key: token for key, token in tokens.items() if key not in there}
    binds = [Bind(key, token_to_bytes(token), now) for key, token in new.items()]
    for key, answer in zip(new, await _carry(opened, binds), strict=True):
        if isinstance(answer, Refused):
            raise StoreRefusedError(key, answer.why)
    return len(new)


def _seen(key: str, answer: Answer) -> Seen:
    if isinstance(answer, Refused):
        raise StoreRefusedError(key, answer.why)
    assert isinstance(answer, Seen)
    return answer


async def _carry(opened: Opened, batch: Sequence[Record]) -> Sequence[Answer]:
    """Have a batch carried out.  Raises StoreError: it is not."""
    heard: list[Sequence[Answer] | Exception] = []
    there = trio.Event()

    def told(answers: Sequence[Answer] | Exception) -> None:
        heard.append(answers)
        there.set()

    opened.carry(batch, told)
    await there.wait()
    (answers,) = heard
    if isinstance(answers, Exception):
        raise answers
    return answers
