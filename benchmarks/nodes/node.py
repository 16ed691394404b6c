"""A node that is told to work: `python -m benchmarks.nodes.node OPTIONS`.

It reads orders and answers by lines, as `benchmarks.chaos.fleet` speaks, and ends with
its input.  Whoever sends the prompts is in the same process, as a web tier that routes
by `locate` has them.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, Final

import trio

from actors import Completed, open_system
from benchmarks.nodes.cast import LIMITS, Work, Worker, store_on
from supervision import RouterRef, start_router

# Any in this file: orders and answers are JSON
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG

Router = RouterRef[Work, str]


async def keys_of(router: Router, count: int, *, here: bool = True) -> list[str]:
    """Find so many keys that this node has, or that another one has."""
    found: list[str] = []
    for number in itertools.count():
        key = f"session-{number}"
        where = await router.locate(key)
        if where is not None and where.here == here:
            found.append(key)
            if len(found) == count:
                break
    return found


async def work(router: Router, key: str, prompt: Work, times: int) -> int:
    """Have a session take so many turns, one after the other; those that are right."""
    right = 0
    for _ in range(times):
        receipt = await router.accept(key, prompt)
        outcome = await receipt.outcome()
        right += isinstance(outcome, Completed) and outcome.result == len(prompt.text)
    return right


async def live(options: Mapping[str, Any]) -> None:
    """Be a node until nobody is there to give orders."""
    node: str = options["node"]
    async with open_system() as system:
        store = store_on(options["dsn"], node, options["ttl"])
        router = start_router(system, Worker, limits=LIMITS, durable=store)
        await (await router.accept(f"first-{node}", Work(""))).outcome()  # it is open
        rest = b""
        async for data in trio.lowlevel.FdStream(os.dup(0)):
            *lines, rest = (rest + bytes(data)).split(b"\n")
            for line in lines:
                order = json.loads(line)
                answer = await _obey(router, order["do"], **order["with"])
                os.write(1, json.dumps({"n": order["n"], **answer}).encode() + b"\n")


async def _obey(
    router: Router,
    do: str,
    *,
    sessions: int = 0,
    times: int = 0,
    text: str = "",
    burns: float = 0.0,
) -> dict[str, Any]:
    if do == "look":
        return {"tasks": 0}
    if do == "find":
        return {"done": len(await keys_of(router, sessions))}
    rights: list[int] = []

    async def one(key: str) -> None:
        rights.append(await work(router, key, Work(text, burns), times))

    keys = await keys_of(router, sessions)
    async with trio.open_nursery() as clients:
        for key in keys:
            clients.start_soon(one, key)
    return {"done": sum(rights)}


def main() -> int:
    """Run a node, as the options on the command line say."""
    libc = ctypes.CDLL(None)
    libc.prctl(_DIE_WITH_PARENT, int(signal.SIGKILL))
    trio.run(live, json.loads(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
