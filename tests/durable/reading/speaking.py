"""What the tests of this folder do first: a conversation."""

from __future__ import annotations

from actors import Completed
from tests.durable.keeping.stage import Process


async def said(process: Process, prompt: str, key: str = "ann") -> None:
    """Have a prompt answered."""
    outcome = await (await process.router.accept(key, prompt)).outcome()
    assert isinstance(outcome, Completed)
