"""How the tests ask what nodes ask."""

from __future__ import annotations

from typing import Any

import trio

from supervision.durable._sharing.words import Question
from tests.durable.store.bench import Bench


async def ask(bench: Bench, question: Question) -> Any:  # Any: its reaction
    """Ask, and wait.

    Raises:
        Exception: what was told instead of a reaction.
    """
    heard: list[Any] = []
    there = trio.Event()

    def told(reaction: Any) -> None:  # Any: see `Heard`
        heard.append(reaction)
        there.set()

    bench.opened.sharing.ask(question, told)
    await there.wait()
    (reaction,) = heard
    if isinstance(reaction, Exception):
        raise reaction
    return reaction
