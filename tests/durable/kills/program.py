"""A process that is killed: senders and a router on a store in a file.

    python -m tests.durable.kills.program FILE RUN SENDERS

It prints, and flushes, one line for each thing that it knows: `begun ID` in a turn,
`accepted ID`, `told ID Kind`.  It lives until it is killed; with 0 senders it only
goes on with what waits.
"""

from __future__ import annotations

import sys
from typing import Any

import trio

from actors import Session, Turn, open_system
from supervision import Limits, RouterRef, start_router
from supervision.durable import SqliteStore

KEYS = 16


class Chat(Session[str, str, tuple[str, ...]]):
    """Its state is the ids of the prompts that it has completed."""

    def new_state(self) -> tuple[str, ...]:
        """Nothing so far."""
        return ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> int:
        """Remember it."""
        say("begun", turn.prompt)
        await trio.lowlevel.checkpoint()
        turn.state = (*turn.state, turn.prompt)
        return len(turn.state)


async def send(router: RouterRef[str, str], run: str, sender: int) -> None:
    """Send one prompt after the other, until somebody ends the process."""
    for number in range(100_000):
        name = f"{run}-{sender}-{number}"
        key = f"key{(sender + number) % KEYS}"
        attempts = 3 if number % 2 else 1
        receipt = await router.accept(key, name, id=name, attempts=attempts)
        say("accepted", name)
        outcome = await receipt.outcome()
        say("told", name, type(outcome).__name__)


async def main(path: str, run: str, senders: int) -> None:
    """Live until killed."""
    async with open_system() as system, trio.open_nursery() as nursery:
        store = SqliteStore(path)
        router = start_router(system, Chat, limits=Limits(turns=8), durable=store)
        await router.ref.wait_started()
        for sender in range(senders):
            nursery.start_soon(send, router, run, sender)
        if not senders:
            await trio.sleep_forever()


def say(*words: Any) -> None:
    """Say a line, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2], int(sys.argv[3]))
