"""A process that is killed while it tells: answers with readers, sends, reminders.

    python -m tests.durable.kills.telling FILE RUN SENDERS PLACES

Each turn of a sender's prompt emits `WORDS` chunks, which are kept, sends a prompt to
another session, and leaves a reminder that is due at once or soon.  PLACES is a file of
JSON, `{prompt: [key, number]}`: the readers that go on, and behind which chunk.

It prints, and flushes, one line for each thing that it knows: `begun ID` in a turn,
`accepted ID`, `chunk ID NUMBER TEXT`, `again ID` when what was read does not count,
`end ID Kind`.  It lives until it is killed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import trio

from actors import (
    Journal,
    Session,
    StreamRestartedError,
    Turn,
    TurnNotCompletedError,
    open_system,
)
from supervision import Limits, RouterRef, start_router
from supervision.durable import SqliteStore, StorePolicy

from .program import say

KEYS = 8
WORDS = 30
POLICY = StorePolicy(journal_every=0.02, journal_bytes=600)


class Teller(Session[str, str, tuple[str, ...]]):
    """Its state is the prompts that it has completed, whoever sent them."""

    def new_state(self) -> tuple[str, ...]:
        """Nothing so far."""
        return ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> None:
        """Tell, and have others do something about it."""
        name = turn.prompt
        say("begun", name)
        turn.state = (*turn.state, name)
        if name.startswith(("sent ", "due ")):
            return
        number = int(name.rpartition("-")[2])
        turn.remind(name, after=(1 + number % 3) / 100, prompt=f"due {name}")
        turn.send(f"key{(number + 1) % KEYS}", f"sent {name}", id=f"sent {name}")
        for each in range(1, WORDS + 1):
            await turn.emit(f"{turn.attempt}/{each}")
            await trio.sleep(0.001)  # as a model takes time


async def send(router: RouterRef[str, str], run: str, sender: int) -> None:
    """Send one prompt after the other, and read the answers of most."""
    for number in range(100_000):
        name = f"{run}-{sender}-{number}"
        key = f"key{(sender + number) % KEYS}"
        attempts = 3 if number % 2 else 1
        receipt = await router.accept(
            key, name, id=name, attempts=attempts, stream=Journal(chunks=4)
        )
        say("accepted", name, key)
        if number % 4 == 1:  # whoever wants to read this one comes later
            await receipt.outcome()
        else:
            await read(router, key, name, 0)


async def read(router: RouterRef[str, str], key: str, name: str, after: int) -> None:
    """Read an answer to its end."""
    end = ""
    while not end:
        try:
            async with router.reopen_turn(key, name, after=after) as answer:
                end = await to_the_end(answer, name)
        except StreamRestartedError:
            say("again", name)
            after = 0
    say("end", name, end)


async def to_the_end(answer: Any, name: str) -> str:  # Any: a TurnStream
    """Read on; how it ended."""
    while True:
        try:
            chunk = await anext(answer)
        except StreamRestartedError:
            say("again", name)
        except StopAsyncIteration:
            return "Completed"
        except TurnNotCompletedError as error:
            return type(error.outcome).__name__
        else:
            say("chunk", name, answer.number, chunk)


async def main(path: str, run: str, senders: int, places: str) -> None:
    """Live until killed."""
    store = SqliteStore(path, policy=POLICY)
    async with open_system() as system, trio.open_nursery() as nursery:
        router = start_router(system, Teller, limits=Limits(turns=6), durable=store)
        await router.ref.wait_started()
        text = await trio.Path(places).read_text(encoding="utf-8")
        for name, (key, after) in json.loads(text).items():
            nursery.start_soon(read, router, key, name, after)
        for sender in range(senders):
            nursery.start_soon(send, router, run, sender)
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2], int(sys.argv[3]), str(Path(sys.argv[4])))
