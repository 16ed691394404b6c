"""An answer that nobody has any more is gone at once, with its chunks."""

from __future__ import annotations

import gc
from weakref import ref

import pytest

from actors import Journal, Replay, Session, Turn, open_system
from supervision import start_router
from supervision.durable import MemoryStore
from supervision.durable._journals.journals import stream_of


class Narrator(Session[int, str]):
    """Says numbers."""

    async def take_turn(self, turn: Turn[int, str]) -> None:
        """Say so many."""
        for number in range(turn.prompt):
            await turn.emit(str(number))


@pytest.mark.parametrize("stream", [Replay(keep=0), Journal()])
async def test_an_answer_leaves_nothing_to_the_collector(
    stream: Replay | Journal,
) -> None:
    """Thousands a second would be millions of chunks between two of its runs."""
    async with open_system() as system:
        store = MemoryStore() if isinstance(stream, Journal) else None
        router = start_router(system, Narrator, durable=store)
        gc.disable()
        try:
            async with router.open_turn("ann", 100, stream=stream) as answer:
                assert len([text async for text in answer]) == 100
            log = stream_of(answer.receipt)
            assert log is not None
            gone = ref(log)
            del answer, log
            await router.send("ann", 0).outcome()

            assert gone() is None
        finally:
            gc.enable()
