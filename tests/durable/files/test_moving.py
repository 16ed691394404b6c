"""What sessions have bound comes from a file of tokens into a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import Completed, Outcome, Session, Turn, open_system
from supervision import (
    FileTokens,
    MemoryTokens,
    RouterRef,
    TokensHeldError,
    start_router,
)
from supervision.durable import (
    MemoryStore,
    SqliteStore,
    StoreAwayError,
    StoreInUseError,
    StoreRefusedError,
    move_tokens,
)
from tests.durable.sealing.boxes import Keyed
from tests.durable.store.bench import KINDS


class Diary(Session[str, str]):
    """Binds each prompt, and says what was bound before."""

    async def take_turn(self, turn: Turn[str, str]) -> object:
        """Bind it."""
        before = self.token
        self.bind({"said": turn.prompt})
        return before


async def said(router: RouterRef[str, str], key: str, prompt: str) -> object:
    """Send a prompt; what was bound under its key before."""
    outcome: Outcome = await router.send(key, prompt).outcome()
    assert isinstance(outcome, Completed), outcome
    return outcome.result


def store_of(kind: str, folder: Path) -> Any:  # Any: of any kind
    """Make a store; what is in it is sealed."""
    if kind == "memory":
        return MemoryStore(seal=Keyed(b"k"))
    return SqliteStore(folder / "chat.db", seal=Keyed(b"k"))


@pytest.mark.parametrize("kind", KINDS)
async def test_sessions_are_resumed_after_the_move(kind: str, tmp_path: Path) -> None:
    """Twice is once; what was bound in the store since stays."""
    tokens, store = FileTokens(tmp_path / "old"), store_of(kind, tmp_path)
    async with open_system() as system:
        router = start_router(system, Diary, tokens=tokens)
        for number in range(501):  # more than one transaction
            await said(router, f"key-{number}", "old")
    before = tokens.path.read_bytes()  # noqa: ASYNC240 - a test's own file

    assert await move_tokens(tokens, store) == 501
    async with open_system() as system:
        router = start_router(system, Diary, durable=store)
        assert await said(router, "key-7", "new") == {"said": "old"}
        assert await said(router, "key-x", "new") is None
    tokens.save("late", {"said": "late"})
    assert await move_tokens(tokens, store) == 1
    async with open_system() as system:
        router = start_router(system, Diary, durable=store)
        assert await said(router, "key-7", "newer") == {"said": "new"}
        assert await said(router, "late", "new") == {"said": "late"}
        assert await said(router, "key-500", "new") == {"said": "old"}
    assert tokens.path.read_bytes().startswith(before)  # noqa: ASYNC240


async def test_what_a_router_has_is_not_moved(tmp_path: Path) -> None:
    """Nor into what a router has; and nothing stays held."""
    path, store = tmp_path / "old", MemoryStore()
    FileTokens(path).save("ann", 1)
    async with open_system() as system:
        router = start_router(system, Diary, tokens=FileTokens(path))
        with pytest.raises(TokensHeldError):
            await move_tokens(FileTokens(path), store)
        router.ref.stop()
        await router.ref.wait_stopped()
        router = start_router(system, Diary, durable=store)
        await said(router, "bob", "x")
        with pytest.raises(StoreInUseError):
            await move_tokens(FileTokens(path), store)
        router.ref.stop()
        await router.ref.wait_stopped()
        assert await move_tokens(FileTokens(path), store) == 1
    assert list(store.sessions()) == ["bob", "ann"]


async def test_a_store_that_cannot_take_them_says_so() -> None:
    """And is free again."""
    store, tokens = MemoryStore(), MemoryTokens()
    tokens.save("ann", 1)
    store.away()
    with pytest.raises(StoreAwayError):
        await move_tokens(tokens, store)
    tokens.save("\ud800", 2)
    with pytest.raises(StoreRefusedError, match="no text that can be stored"):
        await move_tokens(tokens, store)
    store.refuse(lambda record: type(record).__name__ == "Bind")
    tokens.save("\ud800", None)
    with pytest.raises(StoreRefusedError, match="told to refuse it"):
        await move_tokens(tokens, store)
    store.refuse(None)
    assert await move_tokens(tokens, store) == 1


@pytest.mark.parametrize(
    ("tokens", "store", "words"),
    [
        (
            "chats.jsonl",
            MemoryStore(),
            "tokens must be .*FileTokens, got 'chats.jsonl'",
        ),
        (MemoryTokens(), "chat.db", "store must be .*SqliteStore, got 'chat.db'"),
        (MemoryTokens(), MemoryStore, "store must be .*, got <class"),
    ],
)
async def test_what_is_neither_is_refused(tokens: Any, store: Any, words: str) -> None:
    """By name."""
    with pytest.raises(TypeError, match=words):
        await move_tokens(tokens, store)
